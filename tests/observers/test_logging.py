import logging

import pytest

from spyro_sdk.events import (
    Attempted,
    CircuitChanged,
    Connected,
    FetchCutShort,
    FetchFinished,
    PageArrived,
    PageSizeShrunk,
    PagingRepaired,
    Retried,
    RetryRefused,
    RoadTaken,
    SchemaChanged,
    TokenNotKept,
    TokenRenewed,
    TotalChanged,
)
from spyro_sdk.observers.logging import Log, words

LEVELS = [
    (Retried("acme", 1, 0.5, "it broke"), logging.WARNING),
    (CircuitChanged("acme", "open"), logging.WARNING),
    (SchemaChanged("acme", "Customer", "size", "int64", "double"), logging.WARNING),
    (TokenNotKept("acme", "the disk is full"), logging.WARNING),
    (TokenRenewed("acme"), logging.INFO),
    (PagingRepaired("acme", "Customer", "2 records were added"), logging.WARNING),
    (TotalChanged("acme", "Customer", 1000, 1002), logging.WARNING),
    (RetryRefused("acme", "it broke"), logging.WARNING),
    (FetchCutShort("acme", "Customer", 9, "1 of 10 records did not come: it broke"), logging.WARNING),
    (PageSizeShrunk("acme", "Customer", 1000, 100), logging.INFO),
    (RoadTaken("acme", "Customer", "bulk", "it is quicker"), logging.INFO),
    (FetchFinished("acme", "Customer", 5, 0.1, None), logging.INFO),
    (Connected("acme"), logging.DEBUG),
    (Attempted("acme", 0.1, None), logging.DEBUG),
    (PageArrived("acme", "Customer", 5, None), logging.DEBUG),
]


SENTENCES = [
    "acme: attempt 1 failed, again in 0.5 s: it broke",
    "acme: the circuit breaker is open",
    "acme: Customer.size is double, announced was int64",
    "acme: the new access token serves this process alone, it could not be kept: the disk is full",
    "acme: a new access token was given to us",
    "acme: Customer changed while it was read: 2 records were added",
    (
        "acme: Customer had 1,000 to 1,002 records while it was read; whether the service's cursor keeps its"
        " place meanwhile is not known"
    ),
    "acme: a call failed for good: it broke",
    "acme: Customer is incomplete: 1 of 10 records did not come: it broke",
    "acme: Customer comes 100 records at a time; 1,000 were refused",
    "acme: Customer is fetched by bulk: it is quicker",
    "acme: Customer is complete (5 records, 0.1 s)",
]


@pytest.mark.parametrize(("event", "level"), LEVELS)
def test_an_event_is_a_record_of_its_level(caplog, event, level):
    with caplog.at_level(logging.DEBUG, "spyro_sdk"):
        Log()(event)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("spyro_sdk", level)
    assert record.getMessage() == words(event)
    assert record.event is event


def test_what_people_read_is_a_sentence():
    assert [words(event) for event, level in LEVELS if level > logging.DEBUG] == SENTENCES
    failed = FetchFinished("acme", "Customer", 5, 0.1, "no answer")
    assert words(failed) == "acme: Customer failed: no answer (5 records, 0.1 s)"
    assert words(Connected("acme")) == repr(Connected("acme"))


def test_what_nobody_wants_to_read_is_not_written(caplog):
    with caplog.at_level(logging.WARNING, "spyro_sdk"):
        for event, _ in LEVELS:
            Log()(event)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 8


def test_any_logger_will_do(caplog):
    with caplog.at_level(logging.DEBUG, "mine"):
        Log(logging.getLogger("mine"))(Connected("acme"))
    assert [record.name for record in caplog.records] == ["mine"]
