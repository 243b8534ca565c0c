"""Ranges of keys that can be asked for side by side.

A cursor of Salesforce leads from page to page, so that a fetch takes as long as all its answers one after
the other. Keys are numbers to the base 62: between the first and the last of an object, ranges of about
a page each can be computed.
"""

from __future__ import annotations

from math import ceil

from .describe import long_id

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTH = 15  # characters of a key that count; three more are a checksum
FILL = 0.8
"""Share of a page that a range holds on average: keys lie unevenly, and more than a page costs two calls."""

SMALLEST = 200  # records in the smallest page that one can ask for
SPARE = 64
"""Ranges more than such pages would take, at the most: a page that lacks records says nothing of others."""


def ranges(first: str, last: str, records: int, page_size: int) -> list[tuple[str, str]]:
    """Cut the keys after `first` up to `last` into ranges of about a page: each after one key, up to another.

    `records`: how many there are in all. One range where the keys are not numbers, or all fit into a page.
    """
    low, high = _number(first), _number(last)
    parts = min(ceil(records / (page_size * FILL)), SPARE + ceil(records / (SMALLEST * FILL)))
    if low is None or high is None or records <= page_size or high - low < parts:
        return [(first, last)]
    bounds = [_key(low + (high - low) * part // parts) for part in range(1, parts)]
    return list(zip([first, *bounds], [*bounds, last], strict=True))


def _number(key: str) -> int | None:
    number = 0
    for digit in key[:LENGTH]:
        value = DIGITS.find(digit)
        if value < 0:
            return None
        number = number * len(DIGITS) + value
    return number if len(key) in (LENGTH, LENGTH + 3) else None


def _key(number: int) -> str:
    digits = []
    for _ in range(LENGTH):
        number, digit = divmod(number, len(DIGITS))
        digits.append(DIGITS[digit])
    return long_id("".join(reversed(digits)))
