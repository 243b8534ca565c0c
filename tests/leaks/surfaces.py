"""The surfaces on which a secret could show, and what each gives to see."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import io
import json
import os
import pickle
import pprint
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

import pyarrow.ipc
import pyarrow.parquet
from _pytest._code.code import ExceptionInfo
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest

from spyro_sdk import demo, shown
from spyro_sdk.arrow.quality import Quality
from spyro_sdk.auth.person import Invitation
from spyro_sdk.config import ConnectorConfig, RateLimitConfig
from spyro_sdk.entity import Column, EntitySchema
from spyro_sdk.errors import ConnectorError
from spyro_sdk.guards.account import limiter_of, windows_of
from spyro_sdk.guards.limiter import RateLimiter
from spyro_sdk.notebook import NotebookWing
from spyro_sdk.notebook.cards import fetched, fetching
from spyro_sdk.notebook.cell import CellRuns
from spyro_sdk.notebook.errors import briefly
from spyro_sdk.notebook.sign_in import SignIn
from spyro_sdk.observers.logging import words
from spyro_sdk.observers.opentelemetry import OpenTelemetry
from spyro_sdk.observers.prometheus import Prometheus
from spyro_sdk.observers.running import Asked, Running
from spyro_sdk.progress import FinalLine, TerminalLine
from spyro_sdk.rate_limit import RateLimit
from spyro_sdk.schema_cache import cache_of
from spyro_sdk.watermarks import Watermark, watermarks_of
from tests.leaks.drama import Drama
from tests.leaks.service import echoing

ROOT = Path(__file__).resolve().parents[2]
OURS = str(ROOT / "spyro_sdk")
ANSWERS = ("object: response",)
RICH = re.compile(r"_repr_\w+_")
"""What came from a service is data, and in its body may be anything."""

Look = Callable[[Drama], str]


@dataclass(frozen=True)
class Surface:
    """Something that people, programs or services see."""

    name: str
    look: Look
    shows: tuple[str, ...] = ()
    """What of the public names it is about; see `test_every_surface_is_listed`."""


SURFACES: dict[str, Surface] = {}


def surface(name: str, *shows: str) -> Callable[[Look], Look]:
    """Enter a surface into the list."""

    def entered(look: Look) -> Look:
        assert name not in SURFACES
        SURFACES[name] = Surface(name, look, shows)
        return look

    return entered


# -- objects, as an interpreter, a notebook and a debugger show them -------------------------------


@surface("repr", "__repr__")
def _(drama: Drama) -> str:
    return "\n".join(map(repr, drama.objects.values()))


@surface("str", "__str__", "__format__")
def _(drama: Drama) -> str:
    shown = [it for name, it in drama.objects.items() if name not in ("object: secret", "object: bytes")]
    return "\n".join(f"{it} {it!s}" for it in shown)


@surface("pprint")
def _(drama: Drama) -> str:
    return "\n".join(map(pprint.pformat, drama.objects.values()))


@surface("rich display", "_repr_*_", "Card.to_html")
def _(drama: Drama) -> str:
    """Each form of whatever has one, in a notebook and without."""
    before, said = shown.wing(), []
    for wing in (NotebookWing(), before):
        shown.plug(wing)
        for it in drama.objects.values():
            if type(it).__module__.startswith("spyro_sdk"):
                said += [str(getattr(it, name)()) for name in dir(type(it)) if RICH.fullmatch(name)]
    shown.plug(before)
    return "\n".join(said)


@surface("attributes of a configuration", "vars", "asdict")
def _(drama: Drama) -> str:
    config = drama.objects["object: config"]
    return f"{vars(config)!r} {dataclasses.asdict(config)!r} {dataclasses.replace(config)!r}"


@surface("attributes of all else")
def _(drama: Drama) -> str:
    held = {name: it for name, it in drama.objects.items() if hasattr(it, "__dict__") and name not in ANSWERS}
    return "\n".join(
        f"{name}: {vars(it)!r}" for name, it in held.items() if not name.startswith("invitations")
    )


@surface("to_dict of a configuration", "ConnectorConfig.to_dict")
def _(drama: Drama) -> str:
    return repr([it.to_dict() for it in drama.objects.values() if isinstance(it, ConnectorConfig)])


@surface("statistics", "BaseConnector.get_statistics", "Stats.to_dict")
def _(drama: Drama) -> str:
    stats = [it for name, it in drama.objects.items() if name.startswith("stats")]
    return repr([*map(str, stats), *(it.to_dict() for it in stats), drama.objects["object: statistics"]])


@surface("plans")
def _(drama: Drama) -> str:
    return "\n".join(str(it) for name, it in drama.objects.items() if name.startswith("plan"))


@surface("invitations to sign in")
def _(drama: Drama) -> str:
    return "\n".join(repr(it) for name, it in drama.objects.items() if name.startswith("invitations"))


# -- copies ----------------------------------------------------------------------------------------


@surface("pickles", "__reduce__", "__getstate__")
def _(drama: Drama) -> str:
    return "\n".join(_carried(it, lambda it: pickle.dumps(it, 0)) for it in _held(drama))


@surface("pickles of protocol 5")
def _(drama: Drama) -> str:
    return "\n".join(_carried(it, lambda it: pickle.dumps(it, 5)) for it in _held(drama))


@surface("pickles of errors")
def _(drama: Drama) -> str:
    return "\n".join(_carried(it, lambda it: pickle.dumps(it, 0)) for it in drama.errors.values())


@surface("copies")
def _(drama: Drama) -> str:
    return "\n".join(_carried(it, lambda it: repr(copy.copy(it)).encode()) for it in drama.objects.values())


@surface("deep copies")
def _(drama: Drama) -> str:
    return "\n".join(
        _carried(it, lambda it: repr(copy.deepcopy(it)).encode()) for it in drama.objects.values()
    )


def _held(drama: Drama) -> list[Any]:
    return [it for name, it in drama.objects.items() if name not in ANSWERS]


def _carried(it: Any, carry: Callable[[Any], bytes]) -> str:
    """What carrying an object gives, or the words in which it refuses."""
    try:
        return carry(it).decode("latin-1").encode("latin-1").decode(errors="replace")
    except Exception as error:
        return f"{type(it).__name__}: {error}"


# -- errors ----------------------------------------------------------------------------------------


@surface("messages of errors", "errors")
def _(drama: Drama) -> str:
    return "\n".join(f"{name}: {error} {error!r}" for name, error in _all(drama))


@surface("attributes of errors")
def _(drama: Drama) -> str:
    return "\n".join(f"{name}: {error.args!r} {vars(error)!r}" for name, error in _all(drama))


@surface("details of errors", "ConnectorError.details")
def _(drama: Drama) -> str:
    return "\n".join(error.details() for _, error in _all(drama) if isinstance(error, ConnectorError))


@surface("errors as a notebook tells them", "ConnectorError._render_traceback_")
def _(drama: Drama) -> str:
    shell = SimpleNamespace(colors="neutral", compile=None, user_ns={})
    ours = (_ours(error) for _, error in _all(drama) if isinstance(error, ConnectorError))
    return "\n".join(line for error in ours for line in briefly(error, shell))


@surface("cards of sign-ins that are over")
def _(drama: Drama) -> str:
    card = Invitation("https://acme.example", 0.0)
    over = [SignIn(card, is_over=True, error=error) for _, error in _all(drama)]
    return "\n".join(f"{it!r} {NotebookWing().draw(it)}" for it in over)


@surface("chains of errors")
def _(drama: Drama) -> str:
    return "\n".join(f"{error!r} {vars(error)!r}" for _, error in _all(drama, first=False))


@surface("notes of errors")
def _(drama: Drama) -> str:
    return "\n".join(str(getattr(error, "__notes__", "")) for _, error in _all(drama))


@surface("tracebacks")
def _(drama: Drama) -> str:
    said = (traceback.format_exception(error) for error in map(_ours, drama.errors.values()))
    return "\n".join("".join(it) for it in said)


@surface("tracebacks with locals")
def _(drama: Drama) -> str:
    said = []
    for _, error in _all(drama):
        told = traceback.TracebackException.from_exception(_ours(error), capture_locals=True, compact=False)
        said += list(told.format())
    return "".join(said)


@surface("tracebacks of pytest with locals")
def _(drama: Drama) -> str:
    shown = (ExceptionInfo.from_exception(_ours(it)) for it in _typical(drama))
    return "\n".join(str(it.getrepr(showlocals=True, style="long", truncate_locals=False)) for it in shown)


@surface("tracebacks of IPython in its verbose mode")
def _(drama: Drama) -> str:
    from IPython.core.ultratb import VerboseTB

    teller = VerboseTB(theme_name="nocolor")
    return "\n".join(teller.text(type(it), it, _ours(it).__traceback__) for it in _typical(drama))


def _all(drama: Drama, first: bool = True) -> Iterator[tuple[str, BaseException]]:
    """Each error, and those behind it."""
    for name, error in drama.errors.items():
        waiting: list[BaseException | None] = [error]
        while waiting:
            if (it := waiting.pop()) is not None:
                if first or it is not error:
                    yield name, it
                waiting += [it.__cause__, it.__context__]


def _typical(drama: Drama) -> Iterator[BaseException]:
    """One error of each kind and place: some of the tellers take their time."""
    seen = set()
    for error in drama.errors.values():
        places = [(it.f_code.co_name, line) for it, line in traceback.walk_tb(error.__traceback__)]
        if (place := (type(error), places[-1], len(places))) not in seen:
            seen.add(place)
            yield error


def _ours(error: BaseException) -> BaseException:
    """The error without the frames of whoever called us, whose locals are his own."""
    trace: TracebackType | None = error.__traceback__
    while trace and not trace.tb_frame.f_code.co_filename.startswith(OURS):
        trace = trace.tb_next
    return error.with_traceback(trace)


# -- what is told while it happens -----------------------------------------------------------------


@surface("events", "events")
def _(drama: Drama) -> str:
    return "\n".join(f"{it!r} {dataclasses.asdict(it)!r}" for it in drama.events)


@surface("events in words")
def _(drama: Drama) -> str:
    return "\n".join(map(words, drama.events))


@surface("progress of a fetch")
def _(drama: Drama) -> str:
    """As a terminal, a log and a notebook have it, at each kind of end."""
    out, bucket = io.StringIO(), RateLimiter(RateLimitConfig(60))
    asked = Asked("acme", "good", RateLimitConfig(60), bucket)
    for error in (None, KeyboardInterrupt(), *_typical(drama)):
        run = Running(asked, clock=iter(range(10**9)).__next__)
        drawn = [TerminalLine(out), FinalLine(out)]
        for event in drama.events if error is None else drama.events[-20:]:
            run(event)
            for it in drawn:
                it.tick(run)
        cell = CellRuns([run])
        out.write(f"{fetching.card(cell).to_html()} {run.reasons!r} {cell}")
        run.end(error)
        for it in drawn:
            it.end(run, error)
        cell.end(run)
        out.write(f"{fetched.card(cell).to_html()} {run.error} {cell}")
    return out.getvalue()


@surface("metrics", "Prometheus")
def _(drama: Drama) -> str:
    registry = CollectorRegistry()
    observer = Prometheus(registry)
    for it in drama.objects.values():
        if isinstance(it, RateLimit):
            observer.watch(it)
    for event in drama.events:
        observer(event)
    return generate_latest(registry).decode()


@surface("spans", "OpenTelemetry")
def _(drama: Drama) -> str:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    observer = OpenTelemetry(provider)
    for event in drama.events:
        observer(event)
    spans = kept.get_finished_spans()
    assert {it.name.partition(" ")[0] for it in spans} >= {"fetch", "GET", "POST"}
    return "\n".join(it.to_json() for it in spans)


@surface("logs of ours", "logger spyro_sdk")
def _(drama: Drama) -> str:
    return "\n".join(it for it in drama.listening.lines if "spyro_sdk" in it)


@surface("logs of asyncio and all others at DEBUG", "loggers")
def _(drama: Drama) -> str:
    return "\n".join(dict.fromkeys(drama.listening.lines))


@surface("warnings", "warnings")
def _(drama: Drama) -> str:
    return "\n".join(drama.warned)


@surface("what is printed", "stderr")
def _(drama: Drama) -> str:
    return drama.printed


@surface("pages that a browser is shown")
def _(drama: Drama) -> str:
    return "\n".join(drama.pages)


# -- files -----------------------------------------------------------------------------------------


@surface("Parquet files", "Fetch.to_parquet")
def _(drama: Drama) -> str:
    files = list(drama.folder.rglob("*.parquet"))
    meta = [pyarrow.parquet.read_metadata(it).metadata for it in files if it.is_file()]
    return f"{meta!r} {''.join(map(_read, files))}"


@surface("CSV files", "Fetch.to_csv")
def _(drama: Drama) -> str:
    return "".join(map(_read, drama.folder.rglob("*.csv")))


@surface("IPC files", "Fetch.to_ipc")
def _(drama: Drama) -> str:
    files = list(drama.folder.rglob("*.ipc"))
    meta = [pyarrow.ipc.open_file(str(it)).schema.metadata for it in files]
    return f"{meta!r} {''.join(map(_read, files))}"


@surface("journals of exports that go on", "journals")
def _(drama: Drama) -> str:
    said = _read(drama.folder / "journal")
    assert "place" in said
    return said


@surface("metadata of tables", "Fetch.to_arrow", "Fetch.to_pandas", "EntitySchema.to_arrow")
def _(drama: Drama) -> str:
    tables = [it for name, it in drama.objects.items() if name.startswith("table")]
    return "\n".join(f"{it.schema.metadata!r} {it.to_pandas().attrs!r} {it.to_pylist()!r}" for it in tables)


@surface("quality of tables", "Quality.to_dict", "Quality.to_pandas", "ColumnQuality.to_dict")
def _(drama: Drama) -> str:
    told = [it for it in drama.objects.values() if isinstance(it, Quality)]
    assert told
    return "\n".join(f"{it.to_dict()!r} {it.to_pandas().to_csv()}" for it in told)


@surface("drafts and whatever else is left in the folder", "drafts")
def _(drama: Drama) -> str:
    known = ("store", "damaged", "full", "profiles")  # those hold tokens, by intent
    left = [it for it in drama.folder.rglob("*") if it.relative_to(drama.folder).parts[0] not in known]
    return "\n".join(f"{it} {_read(it)}" for it in left)


@surface("names of files in the token store", "FileStore")
def _(drama: Drama) -> str:
    return "\n".join(map(str, (drama.folder / "store").rglob("*")))


@surface("what a full disk leaves of the token store")
def _(drama: Drama) -> str:
    return "".join(map(_read, (drama.folder / "full").rglob("*")))


@surface("recordings", "Recorder.save")
def _(drama: Drama) -> str:
    return _read(drama.folder / "acme.json")


def _read(path: Path) -> str:
    return path.read_bytes().decode(errors="replace") if path.is_file() else ""


# -- what other processes, and other hosts, see ----------------------------------------------------


@surface("a saved notebook that connects, fetches and fails", "notebook")
def _(drama: Drama) -> str:
    import nbformat
    from nbclient import NotebookClient

    cells = [nbformat.v4.new_code_cell(it) for it in NOTEBOOK.split("\n\n")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    given = {f"LEAKS_{number}": it for number, it in enumerate(drama.canaries.values())}
    with echoing() as echo, _variables({**given, "LEAKS_URL": echo.base_url, "PYTHONPATH": str(ROOT)}):
        NotebookClient(notebook, timeout=60, allow_errors=True, kernel_name="python3").execute()
    saved = str(nbformat.writes(notebook))
    assert saved.count('"output_type": "error"') == 4, saved
    return saved


@surface(
    "schemas, counts and watermarks that are kept", "SchemaCache", "watermarks_of", "limiter_of", "windows_of"
)
def _(drama: Drama) -> str:
    """What there is in the folders of a machine, by name and by content."""
    config = replace(drama.objects["object: config"], daily_limit=5)
    folder = drama.folder / "kept"
    cache = cache_of(config, "ana", {"SPYRO_SCHEMA_CACHE": str(folder / "schemas")})
    assert cache
    cache.write("Account", EntitySchema("Account", (Column("Id", pyarrow.string()),)))
    marks = watermarks_of(config, "ana", {"SPYRO_WATERMARKS": str(folder / "watermarks")})
    marks.write(Watermark("Account", {"entity": "Account"}, datetime.now(UTC), datetime.now(UTC)))
    counted = {"SPYRO_RATE_LIMITS": str(folder / "rate-limits")}
    (day,) = windows_of(config, counted).windows
    day.take()

    async def asked() -> None:
        await limiter_of(config, counted).acquire()

    asyncio.run(asked())
    kept = [it for it in folder.rglob("*") if it.is_file() and it.name != "key"]
    assert {it.suffix for it in kept} == {".json", ".window", ".bucket"}
    return "\n".join(f"{it} {_read(it)}" for it in kept)


NOTEBOOK = """
%xmode Verbose
import logging, os, sys
import spyro_sdk as spyro
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
known = lambda number: os.environ[f"LEAKS_{number}"]

spyro.connect("salesforce", access_token=known(0), client_secret=known(4), timeout=-1)

api = spyro.connect("rest", base_url=os.environ["LEAKS_URL"], headers={"X-Mine": known(11)}, retry_count=0,
    auth={"type": "bearer", "token": known(0)}, entities={"good": "/good", "bad": "/bad"})
api["good"].to_pandas()

api

api["bad"].to_pandas()

spyro.connect("salesforce", base_url=os.environ["LEAKS_URL"], client_id="refused", retry_count=0,
    refresh_token=known(1), client_secret=known(4), token_url=os.environ["LEAKS_URL"] + "/token")

%xmode Context
api["bad"].to_pandas()
""".strip()


@surface("arguments and environment of the demo's process", "subprocess")
def _(drama: Drama) -> str:
    added = {f"LEAKS_TOKEN_{number}": it for number, it in enumerate(drama.canaries.values())}
    with _variables(added), demo.DemoProcess(["--service=github", "--repositories=1"]) as child:
        process = Path("/proc") / str(child.pid)
        return _read(process / "cmdline") + _read(process / "environ") + repr(child)


@contextmanager
def _variables(added: dict[str, str]) -> Iterator[None]:
    """More variables in the environment, for processes that are started meanwhile."""
    before = dict(os.environ)
    os.environ.update(added)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@surface("addresses that are sent")
def _(drama: Drama) -> str:
    """But for a key that a service wants there, and a path that has a token in it."""
    wanted = ("key in the query", "secret of a declaration", "variable in a path")
    text = "\n".join(str(line[1]) for line in json.loads(drama.sent))
    for kind in wanted:
        for it in (quote_plus(drama.canaries[kind]), quote(quote(drama.canaries[kind], safe=""), safe="/%")):
            text = text.replace(it, "")
    return text
