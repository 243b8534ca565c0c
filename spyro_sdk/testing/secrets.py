"""The secrets of a configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from ..config import ConnectorConfig
from ..secret import SECRET_NAME

HARMLESS = ("accept", "accept-encoding", "accept-language", "content-type", "user-agent")
"""Headers that are no secret."""
LONG = 12  # characters; a shorter text of a header that is called like no secret is none


def secrets_of(config: ConnectorConfig) -> dict[str, str]:
    """The secret texts of a configuration, by the name of their setting."""
    settings = {f.name: getattr(config, f.name) for f in fields(config) if f.metadata.get("secret")}
    found = {name: text for name, text in settings.items() if text}
    for name in ("headers", "custom_params"):
        found |= dict(_named(name, getattr(config, name)))
    return found | dict(_unnamed(config.headers))


def _unnamed(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The texts of headers that are called like no secret, and may be one all the same."""
    for name, text in headers.items():
        if len(text) >= LONG and name.lower() not in HARMLESS:
            yield f"headers.{name}", text


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
