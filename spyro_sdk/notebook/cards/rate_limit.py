"""How fast a service may be asked, and how much of that is left."""

from __future__ import annotations

from typing import Final

from ...events import QuotaSeen
from ...rate_limit import RateLimit
from ...words import lasting
from ..card import Card, Node, aside, bar, line, muted, strong
from ..pace import at, pace, requests
from ..theme import Tone
from .stats import last_call, waits

FEW: Final = 0.2  # of a quota, from which on it is told
LAST: Final = 0.05


def card(limit: RateLimit) -> Card:
    """The bucket, the last minute against the limit, and the service's own quota."""
    quota = limit.quota
    rate, minute = limit.current_rate, limit.requests_per_minute
    return Card(
        f"{limit.connector or 'connection'}: rate limit",
        _tone(quota),
        last_call(limit.stats),
        "" if limit.is_connected else "closed",
        [
            aside(
                strong(requests(int(limit.available))),
                f" of {limit.burst:,} could be sent at once",
                bar(limit.available / limit.burst, "good" if limit.available >= 1 else "waiting"),
                strong(requests(rate)),
                f" in the last minute, of {minute:,.6g} allowed",
                bar(rate / minute, "plain" if rate < 0.9 * minute else "waiting"),
                picture=pace(limit.history, minute / 60),
            ),
            line(muted("waits: "), waits(limit.stats)),
            *_quota(limit, quota),
        ],
    )


def _quota(limit: RateLimit, quota: QuotaSeen | None) -> list[Node]:
    if quota is None or limit.quota_seen is None:
        return [line(muted("quota: "), "the service has not said")]
    of = f" of {quota.limit:,}" if quota.limit else ""
    told = f", as it said at {at(limit.quota_seen)}"
    resets = "" if quota.resets_in is None else f"; full again {lasting(quota.resets_in)} later"
    said = line(strong(f"{quota.remaining:,}"), f"{of} left of the service's quota", muted(told, resets))
    return [said, bar(_left(quota), _tone(quota)) if quota.limit else ""]


def _left(quota: QuotaSeen | None) -> float:
    """The share of a quota that is left; all where its size is not known."""
    return quota.remaining / quota.limit if quota and quota.limit else 1.0


def _tone(quota: QuotaSeen | None) -> Tone:
    left = _left(quota)
    return "bad" if left < LAST else "waiting" if left < FEW else "plain"
