"""The panel of fetches that are running."""

from __future__ import annotations

from math import ceil

import htpy as h

from ...events import QuotaSeen
from ...observers.running import Running
from ...words import counted, lasting, size
from ..card import Card, Node, aside, bar, facts, line, muted, pill, strong
from ..cell import CellRuns
from ..charts import sparkline
from ..theme import Tone

FLAT = 4  # times as high as the curve; a higher limit would press it flat
SOON = 1.0  # seconds; what is waited for longer is told
SEVERAL = 4  # fetches at once that are shown one by one
LEGIBLE = 100  # letters of a reason: with more it would change its height from picture to picture
TITLES = {"fetch": "Fetching {}", "head": "Fetching the first of {}", "count": "Counting {}"}


def card(cell: CellRuns) -> Card:
    """All that run in a cell; the first of them in full."""
    run, *others = cell.running
    tone: Tone = "waiting" if run.pause else "plain"
    more = f" and {len(others):,} more" if others else ""
    return Card(
        TITLES[run.asked.act].format(run.asked.entity) + more,
        tone,
        _times(run),
        body=[
            *_course(run, tone),
            *_others(others),
            _limits(run),
            _waits(run),
            *_remarks(run),
            _before(cell),
            _stop(),
        ],
    )


def _times(run: Running) -> str:
    """How long it has taken, and will."""
    left = run.time_left
    said = f" · about {_whole(ceil(left))} left" if left is not None and left >= SOON else ""
    return f"{_whole(int(run.seconds))}{said}"


def _whole(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else lasting(seconds)


def _course(run: Running, tone: Tone) -> list[Node]:
    """How far it is, in a bar and in words, and how it asks."""
    share = run.share
    return [
        bar(0.0 if share is None else share, tone),
        aside(*_numbers(run), picture=requests(run, tone)),
    ]


def _numbers(run: Running) -> list[Node]:
    """Records, pages, pace and bytes, in words."""
    if not run.pages:
        return ["No records yet"]
    total, left = run.total, run.calls_left
    pages = counted(run.pages, "page") if left is None else f"page {run.pages:,} of {run.pages + left:,}"
    rest = f" so far · {pages}" if total is None else f" of {counted(total, 'record')} · {pages}"
    unit = " records" if total is None else ""
    return [strong(f"{run.rows:,}"), f"{unit}{rest} · {run.pace:,.0f} records/s · {size(run.received)}"]


def requests(run: Running, tone: Tone) -> Node:
    """Requests a second against the limit, as a picture; an empty one before there is a second of it."""
    history, limit = run.history, run.asked.rate.rate
    most = max(history, default=0)
    alt = f"requests a second: {most:,} at the most, {limit:,.4g} allowed"
    shown = limit if history and limit <= FLAT * max(1, most) else None
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
    pace = f"{int(ready):,} of {rate.burst:,} requests ready, {rate.requests_per_minute:,.6g} a minute"
    told: dict[str, Node] = {"Rate limit": [_gauge(ready / rate.burst), pace]}
    if run.quota is not None:
        told["Service's quota"] = _quota(run.quota)
    left = "" if run.calls_left is None else f", about {run.calls_left:,} more"
    told["This fetch"] = f"{counted(run.requests, 'call')} so far{left}"
    return facts(told)


def _quota(quota: QuotaSeen) -> Node:
    """What the service says is left."""
    if not quota.limit:
        return f"{quota.remaining:,} requests left"
    return [_gauge(quota.remaining / quota.limit), f"{quota.remaining:,} of {quota.limit:,} requests left"]


def _gauge(share: float) -> Node:
    """A short bar before the words that say the same."""
    place = "display:inline-block;width:90px;vertical-align:middle;margin-right:8px"
    return h.span(style=place)[bar(share, height=6)]


def _waits(run: Running) -> Node:
    """Why nothing comes at the moment, or what has held it up."""
    if (pause := run.pause) is not None:
        return line(pill(f"waiting {_whole(ceil(pause.seconds))}", "waiting"), " ", _short(pause.reason))
    if not run.troubles:
        return line(muted("No waits, no retries"))
    reasons = run.reasons
    last = f": {_short(reasons[-1].reason)}" if reasons else ""
    return line(", ".join(run.troubles) + last)


def _short(reason: str) -> str:
    return reason if len(reason) <= LEGIBLE else f"{reason[:LEGIBLE]} …"


def _remarks(run: Running) -> list[Node]:
    return [line(remark) for remark in run.remarks]


def _before(cell: CellRuns) -> Node:
    return line(muted(f"Before in this cell: {cell.summary}")) if cell.ended else None


def _stop() -> Node:
    return line(muted("Stop with the square button: what has arrived is kept."))
