"""The same declarations for dlt's `rest_api` source and for spyro_sdk, by their names in the table."""

from __future__ import annotations

from typing import Any

from stopwatch import ADDRESS, HEADERS, PAGE, QUERY, QUESTION

RESOURCES: dict[str, dict[str, Any]] = {
    "account": {
        "path": QUERY,
        "params": {"q": QUESTION},
        "data_selector": "records",
        "paginator": {"type": "json_link", "next_url_path": "nextRecordsUrl"},
    },
    "items": {
        "path": "/items",
        "params": {"per_page": PAGE},
        "data_selector": "items",
        "paginator": {"type": "page_number", "base_page": 1, "total_path": None},
    },
}


def source(name: str) -> dict[str, Any]:
    """The declaration of one resource."""
    return {
        "client": {"base_url": ADDRESS, "headers": HEADERS},
        "resources": [{"name": name, "endpoint": RESOURCES[name]}],
    }
