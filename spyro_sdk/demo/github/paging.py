"""How the demo's GitHub cuts a list into pages, and says where the next one is.

https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import urlencode

from spyro_sdk.demo.github.errors import Refusal
from spyro_sdk.demo.http import Request

Record = dict[str, Any]

MOST, USUAL = 100, 30  # records in a page
NUMBERED = 10_000  # records of a big list that page numbers reach
TOO_MANY = (
    "Pagination with the page parameter is not supported for large datasets, please use cursor based"
    " pagination (after/before)"
)


def by_number(request: Request, base_url: str, records: list[Record]) -> tuple[list[Record], str]:
    """A page by its number, and the Link header with `next`, `last`, `first` and `prev`."""
    size, page = _size(request), _page(request)
    last = max(1, -(-len(records) // size))
    places: dict[str, int] = {}
    if page > 1:
        places |= {"prev": min(page - 1, last)}
    if page < last:
        places |= {"next": page + 1, "last": last}
    if page > 1:
        places |= {"first": 1}
    links = {rel: {"page": str(number)} for rel, number in places.items()}
    return records[(page - 1) * size : page * size], _header(request, base_url, links)


def by_cursor(
    request: Request, base_url: str, records: list[Record], *, numbered: bool = False
) -> tuple[list[Record], str]:
    """A page by the cursor before it; what is new since then moves nothing. `next` is all that is told.

    `numbered`: the page may be asked for by its number too, at the beginning of the list.
    """
    size, after = _size(request), request.query.get("after")
    page = _page(request) if numbered else 1
    if after is not None:
        start = _place(after, records)
    elif page * size > NUMBERED:
        raise Refusal(422, TOO_MANY)
    else:
        start = (page - 1) * size
    shown = records[start : start + size]
    links = {}
    if start + size < len(records):
        links["next"] = {"after": _cursor(shown[-1]), **({"page": str(page + 1)} if numbered else {})}
    return shown, _header(request, base_url, links)


def _size(request: Request) -> int:
    """Records in a page: what makes no sense is the usual number, and more than the most is the most."""
    wish = request.query.get("per_page", "")
    return min(int(wish), MOST) if wish.isdecimal() and int(wish) > 0 else USUAL


def _page(request: Request) -> int:
    wish = request.query.get("page", "")
    return int(wish) if wish.isdecimal() and int(wish) > 0 else 1


def _cursor(record: Record) -> str:
    return base64.urlsafe_b64encode(f"cursor:v2:{record['id']}".encode()).decode()


def _place(cursor: str, records: list[Record]) -> int:
    try:
        id_ = int(base64.urlsafe_b64decode(cursor).decode().removeprefix("cursor:v2:"))
        return [record["id"] for record in records].index(id_) + 1
    except (binascii.Error, ValueError):
        raise Refusal(422, "Validation Failed", errors=["The cursor is not valid"]) from None


def _header(request: Request, base_url: str, links: dict[str, dict[str, str]]) -> str:
    kept = {name: value for name, value in request.query.items() if name not in ("page", "after")}
    address = base_url + request.path
    return ", ".join(
        f'<{address}?{urlencode({**kept, **params})}>; rel="{rel}"' for rel, params in links.items()
    )
