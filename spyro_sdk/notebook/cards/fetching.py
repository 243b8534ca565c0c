"""The panel of fetches that are running."""

from __future__ import annotations

from math import ceil

from ...observers.running import Running
from ...words import counted, lasting, size
from ..card import Card, Node, aside, bar, facts, line, muted, pill, strong
from ..cell import CellRuns
from ..charts import sparkline
from ..theme import Tone

SOON = 1.0  # seconds; what is waited for longer is told
SEVERAL = 4  # fetches at once that are shown one by one
TITLES = {"fetch": "Fetching {}", "head": "Fetching the first of {}", "count": "Counting {}"}


def card(cell: CellRuns) -> Card:
    """All that run in a cell; the first of them in full."""
    run, *others = cell.running
    tone: Tone = "waiting" if run.pause else "plain"
    return Card(
        TITLES[run.asked.act].format(run.asked.entity),
        tone,
        _times(run),
        body=[*_course(run, tone), *_others(others), _limits(run), _waits(run), _before(cell), _stop()],
    )


def _times(run: Running) -> str:
    """How long it has taken, and will."""
    left = run.time_left
    said = f" · about {lasting(ceil(left))} left" if left is not None and left >= SOON else ""
    return f"{lasting(int(run.seconds))}{said}"


def _course(run: Running, tone: Tone) -> list[Node]:
    """How far it is, in a bar and in words, and how it asks."""
    share = run.share
    return [
        bar(0.0 if share is None else share, tone),
        aside(*numbers(run), picture=requests(run, tone)),
    ]


def numbers(run: Running) -> list[Node]:
    """Records, pages, pace and bytes, in words."""
    total, left = run.total, run.calls_left
    pages = counted(run.pages, "page") if left is None else f"page {run.pages:,} of {run.pages + left:,}"
    rest = f" so far · {pages}" if total is None else f" of {counted(total, 'record')} · {pages}"
    unit = " records" if total is None else ""
    return [strong(f"{run.rows:,}"), f"{unit}{rest} · {run.pace:,.0f} records/s · {size(run.received)}"]


def requests(run: Running, tone: Tone) -> Node:
    """Requests a second against the limit, as a picture; nothing before there are two seconds of it."""
    history, limit = run.history, run.asked.rate.rate
    if len(history) < 2:
        return None
    alt = f"requests a second: {max(history):,} at the most, {limit:,.4g} allowed"
    shown = limit if limit <= 4 * max(1, *history) else None  # else the curve would lie flat at its foot
    return sparkline(history, limit=shown, alt=alt, tone=tone)


def _others(runs: list[Running]) -> list[Node]:
    """Those that run beside it, a line each."""
    drawn: list[Node] = [
        line(f"{run.asked.entity}: {run.progress}") if run.share is None else _beside(run, run.share)
        for run in runs[:SEVERAL]
    ]
    more = len(runs) - SEVERAL
    return [*drawn, line(muted(f"and {more:,} more")) if more > 0 else None]


def _beside(run: Running, share: float) -> Node:
    return [line(f"{run.asked.entity}: {run.progress}"), bar(share, height=4)]


def _limits(run: Running) -> Node:
    """What may still be asked, and what this takes."""
    rate, ready = run.asked.rate, run.asked.bucket.get_available_tokens()
    told: dict[str, Node] = {
        "Rate limit": f"{int(ready):,} of {rate.burst:,} ready, {rate.requests_per_minute:,.6g} a minute"
    }
    if run.quota is not None:
        of = f" of {run.quota.limit:,}" if run.quota.limit else ""
        told["Service's quota"] = f"{run.quota.remaining:,}{of} left{_cost(run)}"
    elif run.calls_left:
        told["Still to ask"] = counted(run.calls_left, "call")
    return facts(told)


def _cost(run: Running) -> str:
    left = run.calls_left
    return "" if left is None else f", this fetch takes {counted(left, 'call')} more"


def _waits(run: Running) -> Node:
    """Why nothing comes at the moment, or what has held it up."""
    if (pause := run.pause) is not None:
        return line(pill(f"waiting {lasting(ceil(pause.seconds))}", "waiting"), " ", pause.reason)
    reasons = run.reasons
    last = f": {reasons[-1].reason}" if reasons else ""
    return line(", ".join(run.troubles) + last) if run.troubles else None


def _before(cell: CellRuns) -> Node:
    return line(muted(f"Before in this cell: {cell.summary}")) if cell.ended else None


def _stop() -> Node:
    return line(muted("Stop with the square button: what has arrived is kept."))
