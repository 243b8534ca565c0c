"""Which answer goes out for which request."""

from __future__ import annotations

import itertools
import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .allowance import Allowance
from .bodies import CHUNKS, Bodies, as_json
from .http import JSON, Answer, Request
from .records import COUNTING, DATA, QUESTION, TYPES, VERSION

JOBS = f"{DATA}/jobs/query"
UNORDERED = QUESTION.removesuffix(" ORDER BY Id")  # a job may leave the order to the service
Headers = dict[str, str]

LINKS = 5  # addresses of results that one answer names, as Salesforce does


@dataclass(frozen=True)
class Habits:
    """How the service behaves."""

    latency: float  # seconds before each answer
    polls: int  # looks at a job that find it unfinished
    announces: bool  # whether the answers say what is left of the allowance


class Answers:
    """Answers one question of each wire, that for every column of every record, and refuses any other."""

    def __init__(self, bodies: Mapping[str, Bodies], allowance: Allowance, habits: Habits) -> None:
        self._bodies, self._allowance, self._habits = bodies, allowance, habits
        self._jobs: dict[str, int] = {}
        self._numbers = itertools.count(1)
        routes = {
            "salesforce": {
                rf"GET {DATA}/query/\w+-(\d+)": self._salesforce_page,
                rf"GET {DATA}/query": self._query,
            },
            "items": {r"GET /items": self._items},
            "bulk": {
                rf"GET {DATA}/query": self._query,
                rf"GET ({JOBS}/\w+)/results": self._results,
                rf"GET ({JOBS}/\w+)/resultPages": self._result_pages,
                rf"(GET|PATCH|DELETE) ({JOBS}/\w+)": self._job,
                rf"POST {JOBS}": self._create,
            },
        }
        spoken = {pattern: answer for wire in bodies for pattern, answer in routes[wire].items()}
        spoken |= {r"POST .*/token": self._token, r"GET (.*)": self._fact}
        self._routes = [(re.compile(pattern), answer) for pattern, answer in spoken.items()]

    def __call__(self, request: Request) -> Answer:
        """The answer; what measures the service itself waits for nothing and counts for nothing."""
        asked = f"{request.method} {request.path}"
        if found := re.fullmatch(r"GET /pages/(\w+)/(\d+)", asked):
            return self._page(request, found[1], int(found[2]) * self._bodies[found[1]].step)
        if asked == "POST /measure":
            return self._measured()
        if wait := self._allowance.take():
            return self._announced(_refusal(429, "TOO_MANY_REQUESTS", "slower", wait))
        return replace(self._announced(self._routed(request, asked)), delay=self._habits.latency)

    def _routed(self, request: Request, asked: str) -> Answer:
        for pattern, answer in self._routes:
            if found := pattern.fullmatch(asked):
                return answer(request, *found.groups())
        return _refusal(404, "NOT_FOUND", f"{asked} is not part of the benchmark")

    def _announced(self, answer: Answer) -> Answer:
        """The answer, saying what is left as draft-ietf-httpapi-ratelimit-headers has it."""
        if not self._habits.announces:
            return answer
        left, seconds = self._allowance.left()
        told = {
            "RateLimit-Policy": f'"default";q={self._allowance.rate};w=1',
            "RateLimit": f'"default";r={left};t={math.ceil(seconds)}',
        }
        return replace(answer, headers=answer.headers | told)

    def _measured(self) -> Answer:
        """What was counted and worked since this was asked for last."""
        told = self._allowance.told() | {"cpu": time.process_time()}
        self._allowance.clear()
        return Answer((as_json(told),))

    # -- Salesforce's REST API ------------------------------------------------------------------------

    def _query(self, request: Request) -> Answer:
        question = request.params.get("q")
        if question == QUESTION and "salesforce" in self._bodies:
            return self._page(request, "salesforce", 0)
        if question == COUNTING:
            return Answer((as_json({"totalSize": self._records, "done": True, "records": []}),))
        return _refusal(400, "MALFORMED_QUERY", f"the benchmark answers {QUESTION!r} and {COUNTING!r} only")

    def _salesforce_page(self, request: Request, start: str) -> Answer:
        return self._page(request, "salesforce", int(start))

    def _token(self, request: Request) -> Answer:
        return Answer((as_json({"access_token": "token", "instance_url": f"http://{request.host}"}),))

    def _fact(self, request: Request, path: str) -> Answer:
        about = {"name": "Account", "label": "Account", "queryable": True}
        fields = [{"name": name, "type": kind, "filterable": True} for name, kind in TYPES.items()]
        facts = {
            "/services/data": [{"version": VERSION, "url": DATA, "label": "Summer"}],
            f"{DATA}/sobjects": {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [about]},
            f"{DATA}/sobjects/Account/describe": {**about, "fields": fields},
        }
        if path in facts:
            return Answer((as_json(facts[path]),))
        return _refusal(404, "NOT_FOUND", f"{path} is not part of the benchmark")

    # -- a plain REST API, by page number, by offset or by a cursor -----------------------------------

    def _items(self, request: Request) -> Answer:
        asked, page = request.params, self._bodies["items"].wanted.page
        size = int(asked.get("per_page") or asked.get("limit") or page)
        start = int(asked.get("offset") or asked.get("cursor", "").removeprefix("after-") or 0)
        start += page * (int(asked.get("page", 1)) - 1)
        if size != page or start % page:
            return _refusal(400, "BAD_PAGE", f"the benchmark has pages of {page} records only")
        if start >= self._records:
            return Answer((as_json({"total": self._records, "next": None, "items": []}),))
        return self._page(request, "items", start)

    # -- Bulk API 2.0 ---------------------------------------------------------------------------------

    def _create(self, request: Request) -> Answer:
        if json.loads(request.body).get("query") not in (QUESTION, UNORDERED):
            return _refusal(400, "API_ERROR", f"the benchmark answers {QUESTION!r} only")
        path = f"{JOBS}/750{next(self._numbers):012}AAA"
        self._jobs[path] = self._habits.polls
        return Answer((as_json(self._about(path, "UploadComplete")),))

    def _job(self, request: Request, method: str, path: str) -> Answer:
        if path not in self._jobs:
            return _refusal(404, "NOT_FOUND", f"there is no job {path}")
        if method == "DELETE":
            del self._jobs[path]
            return Answer((), 204)
        if method == "PATCH":
            return Answer((as_json(self._about(path, "Aborted")),))
        self._jobs[path] -= 1
        if self._jobs[path] >= 0:
            return Answer((as_json(self._about(path, "InProgress")),))
        done = {"numberRecordsProcessed": self._records, "retries": 0, "totalProcessingTime": 1}
        return Answer((as_json(self._about(path, "JobComplete") | done),))

    def _about(self, path: str, state: str) -> dict[str, object]:
        return {
            "id": path.rpartition("/")[2],
            "operation": "query",
            "object": "Account",
            "createdById": "005000000000001AAA",
            "createdDate": "2026-01-01T00:00:00.000+0000",
            "systemModstamp": "2026-01-01T00:00:00.000+0000",
            "state": state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(VERSION),
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }

    def _result_pages(self, request: Request, path: str) -> Answer:
        starts = range(int(request.params.get("locator", 0)), self._records, CHUNKS[0])
        links = [f"{path}/results?locator={_locator(start)}&maxRecords={CHUNKS[0]}" for start in starts]
        told = {"resultPages": [{"resultUrl": link} for link in links[:LINKS]], "done": len(links) <= LINKS}
        if len(links) > LINKS:
            told["nextRecordsUrl"] = f"{path}/resultPages?locator={starts[LINKS]}"
        return Answer((as_json(told),))

    def _results(self, request: Request, path: str) -> Answer:
        """So many whole blocks of records as fit into `maxRecords`, from where the locator says."""
        bodies = self._bodies["bulk"]
        start = int(request.params.get("locator", "0").removeprefix("after-"))
        most = min(int(request.params.get("maxRecords", CHUNKS[1])), CHUNKS[1])
        count = min(most // bodies.wanted.page * bodies.wanted.page, self._records - start)
        if path not in self._jobs or start % bodies.wanted.page or count <= 0:
            return _refusal(400, "API_ERROR", f"no result at {request.params}")
        end = start + count
        headers = {
            "Sforce-Locator": _locator(end) if end < self._records else "null",
            "Sforce-NumberOfRecords": str(count),
        }
        return self._sent(request, bodies, (start, count), headers)

    # -------------------------------------------------------------------------------------------------

    def _page(self, request: Request, wire: str, start: int) -> Answer:
        """The answer whose records start there, gzipped for who takes it so."""
        bodies = self._bodies[wire]
        return self._sent(request, bodies, (start, bodies.step), {})

    def _sent(self, request: Request, bodies: Bodies, which: tuple[int, int], headers: Headers) -> Answer:
        parts, is_packed = bodies.sent(*which, takes_gzip=request.takes_gzip)
        kind = "text/csv" if bodies.wanted.wire == "bulk" else JSON
        return Answer(parts, 200, kind, headers | ({"Content-Encoding": "gzip"} if is_packed else {}))

    @property
    def _records(self) -> int:
        return next(iter(self._bodies.values())).wanted.records


def _locator(start: int) -> str:
    return f"after-{start}"


def _refusal(status: int, code: str, words: str, wait: float = 0.0) -> Answer:
    headers = {"Retry-After": str(math.ceil(wait))} if wait else {}
    return Answer((as_json([{"errorCode": code, "message": words}]),), status, headers=headers)
