"""Statistics that stay true while their output is there."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from spyro_sdk import shown
from spyro_sdk.all_stats import AllStats
from spyro_sdk.config import RateLimitConfig
from spyro_sdk.events import Attempted, Connected, Disconnected
from spyro_sdk.guards.limiter import RateLimiter
from spyro_sdk.notebook import NotebookWing
from spyro_sdk.notebook.live import BETWEEN, MOST, SHOWN, Bundle, Outputs, later, plug
from spyro_sdk.observers.stats import Stats
from spyro_sdk.rate_limit import RateLimit

CALL = Attempted("acme", 0.1, None)


class Kernel:
    _allow_stdin = True


class Shell:
    """As much of IPython's shell as is asked."""

    display_pub: Any

    def __init__(self) -> None:
        self.kernel: Any = Kernel()
        self.cell, self.run = "one", "1"

    def get_parent(self) -> dict[str, Any]:
        return {"header": {"msg_id": self.run}, "metadata": {"cellId": self.cell}}


class Handle:
    """An output, with all that it has shown."""

    def __init__(self) -> None:
        self.frames: list[Bundle] = []
        self.show: Callable[[Bundle], None] = self.frames.append


class Notebook:
    """A notebook with a clock of its own, in which what is due happens when the clock is moved."""

    def __init__(self) -> None:
        self.shell, self.now = Shell(), 100.0
        self.handles: list[Handle] = []
        self.places: dict[str, Handle] = {}
        self.shell.display_pub = self
        self.due: list[tuple[float, Callable[[], None]]] = []
        self.outputs = Outputs(self.shell, later=self.later, clock=lambda: self.now)

    def publish(self, data: Bundle, metadata: Bundle, transient: dict[str, str], update: bool) -> None:
        """What a kernel's shell publishes with."""
        assert metadata == {}
        place = transient["display_id"]
        assert update == (place in self.places)
        if not update:
            self.handles.append(self.places.setdefault(place, Handle()))
        self.places[place].show(data)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        self.due.append((self.now + seconds, act))

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while ready := [it for it in self.due if it[0] <= end]:
            first = min(ready, key=lambda it: it[0])
            self.due.remove(first)
            self.now = max(self.now, first[0])
            first[1]()
        self.now = end

    def show(self, thing: Any, cell: str = "one", run: str = "1") -> Handle:
        self.shell.cell, self.shell.run = cell, run
        self.outputs.show(thing)
        return self.handles[-1]


@pytest.fixture(autouse=True)
def _wing() -> Iterator[None]:
    before = shown.wing()
    shown.plug(NotebookWing())
    yield
    shown.plug(before)


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


def connected() -> Stats:
    stats = Stats(connector="acme")
    stats(Connected("acme"))
    return stats


def limit(stats: Stats) -> RateLimit:
    config = RateLimitConfig(600)
    return RateLimit(RateLimiter(config), config, stats)


def test_an_output_follows_the_events(notebook: Notebook) -> None:
    stats = connected()
    handle = notebook.show(stats)
    assert "0 requests" in handle.frames[0]["text/html"]
    stats(CALL)
    notebook.wait(BETWEEN)
    assert len(handle.frames) == 2
    assert "<b>1 request</b>" in handle.frames[-1]["text/html"]
    assert handle.frames[-1]["text/plain"] == repr(stats)


def test_it_is_drawn_twice_a_second_at_most_and_once_after_the_last_event(notebook: Notebook) -> None:
    stats = connected()
    handle = notebook.show(stats)
    for _ in range(1000):  # in ten seconds
        stats(CALL)
        notebook.wait(0.01)
    assert len(handle.frames) <= 1 + 10 / BETWEEN
    notebook.wait(60)
    assert "<b>1,000 requests</b>" in handle.frames[-1]["text/html"]
    assert len(handle.frames) <= 2 + 10 / BETWEEN
    assert notebook.due == []


def test_after_a_pause_it_is_drawn_at_once(notebook: Notebook) -> None:
    stats = connected()
    handle = notebook.show(stats)
    notebook.wait(60)
    stats(CALL)
    notebook.wait(0)
    assert len(handle.frames) == 2


def test_what_happens_while_it_is_drawn_is_drawn_again(notebook: Notebook) -> None:
    stats = connected()
    handle = notebook.show(stats)

    def during(bundle: Bundle) -> None:
        handle.frames.append(bundle)
        if stats.requests == 1:
            stats(CALL)

    handle.show = during
    stats(CALL)
    notebook.wait(60)
    assert "<b>2 requests</b>" in handle.frames[-1]["text/html"]


def test_the_last_frame_says_that_the_connection_is_closed(notebook: Notebook) -> None:
    stats = connected()
    handles = [notebook.show(stats), notebook.show(limit(stats))]
    stats(Disconnected("acme"))
    notebook.wait(0)
    for handle in handles:
        assert ">closed<" in handle.frames[-1]["text/html"]
    stats(CALL)
    notebook.wait(60)
    assert [len(it.frames) for it in handles] == [2, 2]


def test_a_connection_that_is_closed_while_it_is_drawn_is_said_to_be_closed(notebook: Notebook) -> None:
    stats = connected()
    handle = notebook.show(stats)

    def during(bundle: Bundle) -> None:
        handle.frames.append(bundle)
        if stats.is_connected:
            stats(Disconnected("acme"))

    handle.show = during
    stats(CALL)
    notebook.wait(60)
    assert ">closed<" in handle.frames[-1]["text/html"]
    assert stats._observers == ()


def test_a_rate_limit_follows_the_events_of_its_connection(notebook: Notebook) -> None:
    stats = connected()
    handle = notebook.show(limit(stats))  # nobody else holds it
    gc.collect()
    stats(CALL)
    notebook.wait(1)
    assert len(handle.frames) == 2
    assert "at once" in handle.frames[-1]["text/html"]


def test_all_connections_are_followed_while_any_may_come(notebook: Notebook) -> None:
    every = AllStats()
    handle = notebook.show(every)
    every._observers[0](Disconnected("acme"))
    notebook.wait(1)
    every._observers[0](Connected("acme"))
    notebook.wait(1)
    assert len(handle.frames) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda stats, shell: stats(Disconnected("acme")),
        lambda stats, shell: setattr(shell.kernel, "_allow_stdin", False),
        lambda stats, shell: setattr(shell, "kernel", object()),
    ],
)
def test_what_will_not_change_or_not_be_seen_is_left_to_ipython(
    notebook: Notebook, change: Callable[[Stats, Shell], object]
) -> None:
    stats = connected()
    change(stats, notebook.shell)
    with pytest.raises(NotImplementedError):
        notebook.outputs.show(stats)
    assert notebook.handles == []


def test_a_cell_that_runs_again_replaces_its_own_outputs(notebook: Notebook) -> None:
    stats = connected()
    first, second = notebook.show(stats), notebook.show(stats)  # two in one run
    other = notebook.show(stats, "another", "2")
    again = notebook.show(stats, "one", "3")
    stats(CALL)
    notebook.wait(1)
    assert [len(it.frames) for it in (first, second, other, again)] == [1, 1, 2, 2]


def test_only_the_newest_few_are_live(notebook: Notebook) -> None:
    stats = connected()
    handles = [notebook.show(stats) for _ in range(MOST + 3)]
    stats(CALL)
    notebook.wait(1)
    assert [len(it.frames) for it in handles] == [1] * 3 + [2] * MOST
    assert len(stats._observers) == MOST


def test_a_front_end_that_names_no_cell_is_served_too(notebook: Notebook) -> None:
    notebook.shell.get_parent = dict  # type: ignore[method-assign]
    stats = connected()
    notebook.outputs.show(stats)
    notebook.outputs.show(stats)
    stats(CALL)
    notebook.wait(1)
    assert [len(it.frames) for it in notebook.handles] == [2, 2]


def test_it_keeps_nothing_alive(notebook: Notebook) -> None:
    stats = connected()
    notebook.show(stats)
    gone = weakref.ref(stats)
    del stats
    gc.collect()
    assert gone() is None
    notebook.show(connected(), "another", "2")  # where the others were, nobody is


def test_who_is_gone_takes_nobodys_place(notebook: Notebook) -> None:
    stats = connected()
    handle = notebook.show(stats)
    for _ in range(2 * MOST):
        notebook.show(connected())
        gc.collect()
    stats(CALL)
    notebook.wait(1)
    assert len(handle.frames) == 2


def test_a_drawing_that_fails_ends_the_output_and_nothing_else(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    stats = connected()
    handle = notebook.show(stats)

    def fail(bundle: Bundle) -> None:
        raise RuntimeError("the kernel is ending")

    handle.show = fail
    stats(CALL)
    notebook.wait(1)
    stats(CALL)
    assert (stats.requests, stats._observers, notebook.due) == (2, (), [])
    assert capsys.readouterr() == ("", "")


def test_where_no_thread_can_be_had_the_output_stays_as_it_is(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    def none_left(seconds: float, act: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    stats = connected()
    Outputs(notebook.shell, later=none_left).show(stats)
    stats(CALL)
    assert (stats.requests, stats._observers) == (1, ())
    assert capsys.readouterr() == ("", "")


def test_an_output_that_was_let_go_is_not_drawn_by_what_was_due(notebook: Notebook) -> None:
    stats = connected()
    handle = notebook.show(stats, "one", "1")
    stats(CALL)
    notebook.show(stats, "one", "2")
    notebook.wait(1)
    assert len(handle.frames) == 1


def test_without_a_wing_the_words_are_shown(notebook: Notebook) -> None:
    shown.plug(None)
    stats = connected()
    assert notebook.show(stats).frames == [{"text/plain": repr(stats)}]


def test_what_is_done_later_is_done_in_another_thread() -> None:
    threads, done = [], threading.Event()

    def act() -> None:
        threads.append(threading.current_thread())
        done.set()

    later(0.01, act)
    assert done.wait(5)
    assert threads[0] is not threading.current_thread()
    assert threads[0].daemon


def test_a_shell_in_a_terminal_is_left_alone() -> None:
    plug(None)
    plug(object())


class Formatter:
    def __init__(self) -> None:
        self.registered: dict[tuple[str, str], Callable[[Any], None]] = {}

    def for_type_by_name(self, module: str, name: str, show: Callable[[Any], None]) -> None:
        self.registered[module, name] = show


def test_a_kernel_shows_all_three_live() -> None:
    from types import SimpleNamespace

    formatter = Formatter()
    plug(
        SimpleNamespace(
            kernel=Kernel(), display_formatter=SimpleNamespace(ipython_display_formatter=formatter)
        )
    )
    assert set(formatter.registered) == set(SHOWN)
    homes = {(kind.__module__, kind.__name__) for kind in (Stats, RateLimit, AllStats)}
    assert homes == set(SHOWN)


# -- in a kernel --------------------------------------------------------------------------------------


@contextmanager
def kernel() -> Iterator[Any]:
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def told(client: Any, code: str, *, stdin: bool = True, until: str = "idle") -> list[dict[str, Any]]:
    """The messages of a cell, up to the end of it and the first that holds certain words."""
    run = client.execute(code, allow_stdin=stdin)
    messages: list[dict[str, Any]] = []
    while not {"idle", until} <= seen(messages, run, until):
        messages.append(client.get_iopub_msg(timeout=60))
        assert messages[-1]["msg_type"] != "error", messages[-1]["content"]["traceback"]
    return messages


def seen(messages: list[dict[str, Any]], run: str, until: str) -> set[str]:
    ours = [it["content"] for it in messages if it["parent_header"].get("msg_id") == run]
    return {"idle" for it in ours if it.get("execution_state") == "idle"} | {
        until for it in messages if until in str(it["content"].get("data", ""))
    }


SETUP = """
import spyro_sdk as spyro
sf = spyro.connect("salesforce", demo={"records": 2000}, progress=False)
"""


@pytest.mark.parametrize("thing", ["sf.stats", "sf.rate_limit", "spyro.stats()"])
def test_a_cell_that_shows_statistics_is_drawn_anew_while_another_fetches(thing: str) -> None:
    with kernel() as client:
        told(client, SETUP)
        (first,) = (it for it in told(client, thing) if it["msg_type"] == "display_data")
        assert set(first["content"]["data"]) == {"text/plain", "text/html"}
        place = first["content"]["transient"]["display_id"]
        closed = told(client, 'n = sf["Customer"].to_arrow().num_rows; asked = sf.stats.requests')
        words = "2,000 records" if thing != "sf.rate_limit" else "requests</b> in the last minute"
        frames = [it["content"] for it in closed if it["msg_type"] == "update_display_data"]
        while not any(words in it["data"]["text/html"] for it in frames):
            frames += [it["content"] for it in [client.get_iopub_msg(timeout=60)] if "data" in it["content"]]
        assert {it["transient"]["display_id"] for it in frames} == {place}
        last = told(client, "sf.close()", until="closed" if thing != "spyro.stats()" else "No open")
        assert [it for it in last if it["msg_type"] == "stream"] == []


def test_a_notebook_that_runs_by_itself_shows_a_card_that_stays() -> None:
    with kernel() as client:
        told(client, SETUP, stdin=False)
        (card,) = (
            it["content"]
            for it in told(client, "sf.stats", stdin=False)
            if it["msg_type"] in ("display_data", "execute_result")
        )
        assert set(card["data"]) == {"text/plain", "text/html"}
        assert "display_id" not in card.get("transient", {})
        later = told(client, 'sf["Customer"].to_arrow(); sf.close()', stdin=False)
        assert {it["msg_type"] for it in later} & {"display_data", "update_display_data"} == set()
