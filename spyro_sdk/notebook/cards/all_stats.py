"""All open connections, one below the other."""

from __future__ import annotations

from typing import Final

from ...all_stats import AllStats, OpenConnection
from ...observers.stats import Stats
from ...words import counted, size
from ..card import Card, Node, aside, code, line, muted, strong
from ..pace import curve, requests
from ..theme import Tone
from .stats import again, arrived, latency, went_well

MOST: Final = 4  # that are shown; more are counted, lest the card outgrow the notebook


def card(everything: AllStats) -> Card:
    """The newest connections, and the sum of all."""
    listed = list(everything)
    if not listed:
        return Card("No open connection", body=[line("Open one with ", code('spyro.connect("salesforce")'))])
    older = len(listed) - MOST
    return Card(
        counted(len(listed), "open connection"),
        _tone(listed),
        _sum([it.stats for it in listed]),
        body=[
            *map(_row, reversed(listed[-MOST:])),
            line(muted(f"and {counted(older, 'older one')}")) if older > 0 else "",
        ],
    )


def _row(it: OpenConnection) -> Node:
    stats = it.stats
    asked = f"{requests(stats.requests)}, {went_well(stats)}, {again(stats)}, {counted(stats.waits, 'wait')}"
    return aside(
        [strong(it.name), " ", muted(", ".join(filter(None, (it.profile, it.where))))],
        line(asked, gap=0),
        line(f"{arrived(stats)}, {latency(stats)}", gap=0),
        picture=curve(stats.history, stats.limit, width=60, height=28),
    )


def _sum(stats: list[Stats]) -> str:
    return f"{requests(sum(it.requests for it in stats))}, {size(sum(it.received for it in stats))}"


def _tone(listed: list[OpenConnection]) -> Tone:
    return "bad" if any(it.stats.circuit == "open" for it in listed) else "plain"
