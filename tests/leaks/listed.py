"""What there is that could show something: found in the package, and compared with what is listed here."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import spyro_sdk

ROOT = Path(spyro_sdk.__file__).parent
SHOWING = re.compile(
    r"_repr_\w+_|_render_traceback_|_ipython\w+|__rich_\w+|__(repr|str|format|reduce|reduce_ex|getstate|getnewargs|dir)__"
    r"|__arrow_c_\w+|to_[a-z]\w*|get_statistics|save|dump\w*|as_dict|as_json|details|render\w*|export\w*"
)
"""Names of methods that give something of an object to see."""
DOORS = {
    "log": r"getLogger\(",
    "print": r"\bprint\(|sys\.std(out|err)|\.err\.write",
    "file": r"write_bytes|write_text|os\.open\b|\bopen\([^)]*[\"'][wax]b?[\"']|TemporaryFile|NamedTemporary"
    r"|OSFile|os\.fdopen|os\.replace|ParquetWriter\(|new_file\(",
    "process": r"\bsubprocess\.|webbrowser\.",
    "warning": r"warnings\.warn\b",
}
"""Ways out of the process, by the words that open them."""


METHODS = {
    "repr": "all_stats.AllStats arrow.quality.Quality observers.stats.Stats rate_limit.RateLimit"
    " accounts.SignedIn accounts.SignedOut connection.Connection connectors.declared.references.Hidden"
    " connectors.declared.shape.Shape catalogue.Catalogue entity.EntitySchema fetch.Fetch http.Request"
    " lifecycle.Lifecycle gallery.Gallery notebook.sign_in.SignIn plan.Plan secret.Secret secret.SecretBytes"
    " secret.Unseen testing.cassette.Recorder testing.cassette.Replay profile.listing.Profiles",
    "str": "all_stats.OpenConnection arrow.quality.Quality rate_limit.RateLimit"
    " identity.Identity accounts.SignedIn accounts.SignedOut"
    " connectors.declared.detect.envelope.Spot notebook.cell.CellRuns observers.running.Running"
    " observers.stats.Stats plan.Plan plan.Road where.Where"
    " profile.listing.Profile profile.place.Place profile.reference.Reference",
    "format": "connectors.declared.detect.envelope.Rank",
    "reduce": "arrow.head.Head"
    " connection.Connection fetch.Fetch secret.Secret secret.SecretBytes secret.Unseen",
    "to_dict": "arrow.quality.ColumnQuality arrow.quality.Quality"
    " auth.token.Token config.ConnectorConfig observers.stats.Stats",
    "get_statistics": "connector.BaseConnector",
    "_repr_mimebundle_": "shown.Shown",
    "to_html": "notebook.card.Card",
    "_ipython_key_completions_": "catalogue.Catalogue connection.Connection entity.EntitySchema",
    "save": "testing.cassette.Recorder",
    **dict.fromkeys(("details", "_render_traceback_"), "errors.ConnectorError"),
    "to_arrow": "entity.EntitySchema fetch.Fetch",
    "to_pandas": "arrow.quality.Quality fetch.Fetch",
    **dict.fromkeys(("to_csv", "to_duckdb", "to_ipc", "to_parquet", "to_polars"), "fetch.Fetch"),
    **dict.fromkeys(("arrow_c_schema", "arrow_c_stream"), "fetch.Fetch"),
}
"""What shows something of an object, on the surface of that name, or of the file that it makes."""

WAYS = {
    "file": "arrow/csv.py arrow/draft.py arrow/folder.py arrow/ipc.py arrow/parquet.py arrow/parts.py"
    " arrow/journal.py arrow/sink.py private.py testing/cassette.py",
    "log": "notebook/errors.py notebook/live.py notebook/person.py settings.py shown.py"
    " guards/together.py guards/window.py guards/redis.py transport/requests.py"
    " auth/quiet.py auth/tokens/file.py auth/tokens/keyring.py connectors/salesforce/bulk.py"
    " events.py observers/logging.py blocking.py runs.py notebook/panel.py",
    "print": "auth/terminal.py progress.py connectors/declared/__main__.py",
    "warning": "taking.py",
    "process": "auth/browser.py auth/terminal.py notebook/person.py connectors/salesforce/program.py",
}
"""The modules that have a way out of the process."""

NO_SECRETS = (
    *(
        "arrow",
        "canonical",
        "catalogue",
        "entity",
        "family",
        "guards",
        "pages",
        "paging",
        "plan",
        "question",
        "reading",
    ),
    *(
        "lists",
        "where",
        "connectors.declared.detect",
        "connectors.declared.pagings",
        "connectors.declared.since",
    ),
    *("connectors.declared.styles", "connectors.github.", "connectors.salesforce."),
)
"""Packages that are given records, columns and numbers, and never a credential."""
NOT_PLAYED = {
    "blocking": "DaemonThreads",
    "connectors.salesforce.login": "Login Borrowed",
    "exporting": "Export",
    "increment": "Increment",
    "schema_cache": "SchemaCache",
    "watermarks": "Folder OwnFolder Watermark Watermarks",
    "shown": "Shown Wing",
    "notebook": "NotebookWing",
    "notebook.card": "Card",
    "notebook.completion": "Bracket Place",
    "notebook.live": "Told Output Outputs",
    "notebook.sign_in": "SignIn",
    "notebook.cell": "CellRuns",
    "notebook.panel": "CellPanel Panels",
    "notebook.screen": "KernelScreen Panel Screen WidgetPanel",
    "profile.file": "Profiled Contents",
    "profile.listing": "Profile",
    "profile.place": "Place",
    "profile.reference": "Reference",
    "sources": "Source Rule",
    "transport.ways": "Way Ways",
    "transport.requests": "RequestsTransport",
    "auth": "Auth",
    "auth.loopback": "Loopback",
    "auth.paste": "NotThat",
    "auth.person": "Person",
    "auth.signin": "Desk",
    "auth.tokens": "TokenStore",
    "auth.tokens.file": "Records",
    "auth.tokens.keyring": "KeyringStore",
    "auth.tokens.lock": "Patience",
    "private": "System PrivateFolder Purpose",
    "auth.device": "UserCode",
    "connectors.declared.drafts": "Draft",
    "connectors.declared.offers": "Offer",
    "connectors.declared.placeholders": "Asked",
    "connectors.declared.reader": "Read",
    "connectors.declared.references": "Hidden",
    "connectors.declared.shape": "Shape Auto SinglePage JsonLink HeaderLink HeaderCursor Cursor Offset"
    " PageNumber KeySet Bearer ApiKey Basic ClientCredentials Header Resolve Incremental Since Action Hint"
    " Endpoint Defaults Resource Client Entity Settings Declaration",
    "connectors.declared.signing": "Signing",
    "testing.contract": "ConnectorContract",
    "testing.layout": "Number",
    "testing.scrub": "Scrub Scrubber",
    "transport.conditional": "Conditional",
    "transport.pool": "SharedTransport",
    "observers.history": "History",
    "observers.logging": "Log",
    "observers.opentelemetry": "OpenTelemetry",
    "observers.prometheus": "Limit Prometheus",
    "observers.running": "Asked Bucket Pause Retry Running",
    "webhooks.claim": "Claim",
    "webhooks.receiver": "Delivery",
    "webhooks.scheme": "Field Header Item",
    "webhooks.seen": "MemorySeen Seen",
    "progress": "FinalLine Progress Silent TerminalLine",
    "resume": "LostPlace Recipe Resume",
    "runs": "Run",
    "taking": "Taking Terms",
}
"""Classes of which the drama keeps no object: they are seen in its tracebacks, or hold nothing."""
ERRORS = (
    "AuthenticationError CertificateError CircuitOpenError ConfigurationError ConnectionError ConnectorError"
    " DataFetchError DecodeError ExportError IntegrityError LimitError NotRecordedError RateLimitError"
    " SchemaDiscoveryError SignInError SignInNeeded StoreError TimeoutError TokenStoreError"
    " UnknownConnectorError UnknownEntityError"
    " IncompleteWarning ReplayedError ValidationError WebhookError"
)
EVENTS = (
    "Attempted CircuitChanged Connected Disconnected Event FetchFinished FetchStarted"
    " FetchCutShort FetchResumed LoginBorrowed PageArrived ResumeLost TotalChanged"
    " PageSizeShrunk PagingRepaired QuotaSeen Received Retried RetryRefused RoadTaken SchemaChanged"
    " Sent TokenNotKept TokenRenewed Waited WatermarkLost WatermarkNotKept"
)


def modules() -> Iterator[str]:
    """All modules but those of the demo, which is another program."""
    for it in pkgutil.walk_packages([str(ROOT)], "spyro_sdk."):
        if not it.name.startswith("spyro_sdk.demo") and not it.name.endswith("__main__"):
            yield it.name


def classes() -> Iterator[type]:
    """All public classes, each at home."""
    for name in modules():
        for known, it in vars(import_module(name)).items():
            if inspect.isclass(it) and it.__module__ == name and not known.startswith("_"):
                yield it


def listed_methods() -> set[str]:
    """What `METHODS` lists, as `methods` finds it."""
    dunder = ("repr", "str", "format", "reduce", "arrow_c_schema", "arrow_c_stream")
    pairs = ((f"__{it}__" if it in dunder else it, owners) for it, owners in METHODS.items())
    return {f"{owner}.{name}" for name, owners in pairs for owner in owners.split()}


def listed_doors() -> set[str]:
    """What `WAYS` lists, as `doors` finds it."""
    return {f"{way} {name}" for way, names in WAYS.items() for name in names.split()}


def _is_free(home: str) -> bool:
    """Whether a module is never given a credential."""
    if home in ("connectors.github", "connectors.salesforce", "connectors.salesforce.login"):
        return False
    return f"{home}.".startswith(tuple(f"{name.rstrip('.')}." for name in NO_SECRETS))


def unlisted(played: set[type]) -> set[str]:
    """The public classes that may hold a secret, and are neither in the drama nor in a list."""
    found = set()
    for it in classes():
        home = it.__module__.removeprefix("spyro_sdk.")
        named = {"errors": f"{ERRORS} Context", "events": EVENTS}.get(home, NOT_PLAYED.get(home, ""))
        if not _is_free(home) and it not in played and it.__name__ not in named.split():
            found.add(f"{home}.{it.__name__}")
    return found


def methods() -> set[str]:
    """What shows something of an object and was written by hand, as `Class.method`."""
    found = set()
    for it in classes():
        own = "__dataclass_fields__" in vars(it)
        for name, method in vars(it).items():
            if SHOWING.fullmatch(name) and not (own and _is_made(method)):
                found.add(f"{it.__module__.removeprefix('spyro_sdk.')}.{it.__name__}.{name}")
    return found


def _is_made(method: object) -> bool:
    """Whether `dataclass` wrote it."""
    code = getattr(inspect.unwrap(method), "__code__", None)  # type: ignore[arg-type]
    return code is None or code.co_filename == "<string>" or code.co_name.startswith("_dataclass_")


def doors() -> set[str]:
    """The modules that have a way out of the process, as `way module`."""
    found = set()
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("demo/"):
            text = path.read_text()
            found |= {f"{way} {name}" for way, words in DOORS.items() if re.search(words, text)}
    return found
