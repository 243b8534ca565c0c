"""What a declaration says of paging becomes a paging."""

from __future__ import annotations

from typing import Any

from ...paging import (
    ONE_PAGE,
    Cursor,
    Into,
    KeySet,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Paging,
)
from .styles import Until

HEADER = "header:"
"""In front of the name of a header, where a path into the answer could stand."""


class Misfit(ValueError):
    """Two of its keys do not go together."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(why)
        self.key = key


def paging_of(declared: Any) -> Paging | None:
    """The paging that a declaration means, by its name or in full; None where it is to be found out."""
    if isinstance(declared, str):
        declared = _named(declared)
    size = getattr(declared, "size_param", None)
    match declared.type:
        case "auto":
            return None
        case "single_page":
            return ONE_PAGE
        case "json_link" | "json_response":
            return NextLink(declared.next_url_path, size, declared.is_stable)
        case "header_link":
            return LinkHeader(declared.links_next_key, size, declared.is_stable)
        case "header_cursor":
            return Cursor(HEADER + declared.cursor_key, declared.cursor_param, size)
        case "cursor":
            return _cursor(declared)
        case "offset":
            return _offset(declared)
        case "page_number":
            return _page_number(declared)
        case _:
            more = declared.has_more_path
            return KeySet(declared.param, size, more, short_is_last=declared.short_is_last)


def most(paging: Paging) -> int | None:
    """Records that a page has at most, if the paging says so."""
    found: int | None = getattr(paging.paging if isinstance(paging, Until) else paging, "most", None)
    return found


def _named(name: str) -> Any:
    """A paging of which nothing is said but its name."""
    from .shape import PAGINGS

    return PAGINGS[name].model_validate({"type": name})


def _cursor(it: Any) -> Paging:
    param, into = _place(it, "cursor_param", "cursor_body_path", "cursor")
    paging = Cursor(it.cursor_path, param, it.size_param, it.has_more_path, into)
    return Until(paging, ends_empty=True) if it.stop_after_empty_page else paging


def _offset(it: Any) -> Paging:
    _check_end(it, "maximum_offset")
    param, into = _place(it, "offset_param", "offset_body_path", "offset")
    limit, of_limit = _place(it, "limit_param", "limit_body_path", "limit")
    if into != of_limit:
        raise Misfit("limit_body_path", "offset and limit must both go into the query, or both into the body")
    paging = Offset(param, limit, it.offset, it.limit, it.has_more_path, into, it.short_is_last, it.is_stable)
    return _until(paging, param, it.maximum_offset, into)


def _page_number(it: Any) -> Paging:
    _check_end(it, "maximum_page")
    param, into = _place(it, "page_param", "page_body_path", "page")
    start = it.base_page if it.page is None else it.page
    if it.total_path is not None and start != it.base_page:
        raise Misfit("page", "with total_path it is base_page: else nobody knows which page is the last")
    paging = PageNumber(
        param,
        it.size_param,
        start,
        it.size,
        it.total_path,
        it.has_more_path,
        into,
        it.short_is_last,
        it.is_stable,
    )
    return _until(paging, param, it.maximum_page, into)


def _until(paging: Paging, param: str, end: int | None, into: Into) -> Paging:
    if end is None:
        return paging
    if into == "body":
        raise Misfit("type", "an end such as maximum_page goes with parameters in the query only")
    return Until(paging, param=param, end=end)


def _check_end(it: Any, end: str) -> None:
    if not (it.stop_after_empty_page or it.total_path or it.has_more_path or getattr(it, end)):
        raise Misfit(
            "stop_after_empty_page",
            f"without it the end is told by total_path, has_more_path or {end}: give one",
        )


def _place(it: Any, param: str, body_path: str, usual: str) -> tuple[str, Into]:
    """The parameter, and whether it goes into the query or the body."""
    in_query, in_body = getattr(it, param), getattr(it, body_path)
    if in_query is not None and in_body is not None:
        raise Misfit(body_path, f"give {param} or {body_path}, not both")
    return (in_body, "body") if in_body is not None else (in_query or usual, "query")
