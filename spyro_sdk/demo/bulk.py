"""The Bulk API 2.0's addresses: jobs that answer a query in chunks of CSV.

Played after the vendor's guide:
https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_bulk_api_2_0.htm
What it leaves open is played so: an empty result is a row of names and no more, null is an empty value in
quotes, and no chunk is larger than the default even if the client asks for more.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from spyro_sdk.demo.behaviour import Behaviour
from spyro_sdk.demo.call import Call, Handler
from spyro_sdk.demo.cursors import invalid_locator
from spyro_sdk.demo.errors import ApiError, bad_request
from spyro_sdk.demo.http import Response, json_response
from spyro_sdk.demo.jobs import Job, Jobs, Order
from spyro_sdk.demo.plan import Plan, make_plan
from spyro_sdk.demo.refusals import check_plan, check_text
from spyro_sdk.demo.sheet import DELIMITERS, LINE_ENDINGS, Layout, header, rows_sql
from spyro_sdk.demo.soql import parse
from spyro_sdk.demo.store import Store

CSV_TYPE = "text/csv; charset=UTF-8"
PAGES = 5  # addresses in one list of result pages
WORDS: dict[str, tuple[str, ...]] = {
    "operation": ("query", "queryAll"),
    "contentType": ("CSV",),
    "columnDelimiter": tuple(DELIMITERS),
    "lineEnding": tuple(LINE_ENDINGS),
}
DEFAULTS = {"contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}


class Bulk:
    """Answers what is asked of query jobs."""

    def __init__(self, store: Store, behaviour: Behaviour) -> None:
        self.store = store
        self.behaviour = behaviour
        self.jobs = Jobs()
        self.routes: list[tuple[re.Pattern[str], dict[str, Handler]]] = [
            (re.compile(r"jobs/query"), {"GET": self.overview, "POST": self.create}),
            (
                re.compile(r"jobs/query/(\w+)"),
                {"GET": self.status, "PATCH": self.abort, "DELETE": self.delete},
            ),
            (re.compile(r"jobs/query/(\w+)/results"), {"GET": self.results}),
            (re.compile(r"jobs/query/(\w+)/(?i:resultPages)"), {"GET": self.pages}),
        ]

    def create(self, call: Call) -> Response:
        """Put a query into the queue."""
        order = _order(_body(call))
        plan = self._plan(order, call.version)
        habits = self.behaviour.bulk
        habits.use_job()
        self.store.ensure(*plan.tables)
        job = Job(
            order=order,
            version=call.version,
            plan=plan,
            rowids=self.store.rowids(plan.ids_sql, plan.params),
            chunk=max(1, habits.chunk),
            polls=habits.polls,
            failure=habits.next_failure(),
            total_lie=self.behaviour.total_lie,
        )
        return json_response(self.jobs.open(job))

    def overview(self, call: Call) -> Response:
        return json_response({"done": True, "records": self.jobs.overview(), "nextRecordsUrl": None})

    def status(self, call: Call, job_id: str) -> Response:
        return json_response(self.jobs.look(job_id))

    def abort(self, call: Call, job_id: str) -> Response:
        body = _body(call)
        if body != {"state": "Aborted"}:
            raise bad_request("INVALIDJOBSTATE", "A query job can only be set to the state Aborted")
        return json_response(self.jobs.abort(job_id))

    def delete(self, call: Call, job_id: str) -> Response:
        self.jobs.delete(job_id)
        return Response(204)

    def results(self, call: Call, job_id: str) -> Response:
        """Answer with one chunk."""
        job = self._complete(call, job_id)
        _check_accept(call)
        start = _start(call.request.query.get("locator"), job)
        end = min(start + min(_most(call), job.chunk), len(job.rowids))
        headers = {
            "Sforce-Locator": _locator(end) if end < len(job.rowids) else "null",
            "Sforce-NumberOfRecords": str(end - start),
        }
        return Response(body=self._chunk(job, start, end), headers=headers, content_type=CSV_TYPE)

    def pages(self, call: Call, job_id: str) -> Response:
        """List the addresses of some chunks, so that they can be fetched side by side."""
        job = self._complete(call, job_id)
        starts = range(_start(call.request.query.get("locator"), job), len(job.rowids), job.chunk)
        return json_response(_page_list(call, job, starts, names_chunks=self.behaviour.bulk.names_chunks))

    def _plan(self, order: Order, version: str) -> Plan:
        check_text(order.soql)
        plan = make_plan(
            parse(order.soql), self.store.kinds, version, with_deleted=order.operation == "queryAll"
        )
        check_plan(plan)
        return plan

    def _complete(self, call: Call, job_id: str) -> Job:
        """Find a job whose results may be read."""
        job = self.jobs.find(job_id)
        if call.version != job.version:
            raise ApiError(
                409,
                "API_ERROR",
                f"The job was created with API version {job.version}; its results need the same",
            )
        if job.state != "JobComplete":
            raise bad_request("INVALIDJOBSTATE", f"The job is not complete: its state is {job.state}")
        return job

    def _chunk(self, job: Job, start: int, end: int) -> bytes:
        habits = self.behaviour.bulk
        layout = Layout(
            DELIMITERS[job.order.delimiter], LINE_ENDINGS[job.order.line_ending], habits.quotes_nulls
        )
        page = job.rowids[start:end].tolist()
        rows = self.store.blob(
            rows_sql(job.plan, layout), json.dumps(self.behaviour.lose(page) if start else page)
        )
        names = header(job.plan, layout) if habits.repeats_header or not start else b""
        return names + rows


def _body(call: Call) -> dict[str, Any]:
    """Read a JSON object."""
    if "application/json" not in call.request.headers.get("content-type", ""):
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "The Content-Type must be application/json")
    try:
        body = json.loads(call.request.body)
    except ValueError as error:
        raise bad_request("JSON_PARSER_ERROR", str(error)) from None
    if not isinstance(body, dict):
        raise bad_request("JSON_PARSER_ERROR", "The body must be a JSON object")
    return body


def _order(body: dict[str, Any]) -> Order:
    """Check what a client asks for; names and words are taken in no other spelling."""
    if unknown := body.keys() - {"query", *WORDS}:
        raise bad_request("JSON_PARSER_ERROR", f'Unrecognized field "{min(unknown)}"')
    full = {**DEFAULTS, **body}
    for name, words in WORDS.items():
        if full.get(name) not in words:
            raise bad_request(
                "JSON_PARSER_ERROR", f"{name} must be one of {', '.join(words)}, not {full.get(name)}"
            )
    if not isinstance(full.get("query"), str) or not full["query"].strip():
        raise bad_request("MALFORMED_QUERY", "A query string has to be specified")
    return Order(full["operation"], full["query"], full["columnDelimiter"], full["lineEnding"])


def _check_accept(call: Call) -> None:
    accepted = call.request.headers.get("accept", "*/*")
    if not any(kind in accepted for kind in ("text/csv", "text/*", "*/*")):
        raise ApiError(406, "NOT_ACCEPTABLE", "The Accept header must allow text/csv")


def _most(call: Call) -> int:
    """Read how many records the client takes at once."""
    wish = call.request.query.get("maxRecords", str(2**31))
    if not wish.isdecimal() or not int(wish):
        raise bad_request("API_ERROR", f"maxRecords must be a whole number from 1, not {wish}")
    return int(wish)


def _locator(start: int) -> str:
    return base64.b64encode(str(start).encode()).decode().rstrip("=")


def _start(locator: str | None, job: Job) -> int:
    """Tell which record a locator of ours stands for; without one it is the first."""
    if locator is None:
        return 0
    try:
        start = int(base64.b64decode(locator + "=" * (-len(locator) % 4), validate=True))
    except (binascii.Error, ValueError):
        raise invalid_locator() from None
    if not 0 <= start < len(job.rowids) or locator != _locator(start):
        raise invalid_locator()
    return start


def _page_list(call: Call, job: Job, starts: range, *, names_chunks: bool) -> dict[str, Any]:
    """Write a list of chunks in the words of the vendor's guide, or in those that orgs were seen to use.

    The latter's addresses lack the root: https://github.com/msrivastav13/node-sf-bulk2/pull/35
    """
    root = f"jobs/query/{job.id}/"
    address = (lambda rest: "/" + rest) if names_chunks else call.url
    listed, item = ("resultChunks", "resultLink") if names_chunks else ("resultPages", "resultUrl")
    found = [{item: address(f"{root}results?locator={_locator(start)}")} for start in starts[:PAGES]]
    later = starts[PAGES:]
    following = address(f"{root}resultPages?locator={_locator(later[0])}") if later else None
    told = {listed: found, "nextRecordsUrl": following, "done": not later}
    return {name: value for name, value in told.items() if value is not None or names_chunks}
