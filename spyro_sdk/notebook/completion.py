"""Completes names of entities and columns while they are typed, from what has been seen of the service.

IPython completes `sf["Cu` by itself, with what the connection says; this is for arguments.
https://ipython.readthedocs.io/en/stable/api/generated/IPython.core.completer.html
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ..connection import Connection
    from ..known import Wanted

NAME: Final = "spyro_sdk"
"""By which the matcher is known to the shell, so that it is there once."""
LONGEST: Final = 5000  # characters before the cursor that are looked at
FIRST: Final = 1000  # priority: before others, which may take seconds
METHOD: Final = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)\.(fetch|describe)\s*$")
LIST: Final = re.compile(r"\b(columns|native)\s*=\s*$")
ENTITY: Final = re.compile(r"(?:\s|#[^\n]*\n)*(?:entity\s*=\s*)?")
TEXT: Final = re.compile(r"""(?s:(['"])((?:\\.|(?!\1)[^\\\n])*)(\1)?)""")
OWN: Final = re.compile(r"\bnative\s*=\s*True\b")


@dataclass
class Bracket:
    """A bracket that is still open where the cursor is."""

    before: str
    """What is written before it."""
    start: int
    """Where its content begins."""
    texts: list[tuple[int, str]] = field(default_factory=list)
    """Where whole texts begin directly in it, and what they say."""


@dataclass(frozen=True)
class Place:
    """An unfinished text in an argument of a fetch."""

    connection: str
    """How the connection is called, maybe dotted."""
    wanted: Wanted
    fragment: str
    entity: str = ""
    own: bool = False


def plug(shell: Any) -> None:
    """Have a shell complete names; one that is older than IPython 8.6 cannot."""
    matchers = getattr(shell.Completer, "custom_matchers", None)
    if matchers is not None:
        matchers[:] = [it for it in matchers if getattr(it, "matcher_identifier", "") != NAME]
        matchers.append(_matcher(shell))


def _matcher(shell: Any) -> Any:
    from IPython.core.completer import SimpleCompletion, context_matcher

    def match(context: Any) -> dict[str, Any]:
        lines = context.full_text.split("\n")
        above = "".join(f"{line}\n" for line in lines[: context.cursor_line])
        place, found = offered(above + context.text_until_cursor, shell.user_ns)
        return {
            "completions": [SimpleCompletion(text=name, type="text") for name in found],
            "matched_fragment": place.fragment if place else "",
            "suppress": bool(found),
        }

    matcher: Any = context_matcher(priority=FIRST, identifier=NAME)(match)
    return matcher


def offered(text: str, namespace: Mapping[str, Any]) -> tuple[Place | None, list[str]]:
    """What could be written at the end of `text`, and where that is."""
    place = place_at(text)
    connection = named(place.connection, namespace) if place else None
    if place is None or connection is None:
        return place, []
    from ..known import completions  # with the first connection, and not as soon as a notebook imports us

    names = completions(connection.known, place.wanted, place.entity, own=place.own)
    fitting = [it for it in names if it.isprintable() and not {"'", '"', "\\"} & set(it)]
    begun = place.fragment.lower()
    return place, [it for it in fitting if it.lower().startswith(begun)]


def named(name: str, namespace: Mapping[str, Any]) -> Connection | None:
    """The connection of that name; looked up, never computed: nothing that might run is touched."""
    first, *others = name.split(".")
    found = namespace.get(first)
    for other in others:
        try:
            found = object.__getattribute__(found, "__dict__").get(other)
        except AttributeError:
            return None
    home = sys.modules.get("spyro_sdk.connection")  # imported by whoever has one
    return found if home and isinstance(found, home.Connection) else None


def place_at(text: str) -> Place | None:
    """Which argument of a fetch the unfinished text at the end is; None where it is none."""
    text = text[-LONGEST:]
    brackets, start = _open(text)
    if start is None or not brackets:
        return None
    inner, fragment = brackets[-1], text[start + 1 :]
    if method := METHOD.search(inner.before):
        if ENTITY.fullmatch(text[inner.start : start]):
            return Place(method[1], "entity", fragment)
        return None
    wish = LIST.search(inner.before)
    method = METHOD.search(brackets[-2].before) if wish and len(brackets) > 1 else None
    if wish is None or method is None or method[2] != "fetch":
        return None
    outer = brackets[-2]
    entity = next((said for at, said in outer.texts if ENTITY.fullmatch(text[outer.start : at])), "")
    wanted: Wanted = "columns" if wish[1] == "columns" else "native"
    return Place(method[1], wanted, fragment, entity, bool(OWN.search(text[outer.start :])))


def _open(text: str) -> tuple[list[Bracket], int | None]:
    """The brackets that are open at the end, and where a text begins that is not finished there."""
    brackets: list[Bracket] = []
    for at, sign, said in _signs(text):
        if sign in "([{":
            brackets.append(Bracket(text[:at], at + 1))
        elif sign in ")]}":
            del brackets[-1:]
        elif said is None:
            return brackets, at
        elif brackets:
            brackets[-1].texts.append((at, said))
    return brackets, None


def _signs(text: str) -> Iterator[tuple[int, str, str | None]]:
    """Brackets and texts, in their order; of an unfinished text what it says is None."""
    at = 0
    while at < len(text):
        if text[at] == "#":
            at = text.find("\n", at) % (len(text) + 1)
        elif found := TEXT.match(text, at):
            is_open = found[3] is None
            if is_open and found.end() < len(text):  # it ends with its line, which no text does
                at = found.end()
                continue
            yield at, found[1], None if is_open else found[2]
            at = found.end()
        else:
            if text[at] in "()[]{}":
                yield at, text[at], ""
            at += 1
