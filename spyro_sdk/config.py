"""How to reach a service, and how hard to try."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from functools import wraps
from hashlib import blake2b
from ipaddress import ip_address
from os import PathLike, urandom
from typing import Any, Literal, Self, TypeVar, get_args
from urllib.parse import SplitResult, urlsplit

from .errors import ConfigurationError, did_you_mean
from .secret import SECRET_NAME, Secret, hidden, revealed

T = TypeVar("T")
AuthType = Literal["api_key", "oauth2", "basic", "bearer", "none"]
AuthMode = Literal[
    "auto", "browser", "paste", "device", "refresh_token", "jwt", "client_credentials", "token", "none"
]

NEEDED: Mapping[AuthType, tuple[tuple[str, ...], ...]] = {
    "bearer": (("access_token",),),
    "oauth2": (
        ("refresh_token", "client_id"),
        ("client_id", "client_secret"),
        ("client_id", "username", "private_key"),
    ),
    "basic": (("username", "password"),),
    "api_key": (("api_key",),),
    "none": ((),),
}
"""For each kind of authentication the sets of credentials of which one must be complete."""

MODES: Mapping[AuthMode, tuple[AuthType | None, tuple[str, ...]]] = {
    "auto": (None, ()),
    "browser": ("oauth2", ("client_id",)),
    "paste": ("oauth2", ("client_id",)),
    "device": ("oauth2", ("client_id",)),
    "refresh_token": ("oauth2", ("client_id", "refresh_token")),
    "jwt": ("oauth2", ("client_id", "username", "private_key")),
    "client_credentials": ("oauth2", ("client_id", "client_secret")),
    "token": ("bearer", ("access_token",)),
    "none": ("none", ()),
}
"""For each way to sign in the kind of authentication that comes of it, and the settings that it needs."""

APP = ", that of an app which is registered with the service"
BY_PERSON = ("browser", "paste", "device")
"""The ways in which a person signs in."""

CREDENTIALS = tuple(dict.fromkeys(name for ways in NEEDED.values() for way in ways for name in way))

SALT = urandom(16)
ACCOUNT = (
    "name",
    "profile",
    "base_url",
    "token_url",
    "auth_type",
    "auth_mode",
    *CREDENTIALS,
    "custom_params",
)
"""The settings that say which account is asked, and as whom."""

UNSAFE = re.compile(r"^.*@|[?#].*", re.DOTALL)
"""The parts of an address, well written or not, that may be a password or a token."""


def secret() -> Any:
    """A field that no repr and no `to_dict` shows."""
    return field(default=None, repr=False, metadata={"secret": True})


@dataclass(frozen=True)
class RateLimitConfig:
    """How fast a service may be asked."""

    requests_per_minute: float
    burst_size: int | None = None
    """Requests that may be sent at once; None for a tenth of a minute's, at least 1."""

    def __post_init__(self) -> None:
        _positive(self, "requests_per_minute")
        if self.burst_size is None:
            object.__setattr__(self, "burst_size", max(1, int(self.requests_per_minute / 10)))
        _whole(self, "burst_size", least=1)

    @property
    def burst(self) -> int:
        """`burst_size`, settled."""
        assert self.burst_size is not None  # __post_init__ saw to it
        return self.burst_size

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests_per_minute / 60


def _made_of_secrets(kind: type[T]) -> type[T]:
    """The dataclass, to which secrets come as `Secret`: no frame of it has one that a repr shows."""
    made: Callable[..., None] = kind.__init__
    names = [it.name for it in fields(kind)]  # type: ignore[arg-type]  # it is a dataclass

    @wraps(made)
    def init(self: T, *args: Any, **given: Any) -> None:
        given = hidden(given)
        args = (*hidden(dict(zip(names, args, strict=False))).values(), *args[len(names) :])
        made(self, *args, **given)

    setattr(kind, "__init__", init)  # noqa: B010  # mypy takes no other signature
    return kind


@_made_of_secrets
@dataclass(frozen=True)
class ConnectorConfig:
    """How to reach a service, and how hard to try; a bad value raises `ConfigurationError`.

    Every field is a keyword of `spyro_sdk.connect` too. A connector brings its service's own rate, page
    size and address as defaults; the defaults here are the framework's.
    """

    name: str
    api_key: str | None = secret()
    base_url: str | None = None
    """Where the service is, https unless it is on this machine; None for the connector's own address."""
    auth_type: AuthType | None = None
    """None: told by which credentials are given."""
    auth_mode: AuthMode | None = None
    """How to sign in: "browser", "paste" and "device" ask a person, the others take one set of credentials;
    "auto" takes credentials that are complete, and asks a person else. None: never ask one."""
    client_id: str | None = None
    client_secret: str | None = secret()
    token_url: str | None = None
    """Where OAuth 2 tokens are given out; None for the connector's own address."""
    scope: str | None = None
    """What a person is asked to allow, separated by spaces; None for what the connector needs."""
    redirect_uri: str | None = None
    """Where the browser comes back to on this machine, as it is registered with the app; None for the
    connector's own address."""
    username: str | None = None
    password: str | None = secret()
    access_token: str | None = secret()
    refresh_token: str | None = secret()
    private_key: str | None = secret()
    """PEM text of the RSA key that signs a JWT bearer assertion (RFC 7523)."""
    profile: str | None = None
    """The profile that these settings come from; tells several sign-ins of one app apart."""

    rate_limit: float = 100  # requests a minute
    burst_size: int | None = None  # requests at once; None for a tenth of rate_limit, at least 1
    hourly_limit: int | None = None  # requests in an hour, counted over all processes; None for any number
    daily_limit: int | None = None  # requests in a day, likewise
    retry_count: int = 3  # attempts after the first
    retry_delay: float = 1.0  # seconds before the first retry; doubles each time
    max_delay: float = 60.0  # seconds; no backoff is longer
    max_wait: float = 300.0  # seconds; a service that asks us to wait longer gets an error at once
    retry_budget: int | None = 500
    """Tokens for the retries of a connection: one costs 14, after "too many requests" 5. They come back when
    the call goes well, and one more for each that does at once. None: no bound."""
    timeout: float = 30.0  # seconds for one attempt, from sending to the body's last byte
    schema_age: float | None = 86_400.0  # seconds that a described entity is kept on disk; None: not at all
    overlap: float = 600.0  # seconds before its watermark from which on `since="last"` asks again
    deadline: float | None = None
    """Seconds for a fetch as a whole, and for each other call with all its retries; None: no bound."""
    max_body: int = 256 << 20  # bytes of one answer, unzipped; a bigger one is an error, and read no further
    page_size: int = 1000  # records; more are never asked for at once
    pool_size: int = 10  # connections kept open
    concurrency: int | None = None
    """Requests of one fetch at once; None for as many as the rate limit feeds, up to `pool_size`."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    custom_params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What only one connector knows, such as `api_version` for Salesforce."""
    verify_ssl: bool | str = True
    """False: trust anyone; a path: trust the certificates in that file."""
    allow_http: bool = False
    """Speak plain http to hosts other than this machine: credentials travel unprotected."""

    def __post_init__(self) -> None:
        _text(self, "name")
        for name in ("base_url", "token_url"):
            _address(self, name)
        for name in ("rate_limit", "retry_delay", "max_delay", "max_wait", "timeout", "overlap"):
            _positive(self, name)
        if self.schema_age is not None:
            _positive(self, "schema_age")
        for name, least in (("retry_count", 0), ("page_size", 1), ("pool_size", 1), ("max_body", 1)):
            _whole(self, name, least)
        for name, least in (
            ("concurrency", 1),
            ("hourly_limit", 1),
            ("daily_limit", 1),
            ("retry_budget", 0),
        ):
            if getattr(self, name) is not None:
                _whole(self, name, least)
        if self.deadline is not None:
            _positive(self, "deadline")
        self.rate  # noqa: B018  # validates burst_size
        for name in CREDENTIALS:
            _credential(self, name)
        for name in ("headers", "custom_params"):
            _mapping(self, name)
        for name in ("profile", "scope"):
            if getattr(self, name) is not None:
                _text(self, name)
        _callback(self)
        _trust(self)
        _flag(self, "allow_http")
        self._settle_auth_type()

    def _settle_auth_type(self) -> None:
        given = {name for name in CREDENTIALS if getattr(self, name)}
        kind = self._type_of_mode() or ("oauth2" if self.asks_person else _auth_type(given))
        if kind not in get_args(AuthType):
            raise _refused(self, "auth_type", f"one of {', '.join(get_args(AuthType))}")
        object.__setattr__(self, "auth_type", kind)
        if self.asks_person:
            return
        ways = NEEDED[kind]
        if not any(given.issuperset(way) for way in ways):
            wanted = ", or ".join(" and ".join(way) for way in ways)
            raise ConfigurationError(
                f"{self.name} has no complete credentials for auth_type={kind!r}: give {wanted}"
                " (auth_type='none' for a service that asks for none)",
                field=ways[0][0],
                connector=self.name,
            )

    def _type_of_mode(self) -> AuthType | None:
        """The kind of authentication that is asked for; raises for a mode that makes no sense here."""
        mode = self.auth_mode
        if mode is None:
            return self.auth_type
        check_mode(self.name, mode)
        kind, needs = MODES[mode]
        for name in needs:
            if not getattr(self, name):
                what = f"{name}{APP}" if mode in BY_PERSON else name
                variable = f"SPYRO_{self.name}_{name}".upper()
                raise ConfigurationError(
                    f"auth_mode={mode!r} needs {what}: give it, or set {variable}",
                    field=name,
                    connector=self.name,
                )
        if kind and self.auth_type not in (None, kind):
            raise _refused(self, "auth_type", f"{kind!r} with auth_mode={mode!r}, or left out")
        return self.auth_type or kind

    @property
    def asks_person(self) -> bool:
        """Whether a person is to sign in: it is asked for, or there is nothing else to sign in with."""
        if self.auth_mode != "auto" or self.auth_type not in (None, "oauth2"):
            return self.auth_mode in BY_PERSON
        given = {name for name in CREDENTIALS if getattr(self, name)}
        return bool(self.client_id) and not any(_has_any(given, kind) for kind in NEEDED)

    @property
    def rate(self) -> RateLimitConfig:
        """The allowance of this configuration."""
        return RateLimitConfig(self.rate_limit, self.burst_size)

    def fingerprint(self, *settings: str, key: bytes = SALT) -> bytes:
        """Tell this account, asked with these settings, from others: equal for equals under the same `key`.

        It keeps the secrets in it: nobody without the key, by default one of this process, can try any out.
        """
        values = [getattr(self, name) for name in (*ACCOUNT, *settings)]
        parts = [sorted(it.items()) if isinstance(it, Mapping) else it for it in values]
        return blake2b(repr(revealed(parts)).encode(), key=key, digest_size=16).digest()

    def to_dict(self) -> dict[str, Any]:
        """Every setting but the secret ones; `from_dict` takes it back."""
        return {f.name: _shown(getattr(self, f.name)) for f in fields(self) if not f.metadata.get("secret")}

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any], **secrets: Any) -> Self:
        """A configuration from what `to_dict` gave, and the secrets which that left out."""
        settings, secrets = hidden(settings), hidden(secrets)
        given = {**settings, **secrets}
        known = {f.name: f for f in fields(cls)}
        for name in given:
            if name not in known:
                hint = did_you_mean(name, known)
                raise ConfigurationError(
                    f"there is no setting {name!r}" + (f" ({hint})" if hint else ""), field=name, hint=hint
                )
        missing = [
            n
            for n, f in known.items()
            if f.default is MISSING and f.default_factory is MISSING and n not in given
        ]
        if missing:
            raise ConfigurationError(f"the setting {missing[0]!r} is missing", field=missing[0])
        return cls(**given)


def check_mode(name: str, mode: Any, more: Sequence[str] = ()) -> None:
    """Raise unless there is such a way to sign in; `more`: those that the connector called `name` adds."""
    known = (*MODES, *more)
    if not isinstance(mode, str) or mode not in known:
        hint = did_you_mean(str(mode), known)
        raise ConfigurationError(
            f"auth_mode={mode!r} cannot be: it must be one of {', '.join(known)}"
            + (f" ({hint})" if hint else ""),
            field="auth_mode",
            hint=hint,
            connector=name,
        )


def _auth_type(given: set[str]) -> AuthType:
    """The first kind whose credentials are complete; `api_key` asks for its key where none is."""
    return next((kind for kind in NEEDED if _has_any(given, kind)), "api_key")


def _has_any(given: set[str], kind: AuthType) -> bool:
    """Whether credentials of that kind are complete."""
    return any(way and given.issuperset(way) for way in NEEDED[kind])


def _shown(value: Any) -> Any:
    """The value without what is called like a secret, however deep it lies."""
    if isinstance(value, Mapping):
        return {key: _shown(it) for key, it in value.items() if not SECRET_NAME.search(str(key))}
    return [_shown(it) for it in value] if isinstance(value, list | tuple) else value


def _refused(config: Any, name: str, allowed: str, came: str | None = None) -> ConfigurationError:
    """The error for a value; `came` is given where the value itself may be secret."""
    return ConfigurationError(
        f"{name}={repr(getattr(config, name)) if came is None else came} cannot be: it must be {allowed}",
        field=name,
        connector=getattr(config, "name", None),
    )


def _text(config: Any, name: str) -> None:
    value = getattr(config, name)
    if not isinstance(value, str) or not value.strip():
        raise _refused(config, name, "a text that is not empty")


def _positive(config: Any, name: str) -> None:
    value = getattr(config, name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise _refused(config, name, "a number over 0")


def _whole(config: Any, name: str, least: int) -> None:
    value = getattr(config, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise _refused(config, name, f"a whole number from {least}")


def _credential(config: ConnectorConfig, name: str) -> None:
    """Raise unless it is text, and one line of it where it is no key or password."""
    value = getattr(config, name)
    if value is None:
        return
    if not isinstance(value, str):
        raise _refused(config, name, "text", "***")
    if name not in ("private_key", "password") and not _is_line(value):
        raise _refused(config, name, "one line of text, without a line break at its end", "***")


def _mapping(config: ConnectorConfig, name: str) -> None:
    value = getattr(config, name)
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _refused(config, name, "a mapping of names to values", "***")
    for key, text in value.items() if name == "headers" else ():
        if not isinstance(text, str) or not _is_line(key + text):
            raise _refused(config, name, "a mapping of names to lines of text", f"{{{key!r}: ***}}")


def _trust(config: ConnectorConfig) -> None:
    if not isinstance(config.verify_ssl, bool | str | PathLike) or config.verify_ssl == "":
        raise _refused(config, "verify_ssl", "True, False or a file of certificates")


def _flag(config: Any, name: str) -> None:
    if not isinstance(getattr(config, name), bool):
        raise _refused(config, name, "True or False")


def _address(config: ConnectorConfig, name: str) -> None:
    """Raise unless the URL is absolute, holds no secret, and is https or loopback."""
    value = getattr(config, name)
    if value is None:
        return
    came = repr(UNSAFE.sub("***", value)) if isinstance(value, str) else UNSAFE.sub("***", repr(value))
    parts = _split(value)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise _refused(config, name, "an address such as 'https://acme.example'", came)
    if "@" in value:
        raise _refused(config, name, "without user and password: these are settings of their own", came)
    if parts.fragment or (parts.query and (name == "base_url" or SECRET_NAME.search(parts.query))):
        raise _refused(config, name, "without a query, in which a secret would be shown", came)
    if parts.scheme == "http" and not (is_loopback(parts.hostname) or config.allow_http):
        raise _refused(config, name, "https (allow_http=True sends credentials unprotected)")


def _callback(config: ConnectorConfig) -> None:
    """Raise unless a browser can be sent back to the address on this machine."""
    if config.redirect_uri is None:
        return
    parts = _split(config.redirect_uri)
    is_ours = parts is not None and parts.scheme == "http" and is_loopback(parts.hostname or "")
    if (
        parts is None
        or not is_ours
        or parts.port == 0
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        allowed = "an address on this machine, as it is registered: 'http://localhost:1717/OauthRedirect'"
        raise _refused(config, "redirect_uri", allowed)


def _split(address: Any) -> SplitResult | None:
    """The parts of a URL; None for what is none."""
    if not isinstance(address, str) or not _is_line(address) or re.search(r"\s", address):
        return None
    try:
        parts = SplitResult(*map(Secret, urlsplit(address)))
        parts.port  # noqa: B018  # raises for what is no port
    except ValueError:
        return None
    return parts


def _is_line(text: str) -> bool:
    return not re.search(r"[\x00-\x1f\x7f]", text)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_private(host: str) -> bool:
    """Whether `host` is this machine, or an address of a network that is not the internet."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost"
