"""Record what a connector and its service say to each other, and replay it without the service."""

from __future__ import annotations

import asyncio
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ..config import ConnectorConfig
from ..errors import ConfigurationError, DecodeError, NotRecordedError
from ..http import Request, Response, Send, origin
from ..secret import Secret
from ..transport.pool import SharedTransport
from . import layout
from .exchange import Written, as_response, conditions, of_request, of_response, unzipped
from .layout import Number
from .scrub import ELSEWHERE, HIDDEN, Scrub, Scrubber, check_lengths

FORMAT = "1"
FIRST = 1 << 16  # bytes of a body that are told before the rest, as a socket would
REFUSALS = (401, 403)
"""Answers to credentials that are wrong; with these a recording of tests would be good for nothing."""
SHOWN = 300  # characters of a request in a message

Mode: TypeAlias = Literal["replay", "record", "auto"]
Opens: TypeAlias = Callable[[ConnectorConfig], Send]


def cassette(
    path: str | PathLike[str], config: ConnectorConfig, mode: Mode = "replay", scrub: Scrub | None = None
) -> Recorder | Replay:
    """A transport for a `RestConnector` that records into a file, or replays it: `Acme(config, transport=…)`.

    `replay` needs the file and asks nobody; `record` asks the service and writes the file anew; `auto`
    replays where there is a file and records where there is none: delete it to record again. The file holds
    no secret; `scrub` hides more, or less. A replay needs the rules that the recording had; it may have
    other credentials, and another `base_url`.
    """
    if mode not in ("replay", "record", "auto"):
        raise ConfigurationError(f"mode={mode!r} cannot be: it must be replay, record or auto", field="mode")
    if mode == "record":
        return Recorder(path, config, scrub)
    if mode == "auto" and not Path(path).exists():
        return Recorder(path, config, scrub, with_refusals=False)
    return Replay(path, config, scrub)


@dataclass
class _Exchange:
    """A request, and its answer once that has come."""

    request: Request
    response: Response | None = None


class Recorder:
    """A `Send` that asks the service and remembers its answers; with each `close` the file is written anew.

    A connector closes it when it disconnects, and may be opened again with it. Answers that did not come, or
    came damaged, are not in the file; of answers alike that follow each other the first is. `with_refusals`:
    write it down, too, when the service refuses our credentials.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        config: ConnectorConfig,
        scrub: Scrub | None = None,
        *,
        opens: Opens = SharedTransport,
        with_refusals: bool = True,
    ) -> None:
        check_lengths(config)
        self._path, self._config, self._opens = Path(path), config, opens
        self._unwanted = () if with_refusals else REFUSALS
        self._scrubber = Scrubber(config, scrub or Scrub())
        self._send: Send | None = None
        self._exchanges: list[_Exchange] = []  # in the order of asking
        self._is_saved = True

    def __repr__(self) -> str:
        return f"<Recorder {str(self._path)!r}>"

    @property
    def unused(self) -> list[str]:
        """What was recorded and not asked for: nothing, while it is being recorded."""
        return []

    async def __call__(self, request: Request) -> Response:
        """Ask the service, and remember what it answers."""
        self._send = self._send or self._opens(self._config)
        exchange = _Exchange(request)
        self._exchanges.append(exchange)
        response = await self._send(request)
        if response.status not in self._unwanted:
            with suppress(DecodeError):  # which the connector will raise
                exchange.response = unzipped(response)
                self._is_saved = False
        return response

    async def close(self) -> None:
        """Give back the connections, and write the file."""
        send, self._send = self._send, None
        try:
            if close := getattr(send, "close", None):
                await close()
        finally:
            self.save()

    def save(self) -> None:
        """Write what is new into the file; `ConfigurationError` where a secret cannot be hidden."""
        if self._is_saved:
            return
        self._exchanges = list(_once(self._exchanges))
        self._written()  # what a later answer calls a secret is hidden in those before it, too
        for exchange in self._exchanges:
            self._scrubber.learn(exchange.request.headers)
        text = Secret(layout.lines({"format": Number(FORMAT), "exchanges": self._written()}) + "\n")
        self._check(text)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f".{self._path.name}.part")
        beside.write_bytes(text.encode())
        os.replace(beside, self._path)
        self._is_saved = True

    def _written(self) -> list[Written]:
        """The exchanges without their secrets."""
        return [
            {
                "request": of_request(it.request, self._scrubber),
                "response": of_response(it.response, self._scrubber),
            }
            for it in self._exchanges
            if it.response
        ]

    def _check(self, text: str) -> None:
        if name := self._scrubber.leak(text):
            raise ConfigurationError(
                f"{self._path.name} was not written: the secret {name} stands in an answer where it cannot be"
                " hidden, such as a body that is no text; give a Scrub whose `also` takes it out, or record"
                " another answer",
                field=name,
                connector=self._config.name,
            )


class Replay:
    """A `Send` that answers from a file; it opens no socket.

    A request is found by its method, address and body, and by the headers that ask for news or for a part
    only; secrets in these may differ. Answers to the same request come in the order in which they were
    recorded, the last of them again and again.
    """

    def __init__(
        self, path: str | PathLike[str], config: ConnectorConfig, scrub: Scrub | None = None
    ) -> None:
        self._path, self._config = Path(path), config
        self._scrubber = Scrubber(config, scrub or Scrub())
        self._at = origin(config.base_url) if config.base_url else ELSEWHERE
        self._answers: dict[str, list[Response]] = defaultdict(list)
        self._asked: dict[str, int] = defaultdict(int)
        for request, response in self._exchanges():
            self._answers[request].append(response)

    def __repr__(self) -> str:
        return f"<Replay {str(self._path)!r}>"

    @property
    def unused(self) -> list[str]:
        """The requests that were recorded more often than they were asked: `assert not replay.unused`."""
        return [key for key, answers in self._answers.items() for _ in answers[self._asked[key] :]]

    async def __call__(self, request: Request) -> Response:
        """The recorded answer; `NotRecordedError` where there is none."""
        self._scrubber.learn(request.headers)
        key = self._find(_key(of_request(request, self._scrubber)))
        answers = self._answers[key]
        response = answers[min(self._asked[key], len(answers) - 1)]
        self._asked[key] += 1
        if request.heard and response.status == 200:
            request.heard(response.body[:FIRST], None)
        await asyncio.sleep(0)  # as with a socket, others get their turn
        return response

    async def close(self) -> None:
        """Do nothing; a replay can be opened again."""

    def _find(self, key: str) -> str:
        """The recorded request that asks the same, or does so but for a secret that nobody told us."""
        if key in self._answers:
            return key
        alike = [it for it in self._answers if HIDDEN in key and _unnumbered(it) == key]
        if alike:
            return next((it for it in alike if self._asked[it] < len(self._answers[it])), alike[-1])
        raise self._unknown(key)

    def _unknown(self, key: str) -> NotRecordedError:
        nearest = get_close_matches(key, self._answers, n=1, cutoff=0.0)
        return NotRecordedError(
            f"{self._path.name} holds no answer to {key[:SHOWN]}"
            + (
                f"; the nearest that it holds is {nearest[0][:SHOWN]}"
                if nearest
                else "; it holds none at all"
            ),
            hint="where the connector now asks something else on purpose, delete the file and record again",
            connector=self._config.name,
        )

    def _exchanges(self) -> list[tuple[str, Response]]:
        try:
            written = layout.parse(self._path.read_text(encoding="utf-8"))
            if written["format"] == FORMAT:
                pairs = [(it["request"], it["response"]) for it in written["exchanges"]]
                return [(_key(asked), as_response(told, self._at)) for asked, told in pairs]
            why = f"its format is {written['format']}, and {FORMAT} can be read"
        except FileNotFoundError:
            why = "there is no such file; record it with mode='record'"
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            why = f"it is damaged ({type(error).__name__}: {error})"
        raise ConfigurationError(
            f"the recording {self._path} cannot be replayed: {why}", field="path", connector=self._config.name
        )


def _once(exchanges: Iterable[_Exchange]) -> Iterator[_Exchange]:
    """The exchanges but for those in which the same request got the same answer as the last time."""
    last: dict[tuple[str, ...], tuple[int, bytes]] = {}
    for exchange in exchanges:
        request, response = exchange.request, exchange.response
        asked = (request.method, request.address, repr(request.body), *conditions(request).values())
        said = (response.status, response.body) if response else None
        if not said or last.get(asked) != said:  # one without an answer may be under way
            yield exchange
        if said:
            last[asked] = said


def _key(request: Mapping[str, Any]) -> str:
    """A request in one line: the same for all that ask the same."""
    rest = {name: _sorted(it) for name, it in request.items() if name not in ("method", "url")}
    return f"{request['method']} {request['url']}" + (f" {layout.line(rest)}" if rest else "")


def _sorted(value: Any) -> Any:
    """JSON with the names of each object in their order, in which no service sees a difference."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(it) for it in value] if isinstance(value, list) else value


def _unnumbered(key: str) -> str:
    return re.sub(rf"{HIDDEN}-\d+", HIDDEN, key)
