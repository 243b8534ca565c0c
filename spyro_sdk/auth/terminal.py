"""A person at a terminal."""

from __future__ import annotations

import os
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from ..secret import Unseen
from . import unseen
from .browser import opened
from .person import Invitation, remote_place


@dataclass
class TerminalPerson:
    """Whoever reads standard error, and types; nobody where standard input is no terminal."""

    err: TextIO = field(default_factory=lambda: sys.stderr)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    platform: str = sys.platform
    browser: Callable[[str], bool] = webbrowser.open
    prompt: Callable[[str], str] = unseen.prompted
    """Asks where there is no terminal whose keys we could read."""
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self.environ = Unseen(self.environ)
        self._is_asking = False

    @property
    def can_answer(self) -> bool:
        """Whether anybody is there."""
        return _is_terminal(self.stdin)

    @property
    def is_remote(self) -> bool:
        """Whether the person's browser is on another machine than this process."""
        return remote_place(self.environ) is not None

    def show(self, card: Invitation) -> None:
        """Write what is to be done."""
        self.err.write("".join(f"{line}\n" for line in self._lines(card)))
        self.err.flush()

    def open(self, address: str) -> bool:
        """Open a browser, where there is a screen for it."""
        return opened(address, self.environ, self.platform, self.browser)

    def ask_secret(self, prompt: str, over: threading.Event) -> str | None:
        """What is typed in, unseen; '' for nothing, None once `over` is set."""
        self._is_asking = True  # a count-down would be written over what is typed
        if unseen.HAS_KEYS:
            return self._typed(prompt, over)
        return unseen.interrupted(lambda: self.prompt(prompt), over)

    def waiting(self, card: Invitation, seconds: float) -> None:
        """Count down, where a line can be written over."""
        if _is_terminal(self.err) and not self._is_asking:
            minutes, rest = divmod(round(seconds), 60)
            self.err.write(f"\r{minutes}:{rest:02} left ")
            self.err.flush()

    def done(self, card: Invitation, error: BaseException | None) -> None:
        """Wipe the count-down away; say that it worked, where it did."""
        wiped = f"\r{' ' * 12}\r" if _is_terminal(self.err) else ""
        self.err.write(wiped + ("" if error else "Signed in.\n"))
        self.err.flush()

    def _lines(self, card: Invitation) -> list[str]:
        minutes = max(round((card.until - self.clock()) / 60), 1)
        code = [f"and enter the code {card.user_code}"] if card.user_code else []
        what = [f"It asks you to allow: {' '.join(card.scopes)}."] if card.scopes else []
        return [
            "To sign in, go on in the browser that opens; or open" if card.opens else "To sign in, open",
            f"  {card.address}",
            *code,
            *what,
            *(PASTE if card.pastes else ELSEWHERE if card.opens else ()),
            f"This waits for {minutes} minute{'s' if minutes > 1 else ''}; Ctrl-C ends it.",
        ]

    def _typed(self, prompt: str, over: threading.Event) -> str | None:
        self.err.write(prompt)
        self.err.flush()
        try:
            return unseen.typed(self.stdin.fileno(), over)
        except EOFError:
            return ""
        finally:
            self.err.write("\n")
            self.err.flush()


PASTE = (
    "At the end the browser may say that it cannot reach the page. Then copy the whole address from its",
    "address bar, and paste it here.",
)

ELSEWHERE = (
    "Should the browser end on a page that it cannot reach, end this, and sign in with auth_mode='paste'.",
)


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False
