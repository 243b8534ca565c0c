"""airbyte-cdk: a declarative source, which follows the links."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from airbyte_cdk.models import (
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
)
from airbyte_cdk.models import Type as MessageType
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource
from answer import ADDRESS, answer

SCHEMA: dict[str, Any] = {"type": "object", "additionalProperties": True, "properties": {}}
MANIFEST: dict[str, Any] = {
    "version": "6.0.0",
    "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["items"]},
    "streams": [
        {
            "type": "DeclarativeStream",
            "name": "items",
            "primary_key": "id",
            "schema_loader": {"type": "InlineSchemaLoader", "schema": SCHEMA},
            "retriever": {
                "type": "SimpleRetriever",
                "requester": {
                    "type": "HttpRequester",
                    "url_base": ADDRESS,
                    "path": "/items",
                    "http_method": "GET",
                },
                "record_selector": {
                    "type": "RecordSelector",
                    "extractor": {"type": "DpathExtractor", "field_path": ["items"]},
                },
                "paginator": {
                    "type": "DefaultPaginator",
                    "page_token_option": {"type": "RequestPath"},
                    "pagination_strategy": {
                        "type": "CursorPagination",
                        "cursor_value": "{{ response.get('next', '') }}",
                        "stop_condition": "{{ not response.get('next') }}",
                    },
                },
            },
        }
    ],
}
CATALOG = ConfiguredAirbyteCatalog(
    streams=[
        ConfiguredAirbyteStream(
            stream=AirbyteStream(
                name="items", json_schema=SCHEMA, supported_sync_modes=[SyncMode.full_refresh]
            ),
            sync_mode=SyncMode.full_refresh,
            destination_sync_mode=DestinationSyncMode.overwrite,
        )
    ]
)


def read() -> Iterator[Any]:
    source = ConcurrentDeclarativeSource(
        catalog=CATALOG, config={}, state=[], source_config=MANIFEST, config_path=None
    )
    for message in source.read(logging.getLogger("airbyte"), {}, CATALOG, []):
        if message.type == MessageType.RECORD:
            yield message.record.data


answer(read)
