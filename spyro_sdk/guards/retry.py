"""Try again what may yet succeed.

The one file that knows the `backoff` package (or its fork of the same name, `python-backoff`), and of it
only what both have and what is safe: `on_exception` with a wait generator of our own. Its jitter would wait
less than a service asked for, its logger would write URLs, its `max_time` would cut a wait short.
"""

from __future__ import annotations

import builtins
import random
from collections.abc import Awaitable, Callable, Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from socket import gaierror
from types import TracebackType
from typing import Any, TypeVar

import backoff

from ..errors import CertificateError, DataFetchError, IntegrityError, LimitError, RateLimitError
from .budget import Purse, RetryBudget

T = TypeVar("T")
Uniform = Callable[[float, float], float]

NO_ANSWER = (builtins.ConnectionError, builtins.TimeoutError, gaierror)
"""Errors of the network, ours among them; not any `OSError`, which a full disk is too."""

LASTING = (501, 505)
"""Failures of the server that asking again does not heal: not implemented, HTTP version not supported."""


@dataclass(frozen=True)
class RetryPolicy:
    """How long to keep trying; calls that share a policy share its budget."""

    retry_count: int = 3  # attempts after the first
    retry_delay: float = 1.0  # seconds before the first retry, at most; doubles each time
    max_delay: float = 60.0  # seconds; no backoff is longer
    max_wait: float = 300.0  # seconds; when a service asks for more, its error is raised at once
    throttle_count: int = 10  # answers "too many requests" that are waited out; not counted as retries
    budget: RetryBudget = field(default_factory=RetryBudget, compare=False)


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed a little later.

    So it may when no answer came, when the server failed, and when a good status carried a bad body (cut
    short, a login page). A `RateLimitError` is not meant here: it says itself how long to wait.
    """
    if isinstance(error, CertificateError | IntegrityError | LimitError | ValueError):
        return False
    if isinstance(error, DataFetchError):
        return error.status is None or _may_pass(error.status)
    return isinstance(error, NO_ANSWER)


def _may_pass(status: int) -> bool:
    return 200 <= status < 300 or status in (408, 425) or (status >= 500 and status not in LASTING)


def waits(
    policy: RetryPolicy, purse: Purse | None = None, *, uniform: Uniform = random.uniform
) -> Generator[float, Any, None]:
    """Send in each error, get the seconds to wait before the next attempt; the end means: give up.

    The first `next` only starts it, as `backoff` expects. Transient errors wait with full jitter, anything
    from nothing to a bound that doubles; a `RateLimitError` waits as long as it says, and a little more, so
    that not all who were told the same time come back at once. One that is a refusal (403) and names no time
    is a quota used up for hours, perhaps: no waiting. Each wait is paid for out of the call's `purse`.
    """
    purse = purse or Purse(policy.budget)
    transient = _bounds(policy, policy.retry_count)
    throttled = _bounds(policy, policy.throttle_count)
    error: Exception = yield 0.0
    while True:
        if isinstance(error, RateLimitError):
            if error.status == 403 and error.retry_after is None:
                return
            bound, asked = next(throttled, None), error.retry_after
        elif is_transient(error):
            bound, asked = next(transient, None), None
        else:
            return
        if bound is None or not (asked is None or asked <= policy.max_wait) or not purse.pays_for(error):
            return
        error = yield uniform(0, bound) if asked is None else _a_little_more(max(0.0, asked), uniform)


def _bounds(policy: RetryPolicy, count: int) -> Iterator[float]:
    """The longest wait before each of `count` retries."""
    growing = backoff.expo(factor=policy.retry_delay, max_value=policy.max_delay)
    return islice(growing, 1, count + 1)  # its first item only starts it


def _a_little_more(seconds: float, uniform: Uniform) -> float:
    return seconds + uniform(0, min(seconds / 10, 1.0))


async def call_with_retry(
    call: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    *,
    on_retry: Callable[[int, float, Exception], None],
    uniform: Uniform = random.uniform,
) -> T:
    """Await `call()` until it succeeds or `policy` gives up; then raise its last error, as it was raised.

    Before each wait `on_retry` is told the attempt that failed (1 for the first), the seconds, the error.
    """
    purse = Purse(policy.budget)
    failure: Exception | None = None
    traceback: TracebackType | None = None
    context: BaseException | None = None

    async def attempt() -> T:  # without arguments: backoff hands those to its handlers
        nonlocal failure, traceback, context
        try:
            return await call()
        except Exception as error:
            failure, traceback, context = error, error.__traceback__, error.__context__
            raise

    def before_wait(details: Any) -> None:
        on_retry(details["tries"], details["wait"], details["exception"])

    retrying = backoff.on_exception(
        partial(waits, policy, purse, uniform=uniform),
        Exception,
        jitter=None,
        logger=None,
        on_backoff=before_wait,
    )
    try:
        result = await retrying(attempt)()
        purse.went_well()
        return result
    except Exception as error:
        if error is not failure:
            raise
        purse.failed(error)
        # backoff gives up inside `except StopIteration`: its frames and that context would hide the cause
        error.__context__ = context
        raise error.with_traceback(traceback)  # noqa: B904
    finally:
        failure = traceback = context = None  # an error and a frame that hold each other outlive the call
