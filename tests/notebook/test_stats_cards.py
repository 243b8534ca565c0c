"""The cards of statistics, of a rate limit, and of all connections."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import anyio
import pytest

import spyro_sdk as spyro
from spyro_sdk.all_stats import AllStats
from spyro_sdk.config import RateLimitConfig
from spyro_sdk.events import (
    Attempted,
    CircuitChanged,
    Connected,
    PageArrived,
    QuotaSeen,
    Received,
    Retried,
    RetryRefused,
    Waited,
)
from spyro_sdk.guards.limiter import RateLimiter
from spyro_sdk.notebook import NotebookWing
from spyro_sdk.notebook.pace import curve
from spyro_sdk.notebook.theme import LINES
from spyro_sdk.observers.stats import Stats
from spyro_sdk.rate_limit import RateLimit

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
REMOVED = ("<style", "<svg", "<script", "var(--", "class=", " role=", "aria-", "onerror=alert(1)>")
"""What JupyterLab takes out of a notebook that it does not trust."""
CONFIG = RateLimitConfig(600, 20)


@dataclass
class Acme:
    """Statistics and a rate limit with a clock that stands still unless it is moved."""

    name: str = "acme"
    now: float = 50_000.0
    stats: Stats = field(init=False)
    limiter: RateLimiter = field(init=False)

    def __post_init__(self) -> None:
        self.stats = Stats(connector=self.name, limit=10.0, clock=lambda: self.now)
        self.limiter = RateLimiter(CONFIG, clock=lambda: self.now)
        self.stats(Connected(self.name))

    @property
    def limit(self) -> RateLimit:
        return RateLimit(self.limiter, CONFIG, self.stats)

    def asked(self, seconds: int = 40, each: int = 4, reason: str = "503 Service Unavailable") -> Acme:
        """Make so many requests in each of so many seconds."""
        for second in range(seconds):
            self.now += 1
            for number in range(each):
                anyio.run(self.limiter.acquire)
                self.stats(Received(self.name, 200, 50_000, 0.1))
                self.stats(Attempted(self.name, 0.1 + number / 10, None if number or second % 10 else "x"))
                self.stats(PageArrived(self.name, "Customer", 2000, None))
            if not second % 10:
                self.stats(Retried(self.name, 1, 0.5, f"{reason} (request {second})"))
                self.stats(Waited(self.name, 0.7))
        return self


def html(thing: object) -> str:
    drawn = NotebookWing().draw(thing)
    assert drawn is not None
    return drawn


def words(drawn: str) -> str:
    """What a card says, its pictures by their text."""
    told = re.sub(r'<img [^>]*alt="([^"]*)"[^>]*>', r" [\1] ", drawn)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", told)).split())


def test_the_card_of_statistics_says_all_of_them() -> None:
    said = words(html(Acme().asked().stats))
    for part in (
        "acme: statistics last call 13:54:00 UTC",
        "160 requests , 98 % went well",
        "arrived 320,000 records in 160 pages, 8.0 MB",
        "latency p50 200 ms, p95 400 ms",
        "waits 4 waits for the rate limit, 2.8 s in all",
        "retries 4 calls made again",
        "circuit breaker closed: calls pass",
        "[requests a second in the last 60 seconds: at most 4, the limit is 10]",
        "requests a second, limit 10",
        "made again: 503 Service Unavailable (request 30) made again: 503 Service Unavailable (request 20)",
    ):
        assert part in said, (part, said)
    assert "(request 10)" not in said


def test_statistics_without_a_call_say_so() -> None:
    said = words(html(Stats()))
    assert said.startswith("connection: statistics closed 0 requests arrived 0 records in 0 pages, 0 bytes")
    assert "latency no latency yet waits none retries none made again" in said


@pytest.mark.parametrize(("state", "tone"), [("closed", "plain"), ("half-open", "waiting"), ("open", "bad")])
def test_the_circuit_breaker_colors_the_card(state: str, tone: Any) -> None:
    acme = Acme()
    acme.stats(CircuitChanged("acme", state))
    drawn = html(acme.stats)
    assert f"border-left:4px solid {LINES[tone]}" in drawn  # type: ignore[index]
    assert f"circuit breaker {state}: " in words(drawn)


def test_retries_that_the_budget_refused_are_told() -> None:
    acme = Acme()
    acme.stats(RetryRefused("acme", "503 Service Unavailable"))
    assert "retries none made again, 1 for want of budget not" in words(html(acme.stats))


def test_a_long_reason_is_cut() -> None:
    said = words(html(Acme().asked(1, reason="x" * 500).stats))
    assert "made again: " + "x" * 119 + "…" in said


def test_the_card_of_a_rate_limit_says_what_is_left() -> None:
    acme = Acme().asked()
    assert words(html(acme.limit)).endswith(
        "waits: 4 waits for the rate limit, 2.8 s in all quota: the service has not said"
    )
    acme.stats(QuotaSeen("acme", 100_000, 98_200, 3600.0))
    said = words(html(acme.limit))
    for part in (
        "acme: rate limit last call 13:54:00 UTC",
        "16 requests of 20 could be sent at once 160 requests in the last minute, of 600 allowed",
        "[requests a second in the last 60 seconds: at most 4, the limit is 10]",
        "98,200 of 100,000 left of the service's quota , as it said at 13:54:00 UTC; full again 1 h later",
    ):
        assert part in said, (part, said)


@pytest.mark.parametrize(
    ("quota", "tone", "said"),
    [
        (QuotaSeen("acme", 100, 80, None), "plain", "80 of 100 left"),
        (QuotaSeen("acme", 100, 19, None), "waiting", "19 of 100 left"),
        (QuotaSeen("acme", 100, 4, None), "bad", "4 of 100 left"),
        (QuotaSeen("acme", None, 4, None), "plain", "4 left"),
        (QuotaSeen("acme", 0, 0, None), "plain", "0 left"),
    ],
)
def test_a_quota_that_ends_colors_the_card(quota: QuotaSeen, tone: Any, said: str) -> None:
    acme = Acme()
    acme.stats(quota)
    drawn = html(acme.limit)
    assert f"border-left:4px solid {LINES[tone]}" in drawn  # type: ignore[index]
    assert f"{said} of the service's quota , as it said at 13:53:20 UTC" in words(drawn)


def test_an_empty_bucket_and_a_full_minute_are_seen() -> None:
    acme = Acme()
    for _ in range(20):
        anyio.run(acme.limiter.acquire)
    assert html(acme.limit).count(f"background:{LINES['waiting']}") == 1
    acme.limiter.request_times.extend([acme.now] * 570)
    assert html(acme.limit).count(f"background:{LINES['waiting']}") == 2


class Mine(spyro.BaseConnector):
    """A connector without an address."""

    async def connect(self) -> None:
        """There is nothing to open."""

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        yield {"name": entity_type}


@contextmanager
def opened(number: int, **settings: Any) -> Iterator[AllStats]:
    """So many connections, seen apart from those of other tests."""
    every, config = AllStats(), Mine.configure(auth_type="none", **settings)
    with ExitStack() as stack:
        for _ in range(number):
            every.add(stack.enter_context(spyro.connect(Mine, config=config, progress=False))._connector)
        yield every


def test_the_card_of_all_connections_lists_them_and_their_sum() -> None:
    with opened(2, base_url="https://acme.example", profile="ours") as every:
        for each in every:
            each.stats(Attempted("mine", 0.1, None))
            each.stats(Received("mine", 200, 600, 0.1))
        said = words(html(every))
    assert said.startswith(
        "2 open connections 2 requests, 1.2 kB mine ours, acme.example 1 request, 100 % went well"
    )
    row = "none made again, 0 waits 0 records in 0 pages, 600 bytes, p50 100 ms, p95 100 ms"
    assert said.count(row) == 2
    assert said.count("[requests a second in the last 30 seconds: at most 1, the limit is 1.667]") == 2


def test_of_many_connections_the_newest_are_shown() -> None:
    with opened(7) as every:
        assert words(html(every)).endswith("and 3 older ones")
        next(iter(every)).stats(CircuitChanged("mine", "open"))
        assert f"border-left:4px solid {LINES['bad']}" in html(every)


def test_where_nothing_is_open_the_card_says_how_to() -> None:
    assert words(html(AllStats())) == 'No open connection Open one with spyro.connect("salesforce")'


def test_what_services_say_is_escaped() -> None:
    acme = Acme(HOSTILE).asked(1, reason=HOSTILE)
    for thing in (acme.stats, acme.limit):
        drawn = html(thing)
        assert [it for it in REMOVED if it in drawn] == []
        assert "&lt;script&gt;" in drawn
    with opened(1, profile=HOSTILE) as every:
        drawn = html(every)
    assert [it for it in REMOVED if it in drawn] == []
    assert "&lt;script&gt;" in drawn


def test_the_cards_are_small() -> None:
    acme = Acme("salesforce").asked()
    acme.stats(QuotaSeen("acme", 100_000, 98_200, 3600.0))
    with opened(3, base_url="https://acme.my.example") as every:
        for each in every:
            each.stats(Attempted("mine", 0.1, None))
        sizes = [len(html(it)) for it in (acme.stats, acme.limit, every)]
    assert max(sizes) < 4_000, sizes


def points(history: list[int], limit: float | None = None, **shape: int) -> tuple[int, bool]:
    """How many points a curve has, and whether it has the limit."""
    found = re.search(r"base64,([^\"]+)", str(curve(history, limit, **shape)))
    assert found
    svg = b64decode(found[1]).decode()
    return svg.count("L") - 2, "stroke-dasharray" in svg


def test_a_curve_leaves_out_a_long_beginning_in_which_nothing_was() -> None:
    assert points([0] * 119 + [1]) == (30, False)
    assert points([0] * 80 + [1] * 40) == (60, False)
    assert points([1] * 120) == (60, False)
    assert points([1] * 120, width=90) == (30, False)


def test_the_limit_is_drawn_where_it_is_near() -> None:
    assert points([5] * 120, 25.0) == (60, True)
    assert points([4] * 120, 25.0) == (60, False)
