"""The parts of a card: HTML that reads alike live, saved, reopened untrusted, and on GitHub.

Styles are inline and concrete, charts are images with a text for those who do not see them, and whatever a
service says is escaped by htpy, which builds the elements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import htpy as h

from .theme import FAINT, GROUNDS, LINES, MUTED, TRACK, WIDTH, Tone

Node = h.Node
Wrap: TypeAlias = Literal["anywhere", "words", "never"]
"""Where a line of a cell may end."""


@dataclass(frozen=True)
class Card:
    """A framed piece of a page: a title, something beside it, and what is to be said."""

    title: Node
    tone: Tone = "plain"
    aside: Node = ""
    """Muted, at the right of the title."""
    badge: str = ""
    """One or two words at the very right, on the tone's ground."""
    body: Sequence[Node] = ()

    def to_html(self) -> str:
        """The card as HTML."""
        frame = (
            f"border:1px solid {FAINT};border-left:4px solid {LINES[self.tone]};border-radius:6px;"
            f"padding:10px 14px;max-width:{WIDTH}px;box-sizing:border-box;margin:2px 0;"
            "font-size:13px;line-height:1.5;overflow-wrap:anywhere"
        )
        return str(h.div(style=frame)[self._head(), [part for part in self.body if part]])

    def _head(self) -> h.Element:
        beside = [muted(self.aside) if self.aside else "", pill(self.badge, self.tone) if self.badge else ""]
        return h.div(style="display:flex;flex-wrap:wrap;gap:2px 10px;align-items:baseline;margin-bottom:4px")[
            h.b(style="font-size:14px;flex:1 1 auto")[self.title], beside
        ]


def line(*parts: Node, gap: int = 4) -> h.Element:
    """Parts in a row, on as many lines as they need, `gap` pixels below what stands above."""
    return h.div(style=f"margin-top:{gap}px")[parts]


def muted(*parts: Node) -> h.Element:
    """What matters less. Never put a badge in it."""
    return h.span(style=MUTED)[parts]


def strong(*parts: Node) -> h.Element:
    """What matters more."""
    return h.b[parts]


def code(text: str) -> h.Element:
    """What is typed."""
    return h.code(
        style=f"font-family:monospace;font-size:12px;background:{TRACK};padding:1px 4px;border-radius:3px"
    )[text]


def pill(text: str, tone: Tone = "plain") -> h.Element:
    """A word or two on the tone's ground."""
    ground = f"background:{GROUNDS[tone]};color:#fff"
    shape = "border-radius:9px;padding:1px 8px;font-size:12px;white-space:nowrap"
    return h.span(style=f"{ground};{shape}")[text]


def bar(share: float, tone: Tone = "plain", *, height: int = 8) -> h.Element:
    """How much of the whole, from 0 to 1. Say it in words too: a bar says nothing to who cannot see it."""
    shape = f"height:{height}px;border-radius:4px"
    filled = f"width:{min(max(share, 0.0), 1.0) * 100:.4g}%;background:{LINES[tone]};{shape}"
    return h.div(style=f"background:{TRACK};{shape};margin:4px 0")[h.div(style=filled)]


def facts(told: Mapping[str, Node]) -> h.Element:
    """Names, and beside each what is to be said of it."""
    place = "text-align:left;vertical-align:top"
    name = f"{place};font-weight:normal;padding:1px 14px 1px 0;white-space:nowrap;{MUTED}"
    rows = [
        h.tr(style="background:none")[
            h.th(scope="row", style=name)[what], h.td(style=f"{place};padding:1px 0")[said]
        ]
        for what, said in told.items()
    ]
    return h.table(style="border-collapse:collapse;margin:4px 0 0;font-size:13px;border:none;color:inherit")[
        h.tbody[rows]
    ]


def table(
    headings: Sequence[Node],
    rows: Iterable[Sequence[Node]],
    *,
    caption: str = "",
    right: Collection[int] = (),
    wrap: Wrap = "anywhere",
) -> h.Element:
    """A table with a header, as wide as it needs.

    `right`: the columns of numbers, from 0. `wrap`: where a line of a cell may end; what is wider than the
    card then is scrolled.
    """
    keep = "white-space:nowrap" if wrap == "never" else "vertical-align:middle"
    words = ";overflow-wrap:normal" if wrap == "words" else ""

    def style(place: int) -> str:
        return f"text-align:{'right' if place in right else 'left'};padding:3px 14px 3px 0;{keep}"

    head = [
        h.th(scope="col", style=f"{style(i)};border-bottom:1px solid {FAINT}")[it]
        for i, it in enumerate(headings)
    ]
    body = [
        h.tr(style="background:none")[[h.td(style=style(i))[it] for i, it in enumerate(row)]] for row in rows
    ]
    title = (
        h.caption(style=f"caption-side:top;text-align:left;padding:0;{MUTED}")[caption] if caption else None
    )
    return h.div(style="overflow-x:auto;margin-top:4px")[
        h.table(style=f"border-collapse:collapse;font-size:13px;margin:0;border:none;color:inherit{words}")[
            title, h.thead[h.tr(style="background:none")[head]], h.tbody[body]
        ]
    ]


def details(summary: Node, *body: Node) -> h.Element:
    """What is folded away until somebody asks for it.

    Not for what is drawn again and again, which closes it.
    """
    return h.details(style="margin-top:4px")[h.summary(style="cursor:pointer")[summary], body]


def link(address: str, text: Node) -> h.Element:
    """A link that opens a page of its own; anything but http leads nowhere, and is shown as text."""
    if not address.startswith(("https://", "http://")):
        return h.span[text]
    style = "color:inherit;text-decoration:underline"  # a browser's own blue cannot be read on dark
    return h.a(href=address, target="_blank", rel="noopener noreferrer", style=style)[text]


def button(address: str, text: Node) -> h.Element:
    """A link that is the thing to do; anything but http leads nowhere, and is shown as text."""
    if not address.startswith(("https://", "http://")):
        return h.span[text]
    shape = f"background:{GROUNDS['plain']};color:#fff;border-radius:4px;padding:4px 12px"
    style = f"{shape};display:inline-block;text-decoration:none;font-weight:bold"
    return h.a(href=address, target="_blank", rel="noopener noreferrer", style=style)[text]


def aside(*parts: Node, picture: Node = None) -> h.Element:
    """Words at the left and a picture at the right, which goes below them where there is no room."""
    return h.div(style="display:flex;flex-wrap:wrap;gap:4px 16px;align-items:center;margin-top:4px")[
        h.div(style="flex:1 1 auto")[parts], picture
    ]


def listing(
    headings: Sequence[Node],
    rows: Sequence[Sequence[Node]],
    *,
    right: Collection[int] = (),
    faint: Collection[int] = (),
) -> h.Element:
    """A long table in few bytes: a column is one cell, with a line for each row, none of which is broken.

    `right`: the columns of numbers, from 0; `faint`: those that matter less.
    """
    place = "padding:3px 14px 3px 0;white-space:nowrap;vertical-align:top;line-height:21px"

    def style(column: int) -> str:
        return f"text-align:{'right' if column in right else 'left'};{place}"

    head = [
        h.th(scope="col", style=f"{style(i)};border-bottom:1px solid {FAINT}")[it]
        for i, it in enumerate(headings)
    ]
    cells = [
        h.td(style=f"{style(i)};{MUTED}" if i in faint else style(i))[
            [part for row in rows for part in (row[i], h.br)][:-1]
        ]
        for i in range(len(headings))
    ]
    return h.div(style="overflow-x:auto;margin-top:4px")[
        h.table(style="border-collapse:collapse;font-size:13px;margin:0;border:none;color:inherit")[
            h.thead[h.tr(style="background:none")[head]], h.tbody[h.tr(style="background:none")[cells]]
        ]
    ]


def folded(names: Sequence[str], how: str, *, room: int = 600) -> h.Element | None:
    """Names folded away, as many as fit into `room` characters; `how` the others are seen."""
    if not names:
        return None
    shown = 0
    while shown < len(names) and (room := room - len(names[shown]) - 2) > 0:
        shown += 1
    left = len(names) - shown
    more = f" and {left:,} more: {how}" if left else ""
    return details(f"{len(names):,} more", line(", ".join(names[:shown]), more))


def tile(*parts: Node, width: int = 300) -> h.Element:
    """One of several boxes beside each other, at least `width` pixels wide; see `tiles`."""
    frame = f"border:1px solid {FAINT};border-radius:6px;padding:6px 10px;box-sizing:border-box"
    return h.div(style=f"{frame};flex:1 1 {width}px")[parts]


def tiles(*boxes: Node) -> h.Element:
    """Boxes beside each other, as many in a row as there is room for."""
    return h.div(style="display:flex;flex-wrap:wrap;gap:8px;margin-top:6px")[boxes]
