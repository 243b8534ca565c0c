import asyncio
import inspect
import logging
import pickle
from dataclasses import FrozenInstanceError

import anyio.to_thread
import pytest

from spyro_sdk import blocking, events
from spyro_sdk.events import (
    Connected,
    Event,
    Retried,
    listening,
    new_number,
    of_call,
    of_fetch,
    pass_on,
    tell,
)

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
    taken = inspect.signature(kind).parameters.values()
    values = range(sum(it.kind is not it.KEYWORD_ONLY for it in taken))
    fact = kind(*values)
    assert fact == kind(*values)
    assert hash(fact) == hash(kind(*values))
    assert pickle.loads(pickle.dumps(fact)) == fact
    with pytest.raises(FrozenInstanceError):
        fact.connector = "other"
    assert next(iter(inspect.signature(kind).parameters)) == "connector"


# -- listening --------------------------------------------------------------------------------------------


def say(name):
    tell([], Connected(name))


def test_who_listens_hears_what_happens_inside_and_no_more():
    heard = []
    say("before")
    with listening(heard.append):
        say("inside")
    say("after")
    assert heard == [Connected("inside")]


def test_who_listens_within_hears_beside_those_who_do_already():
    heard = []
    with listening(lambda event: heard.append(("outer", event.connector))):
        with listening(lambda event: heard.append(("inner", event.connector))):
            say("both")
        say("one")
    assert heard == [("outer", "both"), ("inner", "both"), ("outer", "one")]


def test_what_is_passed_on_is_heard_once():
    heard = []
    with listening(heard.append):
        pass_on([lambda event: heard.append("passed on")], Connected("acme"))
        tell([lambda event: pass_on([], event)], Connected("acme"))
    assert heard == ["passed on", Connected("acme")]


def test_a_failure_inside_ends_the_listening():
    heard = []
    with pytest.raises(ZeroDivisionError), listening(heard.append):
        raise ZeroDivisionError
    say("after")
    assert heard == []


@pytest.mark.anyio
async def test_tasks_and_workers_begun_inside_are_heard():
    async def task():
        say("task")

    heard = []
    with listening(heard.append):
        await asyncio.gather(task(), anyio.to_thread.run_sync(say, "worker"))
        await asyncio.to_thread(say, "thread")
        asyncio.get_running_loop().call_soon(say, "soon")
        await asyncio.sleep(0)
    assert {event.connector for event in heard} == {"task", "worker", "thread", "soon"}


@pytest.mark.anyio
async def test_those_who_work_side_by_side_hear_their_own():
    async def work(name):
        heard = []
        with listening(heard.append):
            for _ in range(3):
                await asyncio.sleep(0)
                say(name)
        return [event.connector for event in heard]

    assert await asyncio.gather(work("a"), work("b")) == [["a"] * 3, ["b"] * 3]


def test_who_waits_for_the_loop_may_listen_to_what_it_does():
    async def work():
        say("on the loop")

    heard = []
    with listening(heard.append):
        blocking.run(work)
    blocking.run(work)
    assert heard == [Connected("on the loop")]


# -- what belongs together --------------------------------------------------------------------------------


def test_an_event_says_of_which_fetch_and_call_it_is_part():
    alone = Connected("acme")
    with of_fetch(7):
        whole = Connected("acme")
        with of_call():
            first = Connected("acme")
        with of_call():
            second = Connected("acme")
    assert [(it.fetch, it.call) for it in (alone, whole)] == [(None, None), (7, None)]
    assert first.fetch == second.fetch == 7
    assert None not in (first.call, second.call)
    assert first.call < second.call < new_number()
    assert (Connected("acme").fetch, Connected("acme").call) == (None, None)


def test_of_what_it_is_part_makes_no_other_event_of_it():
    with of_fetch(7):
        inside = Connected("acme")
    assert inside == Connected("acme")
    assert repr(inside) == repr(Connected("acme"))
    assert pickle.loads(pickle.dumps(inside)).fetch == 7
