"""Reads a line that nobody sees, until something else ends the wait."""

from __future__ import annotations

import _thread
import getpass
import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

if sys.platform != "win32":  # pragma: no branch
    import termios

HAS_KEYS = sys.platform != "win32"  # whether `typed` can read what is typed key by key

SLICE = 0.05  # seconds between two looks whether it is over
LONGEST = 1 << 16  # bytes of a line
CTRL_D = 0x04


def typed(stream: int, over: threading.Event) -> str | None:
    """The line typed at the terminal `stream`, without its end; None once `over` is set.

    The terminal's own line mode would cut an address off at 4,096 bytes, on macOS at 1,024. Ctrl-C
    interrupts as always, Ctrl-D is an empty line, Ctrl-U takes all back. `EOFError` where nobody is there
    any more.
    """
    with _unseen(stream):
        line = bytearray()
        while not over.is_set():
            if not select.select([stream], [], [], SLICE)[0]:
                continue
            for key in _read(stream):
                if key in b"\r\n":
                    return line.decode(errors="replace")
                if key == CTRL_D:
                    return ""
                _press(key, line)
        return None


def _read(stream: int) -> bytes:
    """The keys pressed; `EOFError` where the terminal is gone."""
    try:
        keys = os.read(stream, 4096)
    except OSError:
        keys = b""
    if not keys:
        raise EOFError
    return keys


def _press(key: int, line: bytearray) -> None:
    """Do to the line what a key does; what is longer than any address is ignored."""
    match key:
        case 0x15:  # Ctrl-U
            line.clear()
        case 0x08 | 0x7F:
            del line[-1:]
        case _ if len(line) < LONGEST:
            line.append(key)


@contextmanager
def _unseen(stream: int) -> Iterator[None]:
    """Let the terminal show nothing, and give each key at once; afterwards it is as before."""
    before = termios.tcgetattr(stream)
    quiet = termios.tcgetattr(stream)
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(stream, termios.TCSAFLUSH, quiet)
    try:
        yield
    finally:
        with suppress(termios.error):  # it may be gone
            termios.tcsetattr(stream, termios.TCSAFLUSH, before)


def interrupted(
    ask: Callable[[], str],
    over: threading.Event,
    interrupt: Callable[[], None] = _thread.interrupt_main,
) -> str | None:
    """What `ask` returns; None where `over` is set before, for then the main thread is interrupted.

    For a notebook's own prompt, which nothing else can end. In another thread than the main one it is left to
    itself.
    """
    if threading.current_thread() is not threading.main_thread():
        return ask()
    bell, has_come = _Bell(over, interrupt), False
    bell.start()
    try:
        try:
            return ask()
        except KeyboardInterrupt:
            has_come = True
            raise
        finally:
            bell.silence(has_come)
    except KeyboardInterrupt:
        if not bell.has_rung:
            raise
        return None


class _Bell(threading.Thread):
    """Interrupts the main thread once, when it is over while that still asks."""

    def __init__(self, over: threading.Event, interrupt: Callable[[], None]) -> None:
        super().__init__(name="spyro-bell", daemon=True)
        self._over, self._interrupt = over, interrupt
        self._guard = threading.Lock()
        self._is_silent = threading.Event()
        self.has_rung = False

    def run(self) -> None:
        while not self._over.wait(SLICE):
            if self._is_silent.is_set():
                return
        with self._guard:
            if not self._is_silent.is_set():
                self.has_rung = True
                self._interrupt()

    def silence(self, has_come: bool) -> None:
        """Ring no more; an interrupt that is on its way arrives in here."""
        with self._guard:
            self._is_silent.set()
        if self.has_rung and not has_come:
            for _ in range(40):
                threading.Event().wait(SLICE)


def prompted(prompt: str, ask: Callable[[str], str] | None = None) -> str:
    """What is typed at a notebook's own prompt, which the notebook does not keep; '' where that is ended.

    A notebook puts its own into the place of `getpass.getpass`, for as long as a cell runs.
    """
    with suppress(EOFError):
        return (ask or getpass.getpass)(prompt)
    return ""
