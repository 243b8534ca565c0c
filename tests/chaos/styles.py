"""The ways to page on which each fault is played, and where in an answer what stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from tests.apis.api import PATH, Api
from tests.apis.apis import APIS

COUNT, SIZE = 60, 15  # records, and how many of them a page has


@dataclass(frozen=True)
class Style:
    """One way to page."""

    api: Api
    following: str = ""
    """Where an answer says what comes next: a path, `header:Link`, or `token:path=parameter`."""
    total: str = ""
    """Where the number of records is."""
    pages: str = ""
    """Where the number of pages is."""
    more: str = ""
    """Where it says whether there is more."""
    is_counted: bool = False
    """Whether requests count, so that nothing an answer says leads on."""

    size: int = SIZE
    """Records in a page."""

    @property
    def records(self) -> str:
        return self.api.envelope.records

    @cached_property
    def declared(self) -> dict[str, Any]:
        """All that somebody would write of it, the key too."""
        known = {"path": PATH, "key": "id", **self.api.asked, **(self.api.declared or {})}
        return {**known, "total": self.total.replace("/", ".")} if self.total else known


def _few(name: str, count: int = COUNT) -> Api:
    return replace(APIS[name], count=count)


STYLES = {
    "Link header": Style(_few("Link header, opaque cursors"), "header:Link"),
    "Link header, numbers": Style(_few("Link header, page numbers"), "header:Link"),
    "next link": Style(_few("absolute next link"), "next", total="count"),
    "next link, relative": Style(_few("relative next link"), "data/nextPage"),
    "cursor": Style(_few("cursor with has-more"), "token:next_cursor=cursor", more="has_more"),
    "keyset": Style(_few("keyset"), total="total_count", more="has_more"),
    "offset": Style(_few("offset with a total"), total="total", is_counted=True),
    "offset, no total": Style(_few("offset without a total"), is_counted=True),
    "page number": Style(_few("page number with a total"), total="total_count", is_counted=True),
    "page number, count of pages": Style(
        _few("page number with a page count"), pages="meta/page_count", is_counted=True
    ),
    "page number, no total": Style(_few("page number with nothing"), is_counted=True),
}
