"""Words that people are shown: numbers, and what others say."""

from __future__ import annotations

import re
from typing import Final

SIZES: Final = ("kB", "MB", "GB", "TB")
UNDER: Final = 1000  # of one unit, before the next is taken
UNSEEN: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What steers a terminal, turns a text around, or is no character; neither the tab nor the newline."""


def plain(text: str) -> str:
    r"""The text with what would steer whatever shows it written out.

    >>> plain("no\x1b[2J such file")
    'no\\x1b[2J such file'
    """
    return UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    """The text without line breaks, so that it cannot begin a line that another would be taken for."""
    return " ".join(text.split())


def counted(number: int, what: str) -> str:
    """`1 record`, `48,210 records`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def size(number: float) -> str:
    """Bytes as people read them: `512 bytes`, `19.9 MB`, in powers of ten."""
    if number < UNDER:
        return counted(int(number), "byte")
    place, number = 0, number / UNDER
    while number >= 999.95 and place < len(SIZES) - 1:  # which would be written as 1,000.0
        place, number = place + 1, number / UNDER
    return f"{number:,.1f} {SIZES[place]}"


def lasting(seconds: float) -> str:
    """`40 ms`, `1.4 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 0.9995:
        return f"{max(seconds, 0) * 1e3:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours:,} h {rest} min" if rest else f"{hours:,} h"


def percent(share: float) -> str:
    """A share from 0 to 1: `12 %`, `0.4 %`; never `0 %` for some, nor `100 %` for less than all."""
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if share < 0.01:
        return f"{share * 100:.1f} %" if share >= 0.001 else "< 0.1 %"
    if share >= 0.995:
        return "> 99 %"
    return f"{share * 100:.0f} %"


def legible(text: str, most: int) -> str:
    """A text of anybody's in one line of at most `most` characters; what cannot be seen of it is `�`.

    So no control character moves the cursor, and no mark turns the direction in which a line is read. White
    space of every kind is a space.
    """
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(it if it.isprintable() else " " if it.isspace() else "�" for it in cut)
