"""A paging as the line of a declaration."""

from __future__ import annotations

import json
import re

from ....paging import Cursor, KeySet, LinkHeader, NextLink, Offset, PageNumber, Paging

PLAIN = re.compile(r"[A-Za-z_][\w.-]*")
SINGLE = "{type: single_page}"


def line(paging: Paging, rows: int) -> str:
    """What to write after `paging:` to mean it; `rows`: records of a page.

    >>> line(NextLink("links.next"), 20)
    '{type: json_link, next_url_path: links.next}'
    """
    match paging:
        case LinkHeader():
            keys = {"type": "header_link", "size_param": paging.size_param}
        case NextLink():
            keys = {"type": "json_link", "next_url_path": paging.path, "size_param": paging.size_param}
        case Cursor():
            place = "cursor_param" if paging.into == "query" else "cursor_body_path"
            keys = {"type": "cursor", "cursor_path": paging.path, place: paging.param}
            keys |= {"has_more_path": paging.more, "size_param": paging.size_param}
        case Offset():
            end = "param" if paging.into == "query" else "body_path"
            keys = {"type": "offset", "limit": str(rows), "offset": str(paging.start)}
            keys |= {f"offset_{end}": paging.param, f"limit_{end}": paging.size_param}
        case PageNumber():
            place = "page_param" if paging.into == "query" else "page_body_path"
            keys = {"type": "page_number", "base_page": str(paging.start), place: paging.param}
            keys |= {"total_path": paging.pages, "size_param": paging.size_param}
        case KeySet():
            keys = {"type": "keyset", "param": paging.param}
            keys |= {"has_more_path": paging.more, "size_param": paging.size_param}
        case _:
            return SINGLE
    return "{" + ", ".join(f"{key}: {_text(value)}" for key, value in keys.items() if value is not None) + "}"


def _text(value: str) -> str:
    """A text as YAML reads it back."""
    return value if PLAIN.fullmatch(value) or value.isdigit() else json.dumps(value, ensure_ascii=False)
