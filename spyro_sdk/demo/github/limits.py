"""How often the demo's GitHub may be asked.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from spyro_sdk.demo.github.errors import Refusal

HOUR, MINUTE = 3600, 60  # seconds
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. For more on"
    " scraping GitHub and how it may affect your rights, please review our Terms of Service"
)


@dataclass
class Account:
    """What one token, or one anonymous address, has used."""

    limit: int
    used: int = 0
    reset: float = 0.0  # seconds since 1970
    recent: deque[float] = field(default_factory=deque)
    """When the requests of the last minute came."""
    under_way: int = 0


@dataclass
class Limits:
    """The primary limit of each account, and the secondary ones."""

    hourly: int = 5_000
    anonymous: int = 60
    per_minute: int = 900  # points; a GET is one
    concurrent: int = 100
    status: int = 403  # of a refusal; GitHub sends 429 as well
    retry_after: int | None = MINUTE
    """Seconds told with a secondary limit; GitHub does not always tell any."""
    clock: Callable[[], float] = time.time
    accounts: dict[str, Account] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock, repr=False)
    secondary: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How many answers were refused by which secondary limit."""

    def account(self, token: str | None) -> Account:
        """The account of a token; None for everybody without one."""
        with self.guard:
            key = token or ""
            if key not in self.accounts:
                self.accounts[key] = Account(self.hourly if token else self.anonymous)
            account = self.accounts[key]
            if account.reset <= self.clock():
                account.used, account.reset = 0, int(self.clock()) + HOUR
            return account

    @contextmanager
    def counted(self, account: Account) -> Iterator[None]:
        """Count a request while it is answered; raises when a limit is exceeded."""
        with self.guard:
            account.under_way += 1
            busy = account.under_way > self.concurrent
        try:
            if busy:
                raise self._secondary("concurrent")
            self._point(account)
            self._use(account)
            yield
        finally:
            with self.guard:
                account.under_way -= 1

    def give_back(self, account: Account) -> None:
        """A conditional request whose answer has not changed costs nothing."""
        with self.guard:
            account.used -= 1

    def headers(self, account: Account) -> dict[str, str]:
        """What each answer says of the primary limit."""
        return {
            "X-RateLimit-Limit": str(account.limit),
            "X-RateLimit-Remaining": str(max(0, account.limit - account.used)),
            "X-RateLimit-Used": str(account.used),
            "X-RateLimit-Reset": str(int(account.reset)),
            "X-RateLimit-Resource": "core",
        }

    def _point(self, account: Account) -> None:
        with self.guard:
            now = self.clock()
            while account.recent and account.recent[0] <= now - MINUTE:
                account.recent.popleft()
            account.recent.append(now)
            too_many = len(account.recent) > self.per_minute
        if too_many:
            raise self._secondary("points")

    def _use(self, account: Account) -> None:
        with self.guard:
            if account.used >= account.limit:
                raise Refusal(self.status, "API rate limit exceeded for user ID 583231.")
            account.used += 1

    def _secondary(self, which: str) -> Refusal:
        self.secondary[which] += 1
        told = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return Refusal(self.status, SECONDARY, headers=told)
