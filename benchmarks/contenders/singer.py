"""singer-sdk: a tap with one REST stream, and a DataFrame of the records that the stream gives."""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd
from singer_sdk import RESTStream, Stream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import JSONPathPaginator
from singer_sdk.streams.rest import HTTPRequest, PageContext
from stopwatch import ADDRESS, HEADERS, QUERY, QUESTION, look_at, measure


class Accounts(RESTStream[str]):
    """The accounts, page by page."""

    name = "Account"
    path = QUERY
    url_base = ADDRESS
    http_headers = HEADERS
    primary_keys = ("Id",)
    records_jsonpath = "$.records[*]"
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("Id", th.StringType), additional_properties=True
    ).to_dict()

    def get_new_paginator(self) -> JSONPathPaginator:
        """Pages link to the next."""
        return JSONPathPaginator("$.nextRecordsUrl")

    def get_http_request(self, *, page: PageContext[str]) -> HTTPRequest:
        """The question first, then wherever the page before links to."""
        request = super().get_http_request(page=page)
        if page.next_page_token:
            request.url = ADDRESS + page.next_page_token
        else:
            request.params = {"q": QUESTION}
        return request


class Salesforce(Tap):
    """The tap."""

    name = "tap-salesforce"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList().to_dict()

    def discover_streams(self) -> list[Stream]:
        """The one stream."""
        return [Accounts(tap=self)]


def read_all() -> pd.DataFrame:
    """Gather the records."""
    (stream,) = Salesforce(config={}).discover_streams()
    return pd.DataFrame(stream.get_records(None)).drop(columns="attributes")


measure(read_all, look_at)
