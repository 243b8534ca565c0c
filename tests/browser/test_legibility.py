"""What is measured of a page is what a person sees; and the parts of a card are legible in both themes."""

from __future__ import annotations

import pytest

from .conftest import Open
from .legibility import CLEAR, contrast, cut_off, judged, over, painted, parsed, read
from .notebook import THEMES, paint

BLACK, WHITE = (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0, 1.0)
PARTS = """
from IPython.display import HTML, display
from spyro_sdk.notebook.card import *
from spyro_sdk.notebook.charts import histogram, sparkline
import htpy as h

def shown(tone):
    body = [
        line("Plain, ", strong("strong"), ", ", muted("muted"), " and ", code("sf.fetch('Customer')")),
        bar(0.4, tone),
        facts({"pages": "3 of 7", "asked": link("https://acme.example/", "acme.example")}),
        table(["column", "type"], [["id", muted("text")]] * 2, caption="Columns of Customer"),
        aside("Requests a second", picture=sparkline([1, 2, 3], limit=4, alt="from 1 to 3", tone=tone)),
        details("Folded away", line(muted("words that are found later"))),
        histogram([1, 5, 2], alt="three bars"),
    ]
    return Card(f"A {tone} card", tone, aside="beside it", badge=tone, body=body)

for tone in ("plain", "good", "waiting", "bad"):
    display(HTML(shown(tone).to_html()))
"""
BAD = """
from IPython.display import HTML
HTML('''<p style="color: #999">pale</p><div style="background: #000"><p style="color: #333">dark</p></div>
<p style="width: 40px; white-space: nowrap; overflow: hidden">much too long for its place</p>
<p style="opacity: .4">thin</p><p>good</p><p hidden style="color: #fff">not to be seen</p>''')
"""


def test_black_on_white_is_twenty_one_to_one() -> None:
    assert contrast(BLACK, WHITE) == contrast(WHITE, BLACK) == pytest.approx(21)
    assert contrast(WHITE, WHITE) == 1


def test_colors_are_read_as_a_browser_writes_them() -> None:
    assert parsed("rgb(255, 0, 51)") == (1.0, 0.0, 0.2, 1.0)
    assert parsed("rgba(0, 0, 0, 0.87)") == (0.0, 0.0, 0.0, 0.87)
    with pytest.raises(AssertionError, match="oklch"):
        parsed("oklch(0.5 0.1 20)")


def test_what_is_seen_through_is_mixed_with_what_lies_under_it() -> None:
    assert over(CLEAR, CLEAR) == CLEAR
    assert over((0, 0, 0, 0.5), WHITE) == (0.5, 0.5, 0.5, 1)
    assert painted(BLACK, [(CLEAR, 0.5), (WHITE, 1)]) == (0.5, 0.5, 0.5, 1)
    assert painted(CLEAR, [(BLACK, 0.25)]) == (0.75, 0.75, 0.75, 1)


def test_large_text_may_be_paler() -> None:
    text = {"text": "it", "color": "rgb(140, 140, 140)", "layers": [], "size": 18.0, "weight": 700}
    assert not judged(text).is_enough
    assert judged({**text, "size": 19.0}).is_enough
    assert judged({**text, "size": 24.0, "weight": 400}).is_enough


def test_what_cannot_be_read_is_found(notebook: Open) -> None:
    output = notebook(BAD).run()
    assert [it.text for it in read(output) if not it.is_enough] == ["pale", "dark", "thin"]
    assert "good" in [it.text for it in read(output)]
    assert "not to be seen" not in [it.text for it in read(output)]
    assert cut_off(output) == ["much too long for its place"]


def test_every_part_of_a_card_can_be_read(notebook: Open) -> None:
    output = (it := notebook(PARTS)).run()
    for theme in THEMES:
        paint(it.page, theme)
        texts = read(output)
        assert len(texts) > 60
        assert "words that are found later" in [each.text for each in texts]
        assert [each for each in texts if not each.is_enough] == []
        assert cut_off(output) == []
