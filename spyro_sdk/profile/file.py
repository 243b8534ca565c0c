"""The file of profiles, `connections.toml`, and the profile that a connection takes from it.

https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from ..config import ConnectorConfig
from ..errors import ConfigurationError, did_you_mean, some
from ..private import System
from ..secret import SECRET_NAME, SecretBytes, Unseen, hidden
from .place import Place
from .reference import Reference, mending, mode_of, read, reference

FILE = "connections.toml"
FOLDER = "SPYRO_CONFIG_FOLDER"
CHOSEN = "SPYRO_PROFILE"
CONNECTOR = "connector"
"""The key that says what a profile is for; without it what the profile is called."""

FIELDS = {it.name: it for it in fields(ConnectorConfig) if it.name not in ("name", "profile")}
SECRETS = frozenset(name for name, it in FIELDS.items() if it.metadata.get("secret"))
MAPPINGS = ("headers", "custom_params")


@dataclass(frozen=True)
class Profiled:
    """The profile that a connection takes."""

    name: str
    at: Place
    settings: Mapping[str, Any] = field(repr=False)
    """Values as they stand in the file, and a `Reference` for each that is kept elsewhere."""
    is_named: bool = True
    """Whether it was asked for; else it is there because it is called like the connector."""


@dataclass(frozen=True)
class Contents:
    """What the file says, and who could read it."""

    path: Path
    tables: Mapping[str, Any] = field(repr=False)
    mode: int | None
    """None where files have no mode that says who may read them."""


def path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the file is: in the folder for the user's configuration, or in `SPYRO_CONFIG_FOLDER`."""
    environment = Unseen(environment)
    if named := environment.get(FOLDER, "").strip():
        folder = Path(named).expanduser()
        if not folder.is_absolute():
            raise ConfigurationError(
                f"{FOLDER}={named!r} cannot be: it must be a folder's whole path", field=FOLDER
            )
        return folder / FILE
    from platformdirs import user_config_path

    return user_config_path("spyro", appauthor=False) / FILE


def contents(where: Path, system: System | None = None) -> Contents | None:
    """The file, read; None where there is none."""
    system = system or System()
    try:
        mode = where.stat().st_mode if system.uid else None
    except OSError:
        if not os.path.lexists(where):
            return None
        mode = None  # reading says why
    return Contents(where, _parsed(read(where, Place(where), system, is_secret=False), where), mode)


def found(
    connector: str,
    known: Collection[str],
    wish: Any,
    environment: Mapping[str, str],
    system: System | None = None,
) -> Profiled | None:
    """The profile for a connector, checked; None where none is asked for, and none is called like it.

    `known`: the settings of the connector; `wish`: what is asked for as `profile`, "" for none at all.
    """
    if not isinstance(wish, str | None):
        raise ConfigurationError(
            f"profile is a {type(wish).__name__}: give the name of a profile", field="profile"
        )
    name = environment.get(CHOSEN) if wish is None else wish
    if name == "":
        return None
    file = contents(path(environment), system)
    if name is None and (file is None or connector not in file.tables):
        return None
    return _profile(file or Contents(path(environment), {}, None), name, connector, known)


def _profile(file: Contents, name: str | None, connector: str, known: Collection[str]) -> Profiled:
    called = name or connector
    at = Place(file.path, called)
    if called not in file.tables:
        raise _unknown(file, called)
    table = table_of(file, called)
    meant = table.get(CONNECTOR, called)
    if meant != connector:
        raise _for_another(at, meant, connector)
    settings = {key: _value(key, table[key], at, known) for key in table if key != CONNECTOR}
    if file.mode is not None and file.mode & 0o077:
        for key, value in settings.items():
            if is_plain_secret(key, value):
                raise _readable(file, Place(file.path, called, key))
    return Profiled(called, at, settings, name is not None)


def table_of(file: Contents, name: str) -> Mapping[str, Any]:
    """What stands under a name, which must be a table."""
    table = file.tables[name]
    if not isinstance(table, Mapping):
        raise Place(file.path, key=name).refused(f"it stands outside of every profile: begin with [{name}]")
    return table


def is_plain_secret(key: str, value: Any) -> bool:
    """Whether a secret stands there itself."""
    if isinstance(value, Reference):
        return False
    if isinstance(value, Mapping):
        return any(is_plain_secret(name, it) for name, it in value.items())
    if key in FIELDS:
        return key in SECRETS
    return isinstance(value, str) and bool(SECRET_NAME.search(key))


def _value(key: str, value: Any, at: Place, known: Collection[str]) -> Any:
    """A setting as it can be used; raises where it is none, or of another type."""
    at = Place(at.file, at.profile, key)
    if key not in known or key in ("name", "profile"):
        hint = did_you_mean(key, [*known, CONNECTOR])
        raise at.refused("there is no such setting", hint)
    if key in MAPPINGS:
        return _mapping(key, value, at)
    if isinstance(value, Mapping):
        return reference(value, at)
    if wanted := _wanted(key, value):
        raise at.refused(f"it must be {wanted}, and is {_kind(value)}")
    return value


def _mapping(key: str, value: Any, at: Place) -> dict[str, Any]:
    """A table of settings; headers may be kept elsewhere, each of them."""
    if not isinstance(value, Mapping):
        raise at.refused(f"it must be a table, and is {_kind(value)}")
    if key != "headers":
        return dict(value)
    found = {}
    for name, text in value.items():
        place = Place(at.file, at.profile, f"{key}.{name}")
        found[name] = reference(text, place) or text
        if not isinstance(found[name], str | Reference):
            raise place.refused(f"it must be text, and is {_kind(text)}")
    return found


def _wanted(key: str, value: Any) -> str:
    """What a setting must be, where the value is something else; a connector's own options are its matter."""
    if key not in FIELDS:
        return ""
    wanted, is_right = _TYPES.get(get_type_hints(ConnectorConfig)[key], _TYPES[str])
    return "" if is_right(value) else wanted


_TYPES: Mapping[Any, tuple[str, Callable[[Any], bool]]] = {
    str: ("text", lambda it: isinstance(it, str)),
    bool: ("true or false", lambda it: isinstance(it, bool)),
    bool | str: ("true, false or text", lambda it: isinstance(it, bool | str)),
    int: ("a whole number", lambda it: type(it) is int),
    int | None: ("a whole number", lambda it: type(it) is int),
    float: ("a number", lambda it: type(it) in (int, float)),
}
"""For the type of a field what it must be, in words and as a test."""


def _kind(value: Any) -> str:
    """What a value of TOML is called."""
    kinds = {bool: "true or false", str: "text", int: "a number", float: "a number", list: "a list"}
    return "a table" if isinstance(value, Mapping) else kinds.get(type(value), "a date or time")


def _parsed(text: bytes, where: Path) -> Mapping[str, Any]:
    """The tables of a file; the error says where it goes wrong, and nothing of what stands there."""
    import tomllib  # for whoever has such a file

    text = SecretBytes(text)
    try:
        return hidden(tomllib.loads(text.decode("utf-8-sig")))
    except UnicodeDecodeError:
        why = "it is no UTF-8 text"
    except tomllib.TOMLDecodeError as error:
        why = f"it is no TOML: {error}"
    except (ValueError, RecursionError):
        why = "it is no TOML"
    raise Place(where).refused(why)


def _unknown(file: Contents, name: str) -> ConfigurationError:
    names = [it for it, table in file.tables.items() if isinstance(table, Mapping)]
    there = f"there are {some(names)}" if names else "there is none"
    return Place(file.path).refused(f"there is no profile {name!r}; {there}", did_you_mean(name, names))


def _for_another(at: Place, meant: Any, connector: str) -> ConfigurationError:
    if not isinstance(meant, str):
        return Place(at.file, at.profile, CONNECTOR).refused(f"it must be text, and is {_kind(meant)}")
    variable = f"SPYRO_{connector}_PROFILE".upper()
    return Place(at.file, at.profile, CONNECTOR).refused(
        f"the profile is for {meant}, and not for {connector}: name another as profile=… or {variable},"
        f' or say connector = "{connector}" there'
    )


def _readable(file: Contents, at: Place) -> ConfigurationError:
    return at.refused(
        f"the secret itself stands here, and others can read it {mode_of(file.mode or 0)}: name where it is"
        ' kept, such as { env = "A_VARIABLE" }, or make the file yours alone',
        mending(file.path),
    )
