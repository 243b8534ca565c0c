"""Texts that are used, and never shown."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any, NoReturn, Self

SECRET_NAME = re.compile(
    r"auth|bearer|cookie|credential|jwt|key|pass|pwd|secret|session|signature|token", re.IGNORECASE
)
"""Names of headers and parameters whose values are never shown."""
HARMLESS = re.compile(r"^auth$|_(type|mode|url|uri|name)$", re.IGNORECASE)
"""Names that look like a secret's, and are none: `auth` itself is a mapping, or the name of a way."""
ADDRESS = re.compile(r"(^|_)ur[li]$", re.IGNORECASE)
"""Names of addresses, which are hidden where they may hold a password or a token."""
DECLARED = ("entities", "resources", "resource_defaults")
"""Below these, only what is sent may be a secret: all else is names that somebody chose."""
SENT = frozenset({"auth", "body", "headers", "json", "params"})
OF_AUTH = ("value",)
"""Names that are a secret's below `auth`."""


class Secret(str):
    """A text whose repr is `'***'`, as in a traceback that shows locals; what it is added to is one as well.

    To print or format it shows it: that is asked for. It is not pickled, and so is nothing that holds one.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __add__(self, other: str) -> Secret:
        return Secret(str.__add__(self, other))

    def __radd__(self, other: str) -> Secret:
        return Secret(other.__add__(self))

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> SecretBytes:
        return SecretBytes(str.encode(self, encoding, errors))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(REFUSED)


class SecretBytes(bytes):
    """What a `Secret` is sent as."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'***'"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(REFUSED)


REFUSED = (
    "a secret is not pickled, and so is no configuration or token that holds one: send what to_dict gives,"
    " and let the other process get the secret by itself"
)


class Unseen(Mapping[str, str]):
    """A mapping, such as the environment, of which a repr shows how much there is and nothing else."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<{len(self)} values>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(REFUSED)


def hide(owner: object, *names: str) -> None:
    """Make the texts of these attributes secrets, also of a frozen dataclass."""
    for name in names:
        if isinstance(value := getattr(owner, name), str):
            object.__setattr__(owner, name, Secret(value))
        elif isinstance(value, Mapping):
            object.__setattr__(owner, name, all_hidden(value))


def hidden(value: Mapping[str, Any], known: Container[str] | None = None) -> dict[str, Any]:
    """The mapping with those texts as secrets that are called like one, however deep; all of `headers`.

    So are those whose names are not `known`: they may be a secret's, spelled wrong.
    """
    texts = value if known is None else {name: _spelled(name, it, known) for name, it in value.items()}
    return {name: _hidden(it, (str(name),)) for name, it in texts.items()}


def all_hidden(value: Mapping[str, str]) -> dict[str, str]:
    """The mapping with all its texts as secrets."""
    return {name: Secret(text) if isinstance(text, str) else text for name, text in value.items()}


def secrets_in(value: Any) -> Iterator[str]:
    """The secrets in a value, however deep, as plain texts."""
    if isinstance(value, Mapping):
        for it in value.values():
            yield from secrets_in(it)
    elif isinstance(value, list | tuple):
        for it in value:
            yield from secrets_in(it)
    elif isinstance(value, Secret):
        yield str(value)


def revealed(value: Any) -> Any:
    """The value with its secrets as plain texts, for a hash to tell them apart."""
    if isinstance(value, Mapping):
        return {revealed(name): revealed(it) for name, it in value.items()}
    if isinstance(value, list | tuple):
        return [revealed(it) for it in value]
    return str(value) if isinstance(value, Secret) else value


def _spelled(name: str, value: Any, known: Container[str]) -> Any:
    return value if name in known or not isinstance(value, str) else Secret(value)


def _hidden(value: Any, place: tuple[str, ...]) -> Any:
    if isinstance(value, Mapping):
        return {name: _hidden(it, (*place, str(name))) for name, it in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_hidden(it, place) for it in value) if type(value) in (list, tuple) else value
    if not isinstance(value, str) or isinstance(value, Secret):
        return value
    return Secret(value) if _is_called_secret(place) or _is_unsafe(place[-1], value) else value


def _is_unsafe(name: str, text: str) -> bool:
    """Whether it is an address with a user in it, or with a query in which may be a secret."""
    if not ADDRESS.search(name):
        return False
    query = re.search(r"[?#].*", text, re.DOTALL)
    return "@" in text or (query is not None and (name == "base_url" or bool(SECRET_NAME.search(query[0]))))


def _is_called_secret(place: tuple[str, ...]) -> bool:
    *above, name = place
    if above[:1] and above[0] in DECLARED and SENT.isdisjoint(above):
        return False
    if "headers" in above or ("auth" in above and name in OF_AUTH):
        return True
    return SECRET_NAME.search(name) is not None and not HARMLESS.search(name)
