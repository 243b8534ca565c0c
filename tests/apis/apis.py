"""The APIs: one for each way to page and each way to wrap records that clients meet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spyro_sdk.entity import Entity
from spyro_sdk.paging import Cursor, KeySet, LinkHeader, NextLink, Offset, OnePage, PageNumber

from .api import BEARER, KEY, NAMED, PATH, Api
from .envelopes import (
    Envelope,
    absolute,
    always,
    by_key,
    link_header,
    more,
    no_more,
    only_query,
    pages,
    relative,
    size,
    start,
    token,
    total,
    unless_last,
)
from .pagers import Counted, Keyed, Numbered, Size, Tokened, Whole
from .store import Record

Written = dict[str, Any]
ITEMS = Entity("items", PATH, key="id")
HUNDRED = {"most": 100}


def items(records: str = "", **more: object) -> Entity:
    return replace(ITEMS, records=records, **more)


def linked(records: str, path: str, size_param: str) -> Written:
    return {
        "records": records,
        "paging": {"type": "json_link", "next_url_path": path, "size_param": size_param},
    }


def numbered(records: str, size_param: str = "per_page", **more: str) -> Written:
    return {
        "records": records,
        "paging": {"type": "page_number", "base_page": 1, "size_param": size_param, **more},
    }


def hal(record: Record) -> Record:
    return {**record, "_links": {"self": {"href": f"/items/{record['id']}"}}}


def json_api(record: Record) -> Record:
    inner = {name: value for name, value in record.items() if name != "id"}
    return {"type": "items", "id": str(record["id"]), "attributes": inner}


APIS = {
    # -- links ----------------------------------------------------------------------------------------
    "Link header, page numbers": Api(
        Numbered(),
        Envelope(headers=link_header),
        items(paging=LinkHeader()),
        {"records": "$", "paging": {"type": "header_link", "size_param": "per_page"}},
        door=BEARER,
    ),
    "Link header, opaque cursors": Api(
        Tokened(size=Size("per_page")),
        Envelope(headers=link_header),
        items(paging=LinkHeader()),
        {"records": "$", "paging": {"type": "header_link", "size_param": "per_page"}},
        others="ignored",
    ),
    "absolute next link": Api(
        Tokened("after"),
        Envelope("results", before={"count": total, "next": absolute, "previous": always(None)}),
        items("results", paging=NextLink("next", "limit"), total="count"),
        linked("results", "next", "limit"),
    ),
    "relative next link": Api(
        Counted("start", Size("count")),
        Envelope("data/items", behind={"data/nextPage": relative}),
        items("data.items", paging=NextLink("data.nextPage", "count")),
        linked("data.items", "data.nextPage", "count"),
        door=KEY,
    ),
    "next link of a query alone": Api(
        Tokened("token", Size("max")),
        Envelope("records", behind={"links/next": unless_last(only_query)}),
        items("records", paging=NextLink("links.next", "max")),
        linked("records", "links.next", "max"),
    ),
    "OData": Api(
        Counted("$skip", Size("$top")),
        Envelope(
            "value",
            before={"@odata.context": always("$metadata#items"), "@odata.count": total},
            behind={"@odata.nextLink": unless_last(absolute)},
        ),
        items("value", paging=NextLink("@odata.nextLink", "$top"), total="@odata.count"),
        linked("value", "@odata.nextLink", "$top"),
    ),
    "HAL": Api(
        Numbered(size=Size("size"), start=0),
        Envelope(
            "_embedded/items",
            before={"_links/self/href": always("/items"), "_links/next/href": unless_last(absolute)},
            behind={"page/size": size, "page/totalElements": total, "page/totalPages": pages},
        ),
        items("_embedded.items", paging=NextLink("_links.next.href", "size"), total="page.totalElements"),
        linked("_embedded.items", "_links.next.href", "size"),
        shape=hal,
    ),
    "JSON:API": Api(
        Numbered("page[number]", Size("page[size]")),
        Envelope(
            "data",
            before={"jsonapi/version": always("1.1"), "included": always([{"type": "people", "id": "7"}])},
            behind={"links/next": absolute, "meta/total": total},
        ),
        items("data", paging=NextLink("links.next", "page[size]"), total="meta.total"),
        linked("data", "links.next", "page[size]"),
        shape=json_api,
    ),
    # -- cursors --------------------------------------------------------------------------------------
    "cursor with has-more": Api(
        Tokened(),
        Envelope("data", before={"has_more": more}, behind={"next_cursor": token}),
        items("data", paging=Cursor("next_cursor", "cursor", more="has_more")),
        {
            "records": "data",
            "paging": {
                "type": "cursor",
                "cursor_path": "next_cursor",
                "cursor_param": "cursor",
                "has_more_path": "has_more",
                "size_param": "limit",
            },
        },
        door=BEARER,
    ),
    "cursor in the body of a POST": Api(
        Tokened("page.after", Size("page.size")),
        Envelope("results", behind={"paging/next": token, "paging/is_last": no_more}),
        items(
            "results",
            paging=Cursor("paging.next", "page.after", "page.size", into="body"),
            method="POST",
            body={"query": {"kind": "all"}},
        ),
        {
            "records": "results",
            "paging": {
                "type": "cursor",
                "cursor_path": "paging.next",
                "cursor_body_path": "page.after",
                "size_param": "page.size",
            },
        },
        method="POST",
        needs={"query.kind": "all"},
        asked={"method": "POST", "body": {"query": {"kind": "all"}}},
    ),
    "keyset": Api(
        Keyed(size=Size("limit", default=10, most=100)),
        Envelope("data", before={"object": always("list"), "has_more": more, "total_count": total}),
        items("data", paging=KeySet("starting_after", more="has_more"), total="total_count"),
        {
            "records": "data",
            "key": "id",
            "paging": {
                "type": "keyset",
                "param": "starting_after",
                "has_more_path": "has_more",
                "size_param": "limit",
            },
        },
        door=NAMED,
        newest_first=True,
    ),
    # -- offsets --------------------------------------------------------------------------------------
    "offset with a total": Api(
        Counted(),
        Envelope("items", before={"total": total, "offset": start}),
        items("items", paging=Offset(), total="total"),
        {"records": "items", "paging": {"type": "offset", "limit": 1_000, "total_path": "total"}},
    ),
    "offset without a total": Api(
        Counted("skip", Size("take")),
        Envelope("payload/rows"),
        items("payload.rows", paging=Offset("skip", "take")),
        {
            "records": "payload.rows",
            "paging": {"type": "offset", "limit": 1_000, "offset_param": "skip", "limit_param": "take"},
        },
    ),
    # -- page numbers ---------------------------------------------------------------------------------
    "page number with a page count": Api(
        Numbered(beyond="404"),
        Envelope("items", before={"meta/page_count": pages}),
        items("items", paging=PageNumber(pages="meta.page_count")),
        numbered("items", total_path="meta.page_count"),
    ),
    "page number with a total": Api(
        Numbered(size=Size("page_size")),
        Envelope("results", behind={"total_count": total}),
        items("results", paging=PageNumber(size_param="page_size"), total="total_count"),
        numbered("results", "page_size"),
        others="ignored",
    ),
    "page number with nothing": Api(
        Numbered(),
        Envelope("items"),
        items("items", paging=PageNumber()),
        numbered("items"),
    ),
    "page size clamped": Api(
        Numbered(size=Size(**HUNDRED, over="clamped")),
        Envelope("items", behind={"per_page": size}),
        items("items", paging=PageNumber()),
        numbered("items"),
    ),
    "page size refused, the most named": Api(
        Numbered(size=Size(**HUNDRED)),
        Envelope("items", behind={"total": total}),
        items("items", paging=PageNumber(), total="total"),
        numbered("items"),
    ),
    "page size refused without a word": Api(
        Numbered(size=Size(**HUNDRED, over="unnamed")),
        Envelope("items", behind={"total": total}),
        items("items", paging=PageNumber(), total="total"),
        numbered("items"),
    ),
    # -- all at once ----------------------------------------------------------------------------------
    "bare array without paging": Api(
        Whole(), Envelope(), items(paging=OnePage()), {"records": "$", "paging": "single_page"}
    ),
    "two lists in the envelope": Api(
        Whole(),
        Envelope("active", behind={"archived": always([{"id": 1, "name": "old"}])}),
        items("active", paging=OnePage()),
        {"records": "active", "paging": "single_page"},
    ),
    "records keyed by id": Api(
        Whole(),
        Envelope("items", write=by_key),
        None,
        None,
    ),
    # -- few records ----------------------------------------------------------------------------------
    "no record": Api(
        Numbered(),
        Envelope("items", behind={"total": total}),
        items("items", paging=PageNumber(), total="total"),
        numbered("items"),
        count=0,
    ),
    "one record": Api(
        Numbered(),
        Envelope("items", behind={"total": total}),
        items("items", paging=PageNumber(), total="total"),
        numbered("items"),
        count=1,
    ),
}
