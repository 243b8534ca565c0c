"""Salesforce's REST API: which address answers what."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from spyro_sdk.demo.behaviour import PAGE, Behaviour
from spyro_sdk.demo.bulk import Bulk
from spyro_sdk.demo.call import Call, Handler
from spyro_sdk.demo.cursors import Cursor, Cursors, invalid_locator
from spyro_sdk.demo.describe import describe, describe_global
from spyro_sdk.demo.errors import ApiError, not_found
from spyro_sdk.demo.http import Request, Response, json_response
from spyro_sdk.demo.oauth import Authority
from spyro_sdk.demo.plan import make_plan
from spyro_sdk.demo.soql import parse
from spyro_sdk.demo.store import Store

SEASONS = ("Winter", "Spring", "Summer")
VERSIONS = range(59, 68)
RETIRED = range(21, 31)
SMALLEST_PAGE = 200
DATA = re.compile(r"/services/data/v(\d+\.0)(?:/(.*?))?/?")
LOCATOR = re.compile(r"(01g\w{15})-(\d+)")
BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


class Salesforce:
    """Answers requests; knows nothing of sockets."""

    def __init__(self, store: Store, authority: Authority, behaviour: Behaviour) -> None:
        self.store = store
        self.authority = authority
        self.behaviour = behaviour
        self.cursors = Cursors()
        self.bulk = Bulk(store, behaviour)
        self._routes: list[tuple[re.Pattern[str], dict[str, Handler]]] = [
            (re.compile(r""), {"GET": self.resources}),
            (re.compile(r"sobjects"), {"GET": self.sobjects}),
            (re.compile(r"sobjects/(\w+)/describe"), {"GET": self.describe}),
            (re.compile(r"(query|queryAll)"), {"GET": self.query}),
            (re.compile(r"(?:query|queryAll)/([^/]+)"), {"GET": self.more}),
            (re.compile(r"limits"), {"GET": self.limits}),
            (re.compile(r"limits/recordCount"), {"GET": self.record_count}),
            *self.bulk.routes,
        ]

    def answer(self, request: Request) -> Response:
        """Answer anything, with Salesforce's error bodies where it can't."""
        try:
            return self._answer(request)
        except ApiError as error:
            return json_response(error.body, error.status)
        except Exception as error:  # noqa: BLE001 - a bug of ours is answered as Salesforce answers its own
            message = f"An unexpected error occurred ({type(error).__name__}: {error})"
            return json_response(ApiError(500, "UNKNOWN_EXCEPTION", message).body, 500)

    def _answer(self, request: Request) -> Response:
        if request.path.rstrip("/") == "/services/data":
            return json_response([_version(number) for number in VERSIONS])
        if request.path in self.authority.routes:
            return _choose(request, self.authority.routes[request.path])(request)
        return self._data(request)

    def _data(self, request: Request) -> Response:
        """Answer a data call: it needs a known version and a token, and is counted."""
        match = DATA.fullmatch(request.path)
        if match is None:
            raise not_found()
        _check_version(match[1])
        access = self.authority.access(request)
        if access is None:
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if "api" not in access.family.scopes:
            raise ApiError(401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API")
        self.behaviour.use_call()
        response = self._routed(Call(request, match[1], match[2] or ""))
        usage = f"api-usage={self.behaviour.api_usage}/{self.behaviour.daily_limit}"
        return replace(response, headers={"Sforce-Limit-Info": usage, **response.headers})

    def _routed(self, call: Call) -> Response:
        try:
            for pattern, handlers in self._routes:
                if match := pattern.fullmatch(call.rest):
                    return _choose(call.request, handlers)(call, *match.groups())
            raise not_found()
        except ApiError as error:
            return json_response(error.body, error.status)

    def resources(self, call: Call) -> Response:
        return json_response(
            {name: call.url(name) for name in ("jobs", "limits", "query", "queryAll", "sobjects")}
        )

    def sobjects(self, call: Call) -> Response:
        return json_response(describe_global(list(self.store.kinds.values()), call.version))

    def describe(self, call: Call, name: str) -> Response:
        if name.lower() not in self.store.kinds:
            raise not_found()
        return json_response(describe(self.store.kind(name), list(self.store.kinds.values()), call.version))

    def query(self, call: Call, word: str) -> Response:
        """Answer a new query with its first page."""
        if "q" not in call.request.query:
            raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
        plan = make_plan(
            parse(call.request.query["q"]), self.store.kinds, call.version, with_deleted=word == "queryAll"
        )
        self.store.ensure(*plan.tables)
        rowids = self.store.rowids(plan.ids_sql, plan.params)
        total = len(rowids) + self.behaviour.total_lie
        if plan.is_count:
            return json_response({"totalSize": total, "done": True, "records": []})
        size = self._size(call, PAGE)
        if len(rowids) <= size:
            return self._page(call, Cursor("", plan, rowids, size, total), 0)
        return self._page(call, self.cursors.open(plan, rowids, size, total), 0)

    def more(self, call: Call, address: str) -> Response:
        """Answer with a later page."""
        match = LOCATOR.fullmatch(address)
        if match is None:
            raise invalid_locator()
        cursor = self.cursors.find(match[1])
        if int(match[2]) > len(cursor.rowids):
            raise invalid_locator()
        return self._page(call, cursor, int(match[2]))

    def limits(self, call: Call) -> Response:
        amounts = {
            "DailyApiRequests": (self.behaviour.daily_limit, self.behaviour.api_usage),
            "DailyAsyncApexExecutions": (250_000, 0),
            "DailyBulkV2QueryFileStorageMB": (976_562, 0),
            "DailyBulkV2QueryJobs": (self.behaviour.bulk.daily_jobs, self.behaviour.bulk.jobs_used),
        }
        return json_response(
            {name: {"Max": most, "Remaining": max(0, most - used)} for name, (most, used) in amounts.items()}
        )

    def record_count(self, call: Call) -> Response:
        names = [
            name
            for name in call.request.query.get("sObjects", "").split(",")
            if name.lower() in self.store.kinds
        ]
        kinds = [self.store.kind(name) for name in names] or list(self.store.kinds.values())
        return json_response(
            {"sObjects": [{"count": self.store.count(kind.name), "name": kind.name} for kind in kinds]}
        )

    def _page(self, call: Call, cursor: Cursor, start: int) -> Response:
        """Render a page; its keys stand in Salesforce's order, the address of the next before the records."""
        end = start + self._size(call, cursor.size)
        page = cursor.rowids[start:end].tolist()
        records = self.store.blob(
            cursor.plan.page_sql, json.dumps(self.behaviour.lose(page) if start else page)
        )
        head: dict[str, Any] = {"totalSize": cursor.total, "done": end >= len(cursor.rowids)}
        if not head["done"]:
            head["nextRecordsUrl"] = call.url(f"query/{cursor.locator}-{end}")
        elif cursor.locator:
            self.cursors.finish(cursor)
        opening = json.dumps(head, separators=(",", ":"))[:-1].encode()
        return Response(body=b"".join((opening, b',"records":[', records, b"]}")))

    def _size(self, call: Call, default: int) -> int:
        """Read the page size that the client wishes, within 200 and 2000; it may get less."""
        wish = BATCH_SIZE.search(call.request.headers.get("sforce-query-options", ""))
        size = min(PAGE, max(SMALLEST_PAGE, int(wish[1]))) if wish else default
        return max(1, min(size, self.behaviour.batch_limit))


def _check_version(version: str) -> None:
    number = int(version.removesuffix(".0"))
    if number in RETIRED:
        raise ApiError(
            410, "UNSUPPORTED_API_VERSION", f"The API version {version} is retired. Use a later one."
        )
    if number not in VERSIONS:
        raise not_found()


def _version(number: int) -> dict[str, str]:
    """Name an API version: v59 was Winter '24, and three come each year."""
    years, season = divmod(number - 59, 3)
    label = f"{SEASONS[season]} '{24 + years}"
    return {"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"}


def _choose(request: Request, handlers: Mapping[str, Handler]) -> Handler:
    """Find the handler of the request's method; HEAD is answered as GET."""
    method = "GET" if request.method == "HEAD" else request.method
    if method not in handlers:
        allowed = ",".join(sorted({*handlers, *(["HEAD"] if "GET" in handlers else [])}))
        raise ApiError(
            405, "METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}"
        )
    return handlers[method]
