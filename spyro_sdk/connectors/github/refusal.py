"""What GitHub's bad answers mean: a limit, a lack of rights, or something else.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...errors import ConnectorError, DataFetchError, RateLimitError
from ...failure import refused, words_of
from ...guards.quota import parse_retry_after, read_quota
from ...http import Response

NAME = "github"
MINUTE, HOUR = 60.0, 3600.0  # seconds
LIMITED = ("rate limit", "abuse detection")
"""Words of a refusal that is about a limit."""
HINTS = {
    301: "it has been moved or renamed: give its name of today",
    404: "GitHub says so too of what the token may not see: check its permissions, and the spelling",
    410: "it has been deleted, or disabled",
    451: "it was taken down for legal reasons: name the others by repositories=[…]",
}
HINTS |= dict.fromkeys((302, 307, 308), HINTS[301])


@dataclass
class Pause:
    """How long to leave GitHub alone after a secondary limit that names no time.

    A minute at least, and twice as long each time in a row. What is refused meanwhile, since it was on its
    way already, is the same time.
    """

    clock: Callable[[], float] = time.monotonic
    _seconds: float = 0.0
    _until: float = -math.inf

    def begun(self) -> float:
        """Seconds to wait from now on."""
        now = self.clock()
        if now >= self._until:
            self._seconds = min(max(MINUTE, 2 * self._seconds), HOUR)
            self._until = now + self._seconds
        return self._until - now

    def over(self) -> None:
        """Note that GitHub has answered well again."""
        if self._seconds and self.clock() >= self._until:
            self._seconds = 0.0


def error_of(response: Response, payload: Any, pause: Pause, *, is_known: bool) -> ConnectorError:
    """The error for an answer that is not good; `is_known`: whether we have signed in."""
    words, status = words_of(payload), response.status
    if status == 429 or (status == 403 and _is_limit(response, words)):
        return _limit(response, words, pause, is_known)
    error = refused(NAME, status, response.headers, words=words, asked=response.asked)
    if isinstance(error, DataFetchError):
        error.hint = HINTS.get(status)
    if status == 401 and not is_known:
        error.hint = "give access_token: without one only what is public can be read"
    if sso := response.headers.get("x-github-sso"):
        page = sso.partition("url=")[2].partition("?")[0]
        error.hint = f"allow the token for the organization's single sign-on: {page}".rstrip(": ")
    return error


def still_computing(response: Response) -> DataFetchError:
    """The error for what GitHub has begun to compute, and will have a little later."""
    return DataFetchError("github is still computing this (202)", connector=NAME, status=response.status)


def _is_limit(response: Response, words: str) -> bool:
    headers = response.headers
    is_used_up = headers.get("x-ratelimit-remaining") == "0"
    return is_used_up or "retry-after" in headers or any(it in words.lower() for it in LIMITED)


def _limit(response: Response, words: str, pause: Pause, is_known: bool) -> RateLimitError:
    """The time to wait is told in a header, or ends with the hour, or is up to us."""
    headers = response.headers
    seconds = parse_retry_after(headers.get("retry-after"), server_date=headers.get("date"))
    quota = read_quota(headers, now=time.time())
    if seconds is None and quota and quota.remaining == 0:
        seconds = quota.resets_in
    if seconds is None:
        seconds = pause.begun()
    more = "connect with a lower rate_limit, or a longer max_wait"
    return RateLimitError(
        f"github says that we ask too often ({response.status}): {words}; wait {seconds:.0f} s",
        seconds,
        connector=NAME,
        status=response.status,
        request_id=headers.get("x-github-request-id"),
        hint=more if is_known else "connect with a token: 5,000 requests an hour instead of 60",
    )
