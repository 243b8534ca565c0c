"""Every exception this package raises.

ConnectorError                    base: message, hint, connector, status, request_id
├── ConfigurationError            a setting is missing or makes no sense: field (a ValueError too)
│   └── UnknownConnectorError     no connector of that name is installed      (a LookupError too)
├── ValidationError               the question cannot be asked: field, value, entity_type (a ValueError too)
│   └── UnknownEntityError        the service has no entity of that name      (a LookupError too)
├── AuthenticationError           the service does not know us, or refuses us; error_code
│   ├── SignInNeeded              a person has to sign in, for the first time or again
│   └── SignInError               a person's sign-in came to nothing
├── StoreError                    what is kept from run to run cannot be kept or read; path (an OSError too)
│   └── TokenStoreError           tokens cannot
├── ConnectionError               no answer came                  (a builtins.ConnectionError too)
│   ├── TimeoutError              no answer came in time             (a builtins.TimeoutError too)
│   └── CertificateError          whoever answered cannot prove to be the service
├── RateLimitError                the service says: too many requests; retry_after
├── CircuitOpenError              the service failed too often and is left alone; retry_after
├── SchemaDiscoveryError          the columns of an entity cannot be told
├── DataFetchError                the service answered, but not with the records: entity_type, error_code
│   ├── DecodeError               the body is not what it claims to be
│   │   └── LimitError            the answer is bigger than we take
│   └── IntegrityError            records were lost on the way, or came twice
├── WebhookError                  what was delivered is not taken: error_code
│   └── ReplayedError             it was taken before
├── NotRecordedError              a recording that is replayed has no answer to the request
└── ExportError                   the file cannot be written                      (an OSError too)

`str(error)` is the message: what was asked, what came, what to do. A secret is in none of them.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator
from typing import TypedDict, Unpack

from .shown import told
from .words import plain


class Context(TypedDict, total=False):
    """What any error may carry beside its message."""

    hint: str | None
    connector: str | None
    status: int | None
    request_id: str | None


class ConnectorError(Exception):
    """Base of every exception this package raises.

    Where it is raised `from None`, in the place of somebody else's, that one is not its `__context__` either:
    reporters would show its arguments and frames, in which there may be secrets. What would steer a terminal
    is written out: services say part of it.
    """

    def __init__(
        self,
        message: str = "",
        *,
        hint: str | None = None,
        connector: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(plain(str(message)))
        self.hint = hint and plain(hint)
        """What to do next, in one short sentence, where we know it."""
        self.connector = connector
        self.status = status
        """The HTTP status of the answer, where there was one."""
        self.request_id = request_id and plain(request_id)
        """What the service calls the request, for a word with its support."""

    def details(self) -> str:
        """Everything that is known of it but the traceback, a line each: for whoever is asked for help."""
        return "\n".join(
            [f"{type(self).__name__}: {self}", *(f"  {name}: {it}" for name, it in self._told())]
        )

    def _told(self) -> Iterator[tuple[str, str]]:
        """Its attributes and notes in words."""
        for name, it in vars(self).items():
            if it is not None and not name.startswith("_"):
                yield name, plain(it if isinstance(it, str) else repr(it))
        for note in getattr(self, "__notes__", ()):
            yield "note", plain(str(note))

    @property
    def _render_traceback_(self) -> Callable[[], list[str]]:
        """What IPython asks for the lines in which to show it; none without our notebook's wing."""
        return told(self)

    @property
    def __context__(self) -> BaseException | None:
        return None if self.__suppress_context__ else super().__context__

    @__context__.setter
    def __context__(self, context: BaseException | None) -> None:
        vars(BaseException)["__context__"].__set__(self, context)


class ConfigurationError(ConnectorError, ValueError):
    """A setting is missing or makes no sense."""

    def __init__(self, message: str = "", *, field: str | None = None, **context: Unpack[Context]) -> None:
        super().__init__(message, **context)
        self.field = field


class UnknownConnectorError(ConfigurationError, LookupError):
    """No connector of that name is installed."""


class ValidationError(ConnectorError, ValueError):
    """The question cannot be asked: a column, a filter or a limit is not one."""

    def __init__(
        self,
        message: str = "",
        field: str | None = None,
        value: object = None,
        *,
        entity_type: str | None = None,
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, **context)
        self.field = field
        self.value = value
        self.entity_type = entity_type
        """The entity of which something was asked that it does not have, where that is known."""


class UnknownEntityError(ValidationError, LookupError):
    """The service has no entity of that name."""


class AuthenticationError(ConnectorError):
    """The service does not know us, or refuses us."""

    def __init__(
        self, message: str = "", *, error_code: str | None = None, **context: Unpack[Context]
    ) -> None:
        super().__init__(message, **context)
        self.error_code = error_code
        """What a token endpoint calls the refusal, such as `invalid_grant` (RFC 6749 §5.2)."""


class SignInNeeded(AuthenticationError):
    """A person has to sign in, for the first time or again."""


class SignInError(AuthenticationError):
    """A person's sign-in came to nothing; `error_code` says why.

    Either the service's own word, such as `access_denied`, or one of ours: `cancelled`, `timed_out`,
    `port_taken`, `wrong_state`, `wrong_issuer`, `no_code`, `scope_narrowed`.
    """


class StoreError(ConnectorError, OSError):
    """What is kept between one run and the next cannot be kept, or read, where it should be."""

    def __init__(self, message: str = "", *, path: str | None = None, **context: Unpack[Context]) -> None:
        super().__init__(message, **context)
        self.path = path
        """The file or folder that it is about."""


class TokenStoreError(StoreError):
    """Tokens cannot be kept, or read, where they should be."""


class ConnectionError(ConnectorError, builtins.ConnectionError):
    """No answer came: the name is unknown, the connection was refused or broke."""


class TimeoutError(ConnectionError, builtins.TimeoutError):
    """No answer came in time."""


class CertificateError(ConnectionError):
    """Whoever answered cannot prove to be the service; nothing was sent, and asking again does not help."""


class RateLimitError(ConnectorError):
    """The service says: too many requests."""

    def __init__(
        self, message: str = "", retry_after: float | None = None, **context: Unpack[Context]
    ) -> None:
        super().__init__(message, **context)
        self.retry_after = retry_after
        """Seconds the service asked us to wait, if it said."""


class CircuitOpenError(ConnectorError):
    """The service failed too often and is left alone for a while."""

    def __init__(
        self, message: str = "", retry_after: float | None = None, **context: Unpack[Context]
    ) -> None:
        super().__init__(message, **context)
        self.retry_after = retry_after
        """Seconds until a request is let through again."""


class SchemaDiscoveryError(ConnectorError):
    """The columns of an entity cannot be told."""


class DataFetchError(ConnectorError):
    """The service answered, but not with the records."""

    def __init__(
        self,
        message: str = "",
        entity_type: str | None = None,
        error_code: str | None = None,
        **context: Unpack[Context],
    ) -> None:
        super().__init__(message, **context)
        self.entity_type = entity_type
        self.error_code = error_code
        """What the service itself calls the error, such as `QUERY_TIMEOUT`."""


class DecodeError(DataFetchError):
    """The body is not what it claims to be: cut short, a login page, no JSON."""


class LimitError(DecodeError):
    """The answer is bigger than we take, unzipped or as it came; asking again does not help."""


class IntegrityError(DataFetchError):
    """Records were lost on the way, or came twice."""


class WebhookError(ConnectorError):
    """What was delivered to a webhook is not taken; `error_code` says why.

    It is `malformed`, `bad_signature`, `too_old`, `too_new`, `too_big`, `not_json` or `replayed`.
    """

    def __init__(
        self, message: str = "", *, error_code: str | None = None, **context: Unpack[Context]
    ) -> None:
        super().__init__(message, **context)
        self.error_code = error_code

    @property
    def answer(self) -> int:
        """The HTTP status with which to answer whoever delivered it."""
        return {"bad_signature": 401, "too_big": 413, "replayed": 200}.get(self.error_code or "", 400)


class ReplayedError(WebhookError):
    """It was taken before: a service that was not sure of that sends it again, and so may a stranger."""


class NotRecordedError(ConnectorError):
    """A recording that is replayed has no answer to the request."""


class ExportError(ConnectorError, OSError):
    """The file cannot be written."""


class IncompleteWarning(UserWarning):
    """Records are missing from a result: the service failed midway, and `on_error="partial"` was chosen."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Say `did you mean 'Customer'?` when one of `known` is close to `word`.

    >>> did_you_mean("Custmer", ["Contact", "Customer"])
    "did you mean 'Customer'?"
    """
    from difflib import get_close_matches  # with the first mistake

    spelt = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), spelt, n=1)
    return f"did you mean {spelt[close[0]]!r}?" if close else None


def some(names: Iterable[str], most: int = 8) -> str:
    """List the first names for a message.

    >>> some(["a", "b", "c"], most=2)
    'a, b …'
    """
    first = list(names)
    return ", ".join(first[:most]) + (" …" if len(first) > most else "")
