"""What is shown as a card, and as words where there is no notebook."""

import logging

import pytest

from spyro_sdk import shown


class Thing(shown.Shown):
    def __repr__(self):
        return "a thing"


class Drawing:
    """A wing that draws what it was told to."""

    def __init__(self, drawn):
        self.drawn = drawn

    def draw(self, thing):
        if isinstance(self.drawn, Exception):
            raise self.drawn
        return self.drawn

    def person(self):
        return None

    def progress(self):
        return None


@pytest.fixture
def plugged():
    before = shown.wing()
    yield shown.plug
    shown.plug(before)


def test_without_a_notebook_there_are_words(plugged):
    plugged(None)
    assert shown.wing() is None
    assert Thing()._repr_mimebundle_() == {"text/plain": "a thing"}


def test_a_wing_adds_its_drawing_to_the_words(plugged):
    wing = Drawing("<b>a thing</b>")
    plugged(wing)
    assert shown.wing() is wing
    assert Thing()._repr_mimebundle_() == {"text/plain": "a thing", "text/html": "<b>a thing</b>"}


def test_what_has_no_card_is_shown_in_words(plugged):
    plugged(Drawing(None))
    assert Thing()._repr_mimebundle_(include=None, exclude=None) == {"text/plain": "a thing"}


def test_a_card_that_cannot_be_drawn_leaves_the_words(plugged, caplog):
    plugged(Drawing(ZeroDivisionError()))
    with caplog.at_level(logging.ERROR):
        assert Thing()._repr_mimebundle_() == {"text/plain": "a thing"}
    assert "the card of a Thing cannot be drawn" in caplog.text
