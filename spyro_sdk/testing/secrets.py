"""The secrets of a configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from ..config import ConnectorConfig
from ..secret import SECRET_NAME


def secrets_of(config: ConnectorConfig) -> dict[str, str]:
    """The secret texts of a configuration, by the name of their setting."""
    settings = {f.name: getattr(config, f.name) for f in fields(config) if f.metadata.get("secret")}
    found = {name: text for name, text in settings.items() if text}
    for name in ("headers", "custom_params"):
        found |= dict(_named(name, getattr(config, name)))
    return found


def _named(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """The texts below `value` whose name, or one above it, is that of a secret."""
    if isinstance(value, Mapping):
        for name, it in value.items():
            yield from _named(f"{path}.{name}", it)
    elif isinstance(value, list | tuple):
        for place, it in enumerate(value):
            yield from _named(f"{path}.{place}", it)
    elif isinstance(value, str) and value and SECRET_NAME.search(path):
        yield path, value
