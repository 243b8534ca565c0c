"""What a value is called where it has to be text: its JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from ..errors import DecodeError

JSON_KINDS = frozenset({type(None), bool, int, float, Decimal, str, list, dict})
"""The exact types that `json` makes; `Decimal` where it was asked for."""

NOT_ZERO = re.compile("[^eE]*[1-9]")


class Digits(float):
    """A float that remembers the digits it was sent as; everywhere but in a decimal an ordinary float."""

    __slots__ = ("exact",)

    exact: Decimal

    def __new__(cls, digits: str) -> Digits:
        """Read a number of JSON."""
        self = super().__new__(cls, digits)
        self.exact = decimal(digits)
        return self


def json_text(value: Any) -> str:
    """Write `value` as compact JSON, every number with all its digits.

    `json.dumps` cannot write a Decimal as a number.
    """
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(key)}:{json_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    if isinstance(value, Decimal):
        return str(value)
    if type(value) in JSON_KINDS:
        return json.dumps(value, ensure_ascii=False)
    return json_text(plain(value))


def cell_text(value: Any) -> str | None:
    """Write a cell of a text column: texts as they are, null as null, all else as JSON."""
    return value if value is None or type(value) is str else json_text(value)


def plain(value: Any) -> Any:
    """Turn what a vendor's own client yields into what JSON has; one level deep.

    Raises `DecodeError` for a value of which nobody can say what its text is.
    """
    if type(value) in JSON_KINDS:
        return value
    for kind, make in PLAIN:
        if isinstance(value, kind):
            return make(value)
    raise DecodeError(
        f"a record holds a {type(value).__name__}, which no table can hold: "
        "the connector must give numbers, texts, dates, lists or dicts"
    )


FARTHEST = 100_000  # digits between the point and the first of a number
PLAIN: tuple[tuple[Any, Any], ...] = (
    (str, str.__str__),
    (int, int),
    (float, float),
    (Decimal, Decimal),
    (Mapping, dict),
    (list | tuple, list),
    (datetime | date | time, lambda moment: moment.isoformat()),
    (UUID, str),
)


def double(number: str | Decimal) -> float:
    """The nearest float; raise `ValueError` where that is none: 1e400 is not infinity, 1e-400 not zero."""
    value = float(number)
    if not math.isfinite(value) or (not value and NOT_ZERO.match(str(number))):
        raise ValueError(f"{number} is beyond the range of a float")
    return value


def decimal(digits: str) -> Decimal:
    """The number with all its digits; raise `ValueError` where it is beyond all bounds, unless it is zero."""
    try:
        return _near(Decimal(digits))
    except InvalidOperation:
        if NOT_ZERO.match(digits):
            raise ValueError("a number is beyond all bounds") from None
        return Decimal(0)


def _near(number: Decimal) -> Decimal:
    """The number; `ValueError` for one that is too small: Arrow's decimals crash on some."""
    if number.is_finite() and number.adjusted() < -FARTHEST:
        if number:
            raise ValueError("a number is beyond all bounds")
        return Decimal(0)
    return number


def _quoted(key: Any) -> str:
    if not isinstance(key, str):
        raise DecodeError(f"a record holds the key {key!r}, which is not a text")
    return json.dumps(key, ensure_ascii=False)
