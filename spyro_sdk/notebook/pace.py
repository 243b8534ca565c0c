"""The requests of each second, as a small picture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import htpy as h

from ..words import counted
from .charts import sparkline
from .theme import MUTED

SHORTER: Final = (30, 60)  # seconds that are shown where nothing was before
APART: Final = 3  # pixels from one point of a curve to the next, at least
FAR: Final = 5  # times as high as the highest second; a limit beyond is told in words alone


def pace(history: Sequence[int], limit: float | None) -> h.Element:
    """The curve of requests a second, and below it what it is."""
    named = "requests a second" + ("" if limit is None else f", limit {limit:,.4g}")
    return h.div(style="text-align:right;line-height:1.3")[
        curve(history, limit), h.div(style=f"font-size:11px;{MUTED}")[named]
    ]


def curve(
    history: Sequence[int], limit: float | None, *, width: int = 180, height: int = 36
) -> h.VoidElement:
    """The curve alone, with the limit dashed across it where it is near."""
    recent = _recent(history)
    highest = max(recent)
    said = f"requests a second in the last {len(recent)} seconds: at most {highest:,}"
    if limit is not None:
        said += f", the limit is {limit:,.4g}"
    near = limit if limit is not None and limit <= FAR * highest else None
    few = -(-len(recent) * APART // width)  # seconds that are drawn together
    points = [max(recent[i : i + few]) for i in range(0, len(recent), few)]
    return sparkline(points, alt=said, limit=near, width=width, height=height)


def at(moment: datetime) -> str:
    """`14:03:22 UTC`."""
    return f"{moment:%H:%M:%S} UTC"


def requests(number: int) -> str:
    """`418 requests`."""
    return counted(number, "request")


def _recent(history: Sequence[int]) -> Sequence[int]:
    """The end of a history, without a long beginning in which nothing was."""
    for seconds in SHORTER:
        if not any(history[:-seconds]):
            return history[-seconds:]
    return history
