"""What a notebook shows as a card, and who draws it.

The core knows words alone. A notebook's wing plugs itself in where a kernel is running, and brings HTML, the
panel of a running fetch, and a person who can be asked in a cell.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, Protocol

logger = logging.getLogger(__name__)


class Wing(Protocol):
    """What a notebook can do beyond words."""

    def draw(self, thing: object) -> str | None:
        """HTML that stands by itself; None for what is shown in words only."""
        ...

    def tell(self, error: BaseException) -> list[str]:
        """The lines in which an error is shown."""
        ...

    def person(self) -> Any:
        """Whoever sits before it, as `auth.person.Person`; None for whoever is at the terminal."""
        ...

    def progress(self) -> Any:
        """What shows a fetch while it runs, as `progress.Progress`; None for a line in the terminal."""
        ...

    def imported(self, library: ModuleType) -> None:
        """Let a library know where it is, which no cell has imported."""
        ...


_plugged: Wing | None = None


def plug(wing: Wing | None) -> None:
    """Have things shown by `wing` from now on; None: in words, as without a notebook."""
    global _plugged
    _plugged = wing


def wing() -> Wing | None:
    """The notebook's wing; None where there is no notebook."""
    return _plugged


def told(error: BaseException) -> Callable[[], list[str]]:
    """What gives the lines of an error; `AttributeError` without a wing: IPython then shows its own."""
    if _plugged is None:
        raise AttributeError("there is no notebook that tells errors in its own way")
    return partial(_plugged.tell, error)


def brief(error: BaseException) -> None:
    """Have a notebook tell somebody else's error, such as a `KeyboardInterrupt`, as it tells ours."""
    if _plugged is not None:
        error._render_traceback_ = _last_told  # type: ignore[attr-defined]


def _last_told() -> list[str]:
    """The lines of the error that IPython is showing; nothing here refers to it, so that it can go."""
    assert sys.last_value is not None  # IPython has just set it
    return told(sys.last_value)()


class Shown:
    """What a notebook shows as a card. Its text is its repr, everywhere."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The thing in each form that we have: what Jupyter, VS Code, Colab and marimo ask for."""
        drawn = _drawn(self)
        return {"text/plain": repr(self), **({} if drawn is None else {"text/html": drawn})}


def _drawn(thing: object) -> str | None:
    if _plugged is None:
        return None
    try:
        return _plugged.draw(thing)
    except Exception:  # a card that cannot be drawn must not hide the words
        logger.exception("the card of a %s cannot be drawn", type(thing).__name__)
        return None
