"""singer-sdk: a tap with one REST stream, which follows the links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from answer import ADDRESS, answer
from singer_sdk import RESTStream, Stream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import JSONPathPaginator
from singer_sdk.streams.rest import HTTPRequest, PageContext


class Items(RESTStream[str]):
    """The items, page by page."""

    name = "items"
    path = "/items"
    url_base = ADDRESS
    primary_keys = ("id",)
    records_jsonpath = "$.items[*]"
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("id", th.IntegerType), additional_properties=True
    ).to_dict()

    def get_new_paginator(self) -> JSONPathPaginator:
        """Pages link to the next."""
        return JSONPathPaginator("$.next")

    def get_http_request(self, *, page: PageContext[str]) -> HTTPRequest:
        """The first page, then wherever the page before links to."""
        request = super().get_http_request(page=page)
        if page.next_page_token:
            request.url = page.next_page_token
        return request


class Service(Tap):
    """The tap."""

    name = "tap-items"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList().to_dict()

    def discover_streams(self) -> list[Stream]:
        """The one stream."""
        return [Items(tap=self)]


def read() -> Iterator[Any]:
    (stream,) = Service(config={}).discover_streams()
    return iter(stream.get_records(None))


answer(read)
