"""Which ways to ask for the next page an answer suggests, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ....paging import Cursor, KeySet, LinkHeader, NextLink, Offset, PageNumber, Paging
from .envelope import Leaf
from .ground import USUAL, Ground
from .names import bare
from .signs import OFFSETS, PAGE, SIZES, is_for_link

MOST_NAMES = 3
"""Names for a page's size, and for the parameter of a cursor, that are tried."""

PARAMS: Mapping[str, tuple[str, ...]] = {
    "nextcursor": ("cursor", "start_cursor"),
    "endcursor": ("after", "cursor"),
    "aftercursor": ("page[after]", "after", "cursor"),
    "nexttoken": ("", "pagination_token"),
    "nextpage": ("page", ""),
    "next": ("", "cursor", "after"),
    "nextpagestart": ("start",),
}
"""What a cursor of that bare name may be sent back as; '' for its own name. Others: see `_params`."""
NEXT = re.compile(r"_?(next|end)[_-]?(?=.)|_(?=scroll)", re.IGNORECASE)
KEYSETS = ("starting_after", "after", "since_id")
"""Parameters that take the key of the last record."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A way that may be the right one."""

    paging: Paging
    why: str
    is_start_known: bool = True
    """Whether it is known which number the first page has."""


def sizes(ground: Ground) -> list[str]:
    """Parameters that may take the size of a page."""
    given = [leaf.name for leaf in ground.given if leaf.bare in SIZES]
    if given:
        return given[:1]
    if ground.is_graph:
        return [name for name in [ground.variable("first")] if name]
    linked = [name for name in ground.signs.link_params if bare(name) in SIZES]
    told = [_size_param(leaf) for leaf in ground.signs.sizes]
    return list(dict.fromkeys([*linked, *told, *_usual_sizes(ground)]))[:MOST_NAMES]


def guesses(ground: Ground, size: str | None) -> Iterator[Guess]:
    """The ways that the answer suggests, or the usual ones where it suggests none; `size`: its parameter."""
    signs = ground.signs
    if signs.header_link is not None:
        yield Guess(LinkHeader(size_param=size), "the link in the header Link")
    counted = [*_numbered(ground, size), *_offset(ground, size)]
    are_bounded = signs.pages is not None or bool(signs.totals)
    if are_bounded:
        yield from counted
    if not signs.is_over:
        yield from links(ground, size)
        for leaf in signs.cursors:
            yield from (_cursor(ground, leaf, param, size) for param in _params(ground, leaf))
    if not are_bounded:
        yield from counted
    if not signs.leads_on and not ground.is_graph:
        yield from _unsuggested(ground, size)


def links(ground: Ground, size: str | None) -> Iterator[Guess]:
    """The links in the answer; as a cursor first where the answer says of it when it is the last one."""
    for leaf in ground.signs.cursors if ground.more else ():
        for param in _linked(ground, leaf):
            yield _cursor(ground, leaf, param, size)
    for leaf in ground.signs.links:
        yield Guess(NextLink(leaf.path, size), f"the link at {leaf.path!r}")


def at_end(ground: Ground, size: str | None) -> Guess | None:
    """The way that an answer suggests which says that it is the last."""
    signs, leaf = ground.signs, ground.signs.ended
    if leaf is not None and is_for_link(leaf):
        return Guess(NextLink(leaf.path, size), f"the link at {leaf.path!r}")
    if leaf is None and ground.more is not None:
        leaf = next(iter(signs.cursors), None)
    if leaf is not None:
        return next((_cursor(ground, leaf, param, size) for param in _params(ground, leaf)), None)
    is_keyset = ground.more and ground.key and not signs.links and not ground.is_graph
    return _keyset(ground, KEYSETS[0], size) if is_keyset else None


def _cursor(ground: Ground, leaf: Leaf, param: str, size: str | None) -> Guess:
    paging = Cursor(leaf.path, param, size, ground.more, ground.into)
    return Guess(paging, f"what stands at {leaf.path!r}, sent back as {param!r}")


def _numbered(ground: Ground, size: str | None) -> Iterator[Guess]:
    """Numbers of pages, where the answer or the request has one."""
    page, signs = ground.signs.page, ground.signs
    pages = signs.pages.path if signs.pages is not None else None
    if page is not None:
        for param in _page_params(page):
            paging = PageNumber(param, size, page.value, pages=pages, into=ground.into)
            yield Guess(paging, f"the number of the page as {param!r}; the answer says it at {page.path!r}")
    for leaf in ground.given:
        if leaf.bare in PAGE:
            paging = PageNumber(leaf.name, size, leaf.value, pages=pages, into=ground.into)
            yield Guess(paging, f"the number of the page as {leaf.name!r}, which the request has")


def _offset(ground: Ground, size: str | None) -> Iterator[Guess]:
    """Numbers of records, where the answer or the request has one."""
    offset = ground.signs.offset
    for leaf, where in [*([(offset, "answer")] if offset else []), *((it, "request") for it in ground.given)]:
        if leaf.bare in OFFSETS:
            paging = Offset(leaf.name, size, leaf.value, into=ground.into)
            yield Guess(paging, f"the number of the record as {leaf.name!r}, which the {where} has")


def _unsuggested(ground: Ground, size: str | None) -> Iterator[Guess]:
    """The usual ways: the answer does not say which."""
    if ground.more is not None and ground.key is not None:
        yield from (_keyset(ground, param, size) for param in KEYSETS)
    page, offset = ground.dialect.page, ground.dialect.offset
    if page is not None:
        why = f"the number of the page as {page!r}"
        yield Guess(PageNumber(page, size, into=ground.into), why, is_start_known=False)
    why = f"the number of the record as {offset!r}"
    yield Guess(Offset(offset, size, into=ground.into), why)
    if ground.more is None and ground.key is not None and size is not None:
        yield _keyset(ground, "after", size)


def _keyset(ground: Ground, param: str, size: str | None) -> Guess:
    paging = KeySet(param, size, ground.more, ground.into)
    return Guess(paging, f"the last record's {ground.key!r} as {param!r}")


def _params(ground: Ground, leaf: Leaf) -> list[str]:
    """What a cursor may be sent back as: `nextPageToken` as pageToken, or else by its own name."""
    if ground.is_graph:
        return [name for name in [ground.variable("after")] if name]
    known = PARAMS.get(leaf.bare)
    if known is None:
        short = NEXT.sub("", leaf.name, count=1) if NEXT.match(leaf.name) else leaf.name
        known = (short[:1].lower() + short[1:] if leaf.name[:1].islower() else short, "")
    usual = (param or leaf.name for param in known)
    return list(dict.fromkeys([*_linked(ground, leaf), *usual]))[:MOST_NAMES]


def _linked(ground: Ground, leaf: Leaf) -> list[str]:
    """The parameters that have the value of a cursor in the link to the next page."""
    return [name for name, value in ground.signs.link_params.items() if value == str(leaf.value)]


def _page_params(leaf: Leaf) -> list[str]:
    """`current_page` is asked for as page; `pageIndex` by its own name, or else as page too."""
    own = [] if leaf.bare in ("number", "currentpage") else [leaf.name]
    return list(dict.fromkeys([*own, "page"]))


def _size_param(leaf: Leaf) -> str:
    """What a size that the answer tells is asked for as; SCIM's itemsPerPage is count."""
    return "count" if leaf.name == "itemsPerPage" else leaf.name


def _usual_sizes(ground: Ground) -> Iterable[str]:
    if ground.dialect is not USUAL:
        return ground.dialect.sizes
    if ground.signs.header_link is not None:
        return ("per_page", "limit", "page_size")
    if any("token" in leaf.bare for leaf in ground.signs.cursors):
        return (
            ("maxResults", "pageSize", "limit") if ground.is_camel else ("limit", "page_size", "max_results")
        )
    return ("limit", "pageSize", "per_page") if ground.is_camel else ("limit", "per_page", "page_size")
