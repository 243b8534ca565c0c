"""Colors that read on light and on dark pages."""

import pytest

from spyro_sdk.notebook.theme import GROUNDS, LINES

PAGES = {"light": "#ffffff", "dark": "#111111"}


def luminance(color):
    """WCAG 2.2's relative luminance."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tone", LINES)
@pytest.mark.parametrize("page", PAGES)
def test_lines_stand_out_from_either_page(tone, page):
    assert contrast(LINES[tone], PAGES[page]) >= 3


@pytest.mark.parametrize("tone", GROUNDS)
def test_white_text_reads_on_every_ground(tone):
    assert contrast("#ffffff", GROUNDS[tone]) >= 4.5
