"""What is shown as a card, and as words where there is no notebook."""

import logging
import sys

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

    def tell(self, error):
        return [f"{error} happened"]

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


def test_an_error_is_told_by_the_wing_and_by_nobody_else(plugged):
    plugged(Drawing(None))
    assert shown.told(ValueError("rain"))() == ["rain happened"]
    plugged(None)
    with pytest.raises(AttributeError, match="no notebook"):
        shown.told(ValueError("rain"))


def test_somebody_elses_error_can_be_told_by_the_wing_too(plugged, monkeypatch):
    plugged(Drawing(None))
    error = KeyboardInterrupt("rain")
    shown.brief(error)
    monkeypatch.setattr(sys, "last_value", error, raising=False)
    assert error._render_traceback_() == ["rain happened"]


def test_without_a_notebook_somebody_elses_error_is_left_alone(plugged):
    plugged(None)
    error = KeyboardInterrupt()
    shown.brief(error)
    assert not hasattr(error, "_render_traceback_")
