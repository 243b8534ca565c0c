"""What has not changed is not sent again, and nothing is kept too long, too much or for somebody else."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from spyro_sdk.http import Request, Response
from spyro_sdk.transport.conditional import LARGEST, OVERHEAD, Conditional, Kept

pytestmark = pytest.mark.anyio

ASKED = Request("https://acme.example/items", headers={"Accept": "application/json", "Authorization": "a"})


class Server:
    """Answers with a body and its ETag; 304 to whoever has that already."""

    def __init__(self, body: bytes = b"[1]", **headers: str) -> None:
        self.body, self.headers = body, headers
        self.status = 200
        self.seen: list[Request] = []
        self.is_closed = False

    @property
    def statuses(self) -> list[bool]:
        """Of each request whether it was conditional."""
        return ["If-None-Match" in request.headers for request in self.seen]

    async def __call__(self, request: Request) -> Response:
        self.seen.append(request)
        headers = {"etag": f'"{hash(self.body)}"', "x-left": str(len(self.seen)), **self.headers}
        if self.status == 200 and request.headers.get("If-None-Match") == headers["etag"]:
            return Response(304, {**headers, "content-length": "0"}, b"")
        return Response(self.status, {"content-encoding": "identity", **headers}, self.body)

    async def close(self) -> None:
        self.is_closed = True


def around(server: Server, memory: int = 1 << 20) -> tuple[Conditional, Kept]:
    kept = Kept(memory)
    return Conditional(server, kept), kept


async def test_an_unchanged_answer_is_the_one_that_came_with_new_headers() -> None:
    send, _ = around(server := Server(gzip.compress(b"[1]"), **{"content-encoding": "gzip"}))
    first, again = await send(ASKED), await send(ASKED)
    assert (first.is_kept, again.is_kept) == (False, True)
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["content-encoding"] == "gzip"
    assert "content-length" not in again.headers
    assert (first.headers["x-left"], again.headers["x-left"]) == ("1", "2")
    assert server.statuses == [False, True]


async def test_a_changed_answer_comes_whole_and_is_kept_instead() -> None:
    send, kept = around(server := Server())
    await send(ASKED)
    server.body = b"[1, 2]"
    assert (await send(ASKED)).body == b"[1, 2]"
    assert (await send(ASKED)).is_kept
    assert len(kept) == 1
    assert kept.size == len(b"[1, 2]") + OVERHEAD


@pytest.mark.parametrize(
    "other",
    [
        ASKED.with_params(page=2),
        ASKED.with_headers({"Accept": "text/html"}),
        ASKED.with_headers({"Authorization": "b"}),
    ],
)
async def test_another_request_has_another_answer(other: Request) -> None:
    send, kept = around(server := Server())
    await send(ASKED)
    assert not (await send(other)).is_kept
    assert server.statuses == [False, False]
    assert len(kept) == 2


async def test_nothing_is_shown_of_what_is_kept() -> None:
    send, kept = around(Server(b'["s3cret"]'))
    await send(ASKED.with_headers({"Authorization": "s3cret"}))
    assert "s3cret" not in repr(kept)
    assert b"s3cret" not in repr(list(kept._answers)).encode()


@pytest.mark.parametrize(
    "request_",
    [
        Request("https://acme.example/items", "POST"),
        ASKED.with_headers({"if-none-match": '"mine"'}),
        ASKED.with_headers({"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}),
    ],
)
async def test_what_is_no_plain_question_passes_as_it_is(request_: Request) -> None:
    send, kept = around(server := Server())
    for _ in range(2):
        await send(request_)
    assert server.seen == [request_, request_]
    assert len(kept) == 0


def _without_etag(server: Server) -> None:
    server.headers = {"etag": ""}


def _refusing(server: Server) -> None:
    server.status = 404


@pytest.mark.parametrize("spoil", [_without_etag, _refusing])
async def test_what_is_no_good_answer_with_an_etag_is_not_kept(spoil: Callable[[Server], None]) -> None:
    send, kept = around(server := Server())
    await send(ASKED)
    spoil(server)
    await send(ASKED)
    assert len(kept) == kept.size == 0
    await send(ASKED)
    assert server.statuses == [False, True, False]


async def test_a_service_that_is_down_for_a_moment_changes_nothing() -> None:
    send, kept = around(server := Server())
    await send(ASKED)
    server.status = 503
    assert (await send(ASKED)).status == 503
    server.status = 200
    assert (await send(ASKED)).is_kept
    assert len(kept) == 1


async def test_an_unchanged_answer_that_nobody_has_is_passed_on() -> None:
    """A service that answers 304 without being asked for it."""
    send, kept = around(server := Server())
    server.status = 304
    assert (await send(ASKED)).status == 304
    assert len(kept) == 0


async def test_the_answers_used_longest_ago_go_first() -> None:
    body = b"x" * 1000
    room = 5 * (len(body) + OVERHEAD)
    send, kept = around(server := Server(body), room)
    pages = [ASKED.with_params(page=number) for number in range(6)]
    for page in pages[:5]:
        await send(page)
    await send(pages[0])  # used again: now the second is the oldest
    await send(pages[5])
    assert kept.size <= room
    assert len(kept) == 5
    assert kept.get(pages[0])
    assert kept.get(pages[1]) is None
    assert server.statuses == [False] * 5 + [True, False]


async def test_an_answer_that_leaves_no_room_for_others_is_not_kept() -> None:
    memory = 100_000
    send, kept = around(Server(b"x" * (memory // LARGEST)), memory)
    await send(ASKED)
    assert len(kept) == kept.size == 0


async def test_an_answer_may_be_forgotten() -> None:
    send, kept = around(server := Server())
    await send(ASKED)
    kept.forget(ASKED)
    kept.forget(ASKED)  # twice does no harm
    assert kept.size == 0
    await send(ASKED)
    assert server.statuses == [False, False]


async def test_closing_closes_what_sends_and_keeps_the_answers() -> None:
    send, kept = around(server := Server())
    await send(ASKED)
    await send.close()
    assert server.is_closed
    assert len(kept) == 1


async def test_what_sends_need_not_be_closed() -> None:
    async def send(request: Request) -> Response:
        return Response(200, {}, b"")

    await Conditional(send, Kept(0)).close()

    class Plain:
        def close(self) -> None:
            self.is_closed = True

        async def __call__(self, request: Request) -> Response:
            return Response(200, {}, b"")

    plain = Plain()
    await Conditional(plain, Kept(0)).close()
    assert plain.is_closed
