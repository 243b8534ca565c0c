"""Whether text can be read as it is drawn: WCAG 2.2's contrast, and nothing cut off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from playwright.sync_api import Locator

Color: TypeAlias = tuple[float, float, float, float]
"""Red, green, blue and alpha, from 0 to 1; not multiplied with each other."""

CLEAR: Color = (0.0, 0.0, 0.0, 0.0)
PAPER: Color = (1.0, 1.0, 1.0, 1.0)
"""What a page without a color of its own is drawn on."""
LARGE, LARGE_BOLD = 24.0, 18.66  # pixels


class Read(NamedTuple):
    """How well a text stands out."""

    text: str
    contrast: float
    wanted: float

    @property
    def is_enough(self) -> bool:
        return self.contrast >= self.wanted


def read(place: Locator) -> list[Read]:
    """Each text in a place; what is folded away is unfolded first."""
    return [judged(it) for it in place.evaluate("it => window.legibility.texts(it)")]


def cut_off(place: Locator) -> list[str]:
    """The texts in a place of which something is cut off."""
    texts: list[str] = place.evaluate("it => window.legibility.cutOff(it)")
    return texts


def judged(it: Mapping[str, Any]) -> Read:
    layers = [(parsed(color), opacity) for color, opacity in it["layers"]]
    ink, ground = painted(parsed(it["color"]), layers), painted(CLEAR, layers)
    is_large = it["size"] >= (LARGE_BOLD if it["weight"] >= 700 else LARGE)
    return Read(it["text"], contrast(ink, ground), 3.0 if is_large else 4.5)


def parsed(color: str) -> Color:
    """What `getComputedStyle` gives: `rgb(0, 0, 0)` or `rgba(0, 0, 0, 0.87)`."""
    assert re.fullmatch(r"rgba?\([\d., ]+\)", color), color
    red, green, blue, *alpha = map(float, re.findall(r"[\d.]+", color))
    return (red / 255, green / 255, blue / 255, alpha[0] if alpha else 1.0)


def painted(color: Color, layers: Iterable[tuple[Color, float]]) -> Color:
    """A color with all that lies under it: of each layer its ground, and how opaque it is as a whole."""
    for ground, opacity in layers:
        red, green, blue, alpha = over(color, ground)
        color = (red, green, blue, alpha * opacity)
    return over(color, PAPER)


def over(upper: Color, lower: Color) -> Color:
    """One color on another."""
    alpha = upper[3] + lower[3] * (1 - upper[3])
    if not alpha:
        return CLEAR
    red, green, blue = (
        (above * upper[3] + below * lower[3] * (1 - upper[3])) / alpha
        for above, below in zip(upper[:3], lower[:3], strict=True)
    )
    return (red, green, blue, alpha)


def contrast(one: Color, other: Color) -> float:
    """From 1, which nobody can read, to 21 for black on white (WCAG 2.2, 1.4.3)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(color: Sequence[float]) -> float:
    """WCAG 2.2's relative luminance."""
    red, green, blue = (it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in color[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
