"""What a connection has asked, and how that went."""

from __future__ import annotations

from typing import Final

from ...observers.stats import Stats
from ...words import counted, lasting, percent, size
from ..card import Card, Node, aside, facts, line, muted, strong
from ..pace import at, pace, requests
from ..theme import Tone

CIRCUIT: Final[dict[str, tuple[Tone, str]]] = {
    "closed": ("plain", "closed: calls pass"),
    "half-open": ("waiting", "half-open: one call tries whether the service is well again"),
    "open": ("bad", "open: the service failed too often, and is left alone for a while"),
}
"""For each state of the circuit breaker the card's tone, and what it means."""
REASONS: Final = 2  # that are shown
LETTERS: Final = 120  # of each


def card(stats: Stats) -> Card:
    """The totals of one connection."""
    tone, circuit = CIRCUIT[stats.circuit]
    told: dict[str, Node] = {
        "arrived": arrived(stats),
        "latency": latency(stats),
        "waits": waits(stats),
        "retries": again(stats),
        "circuit breaker": circuit,
    }
    return Card(
        f"{stats.connector or 'connection'}: statistics",
        tone,
        last_call(stats),
        "" if stats.is_connected else "closed",
        [
            aside(
                strong(requests(stats.requests)),
                f", {went_well(stats)}" if stats.requests else "",
                facts(told),
                picture=pace(stats.history, stats.limit),
            ),
            *(line(muted("made again: "), _short(it)) for it in stats.reasons[:REASONS]),
        ],
    )


def again(stats: Stats) -> str:
    """`9 calls made again`."""
    made = f"{counted(stats.retries, 'call')} made again" if stats.retries else "none made again"
    return made + (f", {stats.retries_refused:,} for want of budget not" if stats.retries_refused else "")


def arrived(stats: Stats) -> str:
    """`48,210 records in 25 pages, 19.9 MB`, and how many results lack some."""
    short = f"; {counted(stats.incomplete, 'incomplete result')}" if stats.incomplete else ""
    return f"{counted(stats.rows, 'record')} in {counted(stats.pages, 'page')}, {size(stats.received)}{short}"


def last_call(stats: Stats) -> str:
    """When the service was last asked; '' for never."""
    return f"last call {at(stats.last_request_time)}" if stats.last_request_time else ""


def went_well(stats: Stats) -> str:
    """`99 % went well`."""
    return f"{percent(stats.success_rate / 100)} went well"


def latency(stats: Stats) -> str:
    """`p50 112 ms, p95 480 ms`."""
    p50, p95 = stats.latency(0.5), stats.latency(0.95)
    return "no latency yet" if p50 is None or p95 is None else f"p50 {lasting(p50)}, p95 {lasting(p95)}"


def waits(stats: Stats) -> str:
    """How often and how long calls stood in the rate limiter's queue."""
    if not stats.waits:
        return "none"
    return f"{counted(stats.waits, 'wait')} for the rate limit, {lasting(stats.waited)} in all"


def _short(reason: str) -> str:
    return reason if len(reason) <= LETTERS else f"{reason[: LETTERS - 1]}…"
