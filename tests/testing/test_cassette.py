"""Exchanges are recorded once, and replayed without the service."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.entity import Entity, Query
from spyro_sdk.errors import AuthenticationError, ConfigurationError, ConnectionError, NotRecordedError
from spyro_sdk.http import Request, Response
from spyro_sdk.paging import NextLink
from spyro_sdk.rest import RestConnector
from spyro_sdk.testing import Recorder, Replay, Scrub, cassette, layout

from ..service import refuse, serve

pytestmark = pytest.mark.anyio

KEY = "open-sesame"
BASE = "https://acme.example"
CONFIG = ConnectorConfig("acme", base_url=BASE, api_key=KEY)
JSON = {"content-type": "application/json"}

Answering = Callable[[Request], Awaitable[Response]]


class Acme(RestConnector):
    offers = (Entity("customers", "/customers", "data", NextLink("next"), key="id", total="meta.total"),)


def settings(**given: Any) -> ConnectorConfig:
    return Acme.configure(
        **{"base_url": BASE, "api_key": KEY, "rate_limit": 60_000, "retry_delay": 0.001, **given}
    )


async def table(connector: RestConnector) -> pa.Table:
    async with connector.connection_context():
        return pa.Table.from_batches([batch async for batch in connector.batches(Query.ask("customers"))])


def answering(*answers: Any) -> Answering:
    """Give these one after the other; an exception is raised."""
    left = iter(answers)

    async def send(request: Request) -> Response:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Response):
            return answer
        return Response(200, JSON, json.dumps(answer).encode())

    return send


async def record(path: Path, *exchanges: tuple[Request, Any], scrub: Scrub | None = None) -> list[Any]:
    """Record these, and return what is in the file."""
    recorder = Recorder(path, CONFIG, scrub, opens=lambda config: answering(*(it for _, it in exchanges)))
    for request, _ in exchanges:
        with suppress(ConnectionError):
            await recorder(request)
    await recorder.close()
    return exchanges_in(path)


def exchanges_in(path: Path) -> list[Any]:
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["format"] == 1
    return list(written["exchanges"])


# -- a connector, its service, and the recording ------------------------------------------------------


async def test_a_recording_gives_the_table_that_the_service_gave(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "acme.json"
    async with serve(zips=True) as service:
        config = settings(base_url=service.base_url)
        first = await table(Acme(config, transport=cassette(path, config, mode="record")))
        asked = len(service.seen)
    replay = cassette(path, settings(api_key="another-key"))
    assert isinstance(replay, Replay)
    again = await table(Acme(settings(api_key="another-key"), transport=replay))
    assert again.equals(first)
    assert (first.num_rows, asked) == (10, 4)
    assert replay.unused == []
    text = path.read_text(encoding="utf-8")
    assert KEY not in text
    assert "127.0.0.1" not in text
    assert [it.name for it in path.parent.iterdir()] == ["acme.json"]


async def test_auto_records_where_there_is_no_file_and_replays_where_there_is(tmp_path: Path) -> None:
    path = tmp_path / "acme.json"
    async with serve() as service:
        config = settings(base_url=service.base_url)
        for kind in (Recorder, Replay):
            transport = cassette(path, config, mode="auto")
            assert type(transport) is kind
            assert (await table(Acme(config, transport=transport))).num_rows == 10
        assert len(service.seen) == 4
    assert repr(Recorder(path, config)) == f"<Recorder {str(path)!r}>"
    assert repr(Replay(path, config)) == f"<Replay {str(path)!r}>"


async def test_a_recorder_is_opened_again_and_saves_what_came_since(tmp_path: Path) -> None:
    path = tmp_path / "acme.json"
    async with serve() as service:
        config = settings(base_url=service.base_url)
        recorder = Recorder(path, config)
        assert recorder.unused == []
        await table(Acme(config, transport=recorder))
        before = exchanges_in(path)
        service.records = service.records[:3]
        assert (await table(Acme(config, transport=recorder))).num_rows == 3
    pages = [it["request"]["url"] for it in exchanges_in(path)]
    assert len(before) == 4
    assert pages.count("https://recorded.invalid/customers") == 2


async def test_a_refusal_is_recorded_too(tmp_path: Path) -> None:
    async with serve() as service:
        config = settings(base_url=service.base_url)
        service.spoil(1, refuse(401, {"message": f"who is {KEY}?"}))
        recorder = Recorder(tmp_path / "acme.json", config)
        with pytest.raises(AuthenticationError):
            await table(Acme(config, transport=recorder))
    with pytest.raises(AuthenticationError, match=r"who is SCRUBBED-api_key\?"):
        await table(Acme(settings(), transport=Replay(tmp_path / "acme.json", settings())))


async def test_wrong_credentials_leave_no_recording_behind_that_nobody_meant(tmp_path: Path) -> None:
    async with serve() as service:
        config = settings(base_url=service.base_url)
        service.spoil(1, refuse(401), refuse(403))
        for _ in range(2):
            with pytest.raises(AuthenticationError):
                await table(Acme(config, transport=cassette(tmp_path / "acme.json", config, mode="auto")))
        assert os.listdir(tmp_path) == []
        await table(Acme(config, transport=cassette(tmp_path / "acme.json", config, mode="auto")))
    assert [it["response"]["status"] for it in exchanges_in(tmp_path / "acme.json")] == [200] * 4


async def test_what_never_came_or_came_damaged_is_not_recorded(tmp_path: Path) -> None:
    zipped = Response(200, {"content-encoding": "gzip"}, gzip.compress(b"[1, 2]")[:-9])
    request = Request(BASE + "/a")
    exchanges = await record(
        tmp_path / "a.json", (request, ConnectionError("away")), (request, zipped), (request, [1])
    )
    assert [it["response"]["json"] for it in exchanges] == [[1]]


async def test_nothing_is_written_where_nothing_was_answered(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.json", CONFIG, opens=lambda config: answering(ConnectionError("away")))
    await recorder.close()
    with pytest.raises(ConnectionError):
        await recorder(Request(BASE))
    await recorder.close()
    assert os.listdir(tmp_path) == []


async def test_a_file_is_saved_while_requests_are_under_way(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def send(request: Request) -> Response:
        if request.url.endswith("slow"):
            await gate.wait()
        return Response(200, JSON, b"[]")

    recorder = Recorder(tmp_path / "a.json", CONFIG, opens=lambda config: send)
    slow = asyncio.create_task(recorder(Request(BASE + "/slow")))
    await asyncio.sleep(0)
    await recorder(Request(BASE + "/quick"))
    recorder.save()
    gate.set()
    await slow
    await recorder.close()
    urls = [it["request"]["url"] for it in exchanges_in(tmp_path / "a.json")]
    assert urls == ["https://recorded.invalid/slow", "https://recorded.invalid/quick"]


# -- what is in the file ------------------------------------------------------------------------------


async def test_bodies_are_written_as_json_lines_or_base64(tmp_path: Path) -> None:
    bodies = [
        b'{"n": 1.10, "n2": 12345678901234567890.5}',
        b"a,b\r\n1,2\n",
        b"\xff\x00",
        b"",
        b'{"a":1,"a":2}',
    ]
    requests = [Request(f"{BASE}/{n}", "POST", body=body) for n, body in enumerate(bodies)]
    answers = [Response(200, {}, body) for body in bodies]
    exchanges = await record(tmp_path / "a.json", *zip(requests, answers, strict=True))
    names = [(set(it["request"]) - {"method", "url"}) for it in exchanges]
    assert names == [{"json"}, {"lines"}, {"base64"}, set(), {"lines"}]
    assert exchanges[1]["response"]["lines"] == ["a,b\r\n", "1,2\n"]
    replay = Replay(tmp_path / "a.json", CONFIG)
    assert [(await replay(request)).body for request in requests] == bodies


async def test_answers_that_repeat_are_written_once(tmp_path: Path) -> None:
    one, other = Request(BASE + "/1"), Request(BASE + "/2")
    exchanges = await record(
        tmp_path / "a.json", (one, [1]), (other, [2]), (one, [1]), (one, [3]), (one, [1]), (other, [2])
    )
    assert [it["response"]["json"] for it in exchanges] == [[1], [2], [3], [1]]


async def test_only_headers_that_change_the_answer_are_written_of_a_request(tmp_path: Path) -> None:
    etag = {"If-None-Match": '"abc"', "Accept": "text/csv", "X-Api-Key": KEY}
    answer = Response(304, {"etag": '"abc"', "content-length": "0", "date": "today"}, b"")
    (exchange,) = await record(tmp_path / "a.json", (Request(BASE, headers=etag), answer))
    assert exchange["request"]["headers"] == {"if-none-match": '"abc"'}
    assert exchange["response"]["headers"] == {"etag": '"abc"', "date": "today"}
    replay = Replay(tmp_path / "a.json", CONFIG)
    assert (await replay(Request(BASE, headers={"if-none-match": '"abc"'}))).status == 304
    with pytest.raises(NotRecordedError):
        await replay(Request(BASE))


async def test_a_secret_that_cannot_be_hidden_is_not_written(tmp_path: Path) -> None:
    binary = Response(200, {}, b"\xff" + KEY.encode())
    with pytest.raises(ConfigurationError, match=r"a\.json was not written: the secret api_key") as caught:
        await record(tmp_path / "a.json", (Request(BASE), binary))
    assert caught.value.field == "api_key"
    assert os.listdir(tmp_path) == []


def test_a_secret_that_is_too_short_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    config = ConnectorConfig("acme", base_url=BASE, api_key="abc")
    with pytest.raises(ConfigurationError, match="api_key is too short"):
        cassette(tmp_path / "a.json", config, mode="record")


# -- what is found in it ------------------------------------------------------------------------------


async def test_answers_to_the_same_request_come_in_their_order_and_the_last_again(tmp_path: Path) -> None:
    request = Request(BASE + "/job")
    await record(tmp_path / "a.json", (request, {"state": "open"}), (request, {"state": "done"}))
    replay = Replay(tmp_path / "a.json", CONFIG)
    assert replay.unused == ["GET https://recorded.invalid/job"] * 2
    states = [json.loads((await replay(request)).body)["state"] for _ in range(4)]
    assert states == ["open", "done", "done", "done"]
    assert replay.unused == []


async def test_a_request_is_found_by_method_parameters_and_body(tmp_path: Path) -> None:
    post = partial(Request, BASE + "/a", "POST")
    await record(
        tmp_path / "a.json",
        (post(body=b'{"a": 1, "b": [{"d": 1, "c": 2}]}'), 1),
        (post(body=b"plain"), 2),
        (post(params={"x": "1", "y": "2"}), 3),
    )
    replay = Replay(tmp_path / "a.json", CONFIG)
    assert (await replay(post(body=b'{"b":[{"c":2,"d":1}],"a":1}'))).body == b"1"
    assert (await replay(post(body=b"plain"))).body == b"2"
    assert (await replay(Request(BASE + "/a?y=2&x=1", "POST"))).body == b"3"
    for other in (post(), post(body=b'{"a": 2}'), Request(BASE + "/a", params={"x": "1", "y": "2"})):
        with pytest.raises(NotRecordedError):
            await replay(other)


async def test_secrets_may_differ_and_tokens_that_answers_gave_may_not(tmp_path: Path) -> None:
    page = Request(BASE + "/a", params={"api_key": KEY})
    second, third = (page.with_params(page_token=token) for token in ("two", "three"))
    signed = Request(BASE + "/a", params={"signature": "made-anew-each-time"})
    await record(
        tmp_path / "a.json",
        (page, {"page_token": "two"}),
        (second, {"page_token": "three"}),
        (third, {"page_token": None}),
        (signed, "signed"),
    )
    config = ConnectorConfig("acme", base_url="https://sandbox.acme.example", api_key="another-key")
    replay = Replay(tmp_path / "a.json", config)
    at = Request("https://sandbox.acme.example/a", params={"api_key": "another-key"})
    tokens = []
    for _ in range(3):
        answer = json.loads((await replay(at)).body)
        tokens.append(answer["page_token"])
        at = at.with_params(page_token=answer["page_token"])
    assert tokens == ["SCRUBBED-1", "SCRUBBED-2", None]
    other = Request("https://sandbox.acme.example/a", params={"signature": "another"})
    assert (await replay(other)).body == b'"signed"'
    with pytest.raises(NotRecordedError):
        await replay(at.with_params(page_token="SCRUBBED-9"))


async def test_a_token_that_the_test_itself_knows_finds_its_answers_in_their_order(tmp_path: Path) -> None:
    listed, page = Request(BASE + "/list"), Request(BASE + "/page")
    tokens = [page.with_params(token=token) for token in ("first", "second")]
    await record(
        tmp_path / "a.json",
        (listed, {"tokens": [{"token": "first"}, {"token": "second"}]}),
        (tokens[0], 1),
        (tokens[1], 2),
    )
    replay = Replay(tmp_path / "a.json", CONFIG)
    assert [(await replay(request)).body for request in [*tokens, tokens[1]]] == [b"1", b"2", b"2"]


async def test_links_lead_to_the_address_of_the_replay(tmp_path: Path) -> None:
    answer = Response(200, {"link": f"<{BASE}/a?page=2>", **JSON}, json.dumps({"next": BASE + "/b"}).encode())
    await record(tmp_path / "a.json", (Request(BASE + "/a"), answer))
    other = Replay(
        tmp_path / "a.json", ConnectorConfig("acme", base_url="https://other.example", auth_type="none")
    )
    told = await other(Request("https://other.example/a"))
    assert told.headers["link"] == "<https://other.example/a?page=2>"
    assert json.loads(told.body) == {"next": "https://other.example/b"}
    nowhere = Replay(tmp_path / "a.json", ConnectorConfig("acme", auth_type="none"))
    told = await nowhere(Request("https://recorded.invalid/a"))
    assert json.loads(told.body) == {"next": "https://recorded.invalid/b"}


async def test_who_listens_hears_the_first_bytes_of_a_good_answer(tmp_path: Path) -> None:
    text = json.dumps({"next": "x", "data": "y" * 100_000})
    zipped = Response(200, {"content-encoding": "gzip", **JSON}, gzip.compress(text.encode()))
    heard: list[tuple[bytes, str | None]] = []
    good, bad = (Request(f"{BASE}/{n}", heard=lambda *told: heard.append(told)) for n in (1, 2))
    await record(tmp_path / "a.json", (good, zipped), (bad, Response(404, JSON, b"{}")))
    replay = Replay(tmp_path / "a.json", CONFIG)
    answer = await replay(good)
    await replay(bad)
    ((start, encoding),) = heard
    assert answer.body.startswith(start)
    assert (len(start), encoding, "content-encoding" in answer.headers) == (65536, None, False)


async def test_an_unknown_request_is_shown_with_the_nearest_and_no_secret(tmp_path: Path) -> None:
    await record(
        tmp_path / "a.json",
        (Request(BASE + "/orders", params={"page": "1"}), []),
        (Request(BASE + "/users"), []),
    )
    replay = Replay(tmp_path / "a.json", CONFIG)
    with pytest.raises(NotRecordedError) as caught:
        await replay(Request(BASE + "/orders", params={"page": "2", "api_key": KEY}))
    assert str(caught.value) == (
        "a.json holds no answer to GET https://recorded.invalid/orders?api_key=SCRUBBED-api_key&page=2; the"
        " nearest that it holds is GET https://recorded.invalid/orders?page=1"
    )
    assert caught.value.connector == "acme"
    assert caught.value.hint


async def test_a_connector_does_not_ask_again_for_what_is_not_recorded(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"format": 1, "exchanges": []}')
    connector = Acme(settings(retry_delay=30.0), transport=Replay(tmp_path / "a.json", settings()))
    with pytest.raises(NotRecordedError, match="it holds none at all"):
        await table(connector)
    assert connector.stats.retries == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no such file; record it with mode='record'"),
        ("", "it is damaged"),
        ("[]", "it is damaged"),
        ('{"format": 2, "exchanges": []}', "its format is 2, and 1 can be read"),
        (
            '{"format": 1, "exchanges": [{"request": {"method": "GET", "url": "/"}}]}',
            "it is damaged (KeyError",
        ),
        (
            '{"format": 1, "exchanges": [{"request": {}, "response": {"status": "x", "headers": {}}}]}',
            "it is damaged",
        ),
        (
            '{"format": 1, "exchanges": [{"request": {}, "response": {"status": 200, "headers": []}}]}',
            "it is damaged",
        ),
        (b"\xff", "it is damaged (UnicodeDecodeError"),
    ],
)
def test_a_file_that_cannot_be_replayed_says_why(text: str | bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError, match="cannot be replayed") as caught:
        cassette(path, CONFIG)
    assert said in str(caught.value)
    assert caught.value.field == "path"


def test_a_mode_that_there_is_not_is_refused(tmp_path: Path) -> None:
    mode: Any = "rewrite"
    with pytest.raises(ConfigurationError, match="must be replay, record or auto"):
        cassette(tmp_path / "a.json", CONFIG, mode)


def test_the_file_is_laid_out_for_people(tmp_path: Path) -> None:
    asyncio.run(
        record(tmp_path / "a.json", (Request(BASE + "/a"), {"orders": [{"id": n} for n in range(40)]}))
    )
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 120
    assert text == layout.lines(layout.parse(text)) + "\n"
