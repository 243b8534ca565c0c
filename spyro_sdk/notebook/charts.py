"""Small pictures: images that any page shows, with a text for who does not see them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Final

import htpy as h

from .theme import LINES, Tone

POINTS: Final = 60  # of a curve; more are drawn together, the highest of each few
BARS: Final = 20  # of a histogram


def image(drawing: str, alt: str, width: int, height: int, *, box: str = "") -> h.VoidElement:
    """An SVG drawing of our own making, such as `<path d="…"/>`, as an image.

    `box`: left, top, width and height of what is drawn, where that is to be stretched over the image.
    """
    view = f'"{box}" preserveAspectRatio="none"' if box else f'"0 0 {width} {height}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox={view}>{drawing}</svg>'
    source = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    return h.img(src=source, alt=alt, title=alt, width=width, height=height, style="vertical-align:middle")


def sparkline(
    values: Sequence[float],
    *,
    alt: str,
    limit: float | None = None,
    tone: Tone = "plain",
    width: int = 180,  # pixels
    height: int = 36,  # pixels
) -> h.VoidElement:
    """A curve from left to right, from 0 at its foot; `limit` is a dashed line across."""
    points = _thinned(values, POINTS)
    top = max([*points, limit or 0.0, 1e-9]) * 1.08
    step = width / max(len(points) - 1, 1)

    def level(value: float) -> str:
        return f"{height - value / top * (height - 1):.3g}"

    drawn = ""
    if points:  # from beyond the left edge to beyond the right one, so that only what is between is seen
        curve = "L".join(f"{i * step:.4g} {level(value)}" for i, value in enumerate(points))
        color = LINES[tone]
        drawn = (
            f'<path d="M-3 {height + 3}L-3 {level(points[0])}L{curve}L{width + 3} {level(points[-1])}'
            f'V{height + 3}" fill="{color}" fill-opacity=".2" stroke="{color}" stroke-width="1.5"/>'
        )
    if limit is not None:
        drawn += f'<path d="M0 {level(limit)}H{width}" stroke="{LINES["bad"]}" stroke-dasharray="4 3"/>'
    return image(drawn, alt, width, height)


def histogram(
    counts: Sequence[float],
    *,
    alt: str,
    tone: Tone = "plain",
    width: int = 90,  # pixels
    height: int = 20,  # pixels
) -> h.VoidElement:
    """Bars side by side, as high as their counts; what is not nothing is seen. As few bytes as it takes."""
    bars = _thinned(counts, BARS)
    top = max([*bars, 1e-9])
    drawn = "".join(
        f"M{place} {height}V{min(height - round(count / top * height), height - 1)}"
        for place, count in enumerate(bars)
        if count > 0
    )
    path = f'<path stroke="{LINES[tone]}" stroke-width=".8" d="{drawn}"/>'
    return image(path, alt, width, height, box=f"-.5 0 {max(len(bars), 1)} {height}")


def _thinned(values: Sequence[float], most: int) -> list[float]:
    """At most so many values: of each few the highest."""
    few = -(-len(values) // most) or 1
    return [max(values[i : i + few]) for i in range(0, len(values), few)]
