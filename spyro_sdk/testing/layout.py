"""JSON that keeps each number as it was written, laid out so that a person can read its changes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

WIDTH = 110  # characters; what fits into a line stands on one


class Number(str):
    """A number as the text wrote it: `1.10` stays `1.10`, and no digit of a long one is lost."""

    __slots__ = ()


def parse(text: str) -> Any:
    """The value of a JSON text; `ValueError` for what is none, or says the same name twice in an object."""
    try:
        return json.loads(
            text,
            parse_float=Number,
            parse_int=Number,
            parse_constant=Number,
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise ValueError("nested too deep") from None


def line(value: Any) -> str:
    """The JSON text of a value on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{line(name)}: {line(it)}" for name, it in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(line, value)) + "]"
        case Number():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=not _has_utf8(value))


def lines(value: Any, indent: int = 0) -> str:
    """The JSON text of a value; what is too wide for a line is broken up into its parts."""
    whole = line(value)
    if indent + len(whole) <= WIDTH or not (isinstance(value, dict | list) and value):
        return whole
    if isinstance(value, dict):
        inner = (f"{line(name)}: {lines(it, indent + 2)}" for name, it in value.items())
        return _broken("{}", inner, indent)
    return _broken("[]", (lines(it, indent + 2) for it in value), indent)


def _broken(brackets: str, parts: Iterable[str], indent: int) -> str:
    pad = "\n" + " " * (indent + 2)
    return brackets[0] + pad + f",{pad}".join(parts) + "\n" + " " * indent + brackets[1]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a name comes twice")
    return named


def _has_utf8(value: Any) -> bool:
    """Whether a text can be written as UTF-8, which half a surrogate pair cannot."""
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return False
    return True
