import inspect
import logging
import pickle
from dataclasses import FrozenInstanceError

import pytest

from spyro_sdk import events
from spyro_sdk.events import Connected, Event, Retried, tell

KINDS = [
    kind
    for _, kind in inspect.getmembers(events, inspect.isclass)
    if issubclass(kind, Event) and kind.__module__ == events.__name__
]


def test_every_observer_hears_of_it_in_turn():
    heard = []
    event = Connected("acme")
    tell([lambda e: heard.append(("first", e)), lambda e: heard.append(("second", e))], event)
    assert heard == [("first", event), ("second", event)]


def test_an_observer_that_fails_is_logged_and_the_next_is_told(caplog):
    heard = []

    def broken(event):
        raise ZeroDivisionError("mine")

    with caplog.at_level(logging.ERROR, "spyro_sdk.events"):
        tell([broken, heard.append], Retried("acme", 1, 0.5, "hush-hush"))
    assert len(heard) == 1
    (record,) = caplog.records
    assert "broken" in record.getMessage()
    assert "failed on Retried" in record.getMessage()
    assert record.exc_info[0] is ZeroDivisionError
    assert "hush-hush" not in caplog.text


def test_a_key_stroke_is_not_taken_for_a_failure():
    def stopped(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tell([stopped], Connected("acme"))


def test_nobody_needs_to_listen():
    tell([], Connected("acme"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_fact_stays_as_it_is(kind):
    values = range(len(inspect.signature(kind).parameters))
    fact = kind(*values)
    assert fact == kind(*values)
    assert hash(fact) == hash(kind(*values))
    assert pickle.loads(pickle.dumps(fact)) == fact
    with pytest.raises(FrozenInstanceError):
        fact.connector = "other"
    assert next(iter(inspect.signature(kind).parameters)) == "connector"
