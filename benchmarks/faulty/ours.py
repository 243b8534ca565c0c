"""spyro_sdk: the address and the path; the rest it finds out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from answer import ADDRESS, answer

import spyro_sdk as spyro


def read() -> Iterator[dict[str, Any]]:
    entities = {"items": {"path": "/items"}}
    with spyro.connect("rest", base_url=ADDRESS, entities=entities, progress=False) as connection:
        yield from connection.fetch("items").to_arrow().to_pylist()


answer(read)
