"""References to environment variables: `${TOKEN}`, or `${HOST:-localhost}` with a default."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, TypeAlias

from ...entity import Entity
from ...errors import ConfigurationError
from ...forms import SHORTEST
from ...secret import SECRET_NAME as CALLED_SECRET
from ...secret import Secret, Unseen

REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_]\w*)(?::-(?P<default>[^}]*))?\}")
"""`$${` stands for `${` itself."""
HALF = re.compile("[\ud800-\udfff]")
UNFINISHED = re.compile(r"(?<!\$)\$\{")

SECRETS = frozenset({"access_token", "api_key", "client_secret", "password", "private_key", "token", "value"})
"""The keys of `auth` whose values are secret."""
SECRET_NAME = re.compile(
    r"(^|[-_])(api[-_]?key|authorization|cookie|credentials?|jwt|pass(word)?|pwd|secret|signature|token)$",
    re.IGNORECASE,
)
"""Names of headers, parameters and fields of a body that hold secrets."""
SENT = frozenset({"headers", "params", "json", "body"})
"""The keys under which such names stand."""
LATER = ("params", "json", "body")
"""Keys whose texts keep their references until a request is made: what is shown has no secret."""

Place: TypeAlias = tuple[str | int, ...]
"""The keys that lead to a value of a declaration."""


def where(place: Place) -> str:
    """The place as a person writes it.

    >>> where(("resources", 0, "endpoint", "path"))
    'resources[0].endpoint.path'
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")


def plain(value: Any, place: Place = ()) -> Any:
    """The value in JSON's types; `ConfigurationError` for what no file could hold, such as a function."""
    if isinstance(value, Mapping):
        return {_key(key, place): plain(it, (*place, str(key))) for key, it in value.items()}
    if isinstance(value, list | tuple):
        return [plain(it, (*place, number)) for number, it in enumerate(value)]
    if isinstance(value, datetime | date | time):  # YAML and TOML read these by themselves
        return value.isoformat()
    if isinstance(value, str):
        return _whole(value, place)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise ConfigurationError(
        f"{where(place)} is a {type(value).__name__}, an object of Python: a declaration holds texts,"
        " numbers, lists and mappings" + _instead(value),
        field=where(place),
    )


def is_secret(place: Place) -> bool:
    """Whether what stands there must not be shown, nor be written into a file."""
    names = [step for step in place if isinstance(step, str)]
    *above, last = names or [""]
    return ("auth" in above and last in SECRETS) or (
        not SENT.isdisjoint(above) and SECRET_NAME.search(last) is not None
    )


def check_no_secrets(document: Any) -> None:
    """Raise `ConfigurationError` for a secret that is written into a file."""
    for place, text in _texts(document):
        names = [it for it in REFERENCE.finditer(text) if it["name"]]
        if not text or not is_secret(place) or (names and not any(it["default"] for it in names)):
            continue
        raise ConfigurationError(
            f"{where(place)} is a secret, and a file is no place for one: write"
            f" '${{{_variable(place)}}}' there, and set that variable in the environment",
            field=where(place),
        )


class Hidden:
    """Values that are never shown: what the variables of a declaration stand for."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment, self._values = Unseen(environment), dict[str, str]()

    def __repr__(self) -> str:
        return f"<{len(self._values)} hidden values>"

    def resolved(self, document: Any) -> Any:
        """The document with the values of its variables, but for those places whose turn comes `LATER`.

        Raises `ConfigurationError` for a variable that is not set, or a reference that is not finished.
        """
        return _mapped(self._of_place, document)

    def filled(self, value: Any) -> Any:
        """A JSON value with the values of the variables that were found to be there."""
        return _mapped(self._filled, value)

    @property
    def secrets(self) -> list[str]:
        """The values of those variables that are called like a secret."""
        called = (text for name, text in self._values.items() if CALLED_SECRET.search(name))
        return [text for text in called if len(text) >= SHORTEST]

    def are_in(self, text: str) -> bool:
        """Whether one of these stands in a text."""
        return any(it in text for it in self.secrets)

    def shown(self, value: Any) -> Any:
        """The value, as a secret where it is a text with one of these in it."""
        return Secret(value) if isinstance(value, str) and self.are_in(value) else value

    def hiding(self, entity: Entity) -> Entity:
        """The entity with a path that no repr shows, where one of these stands in it."""
        return replace(entity, path=Secret(entity.path)) if self.are_in(entity.path) else entity

    def _filled(self, place: Place, text: str) -> str:
        return Secret(REFERENCE.sub(self._known, text)) if REFERENCE.search(text) else text

    def _of_place(self, place: Place, text: str) -> str:
        def found(reference: re.Match[str]) -> str:
            return self._found(reference, place)

        filled = Secret(REFERENCE.sub(found, text))
        if UNFINISHED.search(REFERENCE.sub("", text)):
            raise ConfigurationError(
                f"{where(place)} has a '${{' that is no reference: write '${{NAME}}', '${{NAME:-default}}',"
                " or '$${' for the two characters themselves",
                field=where(place),
            )
        return text if set(LATER) & {*place[:-1]} else str(filled)

    def _found(self, reference: re.Match[str], place: Place) -> str:
        name, default = reference["name"], reference["default"]
        if name is None:
            return "${"
        value = self._environment.get(name) or default
        if value is None:
            raise ConfigurationError(
                f"{where(place)} asks for the environment variable {name}, which is not set", field=name
            )
        self._values[reference[0]] = Secret(value)
        return value

    def _known(self, reference: re.Match[str]) -> str:
        return str(self._values[reference[0]]) if reference["name"] else "${"


def _mapped(change: Callable[[Place, str], str], value: Any, place: Place = ()) -> Any:
    if isinstance(value, str):
        return change(place, value)
    if isinstance(value, Mapping):
        return {key: _mapped(change, it, (*place, key)) for key, it in value.items()}
    if isinstance(value, list):
        return [_mapped(change, it, (*place, number)) for number, it in enumerate(value)]
    return value


def _texts(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    pairs = (
        value.items() if isinstance(value, Mapping) else enumerate(value if isinstance(value, list) else ())
    )
    for step, it in pairs:
        yield from _texts(it, (*place, step))


def _key(key: Any, place: Place) -> str:
    if isinstance(key, str):
        return _whole(key, place)
    at = where(place) or "the declaration"
    raise ConfigurationError(
        f"{at} has the key {key!r}, which is no text: write it in quotes (YAML takes a bare yes, no, on, off"
        " and numbers for something else)",
        field=where(place),
    )


def _whole(text: str, place: Place) -> str:
    if HALF.search(text):
        at = where(place) or "the declaration"
        raise ConfigurationError(f"{at} holds half a character (a lone surrogate)", field=where(place))
    return text


def _instead(value: Any) -> str:
    """What to write instead of an object of dlt's."""
    if not type(value).__module__.startswith("dlt."):
        return ""
    return ": write dlt's paginators, authentication and incremental as mappings with a type"


def _variable(place: Place) -> str:
    """A name that would do for the variable."""
    steps = [re.sub(r"\W", "_", str(step)).upper() for step in place if step not in ("client", "endpoint")]
    return "_".join(steps[-2:])
