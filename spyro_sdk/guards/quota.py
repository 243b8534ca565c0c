"""What a service says about how often it may be asked, and when again."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TEN_YEARS = 10 * 365 * 86400.0  # seconds; longer asks to be left alone are taken for that
WEEK = 7 * 86400.0  # seconds; no quota's reset is believed to be farther away

EPOCH_SECONDS = 1e9  # 2001; a smaller number of seconds is counted from now
EPOCH_MILLISECONDS = 1e11  # 1973; as seconds that would be the year 5138

TRIOS = ("ratelimit-", "x-ratelimit-", "x-rate-limit-")

POLICY = re.compile(r'"([^"]*)"((?:\s*;\s*[\w*.-]+(?:=(?:"[^"]*"|[^\s;,"]*))?)*)')
"""A named member of a structured field, such as `"default";r=50;t=30` (RFC 9651)."""
PARAMETER = re.compile(r';\s*([\w*.-]+)=("[^"]*"|[^\s;,"]*)')


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of an allowance."""

    limit: int | None  # requests in a whole window
    remaining: int  # requests
    resets_in: float | None  # seconds
    window: float | None = None  # seconds; the least that it can be, where the service does not say

    @property
    def _urgency(self) -> tuple[float, float]:
        """Sorts the quota first that will stop us first: the least share, then the longest wait."""
        unknown = math.inf if self.remaining else 0.0
        return self.remaining / self.limit if self.limit else unknown, -(self.resets_in or 0.0)


def parse_retry_after(
    value: str | None, *, now: datetime | None = None, server_date: str | None = None
) -> float | None:
    """Seconds that a `Retry-After` asks for (RFC 9110 §10.2.3); None when it says nothing.

    `server_date` is the `Date` of the same answer: a date is measured from that, so that a wrong clock of
    ours does no harm. A date that is over asks for 0 seconds. Never raises.
    """
    seconds = _number(value)
    if seconds is None:
        then = http_date(value)
        if then is None:
            return None
        since = http_date(server_date)
        if since is None:
            since = _utc(now or datetime.now(UTC))
        seconds = then - since
    return min(max(seconds, 0.0), TEN_YEARS)


def read_quota(headers: Mapping[str, str], *, now: float) -> Quota | None:
    """What is left of our quota, by the headers of an answer; None when they do not say.

    Names are in lower case; `now`, in seconds since 1970, is used where the answer has no `date`. Known are
    `RateLimit` with `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers) and the trios of `-Limit`,
    `-Remaining` and `-Reset` that came before it. Never raises: what is malformed is ignored.
    """
    date = http_date(headers.get("date"))
    if date is not None:
        now = date
    quotas = _named(headers, now) or [quota for prefix in TRIOS if (quota := _trio(headers, prefix, now))]
    return min(quotas, key=lambda quota: quota._urgency, default=None)


def _named(headers: Mapping[str, str], now: float) -> list[Quota]:
    """The quotas of a `RateLimit` field that count requests."""
    policies = _policies(headers.get("ratelimit-policy", ""))
    quotas = []
    for name, left in _policies(headers.get("ratelimit", "")).items():
        policy = policies.get(name, {})
        remaining = _whole(left.get("r"))
        if remaining is not None and policy.get("qu", '"requests"') == '"requests"':
            resets_in = _reset(left.get("t"), now)
            limit = _whole(policy.get("q"))
            window = _number(policy.get("w")) or _begun(limit, remaining, left.get("t"))
            quotas.append(Quota(limit, remaining, resets_in, window))
    return quotas


def _policies(field: str) -> dict[str, dict[str, str]]:
    return {name: dict(PARAMETER.findall(parameters)) for name, parameters in POLICY.findall(field)}


def _trio(headers: Mapping[str, str], prefix: str, now: float) -> Quota | None:
    remaining = _whole(headers.get(prefix + "remaining"))
    if remaining is None:
        return None
    limits = headers.get(prefix + "limit", "")  # "100", or with policies: "100, 100;w=60"
    limit = _whole(re.split("[,;]", limits)[0])
    policies = f"{limits},{headers.get('ratelimit-policy', '')}"
    window = re.search(rf"(?<![0-9]){limit}\s*;\s*w=([0-9]+)", policies)
    reset = headers.get(prefix + "reset")
    seconds = _number(window[1]) if window else _begun(limit, remaining, reset)
    return Quota(limit, remaining, _reset(reset, now), seconds)


def _begun(limit: int | None, remaining: int, reset: str | None) -> float | None:
    """How long a window is, if this answer was its first: then it ends as many seconds from now.

    A window that began before anybody asked is longer. A reset told as a date is too coarse for this.
    """
    seconds = _number(reset)
    is_first = limit is not None and remaining >= limit - 1
    return seconds if is_first and seconds is not None and 0 < seconds < EPOCH_SECONDS else None


def _reset(value: str | None, now: float) -> float | None:
    """Seconds until a reset, told as seconds from now, a Unix time or a date: vendors differ."""
    number = _number(value)
    if number is None:
        then = _iso_date(value)
        if then is None:
            then = http_date(value)
        seconds = None if then is None else then - now
    elif number < EPOCH_SECONDS:
        seconds = number
    else:
        seconds = (number / 1000 if number >= EPOCH_MILLISECONDS else number) - now
    return None if seconds is None else min(max(0.0, seconds), WEEK)


def _whole(text: str | None) -> int | None:
    found = re.fullmatch(r"[ \t]*([0-9]{1,15})[ \t]*", text or "")
    return int(found[1]) if found else None


def _number(text: str | None) -> float | None:
    found = re.fullmatch(r"[ \t]*([0-9]+(?:\.[0-9]+)?)[ \t]*", text or "")
    return float(found[1]) if found else None


def http_date(text: str | None) -> float | None:
    """Seconds since 1970 of any of the three forms of RFC 9110 §5.6.7."""
    if not text or len(text) > 64 or not text.isascii():
        return None
    try:
        return _utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):  # what its lenient parser is known to raise
        return None


def _iso_date(text: str | None) -> float | None:
    try:
        return _utc(datetime.fromisoformat((text or "").strip()))
    except ValueError:
        return None


def _utc(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
