"""What stands around the records of a page is told from the records, without reading these."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..errors import DecodeError
from ..paging import dig
from . import compiled, fast
from .exact import parse
from .fast import MARK

AROUND = 1 << 16
"""Bytes before the records, and behind them, that are looked at; a page with more is read in one piece."""
MOST_TRIES = 8  # places at which the records may begin and end

PLACEHOLDER = f'["{MARK}"]'.encode()

AT_ROOT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?=\[)")
EMPTY = re.compile(rb"\[\s*\]")
OF_OBJECTS = re.compile(rb"\[\s*\{")
THEN_KEY = re.compile(rb'\](?:\s*\})*\s*,\s*"')
OBJECTS_THEN_KEY = re.compile(rb"\}\s*" + THEN_KEY.pattern)


def split(text: bytes, path: str) -> tuple[Any, memoryview] | None:
    """Split a body into the JSON around its records, in which their list is empty, and the text of that list.

    None where the body has no list of objects at `path`, or where it cannot be told apart. Of a body that is
    valid JSON the text is the list, from its first byte to its last. Where the text is not, the body is no
    JSON either, or the list holds something else than objects: who reads the records notices both.
    """
    for start, end in islice(_cuts(text, path), MOST_TRIES):
        around = _around(text[:start], text[end:], path)
        if around is not None and _is_whole(text, start, end):
            dig(around, path).clear()
            return around, memoryview(text)[start:end]
    return None


def before(start: bytes, path: str) -> dict[str, Any]:
    """What the beginning of a body says in front of its records; {} where nothing can be told."""
    *outer, name = path.split(".")
    for place in islice(_starts(start, path), MOST_TRIES):
        around = _around(start[:place], b"}" * len([*outer, name]), path)
        if isinstance(around, dict):
            del dig(around, ".".join(outer))[name]
            return around
    return {}


def _around(head: bytes, tail: bytes, path: str) -> Any:
    """What is read of a body with the placeholder for its records; None where these are not at `path`.

    No answer holds the mark. So when the placeholder turns up at `path`, what stood in its place began there
    as well: up to that byte both texts are the same. A second list of the same name is noticed, since no
    list equals the placeholder.
    """
    try:
        around = parse(head + PLACEHOLDER + tail)
    except DecodeError:
        return None
    return around if dig(around, path) == [MARK] else None


def _cuts(text: bytes, path: str) -> Iterator[tuple[int, int]]:
    """Where the records may begin and end, the likeliest first."""
    for start in _starts(text, path):
        if empty := EMPTY.match(text, start):
            yield start, empty.end()
        elif OF_OBJECTS.match(text, start):
            yield from ((start, end) for end in _ends(text, start))


def _starts(text: bytes, path: str) -> Iterator[int]:
    """Each bracket that opens what may be the list at `path`."""
    if not path:
        root = AT_ROOT.match(text)
        return iter([root.end()] if root else [])
    key = json.dumps(path.rpartition(".")[2], ensure_ascii=False).encode()
    places = re.compile(re.escape(key) + rb"\s*:\s*(?=\[)").finditer(text, 0, AROUND)
    return (place.end() for place in places)


def _ends(text: bytes, start: int) -> Iterator[int]:
    """Behind the last bracket; then, from the end, behind those that have another key after them."""
    lowest = max(start, len(text) - AROUND)
    at = text.rfind(b"]", lowest)
    if at >= 0:
        yield at + 1
    while (at := text.rfind(b"]", lowest, max(at, 0))) >= 0:
        if THEN_KEY.match(text, at):
            yield at + 1


def _is_whole(text: bytes, start: int, end: int) -> bool:
    """Whether what begins as a list of objects ends as that list, and not as a later one.

    Between the two a key would come, in the object that holds the first or in one around it: behind the brace
    and bracket that end the first stand other braces at most, and a comma. Where that is nowhere, nothing has
    to be read.
    """
    if text.find(b"]", start, end - 1) < 0 or not OBJECTS_THEN_KEY.search(text, start, end):
        return True
    records = memoryview(text)[start:end]
    return fast.is_list(records, compiled.read) or fast.is_list(records)
