"""How Salesforce numbers its records: 15 case-sensitive characters, then a checksum of three."""

from __future__ import annotations

import re

DIGITS = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # in binary order, so ids sort by age
)
CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
POD = "gL"  # the instance on which a record was born
PAIRS = [a + b for a in DIGITS for b in DIGITS]
SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")


def checksum(fifteen: str) -> str:
    """Tell which of the 15 characters are capitals, five in each of three characters."""
    return "".join(_capitals(fifteen[i : i + 5]) for i in (0, 5, 10))


def _capitals(five: str) -> str:
    return CHECKSUM[sum(1 << i for i, letter in enumerate(five) if "A" <= letter <= "Z")]


def to_18(value: str) -> str | None:
    """Complete a 15-character id (or correct an 18-character one's checksum); None if it is no id."""
    return value[:15] + checksum(value[:15]) if SHAPE.fullmatch(value) else None


def make_ids(prefix: str, numbers: list[int]) -> list[str]:
    """Name each number below 62^5; a greater number gives a binary-greater id."""
    head = prefix + POD + "00000"
    mark = checksum(head + "0" * 5)[:2]
    fives = [DIGITS[n // 14776336] + PAIRS[n // 3844 % 3844] + PAIRS[n % 3844] for n in numbers]
    return [head + five + mark + CHECKSUM[_bits(five)] for five in fives]


def make_id(prefix: str, number: int) -> str:
    """Name one number."""
    return make_ids(prefix, [number])[0]


def _bits(five: str) -> int:
    # unrolled: it runs once for every id and every reference of the data
    a, b, c, d, e = five[0], five[1], five[2], five[3], five[4]
    low = ("A" <= a <= "Z") | ("A" <= b <= "Z") << 1 | ("A" <= c <= "Z") << 2
    return low | ("A" <= d <= "Z") << 3 | ("A" <= e <= "Z") << 4
