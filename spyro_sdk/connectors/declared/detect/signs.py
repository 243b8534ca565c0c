"""What an answer says around its records: of the next page, of the page's size, of the number of all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ....guards.quota import read_quota
from ....http import Request
from ....paging import Answer, LinkHeader, dig
from .envelope import Leaf, has, leaves
from .following import looks_cut
from .names import bare

NEXT_LINK = re.compile(r"(odata|next|more|after).*(url|uri|link|href|next)|next|nextpage")
"""Bare names under which the address of the next page stands."""
OF_LINK = frozenset({"href", "url", "uri", "link"})
"""Bare names of an address in an object that is called like a link."""
ADDRESS = re.compile(r"https?://\S+|[/?.]\S*|[\w/.-]+\?[\w.%\[\]-]+=\S*")
NEXT_CURSOR = re.compile(r".*(next|page|pagination).*token|.*(cursor|bookmark|marker|continu).*|scrollid")
CURSORS = frozenset({"after", "startingafter", "next", "nextpage", "nextoffset", "nextpagestart", "offset"})
BACKWARD = re.compile(r"prev|before|first|start(?!ingafter)|self|last|sync")
"""What begins so leads elsewhere than to the next page."""

MORE = frozenset(
    {"hasmore", "hasnext", "hasnextpage", "hasmoreitems", "hasmoreresults", "more", "moreavailable"}
)
LAST = frozenset(
    {"islast", "last", "islastpage", "lastpage", "done", "endofstream", "iscomplete", "complete"}
)
PAGES = frozenset({"totalpages", "pages", "lastpage", "pagecount", "numpages", "pagestotal", "totalpage"})
PAGE = frozenset({"page", "currentpage", "pagenumber", "pageindex", "pageno", "pagenum"})
OFFSETS = frozenset({"offset", "skip", "start", "startat", "startindex", "from"})
SIZES = frozenset(
    {"perpage", "limit", "pagesize", "itemsperpage", "resultsperpage", "maxresults", "rows", "take", "top"}
    | {"pagelen", "pagelimit", "size", "count", "first"}
)
LENGTHS = frozenset({"size", "count", "rows"})
"""Sizes that may be the number of the records on this page instead of those asked for."""
TOTALS = (
    *("total", "totalcount", "totalresults", "totalitems", "totalelements", "totalsize", "totalrecords"),
    *("totalrows", "totalhits", "totalentries", "numfound", "odatacount", "recordcount", "found", "count"),
)
"""Bare names of the number of all records, the surest first."""
OF_PAGING = frozenset(
    {"", "cursor", "cursors", "info", "links", "meta", "metadata", "next", "page", "pageable", "pageinfo"}
    | {"pager", "pages", "pagination", "paging", "response", "responsemetadata"}
)
"""Bare names of objects that are about the whole answer."""
HEADER = "header:"
"""Before the name of a header where else a path stands."""
HEADER_TOTAL = re.compile(
    r"x-(total|total-count|wp-total|result-count|pagination-total(-count)?)|total-count"
)
LIMIT_HEADER = re.compile(r"(x-)?.*rate-?limit.*|retry-after|.*call-limit.*|.*limit-info.*|.*quota.*")


@dataclass(frozen=True, slots=True)
class Signs:
    """What one answer shows."""

    rows: int
    header_link: str | None
    links: tuple[Leaf, ...]
    cursors: tuple[Leaf, ...]
    ended: Leaf | None
    """A place for a link or a cursor that says there is no next page."""
    more: Leaf | None
    last: Leaf | None
    pages: Leaf | None
    page: Leaf | None
    offset: Leaf | None
    sizes: tuple[Leaf, ...]
    totals: tuple[Leaf, ...]
    header_total: tuple[str, int] | None

    @property
    def link_params(self) -> dict[str, str]:
        """The parameters of the link to the next page."""
        links = [self.header_link, *(leaf.value for leaf in self.links)]
        return next((params for link in links if link and (params := params_of(link))), {})

    @property
    def is_over(self) -> bool:
        """Whether a flag says that there is no next page; then a link or a cursor may still be there."""
        return any(
            flag is not None and flag.value is value
            for flag, value in ((self.more, False), (self.last, True))
        )

    @property
    def leads_on(self) -> bool:
        """Whether it says where the next page is."""
        return self.header_link is not None or (not self.is_over and bool(self.links or self.cursors))

    @property
    def tells_more(self) -> str | None:
        """What in the answer says that there are more records; None where nothing does."""
        if self.header_link is not None:
            return "its Link header has a next page"
        if not self.is_over:
            for leaf in (*self.links, *self.cursors):
                return f"there is something at {leaf.path!r}"
            for flag in (self.more, self.last):
                if flag is not None:
                    return f"{flag.path!r} is {str(flag.value).lower()}"
        if self.pages is not None and self.pages.value > 1:
            return f"{self.pages.path!r} is {self.pages.value}"
        return self._counts(lambda count: count > self.rows)

    @property
    def tells_end(self) -> str | None:
        """What in the answer says that these are all records; None where nothing does."""
        for flag in (self.more, self.last) if self.is_over else ():
            if flag is not None:
                return f"{flag.path!r} is {str(flag.value).lower()}"
        if self.ended is not None:
            return f"{self.ended.path!r} is empty"
        if self.pages is not None and self.pages.value <= 1:
            return f"{self.pages.path!r} is {self.pages.value}"
        return None if looks_cut(self.rows) else self._counts(lambda count: count == self.rows)

    def without_flags(self) -> Signs:
        """The same without the flags, of which it is known that they are not right."""
        return replace(self, more=None, last=None)

    def _counts(self, is_so: Callable[[int], bool]) -> str | None:
        """What an announced number of all records says, if it is so."""
        for leaf in self.totals:
            if is_so(leaf.value):
                return f"{leaf.path!r} is {leaf.value}"
        if self.header_total is not None and is_so(self.header_total[1]):
            return f"the header {self.header_total[0]} is {self.header_total[1]}"
        return None


def read(payload: Any, rows: int, headers: Mapping[str, str], records: str) -> Signs:
    """What an answer of so many records at `records` shows."""
    found = leaves(payload)
    about = [leaf for leaf in found if _is_about_records(leaf, records)]
    return Signs(
        rows=rows,
        header_link=_header_link(headers),
        links=tuple(sorted((leaf for leaf in found if _is_link(leaf)), key=_is_short)),
        cursors=tuple(leaf for leaf in found if _is_cursor(leaf) and not _is_link(leaf)),
        ended=_first(about, _is_end),
        more=_first(about, lambda leaf: leaf.bare in MORE and type(leaf.value) is bool),
        last=_first(about, lambda leaf: leaf.bare in LAST and type(leaf.value) is bool),
        pages=_first(about, lambda leaf: leaf.bare in PAGES and _is_count(leaf.value)),
        page=_first(about, _is_page),
        offset=_first(about, lambda leaf: leaf.bare in OFFSETS and _is_start(leaf.value)),
        sizes=tuple(leaf for leaf in about if _is_size(leaf, rows)),
        totals=_totals(about, rows),
        header_total=_header_total(headers),
    )


def asked(request: Request) -> list[Leaf]:
    """The parameters that a request has already, as leaves."""
    return [
        Leaf(name, name, int(value))
        for name, value in request.params.items()
        if re.fullmatch("[0-9]{1,9}", value)
    ]


def params_of(link: str) -> dict[str, str]:
    """The parameters of an address; none of what is no address."""
    try:
        return dict(parse_qsl(urlsplit(link).query))
    except ValueError:
        return {}


def is_there(payload: Any, headers: Mapping[str, str], path: str) -> bool:
    """Whether an answer has something at a path, be it null, or, after `header:`, in a header."""
    if path.startswith(HEADER):
        return path.removeprefix(HEADER).lower() in headers
    return has(payload, path)


def number_at(payload: Any, headers: Mapping[str, str], path: str) -> Any:
    """What is there; of a header the number that it holds."""
    if not path.startswith(HEADER):
        return dig(payload, path)
    text = headers.get(path.removeprefix(HEADER).lower(), "")
    return int(text) if re.fullmatch("[0-9]{1,15}", text) else text or None


def limits_told(headers: Mapping[str, str]) -> str | None:
    """What to tell about the headers in which the service speaks of its limits; None where it does not."""
    names = sorted(name for name in headers if LIMIT_HEADER.fullmatch(name))
    if not names:
        return None
    quota = read_quota(headers, now=0.0)
    seen = f"the service speaks of its limits in {', '.join(names)}"
    if quota is None:
        return f"{seen}, which do not say how many requests are left in a way that is known: set rate_limit"
    of = f" of {quota.limit}" if quota.limit is not None else ""
    return f"{seen}: {quota.remaining}{of} requests are left, and the pace follows"


def _first(found: list[Leaf], is_it: Callable[[Leaf], bool]) -> Leaf | None:
    return next(filter(is_it, found), None)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_start(value: Any) -> bool:
    return type(value) is int and value in (0, 1)


def is_for_link(leaf: Leaf) -> bool:
    """Whether it is called like the address of the next page."""
    own = NEXT_LINK.fullmatch(leaf.bare) and "cursor" not in leaf.bare and "token" not in leaf.bare
    return bool(own) or (leaf.bare in OF_LINK and leaf.parent in ("next", "nextpage", "nextlink"))


def _is_link(leaf: Leaf) -> bool:
    return is_for_link(leaf) and isinstance(leaf.value, str) and bool(ADDRESS.fullmatch(leaf.value))


def _is_short(leaf: Leaf) -> bool:
    """Whether a link is not whole, so that it may be meant from elsewhere than from the request."""
    return not leaf.value.startswith("http")


def _is_named_like_cursor(leaf: Leaf) -> bool:
    name = leaf.bare
    is_so = name in CURSORS or bool(NEXT_CURSOR.fullmatch(name))
    of_next = leaf.parent in ("next", "nextpage", "continue") and name not in OF_LINK and name != "type"
    return (is_so or of_next) and not BACKWARD.match(name)


def _is_cursor(leaf: Leaf) -> bool:
    if not _is_named_like_cursor(leaf):
        return False
    if type(leaf.value) is int:  # an offset that is echoed is none
        return leaf.bare.startswith("next") or leaf.parent.startswith("next")
    return isinstance(leaf.value, str) and leaf.value != ""


def _is_end(leaf: Leaf) -> bool:
    """Whether it is where a link or a cursor would be, and says that there is none."""
    leads_on = is_for_link(leaf) or (_is_named_like_cursor(leaf) and leaf.bare != "offset")
    return leads_on and (leaf.value in (None, "") or leaf.value is False)


def _is_page(leaf: Leaf) -> bool:
    is_named = leaf.bare in PAGE or (leaf.bare == "number" and leaf.parent in ("", "page"))
    return is_named and _is_start(leaf.value) and not leaf.parent.startswith("next")


def _is_size(leaf: Leaf, rows: int) -> bool:
    if leaf.bare not in SIZES or type(leaf.value) is not int or leaf.value < 1:
        return False
    return leaf.value == rows if leaf.bare in LENGTHS else leaf.value >= rows


def _totals(about: list[Leaf], rows: int) -> tuple[Leaf, ...]:
    """The numbers that may count all records, the surest first."""
    inexact = {leaf.around for leaf in about if leaf.bare == "relation" and leaf.value != "eq"}
    likely = [
        leaf
        for leaf in about
        if _total_name(leaf) in TOTALS and _is_count(leaf.value) and leaf.value >= rows
        if leaf.around not in inexact
    ]
    return tuple(sorted(likely, key=lambda leaf: TOTALS.index(_total_name(leaf))))


def _total_name(leaf: Leaf) -> str:
    """Elasticsearch has a total in an object, beside its relation to the true one."""
    return leaf.parent if leaf.bare in ("value", "relation") else leaf.bare


def _is_about_records(leaf: Leaf, records: str) -> bool:
    """Whether it stands around the records, or where answers speak of themselves."""
    around = leaf.around
    if _total_name(leaf) != leaf.bare:
        around = around.rpartition(".")[0]
    return bare(around.rpartition(".")[2]) in OF_PAGING or f"{records}.".startswith(f"{around}.")


def _header_link(headers: Mapping[str, str]) -> str | None:
    following = LinkHeader(size_param=None).next(Request(""), Answer(None, 0, headers))
    return None if following is None else following.url


def _header_total(headers: Mapping[str, str]) -> tuple[str, int] | None:
    for name, value in headers.items():
        if HEADER_TOTAL.fullmatch(name) and re.fullmatch("[0-9]{1,15}", value):
            return name, int(value)
    return None


def is_link_list(found: list[Any]) -> bool:
    """Whether one of the items is the link to the next page, to which no path leads."""
    return any(isinstance(it, Mapping) and "next" in (it.get("rel"), it.get("relation")) for it in found)
