"""Our errors in a notebook: four lines instead of a traceback, which `%tb` shows.

IPython asks an exception for its own lines, and takes them for the cell's error: the run stops there,
`%debug` works, and a handler of the user's own comes first. It asks for `%tb` as well; so we look who asks.
"""

from __future__ import annotations

import ast
import linecache
import logging
import sys
import textwrap
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

from ..errors import ConnectorError
from ..secret import SECRET_NAME
from ..words import one_line, plain
from .steps import next_step

logger = logging.getLogger(__name__)

MODES: Final = ("Plain", "Context")
"""Of `%xmode`, those that are usual; who chose another one wants what that shows."""
MAGICS: Final = "IPython.core.magics.execution"
OURS: Final = str(Path(__file__).parents[1])
IPYTHON: Final = "/IPython/"
MAGIC: Final = "get_ipython().run_"
WIDTH: Final = 88  # characters; a cell on a small screen has no more
LONGEST: Final = 64  # characters of a line of code
BEHIND: Final = 3  # errors before this one that are told of
BOLD, END = "\x1b[1m", "\x1b[0m"  # no red of a page's is read on its light as well as on its dark ground


def told(error: BaseException, shell: Any) -> list[str]:
    """The lines in which IPython shows an error: a few of ours, or all of its own where those are wished."""
    teller = shell.InteractiveTB
    teller.tb = error.__traceback__  # where %debug looks
    if teller.mode in MODES and not _asks_for_all(sys._getframe()):
        try:
            return briefly(error, shell)
        except Exception:  # what cannot be told in few words is told in many
            logger.exception("a %s cannot be told briefly", type(error).__name__)
    return list(teller.structured_traceback(type(error), error, error.__traceback__))


def briefly(error: BaseException, shell: Any) -> list[str]:
    """What came; then, each after its name: what was asked, the hint, and what to do next."""
    colors = shell.colors.lower() != "nocolor"
    kind, said = type(error).__name__, _came(error)
    lines = _bold(_wrapped(f"{kind}: {said}", ""), kind, colors)
    for name, text in _named(error, shell):
        lines += _bold(_wrapped(f"{name:6}{text}", " " * 6), name, colors)
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    """The text in lines that are not too long, but for words that are."""
    teller = textwrap.TextWrapper(
        WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    first, *more = text.split("\n")
    return [*teller.wrap(first), *(f"{indent}{line}" for it in more for line in teller.wrap(it))]


def _bold(lines: list[str], start: str, colors: bool) -> list[str]:
    """The lines, the first word of which is bold."""
    return [BOLD + start + END + lines[0].removeprefix(start), *lines[1:]] if colors else lines


def _named(error: BaseException, shell: Any) -> Iterator[tuple[str, str]]:
    """The lines after the first one."""
    if asked := _asked(error, shell):
        yield "asked", asked
    for earlier in _behind(error):
        yield "after", f"{type(earlier).__name__}: {one_line(_came(earlier))}"
    for note in getattr(error, "__notes__", ()):
        yield "note", plain(str(note))
    if hint := getattr(error, "hint", None):
        yield "hint", hint
    yield "next", f"{next_step(error, shell.user_ns)}; %tb shows the whole traceback"


def _came(error: BaseException) -> str:
    """The message without the hint, which has a line of its own, and with what else the service told."""
    said = _words(error)
    if hint := getattr(error, "hint", None):
        said = said.replace(f" ({hint})", "").removesuffix(f": {hint}")
    code, request = getattr(error, "error_code", None), getattr(error, "request_id", None)
    status = getattr(error, "status", None) or 0
    more = {
        f"HTTP {status}": status if status >= 400 else None,
        plain(str(code)): code,
        f"request {request}": request,
    }
    told = [words for words, it in more.items() if it is not None and str(it) not in said]
    return said + (f" ({', '.join(told)})" if told else "")


def _words(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "stopped"
    return plain(str(error)) or (type(error).__doc__ or "").split("\n")[0]


def _behind(error: BaseException) -> Iterator[ConnectorError]:
    """Those of ours during which, or because of which, this one was raised, the latest first."""
    for _ in range(BEHIND):
        before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if before is None:
            return
        error = before
        if isinstance(error, ConnectorError):
            yield error


def _asked(error: BaseException, shell: Any) -> str:
    """What the user asked us by, and where it stands."""
    frames = traceback.extract_tb(error.__traceback__)
    first = next((i for i, it in enumerate(frames) if it.filename.startswith(OURS)), len(frames))
    for frame in reversed(frames[:first]):
        if frame.line and IPYTHON not in frame.filename.replace("\\", "/"):
            return _placed(frame, shell)
    return ""


def _placed(frame: traceback.FrameSummary, shell: Any) -> str:
    known = getattr(shell.compile, "format_code_name", lambda _: None)(frame.filename)
    place = f"{known[1] if known else Path(frame.filename).name}, line {frame.lineno}"
    code = plain(
        one_line(_statement(linecache.getlines(frame.filename), frame.lineno or 0) or frame.line or "")
    )
    if SECRET_NAME.search(code) or "@" in code or code.startswith(MAGIC):
        return place  # there may be a secret in it; or it is what IPython made of the user's line
    return f"{code if len(code) <= LONGEST else code[: LONGEST - 1] + '…'}  ({place})"


def _statement(lines: list[str], number: int) -> str | None:
    """The whole statement in which that line is, on however many lines; None where that is not clear."""
    source = "".join(lines)
    try:
        nodes = ast.walk(ast.parse(source))
    except (SyntaxError, ValueError):
        return None
    held = [it for it in nodes if isinstance(it, ast.stmt) and it.lineno <= number <= (it.end_lineno or 0)]
    simple = [it for it in held if not hasattr(it, "body")]
    return ast.get_source_segment(source, simple[0]) if len(simple) == 1 else None


def _asks_for_all(frame: FrameType | None) -> bool:
    """Whether it is `%tb` that asks."""
    while frame is not None:
        if frame.f_code.co_name == "tb" and frame.f_globals.get("__name__") == MAGICS:
            return True
        frame = frame.f_back
    return False
