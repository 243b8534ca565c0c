"""Events as spans of OpenTelemetry: one for each fetch, and in it one for each attempt of a call.

Names follow https://opentelemetry.io/docs/specs/semconv/http/http-spans/ where it has one, and begin with
`spyro.` where not. Addresses are left out but for the host: there are questions in them, and perhaps names.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from re import sub
from typing import Final, TypeAlias

from ..errors import ConfigurationError
from ..events import (
    Attempted,
    CircuitChanged,
    Event,
    FetchFinished,
    FetchStarted,
    PageArrived,
    PageSizeShrunk,
    PagingRepaired,
    Received,
    Retried,
    RetryRefused,
    RoadTaken,
    SchemaChanged,
    Sent,
    TokenNotKept,
    TokenRenewed,
    TotalChanged,
    Waited,
)

try:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider
except ModuleNotFoundError:
    raise ConfigurationError("traces need opentelemetry-api: pip install 'spyro-sdk[telemetry]'") from None

Attributes: TypeAlias = Mapping[str, str | int | float]

MOST: Final = 1000  # calls under way outside of fetches; of more the oldest is no longer followed
NOT_SAID: Final = ("connector", "fetch", "call", "entity")
REMARKABLE: Final = (
    CircuitChanged,
    PageSizeShrunk,
    PagingRepaired,
    Retried,
    RetryRefused,
    RoadTaken,
    SchemaChanged,
    TokenNotKept,
    TokenRenewed,
    TotalChanged,
)
"""Events that are told on a span."""
OUTCOMES: Final = {None: "done", "GeneratorExit": "left", "CancelledError": "left"}
"""How a fetch ended, by the kind of its error; `failed` by any other."""


@dataclass
class _Fetch:
    """A fetch that is going on."""

    span: Span
    pages: int = 0
    attempts: int = 0
    retries: int = 0


@dataclass
class _Attempt:
    """An attempt that is going on, or about to begin."""

    fetch: int | None
    sent: int | None = None  # nanoseconds since the epoch
    said: dict[str, str | int | float] = field(default_factory=dict)


class OpenTelemetry:
    """Observer: makes spans. One of it serves all connections of a process.

    `provider`: where the spans go; without it, where the process has set up that they go.
    """

    def __init__(
        self, provider: TracerProvider | None = None, *, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._tracer = trace.get_tracer("spyro_sdk", tracer_provider=provider)
        self._clock = clock  # nanoseconds since the epoch
        self._lock = threading.Lock()
        self._fetches: dict[int | None, _Fetch] = {}
        self._attempts: OrderedDict[int | None, _Attempt] = OrderedDict()

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._hear(event)

    def _hear(self, event: Event) -> None:
        match event:
            case FetchStarted():
                self._begin(event)
            case PageArrived() if event.fetch in self._fetches:
                self._fetches[event.fetch].pages += 1
            case FetchFinished() if event.fetch in self._fetches:
                self._end(event, self._fetches.pop(event.fetch))
            case Waited():
                said = self._attempt(event).said
                said["spyro.waited"] = float(said.get("spyro.waited", 0.0)) + event.seconds
            case Sent():
                self._sent(event)
            case Received():
                said = self._attempt(event).said
                said["http.response.status_code"] = event.status
                said["http.response.body.size"] = event.size
            case Attempted():
                self._attempted(event)
            case _ if isinstance(event, REMARKABLE):
                self._remark(event)

    # -- fetches ------------------------------------------------------------------------------------------

    def _begin(self, event: FetchStarted) -> None:
        said = {"spyro.connector": event.connector, "spyro.entity": event.entity}
        span = self._tracer.start_span(
            f"fetch {event.entity}", attributes=said, start_time=self._clock(), kind=SpanKind.INTERNAL
        )
        self._fetches[event.fetch] = _Fetch(span)

    def _end(self, event: FetchFinished, it: _Fetch) -> None:
        """End the span of a fetch, and of those attempts in it that were given up."""
        for call, attempt in list(self._attempts.items()):
            if attempt.fetch == event.fetch:
                del self._attempts[call]
                if attempt.sent is not None:
                    self._span_of(event, attempt, it).end(self._clock())
        outcome = OUTCOMES.get(event.error_type, "failed")
        it.span.set_attributes(
            {
                "spyro.outcome": outcome,
                "spyro.rows": event.rows,
                "spyro.pages": it.pages,
                "spyro.attempts": it.attempts,
                "spyro.retries": it.retries,
            }
        )
        if outcome == "failed":
            _fail(it.span, event.error_type, event.error)
        it.span.end(self._clock())

    def _remark(self, event: Event) -> None:
        """Tell something on the span of its fetch; what is part of none is told nowhere."""
        if (it := self._fetches.get(event.fetch)) is not None:
            it.retries += isinstance(event, Retried)
            said = {f"spyro.{name}": value for name, value in asdict(event).items() if name not in NOT_SAID}
            it.span.add_event(_name(event), said, self._clock())
        if isinstance(event, Retried):
            self._attempt(event).said["http.request.resend_count"] = event.attempt

    # -- attempts -----------------------------------------------------------------------------------------

    def _attempt(self, event: Event) -> _Attempt:
        """The attempt of a call that is going on, or about to begin."""
        if event.call not in self._attempts and len(self._attempts) == MOST:
            self._attempts.popitem(last=False)
        return self._attempts.setdefault(event.call, _Attempt(event.fetch))

    def _sent(self, event: Sent) -> None:
        it = self._attempt(event)
        it.sent = self._clock()
        it.said["http.request.method"] = event.method
        it.said["server.address"], it.said["server.port"] = event.server, event.port
        if (fetch := self._fetches.get(event.fetch)) is not None:
            fetch.span.set_attributes({"server.address": event.server, "server.port": event.port})

    def _attempted(self, event: Attempted) -> None:
        it, fetch = self._attempt(event), self._fetches.get(event.fetch)
        del self._attempts[event.call]
        now = self._clock()
        it.sent = it.sent or now - int(event.seconds * 1e9)
        span = self._span_of(event, it, fetch)
        if event.error is not None:
            status = it.said.get("http.response.status_code", 0)
            _fail(span, str(status) if int(status) >= 400 else event.error_type, event.error)
        span.end(now)
        if fetch is not None:
            fetch.attempts += 1

    def _span_of(self, event: Event, it: _Attempt, fetch: _Fetch | None) -> Span:
        """The span of an attempt: in that of its fetch, or else of whatever asked for it."""
        context: Context | None = None if fetch is None else trace.set_span_in_context(fetch.span)
        return self._tracer.start_span(
            str(it.said.get("http.request.method", "call")),
            context,
            SpanKind.CLIENT,
            {"spyro.connector": event.connector, **it.said},
            start_time=it.sent,
        )


def _fail(span: Span, kind: str | None, said: str | None) -> None:
    span.set_attribute("error.type", kind or "_OTHER")
    span.set_status(Status(StatusCode.ERROR, said))


def _name(event: Event) -> str:
    """`spyro.schema_changed` for a `SchemaChanged`."""
    return "spyro." + sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
