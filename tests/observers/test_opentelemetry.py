"""Events as spans of OpenTelemetry."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import spyro_sdk as spyro
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.errors import ConfigurationError, ConnectorError
from spyro_sdk.events import (
    Attempted,
    Connected,
    Event,
    FetchFinished,
    FetchStarted,
    PageArrived,
    QuotaSeen,
    Received,
    Retried,
    SchemaChanged,
    Sent,
    TokenRenewed,
    Waited,
)
from spyro_sdk.observers.opentelemetry import MOST, OpenTelemetry
from tests.org import connected

SECOND = 10**9


class Traced:
    """An observer with a clock that a test moves, and the spans that it made."""

    def __init__(self, **given: Any) -> None:
        self.now = 1000 * SECOND
        self.kept = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.kept))
        self.observer = OpenTelemetry(self.provider, **given)

    def tell(self, *events: Event) -> Traced:
        for event in events:
            self.observer(event)
        return self

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.kept.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.spans if span.name == name]
        return found


@pytest.fixture
def traced() -> Traced:
    it = Traced()
    it.observer = OpenTelemetry(it.provider, clock=lambda: it.now)
    return it


@pytest.fixture
def service() -> Iterator[Service]:
    with serve(records=1000, seed=5, batch_limit=200) as it:
        yield it


def said(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def within(span: ReadableSpan, other: ReadableSpan) -> bool:
    context = other.context
    assert context
    return bool(span.parent and span.parent.span_id == context.span_id)


# -- over sockets -----------------------------------------------------------------------------------------


def test_a_fetch_is_a_span_and_each_request_one_in_it(service: Service) -> None:
    traced = Traced()
    with connected(service, observers=[traced.observer]) as sf:
        sf.describe("Account")
        traced.kept.clear()
        assert sf.fetch("Account", columns=["Id"], concurrency=1).to_arrow().num_rows == 1000
    fetch = traced.span("fetch Account")
    assert fetch.kind is SpanKind.INTERNAL
    assert fetch.status.status_code is StatusCode.UNSET
    host, port = service.base_url.removeprefix("http://").split(":")
    assert said(fetch) == {
        "spyro.connector": "salesforce",
        "spyro.entity": "Account",
        "spyro.outcome": "done",
        "spyro.rows": 1000,
        "spyro.pages": 5,
        "spyro.attempts": 5,
        "spyro.retries": 0,
        "server.address": host,
        "server.port": int(port),
    }
    pages = [span for span in traced.spans if within(span, fetch)]
    assert len(pages) == 5
    for span in pages:
        assert (span.name, span.kind) == ("GET", SpanKind.CLIENT)
        assert said(span)["http.response.status_code"] == 200
        assert said(span)["server.port"] == int(port)
        assert said(span)["http.response.body.size"] > 0
        assert fetch.start_time <= span.start_time <= span.end_time <= fetch.end_time  # type: ignore[operator]


def test_what_is_tried_again_says_why(service: Service) -> None:
    traced = Traced()
    with connected(service, observers=[traced.observer]) as sf:
        sf.describe("Account")
        traced.kept.clear()
        service.fail(status=503, path="/query", after=1)
        assert sf.fetch("Account", columns=["Id"], concurrency=1).to_arrow().num_rows == 1000
    fetch = traced.span("fetch Account")
    assert (said(fetch)["spyro.attempts"], said(fetch)["spyro.retries"]) == (6, 1)
    (event,) = fetch.events
    assert event.name == "spyro.retried"
    assert event.attributes
    assert event.attributes["spyro.attempt"] == 1
    assert "503" in str(event.attributes["spyro.reason"])
    (failed,) = [it for it in traced.spans if it.status.status_code is StatusCode.ERROR]
    assert said(failed)["http.response.status_code"] == 503
    assert said(failed)["error.type"] == "503"
    (again,) = [it for it in traced.spans if "http.request.resend_count" in said(it)]
    assert said(again)["http.request.resend_count"] == 1
    assert within(failed, fetch)
    assert within(again, fetch)


def test_a_fetch_that_fails_says_the_kind_of_its_error(service: Service) -> None:
    traced = Traced()
    with connected(service, retry_count=0, observers=[traced.observer]) as sf:
        sf.describe("Account")
        service.drop(path="/query")
        with pytest.raises(ConnectorError):
            sf.fetch("Account", columns=["Id"]).to_arrow()
    fetch = traced.span("fetch Account")
    assert fetch.status.status_code is StatusCode.ERROR
    assert (said(fetch)["error.type"], said(fetch)["spyro.outcome"]) == ("ConnectionError", "failed")
    (failed,) = [it for it in traced.spans if within(it, fetch)]
    assert said(failed)["error.type"] == "ConnectionError"  # there was no answer


def test_who_asks_has_the_fetch_in_a_span_of_his_own(service: Service) -> None:
    traced = Traced()
    tracer = traced.provider.get_tracer("job")
    with connected(service, observers=[traced.observer]) as sf:
        with tracer.start_as_current_span("night") as job:
            sf.fetch("Account", columns=["Id"], limit=1).to_arrow()
            sf.entities()
        sf.fetch("User", limit=1).to_arrow()
    night = traced.span("night")
    assert job is not None
    assert within(traced.span("fetch Account"), night)
    assert traced.span("fetch User").parent is None
    assert any(within(it, night) for it in traced.spans if it.name == "GET")  # the list of entities


def test_fetches_at_the_same_time_have_their_own_requests(service: Service) -> None:
    traced = Traced()
    with connected(service, observers=[traced.observer]) as sf:
        names = ("Account", "Contact", "Opportunity", "Account")
        fetches = [sf.fetch(it, columns=["Id"], native=True) for it in names]
        threads = [threading.Thread(target=it.to_arrow) for it in fetches]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    wholes = [span for span in traced.spans if span.name.startswith("fetch ")]
    assert Counter(it.name for it in wholes) == Counter(f"fetch {it.query.entity}" for it in fetches)
    for whole in wholes:
        inside = [it for it in traced.spans if within(it, whole)]
        assert len(inside) >= said(whole)["spyro.pages"] > 0
        assert said(whole)["spyro.attempts"] <= len(inside)
    assert not traced.observer._fetches
    assert not traced.observer._attempts


def test_a_fetch_that_is_left_ends_with_what_was_under_way(service: Service) -> None:
    traced = Traced()
    with connected(service, observers=[traced.observer]) as sf:
        for _ in sf.fetch("Account", columns=["Id"]):
            break
    fetch = traced.span("fetch Account")
    assert said(fetch)["spyro.outcome"] == "left"
    assert fetch.status.status_code is StatusCode.UNSET
    assert not traced.observer._attempts


# -- event by event ---------------------------------------------------------------------------------------


def test_a_call_outside_of_a_fetch_is_a_span_of_its_own(traced: Traced) -> None:
    traced.tell(
        Connected("acme"),
        Waited("acme", 1.5, call=1),
        Waited("acme", 0.5, call=1),
        Sent("acme", "POST", "acme.example", 443, call=1),
    )
    traced.now += SECOND
    traced.tell(
        Received("acme", 429, 10, 0.9, call=1),
        QuotaSeen("acme", 100, 0, 60.0, call=1),
        Attempted("acme", 1.0, "too many", "RateLimitError", call=1),
        Retried("acme", 1, 2.0, "too many", call=1),
        TokenRenewed("acme"),
    )
    (span,) = traced.spans
    assert (span.name, span.parent, span.status.description) == ("POST", None, "too many")
    assert (span.start_time, span.end_time) == (1000 * SECOND, 1001 * SECOND)
    assert said(span) == {
        "spyro.connector": "acme",
        "spyro.waited": 2.0,
        "http.request.method": "POST",
        "server.address": "acme.example",
        "server.port": 443,
        "http.response.status_code": 429,
        "http.response.body.size": 10,
        "error.type": "429",
    }
    traced.tell(Sent("acme", "POST", "acme.example", 443, call=1), Attempted("acme", 1.0, None, call=1))
    assert said(traced.spans[1])["http.request.resend_count"] == 1


def test_a_connector_that_sends_nothing_over_http_has_calls(traced: Traced) -> None:
    traced.tell(Attempted("acme", 0.25, "no", "OSError", call=1), Attempted("acme", 1.0, "no", call=2))
    first, second = traced.spans
    assert (first.name, first.kind) == ("call", SpanKind.CLIENT)
    assert first.end_time == 1000 * SECOND
    assert first.start_time == first.end_time - SECOND // 4
    assert [said(it)["error.type"] for it in (first, second)] == ["OSError", "_OTHER"]


def test_an_answer_that_is_good_and_cannot_be_read_is_an_error_of_its_kind(traced: Traced) -> None:
    traced.tell(
        Received("acme", 200, 9, 0.1, call=1), Attempted("acme", 0.2, "no JSON", "DecodeError", call=1)
    )
    assert said(traced.spans[0])["error.type"] == "DecodeError"


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [(None, "done"), ("GeneratorExit", "left"), ("CancelledError", "left"), ("DecodeError", "failed")],
)
def test_how_it_ended_is_said(traced: Traced, kind: str | None, outcome: str) -> None:
    traced.tell(FetchStarted("acme", "Customer", fetch=1))
    traced.now += SECOND
    traced.tell(FetchFinished("acme", "Customer", 7, 1.0, kind and "why", kind, fetch=1))
    (span,) = traced.spans
    assert said(span)["spyro.outcome"] == outcome
    assert (span.status.status_code is StatusCode.ERROR) == (outcome == "failed")
    assert span.end_time == 1001 * SECOND


def test_what_happened_to_the_records_is_told_on_the_span(traced: Traced) -> None:
    traced.tell(
        FetchStarted("acme", "Customer", fetch=1),
        PageArrived("acme", "Customer", 3, None, fetch=1),
        SchemaChanged("acme", "Customer", "size", "int64", "double", fetch=1),
        FetchFinished("acme", "Customer", 3, 1.0, None, fetch=1),
    )
    (event,) = traced.span("fetch Customer").events
    assert event.name == "spyro.schema_changed"
    assert event.attributes == {"spyro.column": "size", "spyro.was": "int64", "spyro.now": "double"}
    assert said(traced.span("fetch Customer"))["spyro.pages"] == 1


def test_a_request_that_was_given_up_ends_with_its_fetch(traced: Traced) -> None:
    traced.tell(
        FetchStarted("acme", "Customer", fetch=1),
        Sent("acme", "GET", "acme.example", 443, fetch=1, call=1),
        Waited("acme", 1.0, fetch=1, call=2),
        Sent("acme", "GET", "acme.example", 443, fetch=2, call=3),
    )
    traced.now += SECOND
    traced.tell(FetchFinished("acme", "Customer", 0, 1.0, None, fetch=1))
    given_up = traced.span("GET")
    assert within(given_up, traced.span("fetch Customer"))
    assert given_up.end_time == 1001 * SECOND
    assert list(traced.observer._attempts) == [3]


def test_what_began_before_anybody_listened_is_left_out(traced: Traced) -> None:
    traced.tell(
        PageArrived("acme", "Customer", 3, None, fetch=1),
        SchemaChanged("acme", "Customer", "size", "int64", "double", fetch=1),
        FetchFinished("acme", "Customer", 3, 1.0, None, fetch=1),
    )
    assert traced.spans == []


def test_calls_that_never_end_take_no_room(traced: Traced) -> None:
    traced.tell(*(Sent("acme", "GET", "acme.example", 443, call=number) for number in range(MOST + 5)))
    assert len(traced.observer._attempts) == MOST
    assert 4 not in traced.observer._attempts


def test_the_process_says_where_spans_go() -> None:
    script = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from spyro_sdk.events import Attempted
from spyro_sdk.observers.opentelemetry import OpenTelemetry

observer, kept, provider = OpenTelemetry(), InMemorySpanExporter(), TracerProvider()
observer(Attempted("acme", 0.1, None, call=1))
provider.add_span_processor(SimpleSpanProcessor(kept))
trace.set_tracer_provider(provider)
observer(Attempted("acme", 0.1, None, call=2))
print([span.name for span in kept.get_finished_spans()])
"""
    run = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("['call']\n", "")


@pytest.fixture
def _no_api() -> Iterator[None]:
    """Make it impossible to import, as Python itself offers it."""
    ours, theirs = "spyro_sdk.observers.opentelemetry", "opentelemetry"
    kept = {name: sys.modules.pop(name) for name in (ours, theirs)}
    sys.modules[theirs] = None  # type: ignore[assignment]
    yield
    sys.modules.update(kept)


@pytest.mark.usefixtures("_no_api")
def test_without_its_extra_the_way_to_get_it_is_said() -> None:
    with pytest.raises(ConfigurationError, match=r"pip install 'spyro-sdk\[telemetry\]'"):
        import spyro_sdk.observers.opentelemetry  # noqa: F401


def test_nothing_of_it_is_loaded_by_who_does_not_use_it() -> None:
    script = "import sys, spyro_sdk.connection; print('opentelemetry' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_connect_takes_it(service: Service) -> None:
    traced = Traced()
    with spyro.connect("salesforce", demo={"records": 20}, progress=False, observers=[traced.observer]) as sf:
        assert sf.fetch("Customer").to_arrow().num_rows == 20
    assert said(traced.span("fetch Customer"))["spyro.rows"] == 20
