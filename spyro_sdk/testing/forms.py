"""The secrets of a configuration, and the forms in which one may be written."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import quote, quote_plus

from ..config import SECRET_NAME, ConnectorConfig

LINE = 24  # characters; shorter lines of a key in PEM form are not secret by themselves
URL_SAFE = str.maketrans("+/", "-_")


def secrets_of(config: ConnectorConfig) -> dict[str, str]:
    """The secret texts of a configuration, by the name of their setting."""
    settings = {f.name: getattr(config, f.name) for f in fields(config) if f.metadata.get("secret")}
    found = {name: text for name, text in settings.items() if text}
    for name in ("headers", "custom_params"):
        found |= dict(_named(name, getattr(config, name)))
    return found


def forms(secret: str) -> set[str]:
    """A secret as it may stand in a text: plain, encoded for a URL, JSON, HTML or base64, and that twice."""
    plain = {secret, secret.strip(), "".join(secret.split())}
    plain |= {part for part in secret.splitlines() if len(part) >= LINE}
    once = {form for text in plain for form in _encoded(text)}
    return plain | once | {form for text in once for form in _encoded(text)}


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


def _encoded(text: str) -> Iterator[str]:
    given = text.encode(errors="surrogatepass")
    for quoted in (quote(given), quote(given, safe=""), quote_plus(given)):
        yield quoted
        yield re.sub("%..", lambda code: code[0].lower(), quoted)
    for is_ascii in (True, False):
        written = json.dumps(text, ensure_ascii=is_ascii)[1:-1]
        yield written
        yield written.replace("/", "\\/")
    yield html.escape(text)
    for encoded in _base64(given):
        yield encoded
        yield encoded.translate(URL_SAFE)


def _base64(text: bytes) -> Iterator[str]:
    """Base64 of a text, and what is of it alone in the base64 of more: after 0, 1 or 2 bytes over."""
    yield b64encode(text).decode()
    for over in range(3):
        first, last = (0, 2, 3)[over], (over + len(text)) * 8 // 6
        yield b64encode(bytes(over) + text).decode()[first:last]
