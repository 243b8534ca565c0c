import io

import pytest

from spyro_sdk.events import Connected, FetchFinished, FetchStarted, PageArrived, Retried
from spyro_sdk.observers.progress import ProgressLine


@pytest.fixture
def screen():
    return io.StringIO()


@pytest.fixture
def line(screen):
    return ProgressLine(screen)


def started(entity="Customer"):
    return FetchStarted("acme", entity)


def finished(entity="Customer"):
    return FetchFinished("acme", entity, 5, 0.1, None)


def test_a_fetch_draws_what_has_come(line, screen):
    for event in (started(), PageArrived("acme", "Customer", 1500, 3000), finished()):
        line(event)
    last = screen.getvalue().rstrip().rpartition("\r")[2]
    assert last.startswith("Customer:  50%")
    assert "1.50k/3.00k" in last
    assert "records" in last


def test_a_service_that_tells_no_total_is_counted(line, screen):
    for event in (started(), PageArrived("acme", "Customer", 1500, None), finished()):
        line(event)
    assert "1.50k records" in screen.getvalue().rstrip().rpartition("\r")[2]


def test_a_wait_is_explained_on_every_line(line, screen):
    for event in (started(), started("User"), Retried("acme", 1, 2.5, "acme answered 503")):
        line(event)
    assert screen.getvalue().count("acme answered 503; again in 2.5 s") == 2
    line(finished())
    line(finished("User"))


def test_a_finished_line_is_not_touched_again(line, screen):
    for event in (started(), finished()):
        line(event)
    drawn = screen.getvalue()
    assert drawn.endswith("\n")
    for event in (PageArrived("acme", "Customer", 5, None), Retried("acme", 1, 1.0, "x"), finished()):
        line(event)
    assert screen.getvalue() == drawn


def test_an_entity_fetched_twice_at_once_leaves_no_line_open(line, screen):
    for event in (started(), started(), finished(), finished()):
        line(event)
    drawn = screen.getvalue()
    line(Retried("acme", 1, 1.0, "x"))
    assert screen.getvalue() == drawn
    assert drawn.count("\n") == 2


def test_what_is_no_part_of_a_fetch_draws_nothing(line, screen):
    line(Connected("acme"))
    assert screen.getvalue() == ""


def test_a_line_is_drawn_on_standard_error(capsys):
    line = ProgressLine()
    line(started())
    line(finished())
    captured = capsys.readouterr()
    assert "Customer" in captured.err
    assert captured.out == ""
