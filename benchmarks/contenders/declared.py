"""spyro_sdk: a source that is declared and not programmed.

The third argument names the resource, and whether it is `told` all that dlt's source is told, in the same
words, or is to be `found` out from the answers.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pydantic  # noqa: F401  # what the others import before the clock starts, is imported here too
from sources import RESOURCES, source
from stopwatch import ACTION, ADDRESS, PAGE, look_at, measure

import spyro_sdk.connectors.declared.shape
import spyro_sdk.transport.aiohttp  # noqa: F401
from spyro_sdk import connect  # with all behind it, which waits until somebody asks for it

NAME, HOW = ACTION.split()
SHOWN = ("path", "params")
"""What a source is told of which the rest is found out."""


def declaration() -> dict[str, Any]:
    """What is declared."""
    if HOW == "told":
        return source(NAME)
    known = {key: value for key, value in RESOURCES[NAME].items() if key in SHOWN}
    return {"base_url": ADDRESS, "access_token": "token", "entities": {NAME: known}}


def fetch() -> pd.DataFrame:
    """Connect, find out what was not told, fetch."""
    rate = {"rate_limit": 1e6, "burst_size": 1_000}  # requests a minute, and at once
    with connect("rest", **declaration(), **rate, page_size=PAGE, progress=False) as service:
        return service.fetch(NAME).to_pandas()


measure(fetch, look_at)
