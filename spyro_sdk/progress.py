"""How a fetch is shown while it runs: in a terminal, in a log, or as the notebook does it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, Final, Protocol, TextIO

from . import shown
from .entity import decided
from .errors import ConfigurationError
from .observers.running import Running
from .words import counted, lasting

VARIABLE: Final = "SPYRO_PROGRESS"
WORDS: Final = {
    **dict.fromkeys(("on", "1", "true", "yes"), True),
    **dict.fromkeys(("off", "0", "false", "no"), False),
    "": None,
}
"""What the variable may say, in small letters; None: as the surroundings suggest."""

MOMENT: Final = 0.5  # seconds; what takes no longer is not drawn
BLINK: Final = 0.2  # seconds between two looks of a line


class Progress(Protocol):
    """What shows a run. Each is called in the thread that waits for it, and returns at once."""

    def begin(self, run: Running) -> None:
        """Take note that it begins."""
        ...

    def tick(self, run: Running) -> None:
        """Show how far it is; called some twenty times a second."""
        ...

    def end(self, run: Running, error: BaseException | None) -> None:
        """Show what came of it: `error` is None where it was read to its end."""
        ...


class Silent:
    """Progress: shows nothing."""

    def begin(self, run: Running) -> None:
        """Do nothing."""

    def tick(self, run: Running) -> None:
        """Do nothing."""

    def end(self, run: Running, error: BaseException | None) -> None:
        """Do nothing."""


class TerminalLine:
    """Progress: a line of tqdm for a run that takes longer than a moment."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._bar: Any = None

    def begin(self, run: Running) -> None:
        """Wait a moment."""

    def tick(self, run: Running) -> None:
        """Draw the line, or draw it again."""
        if self._bar is None:
            if run.seconds < MOMENT:
                return
            self._bar = _bar(run, self._file)
        self._draw(run)

    def end(self, run: Running, error: BaseException | None) -> None:
        """Draw how it ended, and go to the next line."""
        if self._bar is not None:
            self._draw(run)
            self._bar.close()

    def _draw(self, run: Running) -> None:
        bar = self._bar
        bar.total = run.total
        bar.set_postfix_str(_state(run), refresh=run.outcome != "running")
        bar.update(run.rows - bar.n)


class FinalLine:
    """Progress: quiet, but for what came of it; for files and pipes."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def begin(self, run: Running) -> None:
        """Do nothing."""

    def tick(self, run: Running) -> None:
        """Do nothing."""

    def end(self, run: Running, error: BaseException | None) -> None:
        """Write a line, unless there is nothing to say that the caller does not see at once."""
        if not is_plain(run):
            self._file.write(f"{run}\n")
            self._file.flush()


def is_plain(run: Running, moment: float = MOMENT) -> bool:
    """Whether what came of a run need not be told: a glance, or a call that was refused at once."""
    is_refused = run.outcome == "failed" and not run.pages
    is_quick = run.seconds < moment and run.outcome != "incomplete"
    return (run.asked.is_glance or is_refused) and is_quick and not run.remarked


def chosen(
    wish: bool | None, *, environment: Mapping[str, str] = os.environ, err: TextIO | None = None
) -> Progress:
    """What shows the next run: `wish` counts, else `SPYRO_PROGRESS`, else where we are.

    A notebook has a panel, a terminal a line, and all else a line at the end.
    """
    wish = wished(environment) if wish is None else wish
    wing, file = shown.wing(), err or sys.stderr
    if wish is False or file is None:  # a program without a console has no stderr
        return Silent()
    plugged: Progress | None = wing.progress() if wing else None
    return plugged or (TerminalLine(file) if file.isatty() else FinalLine(file))


def wished(environment: Mapping[str, str]) -> bool | None:
    """What `SPYRO_PROGRESS` says; `ConfigurationError` where it says neither on nor off."""
    said = environment.get(VARIABLE, "")
    if said.strip().lower() not in WORDS:
        raise ConfigurationError(
            f"{VARIABLE}={said!r} cannot be: it must be on or off, or not be set", field=VARIABLE
        )
    return WORDS[said.strip().lower()]


def given(wish: Any, otherwise: bool | None = None) -> bool | None:
    """What `progress=` of a call says, or else that of its connection; `ValidationError` for nonsense."""
    return otherwise if wish is None else decided("progress", wish)


def _bar(run: Running, file: TextIO) -> Any:
    """A line that counts from when the run began."""
    from tqdm import tqdm

    line = type("Line", (tqdm,), {"monitor_interval": 0})  # no thread that looks after it: we do
    bar = line(
        desc=run.asked.entity, unit=" records", unit_scale=True, file=file, mininterval=BLINK, miniters=0
    )
    bar.start_t -= run.seconds
    return bar


def _state(run: Running) -> str:
    """What to say beside the numbers."""
    pause = run.pause if run.outcome == "running" else None
    said = [*run.troubles] if pause is None else [f"again in {lasting(pause.seconds)}: {pause.reason}"]
    if run.outcome == "incomplete":
        said.append(f"incomplete: {run.error}")
    elif run.outcome not in ("running", "done"):
        said.append(f"{run.outcome}, {counted(run.kept or 0, 'record')} kept")
    return "; ".join(said)
