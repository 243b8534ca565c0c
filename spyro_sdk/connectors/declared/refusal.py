"""A declaration that makes no sense, told in the words of who wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError, did_you_mean
from .references import Place, is_secret, where

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

MOST = 3  # further problems that are told beside the first
LONGEST = 60  # characters of a value that is shown

TAG = re.compile(r"<(\w+)>|\[key\]")
"""What stands in an error's place for the kind of a mapping, or for its key, and is no key itself."""

WANTED: Mapping[str, str] = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "string_pattern_mismatch": "a name of letters, digits and underscores",
}
"""What should have come, for each kind of error."""

NOT_HERE: Mapping[str, str] = {
    "convert": "since is written as format says: iso, date, seconds or milliseconds",
    "data": "bodies are JSON: write them under json",
    "lag": "give the fetch an earlier since",
    "last_value_func": "since is a moment, and the latest counts",
    "on_cursor_value_missing": "with since, a record whose cursor is null is left out",
    "processing_steps": "filter and choose in the fetch: where=, columns=",
    "session": "connections are made by the settings of connect",
}
"""Keys of dlt's that have no counterpart, and what there is instead."""


def refused(error: ValidationError, document: Any) -> ConfigurationError:
    """The error for the first problem, with the places of a few more."""
    details = error.errors(include_url=False)
    first, *others = (_told(it, document) for it in details)
    place, words, hint = first
    more = "".join(f"; also: {said}" for _, said, _ in others[:MOST])
    more += f"; and {len(others) - MOST} more" if len(others) > MOST else ""
    return ConfigurationError(f"{words}{more}", field=place, hint=hint)


def _told(detail: ErrorDetails, document: Any) -> tuple[str, str, str | None]:
    """Where the problem is, what it is, and what may have been meant."""
    place: Place = tuple(
        step for step in detail["loc"] if not (isinstance(step, str) and TAG.fullmatch(step))
    )
    context: Mapping[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "unknown_key":
            return _unknown(place, context["key"], context["known"])
        case "missing":
            return where(place), f"{where(place)} is missing", None
        case "union_tag_invalid":
            return _mistyped(place, context, document)
        case "union_tag_not_found":
            return _worded(place, document, "a name, or a mapping with type")
        case "literal_error":
            allowed = re.findall(r"'([^']*)'", context["expected"]) or [context["expected"]]
            return _worded(place, document, _one_of(allowed), allowed)
        case "value_error":
            return _worded(place, document, str(context["error"]))
        case kind:
            return _worded(place, document, WANTED.get(kind, detail["msg"]).format(**context))


def _unknown(place: Place, key: str, known: Sequence[str]) -> tuple[str, str, str | None]:
    hint = did_you_mean(key, known)
    at = where((*place, key))
    if key in NOT_HERE and not hint:
        return at, f"{at} has no counterpart here: {NOT_HERE[key]}", None
    listed = ", ".join(name for name in known if not name.startswith("$"))
    return at, f"{at} is no key of a declaration; there are {listed}" + _aside(hint), hint


def _mistyped(place: Place, context: Mapping[str, Any], document: Any) -> tuple[str, str, str | None]:
    allowed = [it for it in TAG.findall(context["expected_tags"]) if it not in ("name", "value")]
    if context["tag"] == "<None>":
        return where((*place, "type")), f"{where((*place, 'type'))} is missing: {_one_of(allowed)}", None
    return _worded((*place, "type"), document, _one_of(allowed), allowed)


def _worded(
    place: Place, document: Any, wanted: str, allowed: Sequence[str] = ()
) -> tuple[str, str, str | None]:
    came = _at(document, place)
    hint = did_you_mean(came, allowed) if isinstance(came, str) else None
    shown = "***" if is_secret(place) or (place[-1:] == ("auth",) and came) else _short(came)
    return where(place), f"{where(place)}={shown} cannot be: it must be {wanted}" + _aside(hint), hint


def _aside(hint: str | None) -> str:
    return f" ({hint})" if hint else ""


def _one_of(names: Sequence[str]) -> str:
    return f"one of {', '.join(names)}" if len(names) > 1 else names[0]


def _at(document: Any, place: Place) -> Any:
    for step in place:
        document = document[step]
    return document


def _short(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'}"
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
