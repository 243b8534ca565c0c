"""A line is read unseen, and the wait for it ends when it is not needed any more."""

from __future__ import annotations

import _thread
import contextlib
import os
import pty
import select
import termios
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from spyro_sdk.auth import unseen
from spyro_sdk.auth.unseen import interrupted, prompted, typed


class Terminal:
    """A real one; `keys` are pressed at its other end."""

    def __init__(self) -> None:
        self.end, self.stream = pty.openpty()

    @property
    def mode(self) -> Any:
        return termios.tcgetattr(self.stream)

    def press(self, keys: bytes) -> threading.Thread:
        """Press them once the terminal shows nothing any more, or has had ten seconds for it."""
        thread = threading.Thread(target=self._press, args=(keys,))
        thread.start()
        return thread

    def shown(self) -> bytes:
        return os.read(self.end, 4096) if select.select([self.end], [], [], 0.05)[0] else b""

    def _press(self, keys: bytes) -> None:
        until = time.monotonic() + 10
        while self.mode[3] & termios.ECHO and time.monotonic() < until:
            time.sleep(0.005)
        while keys:
            keys = keys[os.write(self.end, keys[:512]) :]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    it = Terminal()
    yield it
    for stream in (it.end, it.stream):
        with contextlib.suppress(OSError):
            os.close(stream)


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set by the test, or after a while: no test waits forever for a line that does not end."""
    it = threading.Event()
    timer = threading.Timer(20, it.set)
    timer.start()
    yield it
    timer.cancel()


def test_where_there_are_such_terminals_keys_can_be_read() -> None:
    assert unseen.HAS_KEYS


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (b"s3cret\n", "s3cret"),
        (b"s3cret\r", "s3cret"),
        (b"s3x\x7fcret\n", "s3cret"),
        (b"\x08\x7fx\n", "x"),
        (b"y\x08x\n", "x"),
        (bytes(range(0x20, 0x7F)) + b"\t\n", "".join(map(chr, range(0x20, 0x7F))) + "\t"),
        (b"rubbish\x15s3cret\n", "s3cret"),
        (b"half\x04", ""),
        ("über\n".encode(), "über"),
        (b"\xff\n", "\N{REPLACEMENT CHARACTER}"),
        (b"x" * 70_000 + b"\n", "x" * 65_536),
    ],
)
def test_a_line_is_read_key_by_key_and_never_shown(
    terminal: Terminal, over: threading.Event, keys: bytes, line: str
) -> None:
    before, thread = terminal.mode, terminal.press(keys)
    assert typed(terminal.stream, over) == line
    thread.join()
    assert terminal.mode == before
    assert terminal.shown() == b""


def test_the_wait_ends_when_it_is_over_and_what_was_typed_is_gone(
    terminal: Terminal, over: threading.Event
) -> None:
    before = terminal.mode

    def end() -> None:
        terminal.press(b"half").join()
        over.set()

    thread = threading.Thread(target=end)
    thread.start()
    assert typed(terminal.stream, over) is None
    thread.join()
    assert terminal.mode == before
    assert not select.select([terminal.stream], [], [], 0)[0]


def test_a_terminal_that_goes_away_ends_the_wait(terminal: Terminal, over: threading.Event) -> None:
    threading.Timer(0.1, os.close, [terminal.end]).start()
    with pytest.raises(EOFError):
        typed(terminal.stream, over)


def test_an_error_of_the_terminal_ends_the_wait_too(terminal: Terminal) -> None:
    """macOS and Linux differ in what they say of one that hung up."""
    os.close(terminal.stream)
    with pytest.raises(EOFError):
        unseen._read(terminal.stream)


def test_ctrl_c_interrupts_and_the_terminal_is_as_before(terminal: Terminal, over: threading.Event) -> None:
    before = terminal.mode
    timer = threading.Timer(0.1, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        typed(terminal.stream, over)
    assert terminal.mode == before


# -- a prompt that only an interrupt can end ----------------------------------------------------------


def wait_long() -> str:
    for _ in range(1000):
        threading.Event().wait(0.01)
    return "too late"


def quickest(turns: Iterable[Callable[[], object]]) -> float:
    """The seconds that the quickest of them takes: a busy machine may hold some of them up, hardly all."""
    taken = []
    for turn in turns:
        started = time.monotonic()
        turn()
        taken.append(time.monotonic() - started)
    return min(taken)


def test_an_answer_is_an_answer_at_once() -> None:
    def answered() -> None:
        assert interrupted(lambda: "s3cret", threading.Event()) == "s3cret"

    assert quickest([answered] * 5) < 1, "no interrupt is on its way"


def test_a_prompt_is_interrupted_when_it_is_over() -> None:
    def ended() -> None:
        over = threading.Event()
        threading.Timer(0.2, over.set).start()  # the bell has looked more than once
        assert interrupted(wait_long, over) is None

    assert quickest([ended] * 3) < 1.5, "the interrupt has come, and is not waited for"


def test_no_bell_is_left_of_a_prompt_that_was_answered() -> None:
    before, bells = set(threading.enumerate()), list[threading.Thread]()

    def ask() -> str:
        bells.extend(set(threading.enumerate()) - before)
        return "s3cret"

    assert interrupted(ask, threading.Event()) == "s3cret"
    (bell,) = bells
    assert (bell.name, bell.daemon) == ("spyro-bell", True)
    bell.join(10)
    assert not bell.is_alive()


def test_a_persons_own_interrupt_stays_one() -> None:
    threading.Timer(0.1, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        interrupted(wait_long, threading.Event())


def test_an_interrupt_that_comes_late_is_caught_here_and_not_by_the_caller() -> None:
    over, rung = threading.Event(), threading.Event()

    def answer_meanwhile() -> str:
        over.set()
        rung.wait(5)
        return "s3cret"

    def interrupt() -> None:
        rung.set()
        threading.Timer(0.2, _thread.interrupt_main).start()

    assert interrupted(answer_meanwhile, over, interrupt) is None


def test_an_interrupt_that_never_comes_is_not_waited_for_long() -> None:
    over, rung = threading.Event(), threading.Event()

    def answer_meanwhile() -> str:
        over.set()
        rung.wait(5)
        return "s3cret"

    started = time.monotonic()
    assert interrupted(answer_meanwhile, over, rung.set) == "s3cret"
    assert time.monotonic() - started < 20


def test_a_bell_that_is_silenced_rings_no_more() -> None:
    over = threading.Event()
    bell = unseen._Bell(over, lambda: pytest.fail("it rang"))
    bell.silence(has_come=False)
    over.set()
    bell.run()
    assert not bell.has_rung


def test_what_the_prompt_raises_is_raised() -> None:
    def broken() -> str:
        raise RuntimeError("no frontend")

    with pytest.raises(RuntimeError, match="no frontend"):
        interrupted(broken, threading.Event())


def test_another_thread_than_the_main_one_is_never_interrupted() -> None:
    answers: list[str | None] = []
    over = threading.Event()
    over.set()
    thread = threading.Thread(target=lambda: answers.append(interrupted(lambda: "x", over)))
    thread.start()
    thread.join()
    assert answers == ["x"]


def test_a_prompt_without_an_answer_gives_nothing() -> None:
    def ended(prompt: str) -> str:
        raise EOFError

    assert prompted("> ", ended) == ""
    assert prompted("> ", lambda prompt: prompt + "x") == "> x"
