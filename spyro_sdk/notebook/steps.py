"""What to do after each kind of error."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any, Final

from .. import registry
from ..connection import Connection
from ..errors import (
    AuthenticationError,
    CertificateError,
    CircuitOpenError,
    ConfigurationError,
    ConnectionError,
    ConnectorError,
    DataFetchError,
    DecodeError,
    ExportError,
    IntegrityError,
    LimitError,
    NotRecordedError,
    RateLimitError,
    ReplayedError,
    SchemaDiscoveryError,
    SignInError,
    SignInNeeded,
    StoreError,
    TimeoutError,
    TokenStoreError,
    UnknownConnectorError,
    UnknownEntityError,
    ValidationError,
    WebhookError,
)
from ..settings import has_app
from ..words import lasting, plain

STEPS: Final[Mapping[type[BaseException], tuple[str, ...]]] = {
    KeyboardInterrupt: ("run the cell again to begin anew",),
    ConnectorError: ("run the cell again",),
    ConfigurationError: ("help(spyro.connect) says what can be set",),
    UnknownConnectorError: ("spyro.connectors() lists the names",),
    ValidationError: (
        "{sf}.describe({entity_type!r}) lists the columns",
        "help({sf}.fetch) says what can be asked",
    ),
    UnknownEntityError: ("{sf}.entities() lists the names",),
    AuthenticationError: (
        "spyro.login({signs_in!r}) signs you in anew",
        "connect with valid credentials",
    ),
    SignInNeeded: (
        "where you sit, spyro.login({signs_in!r}) asks you; where nobody does, set the variables",
        "connect with credentials",
    ),
    SignInError: ("spyro.login({signs_in!r}) asks you again", "sign in again"),
    StoreError: ("see to {path}, and run the cell again", "run the cell again"),
    TokenStoreError: ("set SPYRO_TOKEN_STORE to another folder, or to none to keep tokens in memory",),
    ConnectionError: ("see that the network and base_url are right, and run the cell again",),
    TimeoutError: ("ask for fewer columns or a smaller page_size, or connect with a longer timeout",),
    CertificateError: ("behind a company's proxy connect with verify_ssl='/path/to/company.pem'",),
    RateLimitError: (
        "run the cell again in {wait}; {sf}.rate_limit shows what is left",
        "{sf}.rate_limit shows what is left",
    ),
    CircuitOpenError: ("run the cell again in {wait}", "run the cell again in a minute"),
    SchemaDiscoveryError: ("fetch works nonetheless, and gives an empty table",),
    DataFetchError: ("look {error_code} up in what the service documents", "run the cell again"),
    DecodeError: ("see that base_url is that of the API: something else may have answered in its place",),
    LimitError: ("if such answers are to be expected, connect with a larger max_body",),
    IntegrityError: ("run the cell again; if it lasts, narrow the question with where or since",),
    WebhookError: ("answer with the status that error.answer says, and do nothing with the body",),
    ReplayedError: ("answer with the status that error.answer says: receiver.forget lets it come again",),
    NotRecordedError: ("if the question has changed on purpose, delete the file and record again",),
    ExportError: ("see to the file's folder, or give another path, and run the cell again",),
}
"""For each kind of error what to do, the most helpful first: the first is taken of which all is known."""


def next_step(error: BaseException, names: Mapping[str, Any]) -> str:
    """What to do after this error; `names` are those of the notebook, in which its connections are."""
    known = _known(error, names)
    for kind in type(error).__mro__:
        for step in STEPS.get(kind, ()):
            if {name for _, name, _, _ in Formatter().parse(step) if name} <= known.keys():
                return plain(step.format_map(known))
    raise LookupError(type(error).__name__)


def _known(error: BaseException, names: Mapping[str, Any]) -> dict[str, Any]:
    """What a step may speak of."""
    known = {name: it for name, it in vars(error).items() if it is not None}
    connector = known.get("connector")
    known["sf"] = _connection_named(connector, names)
    if connector is not None and _signs_in(connector):
        known["signs_in"] = connector
    if "retry_after" in known:
        known["wait"] = lasting(known["retry_after"])
    return known


def _connection_named(connector: str | None, names: Mapping[str, Any]) -> str:
    """How the user calls the newest connection to a service, or to any where that is not known."""
    found = [
        name
        for name, it in list(names.items())
        if isinstance(it, Connection) and not name.startswith("_") and connector in (None, it._config.name)
    ]
    return found[-1] if found else "connection"


def _signs_in(connector: str) -> bool:
    """Whether people can sign in to it by themselves."""
    try:
        return has_app(registry.kind_of(connector))
    except ConnectorError:
        return False
