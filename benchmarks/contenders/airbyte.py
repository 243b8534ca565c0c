"""airbyte-cdk: a declarative source, read in this process, and a DataFrame of the records' data."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd
from airbyte_cdk.models import (
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
)
from airbyte_cdk.models import Type as MessageType
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource
from stopwatch import ADDRESS, HEADERS, QUERY, QUESTION, look_at, measure

SCHEMA: dict[str, Any] = {"type": "object", "additionalProperties": True, "properties": {}}
MANIFEST: dict[str, Any] = {
    "version": "6.0.0",
    "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["Account"]},
    "streams": [
        {
            "type": "DeclarativeStream",
            "name": "Account",
            "primary_key": "Id",
            "schema_loader": {"type": "InlineSchemaLoader", "schema": SCHEMA},
            "retriever": {
                "type": "SimpleRetriever",
                "requester": {
                    "type": "HttpRequester",
                    "url_base": ADDRESS,
                    "path": QUERY,
                    "http_method": "GET",
                    "request_parameters": {"q": "{{ config['question'] if not next_page_token else '' }}"},
                    "request_headers": HEADERS,
                },
                "record_selector": {
                    "type": "RecordSelector",
                    "extractor": {"type": "DpathExtractor", "field_path": ["records"]},
                },
                "paginator": {
                    "type": "DefaultPaginator",
                    "page_token_option": {"type": "RequestPath"},
                    "pagination_strategy": {
                        "type": "CursorPagination",
                        "cursor_value": "{{ config['address'] ~ response['nextRecordsUrl'] }}",
                        "stop_condition": "{{ response['done'] }}",
                    },
                },
            },
        }
    ],
}
CONFIG = {"address": ADDRESS, "question": QUESTION}
CATALOG = ConfiguredAirbyteCatalog(
    streams=[
        ConfiguredAirbyteStream(
            stream=AirbyteStream(
                name="Account", json_schema=SCHEMA, supported_sync_modes=[SyncMode.full_refresh]
            ),
            sync_mode=SyncMode.full_refresh,
            destination_sync_mode=DestinationSyncMode.overwrite,
        )
    ]
)


def read_all() -> pd.DataFrame:
    """Read the stream, gather what its record messages carry."""
    source = ConcurrentDeclarativeSource(
        catalog=CATALOG, config=CONFIG, state=[], source_config=MANIFEST, config_path=None
    )
    messages = source.read(logging.getLogger("airbyte"), CONFIG, CATALOG, [])
    records = [message.record.data for message in messages if message.type == MessageType.RECORD]
    return pd.DataFrame(records).drop(columns="attributes")


measure(read_all, look_at)
