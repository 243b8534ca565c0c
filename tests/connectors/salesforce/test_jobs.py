"""Query jobs by themselves: how long they are watched, how they end, how their chunks are read."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

import anyio
import anyio.lowlevel
import pyarrow as pa
import pytest

from spyro_sdk.connectors.salesforce.bulk import PATIENCE, Job, Jobs
from spyro_sdk.connectors.salesforce.chunks import AHEAD, Chunk, Results, Rows, in_order
from spyro_sdk.connectors.salesforce.line import Line
from spyro_sdk.errors import ConnectionError, DataFetchError, DecodeError, IntegrityError
from spyro_sdk.http import Request, Response
from tests.guards.conftest import run_virtually

pytestmark = pytest.mark.anyio

ROOT = "https://acme.example/services/data/v67.0"
JOB = "/jobs/query/750A"
COMPLETE = {"id": "750A", "state": "JobComplete", "numberRecordsProcessed": 3}
WAITING = {"id": "750A", "state": "InProgress"}
Answers = dict[tuple[str, str], Any]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Service:
    """Answers requests by method and address; a list holds one answer for each time."""

    def __init__(self, answers: Answers, root: str = ROOT) -> None:
        self.answers = {("PATCH", JOB): {}, ("DELETE", JOB): {}, **answers}
        self.root, self.seen, self.slept = root, list[tuple[str, str]](), list[float]()
        self.bodies: list[Any] = []

    @property
    def line(self) -> Line:
        return Line(self.root, self.ask, self.call)

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.line, self.sleep, lambda low, _: low)

    async def ask(self, request: Request, read: Callable[[Any], Any]) -> Any:
        return read(await self.answer(request))

    async def call(self, request: Request, understand: Callable[[Response], Awaitable[Any]]) -> Any:
        answer = await self.answer(request)
        return await understand(answer if isinstance(answer, Response) else Response(204, {}, b""))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await anyio.lowlevel.checkpoint()

    async def answer(self, request: Request) -> Any:
        asked = (request.method, request.address.removeprefix(self.root))
        self.seen.append(asked)
        self.bodies.append(json.loads(request.body) if request.body else None)
        answer = self.answers[asked]
        answer = answer.pop(0) if isinstance(answer, list) else answer
        if isinstance(answer, Exception):
            raise answer
        return await answer() if callable(answer) else answer


def chunk(*values: str, count: int | None = None, locator: str | None = None) -> Response:
    headers = {"sforce-numberofrecords": str(len(values) if count is None else count)}
    headers |= {} if locator is None else {"sforce-locator": locator}
    return Response(200, headers, ",".join(values).encode())


def read(body: bytes, encoding: str | None) -> Rows:
    """A body of this test's own: values with commas between them."""
    assert encoding is None
    batch = pa.record_batch({"Id": body.decode().split(",") if body else pa.array([], pa.string())})
    return Rows([batch], batch.schema, [""])


async def values(service: Service, rows: int = 3) -> list[str]:
    results = Results(service.line, Job("750A", "JobComplete", rows), read)
    async with aclosing(results.chunks()) as chunks:
        return [
            value async for it in chunks for batch in it.rows.batches for value in batch["Id"].to_pylist()
        ]


def pages(*links: str, following: str | None = None, **names: Any) -> dict[str, Any]:
    listed = {"resultPages": [{"resultUrl": link} for link in links], "done": following is None}
    return {**listed, **({"nextRecordsUrl": following} if following else {}), **names}


def results(locator: str) -> str:
    return f"{JOB}/results?locator={locator}"


# -- jobs ---------------------------------------------------------------------------------------------


async def test_a_job_is_asked_for_watched_and_deleted() -> None:
    service = Service({("POST", "/jobs/query"): WAITING, ("GET", JOB): [WAITING, WAITING, COMPLETE]})
    async with service.jobs.run("SELECT Id FROM Account") as job:
        assert (job.rows, job.has_ended) == (3, True)
        assert service.seen[-1] == ("GET", JOB)
    assert service.bodies[0] == {
        "operation": "query",
        "query": "SELECT Id FROM Account",
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    assert service.slept == [0.05, 0.1, 0.2]
    assert [method for method, _ in service.seen] == ["POST", "GET", "GET", "GET", "DELETE"]


async def test_deleted_records_are_asked_for_by_another_operation() -> None:
    service = Service({("POST", "/jobs/query"): COMPLETE})
    async with service.jobs.run("SELECT Id FROM Account", with_deleted=True):
        assert service.bodies[0]["operation"] == "queryAll"
        assert service.slept == []


@pytest.mark.parametrize(
    ("said", "words"),
    [("the query timed out", "ended as Failed: the query timed out"), (None, "ended as Failed$")],
)
async def test_a_job_that_fails_is_an_error_and_is_deleted(said: str | None, words: str) -> None:
    failed = {"id": "750A", "state": "Failed", "errorMessage": said}
    service = Service({("POST", "/jobs/query"): WAITING, ("GET", JOB): failed})
    with pytest.raises(DataFetchError, match=words) as caught:
        async with service.jobs.run("SELECT Id FROM Account"):
            pass
    assert caught.value.error_code == "Failed"
    assert service.seen[-1] == ("DELETE", JOB)
    assert ("PATCH", JOB) not in service.seen


async def test_a_job_whose_reader_fails_is_deleted() -> None:
    service = Service({("POST", "/jobs/query"): COMPLETE})
    with pytest.raises(ZeroDivisionError):
        async with service.jobs.run("SELECT Id FROM Account"):
            raise ZeroDivisionError
    assert service.seen[-1] == ("DELETE", JOB)


async def test_a_job_that_nobody_waits_for_any_more_is_aborted_and_deleted() -> None:
    service = Service({("POST", "/jobs/query"): WAITING, ("GET", JOB): WAITING})
    with anyio.move_on_after(0.02) as patience:
        async with service.jobs.run("SELECT Id FROM Account"):
            pass
    assert patience.cancelled_caught
    assert service.seen[-2:] == [("PATCH", JOB), ("DELETE", JOB)]
    assert service.bodies[-2] == {"state": "Aborted"}


async def test_a_job_that_has_ended_since_it_was_looked_at_is_deleted_all_the_same() -> None:
    refusal = Response(400, {}, b'[{"errorCode": "INVALIDJOBSTATE", "message": "already Completed"}]')
    service = Service({("POST", "/jobs/query"): WAITING, ("PATCH", JOB): refusal})
    service.answers["GET", JOB] = WAITING
    with anyio.move_on_after(0.02):
        async with service.jobs.run("SELECT Id FROM Account"):
            pass
    assert service.seen[-2:] == [("PATCH", JOB), ("DELETE", JOB)]


async def test_a_job_that_cannot_be_deleted_is_left_to_expire(caplog: pytest.LogCaptureFixture) -> None:
    refusals = [
        ConnectionError("no answer"),
        Response(404, {}, b'[{"errorCode": "NOT_FOUND", "message": "x"}]'),
    ]
    for refusal in refusals:
        service = Service({("POST", "/jobs/query"): COMPLETE, ("DELETE", JOB): refusal})
        with caplog.at_level(logging.WARNING):
            async with service.jobs.run("SELECT Id FROM Account"):
                pass
    assert [record.getMessage() for record in caplog.records] == [
        "salesforce: the query job 750A is left to expire: no answer",
        "salesforce: the query job 750A is left to expire: salesforce answered 404 (NOT_FOUND): x",
    ]


def test_no_deletion_is_waited_for_longer_than_a_while(caplog: pytest.LogCaptureFixture) -> None:
    service = Service({("POST", "/jobs/query"): COMPLETE, ("DELETE", JOB): lambda: anyio.sleep(3600)})

    async def seconds() -> float:
        started = asyncio.get_running_loop().time()
        async with service.jobs.run("SELECT Id FROM Account"):
            pass
        return asyncio.get_running_loop().time() - started

    assert run_virtually(seconds) == pytest.approx(PATIENCE)
    assert "no answer in time" in caplog.text


@pytest.mark.parametrize("answer", [{}, {"id": "750A"}, {**COMPLETE, "numberRecordsProcessed": None}])
async def test_a_job_that_does_not_say_how_it_is_is_none(answer: dict[str, Any]) -> None:
    service = Service({("POST", "/jobs/query"): answer})
    with pytest.raises((KeyError, TypeError)):  # which the connector turns into a DecodeError
        async with service.jobs.run("SELECT Id FROM Account"):
            pass


# -- chunks -------------------------------------------------------------------------------------------


async def test_chunks_that_are_listed_come_in_their_order_however_long_each_takes() -> None:
    async def slow() -> Response:
        await anyio.sleep(0.01)
        return chunk("a")

    service = Service(
        {
            ("GET", f"{JOB}/resultPages"): pages(f"/services/data/v67.0{results('1')}", ROOT + results("2")),
            ("GET", results("1")): slow,
            ("GET", results("2")): chunk("b", "c"),
        }
    )
    assert await values(service) == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["nextRecordsUrl", "nextRecordUrl"])
async def test_a_list_may_go_on_and_be_called_as_in_some_orgs(name: str) -> None:
    more = f"{JOB}/resultPages?locator=x"
    first = {"resultChunks": [{"resultLink": results("1")}], "done": False, name: more}
    service = Service(
        {
            ("GET", f"{JOB}/resultPages"): first,
            ("GET", more): {"resultChunks": [{"resultLink": results("2")}], "done": True, name: None},
            ("GET", results("1")): chunk("a"),
            ("GET", results("2")): chunk("b", "c"),
        }
    )
    assert await values(service) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "listed", [{}, {"resultPages": []}, pages(done=False), pages(following="/x", done=True)]
)
async def test_a_list_that_does_not_say_whether_it_is_all_is_none(listed: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        await values(Service({("GET", f"{JOB}/resultPages"): listed}))


async def test_a_list_that_leads_back_is_followed_once() -> None:
    here = f"{JOB}/resultPages"
    service = Service({("GET", here): pages(results("1"), following=here), ("GET", results("1")): chunk("a")})
    with pytest.raises(IntegrityError, match="leads back to its beginning"):
        await values(service)


async def test_old_versions_tell_with_each_chunk_where_the_next_is() -> None:
    first = f"{JOB}/results?maxRecords=50000"
    service = Service(
        {
            ("GET", first): chunk("a", locator="x"),
            ("GET", f"{first}&locator=x"): chunk("b", "c", locator="null"),
        },
        root="https://acme.example/services/data/v57.0",
    )
    assert await values(service) == ["a", "b", "c"]


async def test_a_locator_that_leads_back_is_followed_once() -> None:
    first = f"{JOB}/results?maxRecords=50000"
    service = Service(
        {("GET", first): chunk("a", locator="x"), ("GET", f"{first}&locator=x"): chunk("b", locator="x")},
        root="https://acme.example/services/data/v57.0",
    )
    with pytest.raises(IntegrityError, match="leads back"):
        await values(service)


async def test_a_chunk_that_comes_in_the_place_of_another_is_noticed() -> None:
    service = Service(
        {
            ("GET", f"{JOB}/resultPages"): pages(results("1"), results("2"), results("3")),
            ("GET", results("1")): chunk("a", locator="2"),
            ("GET", results("2")): chunk("a", locator="2"),
            ("GET", results("3")): chunk("c", locator="null"),
        }
    )
    with pytest.raises(IntegrityError, match="leads back"):
        await values(service)


@pytest.mark.parametrize("version", ["57.0", "67.0"])
async def test_the_results_of_a_job_without_records_are_not_asked_for(version: str) -> None:
    service = Service({}, root=f"https://acme.example/services/data/v{version}")
    assert await values(service, rows=0) == []
    assert service.seen == []


@pytest.mark.parametrize("rows", [1, 4])
async def test_more_or_fewer_records_than_counted_are_an_error(rows: int) -> None:
    service = Service(
        {("GET", f"{JOB}/resultPages"): pages(results("1")), ("GET", results("1")): chunk("a", "b", "c")}
    )
    with pytest.raises(IntegrityError, match=f"the job has {rows}, and sent 3"):
        await values(service, rows=rows)


@pytest.mark.parametrize(
    ("values_sent", "error", "words"),
    [
        ((), DecodeError, "a chunk of 2 records, and sent 0"),  # which is asked for again
        (("a",), DecodeError, "a chunk of 2 records, and sent 1"),
        (("a", "b", "c"), IntegrityError, "a chunk announced 2, and had 3"),
    ],
)
async def test_a_chunk_with_another_number_of_records_than_it_says_is_an_error(
    values_sent: Sequence[str], error: type[DataFetchError], words: str
) -> None:
    answer = chunk(*values_sent, count=2)
    service = Service({("GET", f"{JOB}/resultPages"): pages(results("1")), ("GET", results("1")): answer})
    with pytest.raises(error, match=words):
        await values(service)


@pytest.mark.parametrize("count", ["", "many"])
async def test_a_chunk_that_does_not_say_how_many_records_it_has_is_none(count: str) -> None:
    answer = Response(200, {"sforce-numberofrecords": count}, b"a")
    service = Service({("GET", f"{JOB}/resultPages"): pages(results("1")), ("GET", results("1")): answer})
    with pytest.raises(DecodeError, match="without saying how many records"):
        await values(service)


async def test_few_chunks_are_under_way_and_they_come_in_order() -> None:
    running, most = 0, 0

    async def numbers() -> AsyncIterator[int]:
        for number in range(20):
            yield number

    async def work(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.sleep(0.001 * (number % 3))
        running -= 1
        return number

    assert [it async for it in in_order(numbers(), work, AHEAD)] == list(range(20))
    assert most == AHEAD


async def test_what_nobody_waits_for_any_more_is_cancelled() -> None:
    cancelled = []

    async def numbers() -> AsyncIterator[int]:
        for number in range(5):
            yield number

    async def work(number: int) -> Chunk:
        try:
            if number:
                await anyio.sleep(3600)
            return Chunk(Rows([], pa.schema([]), []), 0, "null")
        except asyncio.CancelledError:
            cancelled.append(number)
            raise

    async with aclosing(in_order(numbers(), work, 3)) as found:
        async for _ in found:
            break
    assert cancelled == [1, 2]
