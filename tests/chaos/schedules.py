"""Schedules of many faults at once, the same with each seed.

To repeat one: `python -m tests.chaos.schedules 4711`; to play a thousand from 0 on: `… 0 1000`.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from spyro_sdk.errors import CircuitOpenError, ConfigurationError, ConnectorError

from .. import environment  # noqa: F401
from .faults import ALWAYS, Fault
from .runs import Run, assert_exact, fetch
from .service import Chaos, serving
from .styles import STYLES, Style

RETRIES = 2
PAGES = 5  # some of which are beyond the end
DEADLINE = 6.0  # seconds that any of them may take

MAY_BE = (CircuitOpenError, ConfigurationError)
"""What may come of faults that pass: too many at once, or two first answers that look as if the declaration
were wrong."""

Draw = Callable[[Random, Style], tuple[str, dict[str, Any]]]


def _status(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    code = pick.choice([408, 429, 500, 502, 503, 504])
    waits = pick.choice([None, "0", "0.01", "soon", "-1", "NaN", "Thu, 01 Jan 1970 00:00:00 GMT"])
    return "status", {"status": code} if waits is None else {"status": code, "Retry_After": waits}


def _cut(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    ending, framing = pick.choice(["close", "reset"]), pick.choice(["length", "chunked", "close"])
    return "cut", {"at": pick.randrange(4_000), "ending": ending, "framing": framing}


def _body(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    bodies = [
        b"",
        b" ",
        b"null",
        b"0",
        b"{}",
        b'"x"',
        b"[1]",
        b"<html>",
        b"[[]]",
        b'{"error":"x"}',
        b"\xff\xfe",
    ]
    return "body", {"content": pick.choice(bodies)}


def _text(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    wrong = [b"\xff", b"\\ud800", b"\n", b"\x00"]
    return "replaced", {"old": b'"name":"', "new": b'"name":"' + pick.choice(wrong)}


def _number(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    wrong = [b"9" * 5_000, b"1e99999999999999999999", b"[" * 5_000, b"-", b"01", b"nul"]
    return "replaced", {"old": b'"nothing":null', "new": b'"nothing":' + pick.choice(wrong)}


def _length(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    return "length", {"off": pick.choice([-1, 1]) * pick.randrange(1, 1_000)}


def _encoded(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    return "encoded", {"encoding": pick.choice(["gzip", "deflate", "br", "zstd", "gzip, gzip"])}


def _page(kind: str) -> Draw:
    return lambda pick, style: (kind, {})


HEALING: list[Draw] = [_status, _cut, _body, _text, _number, _length, _encoded, _page("login_page")]
"""What does not matter as long as it passes."""


def _again(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    return "again", {"page": pick.randrange(1, 4)}


def _fewer(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    kept = pick.randrange(15)
    return "rows", {"path": style.records, "change": lambda found: found[:kept]}


def _twice(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    count = pick.randrange(1, 5)
    return "rows", {"path": style.records, "change": lambda found: [*found[count:], *found[-count:]]}


def _total(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    return "edited", {style.total: pick.choice([0, 1, 59, 61, 10**9])}


def _refused(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    return "status", {"status": pick.choice([400, 401, 403, 405, 409, 410, 422, 451, 501])}


def _away(pick: Random, style: Style) -> tuple[str, dict[str, Any]]:
    return "redirected", {"to": "{elsewhere}{target}", "status": pick.choice([301, 302, 307, 308])}


HARMFUL: list[Draw] = [_again, _twice, _refused, _away]
"""What may be an error, and never a wrong result."""
TELLING: list[Draw] = [_fewer, _total]
"""The same, where the service says how many records there are."""


@dataclass(frozen=True)
class Schedule:
    """What happens in one fetch."""

    seed: int
    style: str
    settings: dict[str, Any]
    faults: tuple[Fault, ...]
    heals: bool
    """Whether all records must come, since no fault lasts."""

    def __str__(self) -> str:
        told = "; ".join(map(str, self.faults)) or "nothing"
        return f"seed {self.seed}: {self.style} {self.settings}: {told}"


def drawn(seed: int) -> Schedule:
    """The schedule of a seed."""
    pick = Random(seed)
    name = pick.choice(sorted(STYLES))
    style = STYLES[name]
    settings = {"concurrency": pick.choice([None, 1, 2, 8]), "retry_count": RETRIES}
    faults: list[Fault] = []
    if pick.random() < 0.5:
        faults.append(Fault(*_always(pick)))
    heals = pick.random() < 0.6
    pages = pick.sample(range(1, PAGES + 1), pick.randrange(1, PAGES + 1))
    for page in pages:
        faults.insert(0, _healing(pick, style, page))
    if not heals:
        draws = HARMFUL + (TELLING if style.total else [])
        kind, given = pick.choice(draws)(pick, style)
        faults.insert(0, Fault(kind, pick.randrange(1, PAGES), ALWAYS, given))
    return Schedule(seed, name, settings, tuple(faults), heals)


def _healing(pick: Random, style: Style, page: int) -> Fault:
    kind, given = pick.choice(HEALING)(pick, style)
    most = 1 if page == 1 and kind == "body" else RETRIES  # twice it is the declaration that looks wrong
    return Fault(kind, page, pick.randrange(1, most + 1), given)


def _always(pick: Random) -> tuple[str, int, int, dict[str, Any]]:
    """No fault, but another way to send all that comes."""
    if pick.random() < 0.5:
        return "framed", 0, ALWAYS, {"framing": pick.choice(["chunked", "close"])}
    return "zipped", 0, ALWAYS, {"encodings": pick.choice(["gzip", "deflate", "gzip,gzip"])}


def play(chaos: Chaos, schedule: Schedule) -> Run:
    """Play one, and see that what comes of it is right; an `AssertionError` says which it was."""
    style = STYLES[schedule.style]
    try:
        run = fetch(chaos, style, *schedule.faults, **schedule.settings)
        assert run.seconds < DEADLINE, f"it took {run.seconds:.1f} s"
        if run.error is None:
            assert_exact(run, style)
        else:
            assert not schedule.heals or isinstance(run.error, MAY_BE), f"not healed: {run.error}"
    except Exception as error:
        raise AssertionError(f"{schedule}\n{type(error).__name__}: {error}") from error
    return run


def main(first: int, count: int) -> int:
    """Play so many from a seed on; say what came of them, and return how many were wrong."""
    outcomes: Counter[str] = Counter()
    started = time.monotonic()
    with serving() as chaos:
        for seed in range(first, first + count):
            try:
                error: ConnectorError | None = play(chaos, drawn(seed)).error
                outcomes["exact" if error is None else type(error).__name__] += 1
            except AssertionError as wrong:
                outcomes["WRONG"] += 1
                print(wrong)  # noqa: T201
    seconds = time.monotonic() - started
    print(f"{count:,} schedules in {seconds:.0f} s, {count / seconds:.0f} a second: {dict(outcomes)}")  # noqa: T201
    return outcomes["WRONG"]


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    numbers = [int(it) for it in sys.argv[1:]]
    sys.exit(main(numbers[0], numbers[1] if len(numbers) > 1 else 1) != 0)
