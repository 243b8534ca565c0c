"""Colors and sizes that read on light and on dark pages.

A saved notebook keeps concrete inline styles alone, and no page says whether it is dark. So text has the
page's own color, in which it reads wherever it stands; what is muted lets the page shine through a little.
Colors of ours are for lines and bars, where 3:1 against white as well as against #111 is enough (WCAG 2.2,
1.4.11), and for badges, which bring their own ground: white on it is 4.5:1 and more (1.4.3).
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Tone: TypeAlias = Literal["plain", "good", "waiting", "bad"]

LINES: Final[dict[Tone, str]] = {
    "plain": "#3d82c4",
    "good": "#2c9560",
    "waiting": "#c07a12",
    "bad": "#d9534f",
}
"""Of the edge of a card, of bars and of curves."""
GROUNDS: Final[dict[Tone, str]] = {
    "plain": "#2b6cb0",
    "good": "#1b7a48",
    "waiting": "#995c00",
    "bad": "#b83530",
}
"""Under the white text of a badge."""

FAINT: Final = "rgba(128,128,128,.35)"
"""Of frames and of rules between rows."""
TRACK: Final = "rgba(128,128,128,.25)"
"""Under a bar, and under code."""
MUTED: Final = "opacity:.72"

WIDTH: Final = 760  # pixels; a card is no wider, and narrower where the page is
