"""What is found out of services in well-known shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from spyro_sdk.connectors.declared.detect import MOST_ASKS
from spyro_sdk.paging import (
    Cursor,
    KeySet,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Paging,
)

from . import services as s

pytestmark = pytest.mark.anyio

Shape = tuple[Callable[..., s.Service], str, Paging, str | None, str | None]

SHAPES: list[Shape] = [
    (s.github, "", LinkHeader(size_param="per_page"), "id", None),
    (s.wordpress, "", LinkHeader(size_param="per_page"), "id", "header:x-wp-total"),
    (s.shopify, "products", LinkHeader(size_param="limit"), "id", None),
    (s.pokeapi, "results", NextLink("next", "limit"), "id", "count"),
    (s.django, "results", NextLink("next"), "id", "count"),
    (s.rick, "results", NextLink("info.next"), "id", "info.count"),
    (s.laravel, "data", PageNumber("page", "per_page", 1, pages="last_page"), "id", "total"),
    (s.forgetful, "entries", NextLink("next_url"), "id", None),
    (s.twilio, "messages", NextLink("next_page_uri", "PageSize"), "id", None),
    (s.asana, "data", NextLink("next_page.uri", "limit"), "id", None),
    (s.odata, "value", NextLink("@odata.nextLink"), "id", None),
    (s.jsonapi, "data", NextLink("links.next", "page[size]"), "id", "meta.total"),
    (s.salesforce, "records", NextLink("nextRecordsUrl"), "Id", "totalSize"),
    (s.hubspot, "results", NextLink("paging.next.link", "limit"), "id", None),
    (s.bitbucket, "values", NextLink("next", "pagelen"), "id", None),
    (s.discourse, "topic_list.topics", NextLink("topic_list.more_topics_url"), "id", None),
    (
        s.zendesk,
        "tickets",
        Cursor("meta.after_cursor", "page[after]", "page[size]", "meta.has_more"),
        "id",
        None,
    ),
    (s.slack, "channels", Cursor("response_metadata.next_cursor", "cursor"), "id", None),
    (s.notion, "results", Cursor("next_cursor", "start_cursor", "page_size", "has_more", "body"), "id", None),
    (s.jira, "issues", Cursor("nextPageToken", "nextPageToken", "maxResults"), "id", None),
    (s.youtube, "items", Cursor("nextPageToken", "pageToken", "maxResults"), "id", "pageInfo.totalResults"),
    (s.twitter, "data", Cursor("meta.next_token", "pagination_token", "max_results"), "id", None),
    (s.airtable, "records", Cursor("offset", "offset", "pageSize"), "id", None),
    (
        s.intercom,
        "data",
        Cursor("pages.next.starting_after", "starting_after", "per_page"),
        "id",
        "total_count",
    ),
    (s.reddit, "data.children", Cursor("data.after", "after"), None, None),
    (
        s.graphql,
        "data.repository.issues.nodes",
        Cursor(
            "data.repository.issues.pageInfo.endCursor",
            "variables.cursor",
            "variables.first",
            "data.repository.issues.pageInfo.hasNextPage",
            "body",
        ),
        "id",
        None,
    ),
    (s.old_jira, "issues", Offset("startAt", "maxResults"), "id", "total"),
    (s.spotify, "albums.items", Offset("offset", "limit"), "id", "albums.total"),
    (s.bitbucket_server, "values", Cursor("nextPageStart", "start"), "id", None),
    (s.scim, "Resources", Offset("startIndex", "count", 1), "id", "totalResults"),
    (s.elastic, "hits.hits", Offset("from", "size"), "_id", "hits.total.value"),
    (s.mailchimp, "lists", Offset("offset", None), "id", "total_items"),
    (s.tmdb, "results", PageNumber("page", None, pages="total_pages"), "id", "total_results"),
    (s.spring, "content", PageNumber("page", "size", 0, pages="totalPages"), "id", "totalElements"),
    (
        s.hal,
        "_embedded.orderList",
        PageNumber("page", "size", 0, pages="page.totalPages"),
        "id",
        "page.totalElements",
    ),
    (s.plain_pages, "", PageNumber("page", "per_page"), "id", None),
    (s.plain_offsets, "", Offset("offset", "limit"), "id", None),
    (s.stripe, "data", KeySet("starting_after", "limit", "has_more"), "id", None),
    (s.discord, "", KeySet("after", "limit"), "id", None),
]
NAMES = [shape[0].__name__ for shape in SHAPES]


@pytest.mark.parametrize(("make", "records", "paging", "key", "total"), SHAPES, ids=NAMES)
async def test_the_shape_is_found_out(
    make: Callable[..., s.Service], records: str, paging: Paging, key: str | None, total: str | None
) -> None:
    service = make(s.made(230))
    found = await service.detected()
    assert (found.records, found.paging) == (records, paging), found.notes
    assert (found.key, found.total) == (key, total), found.notes
    assert len(service.asks) <= MOST_ASKS


@pytest.mark.parametrize("count", [1, 2, 7, 41, 230])
@pytest.mark.parametrize("make", [shape[0] for shape in SHAPES], ids=NAMES)
async def test_what_is_found_fetches_every_record_once(make: Callable[..., s.Service], count: int) -> None:
    rows = s.made(count)
    service = make(rows)
    found = await service.detected()
    came: list[Any] = await service.walked(found)
    everything: list[Any] = (await make(rows).walked(found, size=count)) if count <= 100 else came
    assert len(came) == count, found.notes
    assert came == everything
