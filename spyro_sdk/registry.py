"""Find a connector by its name."""

from __future__ import annotations

import inspect
import os
from importlib.metadata import EntryPoint
from typing import Any

from . import warm
from .connector import BaseConnector
from .connectors import OURS, installed
from .errors import ConfigurationError, UnknownConnectorError, did_you_mean, some

DECLARATIONS = (".yaml", ".yml", ".toml", ".json")
"""How the names of files end that declare a service."""


def is_declaration(name: object) -> bool:
    """Whether it is a path, or a text that looks like one of a declaration."""
    return isinstance(name, os.PathLike) or (isinstance(name, str) and name.lower().endswith(DECLARATIONS))


def find(name: str | os.PathLike[str]) -> type[BaseConnector]:
    """The connector called `name`, or declared in the file of that path.

    Raises `UnknownConnectorError` with the nearest name where there is none, `ConfigurationError` where a
    declaration cannot be read.
    """
    if is_declaration(name):
        from .connectors.declared import Declared

        return Declared.of(name)
    name = str(name)
    points = OURS if name in OURS else installed()
    if name in points:
        return _loaded(points[name])
    hint = did_you_mean(name, points)
    raise UnknownConnectorError(
        f"there is no connector {name!r}; installed are {some(points)}" + (f" ({hint})" if hint else ""),
        field="name",
        hint=hint,
    )


def kind_of(name: Any) -> type[BaseConnector]:
    """The class of a connector, which may be given by its name."""
    if isinstance(name, str) or is_declaration(name):
        return find(name)
    if isinstance(name, BaseConnector):
        raise ConfigurationError(
            f"{name!r} is made already: give its class, {type(name).__name__}", field="name"
        )
    if not isinstance(name, type):
        raise UnknownConnectorError(f"there is no connector {name!r}: give its name or class", field="name")
    if not issubclass(name, BaseConnector):
        raise ConfigurationError(
            f"{name.__name__} is no connector: give a name, or a class made of BaseConnector", field="name"
        )
    return name


def _loaded(point: EntryPoint) -> type[BaseConnector]:
    """The class behind an entry point; somebody else's mistakes there become a `ConfigurationError`."""
    try:
        with warm.undisturbed():
            found = point.load()
    except Exception as error:  # a package may fail in any way while it is imported
        raise ConfigurationError(
            f"the connector {point.name!r} ({point.value}) cannot be loaded: {error!r}"
        ) from error
    if not (inspect.isclass(found) and issubclass(found, BaseConnector)):
        raise ConfigurationError(f"the connector {point.name!r} ({point.value}) is no BaseConnector")
    return found
