"""The parts of a card."""

import re

import pytest

from spyro_sdk.notebook.card import (
    Card,
    aside,
    bar,
    button,
    code,
    details,
    facts,
    line,
    link,
    muted,
    pill,
    strong,
    table,
)
from spyro_sdk.notebook.charts import BARS, POINTS, histogram, image, sparkline
from spyro_sdk.notebook.theme import GROUNDS, LINES

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
REMOVED = ("<style", "<svg", "<script", "var(--", "class=", " role=", "aria-", "onerror=alert(1)>")
"""What JupyterLab takes out of a notebook that it does not trust."""


def test_a_card_has_a_title_and_what_is_given_beside_it():
    html = Card("Customer", "good", "3 s", "done", [line("all of it")]).to_html()
    assert re.sub(r"<[^>]*>", "|", html).replace("|", " ").split() == [
        "Customer",
        "3",
        "s",
        "done",
        "all",
        "of",
        "it",
    ]
    assert LINES["good"] in html
    assert GROUNDS["good"] in html


def test_a_plain_card_has_nothing_beside_its_title():
    html = Card("Customer").to_html()
    assert re.sub(r"<[^>]*>", "", html) == "Customer"


def everything(text):
    return Card(
        text,
        aside=text,
        badge=text,
        body=[
            line(text, muted(text), strong(text)),
            code(text),
            pill(text),
            facts({text: text}),
            table([text], [[text]], caption=text),
            details(text, text),
            link("https://example.com/" + text, text),
            button("https://example.com/" + text, text),
            aside(text, picture=sparkline([1, 2], alt=text)),
            histogram([1, 2], alt=text),
        ],
    ).to_html()


def test_whatever_is_said_is_escaped():
    html = everything(HOSTILE)
    assert not [it for it in REMOVED if it in html]
    assert html.count("&lt;script&gt;") == everything("§§").count("§§")


def test_a_bar_stays_within_its_track():
    assert "width:0%" in str(bar(-1))
    assert "width:50%" in str(bar(0.5, "bad"))
    assert "width:100%" in str(bar(7))


def test_numbers_stand_at_the_right():
    html = str(table(["name", "rows"], [["Customer", "5"]], right=[1]))
    assert html.count("text-align:right") == 2
    assert html.count("text-align:left") == 2
    assert "<caption" not in html


def test_the_lines_of_a_table_end_where_it_is_said():
    ends = [str(table(["name"], [["Customer"]], wrap=wrap)) for wrap in ("anywhere", "words", "never")]
    assert ["overflow-wrap:normal" in html for html in ends] == [False, True, False]
    assert ["white-space:nowrap" in html for html in ends] == [False, False, True]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", ""])
def test_a_link_leads_to_the_web_or_nowhere(address):
    assert str(link(address, "here")) == "<span>here</span>"
    assert str(button(address, "here")) == "<span>here</span>"


def test_a_link_opens_a_page_of_its_own():
    html = str(link("https://example.com/?a=1&b=2", "here"))
    assert 'href="https://example.com/?a=1&amp;b=2"' in html
    assert 'target="_blank"' in html
    assert 'rel="noopener noreferrer"' in html


def drawing(picture):
    from base64 import b64decode

    return b64decode(re.search(r"base64,([^\"]+)", str(picture))[1]).decode()


def test_a_picture_says_in_words_what_it_shows():
    html = str(image("<path/>", "three & four", 10, 20))
    assert 'alt="three &amp; four"' in html
    assert 'viewBox="0 0 10 20"' in drawing(html)


def test_a_curve_is_drawn_through_its_values_under_the_limit():
    svg = drawing(sparkline([0, 5, 10], alt="", limit=20, width=100, height=30))
    assert svg.count("<path") == 2
    assert "stroke-dasharray" in svg
    assert "L0 30L50 23.3L100 16.6L" in svg


def test_a_curve_of_nothing_is_empty():
    assert "<path" not in drawing(sparkline([], alt="nothing yet"))


def test_a_long_curve_keeps_its_peaks():
    values = [0.0] * 1000
    values[777] = 9.0
    svg = drawing(sparkline(values, alt=""))
    assert svg.count("L") <= POINTS + 3
    assert len(svg) < 2000
    assert svg != drawing(sparkline([0.0] * 1000, alt=""))


def test_a_count_of_one_is_seen_beside_a_million():
    svg = drawing(histogram([1_000_000, 0, 1], alt="", width=90, height=20))
    assert "M0 20V0M2 20V19" in svg


def test_a_histogram_has_few_bars():
    assert drawing(histogram(list(range(1, 1001)), alt="")).count("M") == BARS
    assert drawing(histogram([], alt="")).count("M") == 0
