"""The card of a fetch that has not run: the recipe, and what to call next."""

from __future__ import annotations

from typing import Final

from ...entity import Query
from ...fetch import Fetch
from ...words import counted, lasting
from ..card import Card, Node, code, facts, line, muted

NAMES: Final = 25  # columns that are named


def card(fetch: Fetch) -> Card:
    """What is asked for. The service is not asked for it."""
    kept = fetch.partial
    return Card(
        fetch.query.entity,
        "plain" if kept is None else "waiting",
        aside="nothing is fetched yet" if kept is None else "",
        badge="" if kept is None else "stopped",
        body=[
            facts(_asked(fetch.query, "last" if fetch.is_increment else "")),
            None if kept is None else line(counted(kept.num_rows, "record"), " came: ", code(".partial")),
            line(code(".to_pandas()"), " ", code(".to_parquet(path)"), muted(" fetch it, "), code(".head()")),
            line(code(".explain()"), muted(" tells what it takes, "), code(".count()"), muted(" how many")),
        ],
    )


def _asked(query: Query, since: str) -> dict[str, Node]:
    told: dict[str, Node] = {
        "columns": _names(query.columns) if query.columns else "all",
        "where": code(query.where.text) if query.where else "",
        "since": since or str(query.since or ""),
        "limit": "" if query.limit is None else counted(query.limit, "record"),
        "deleted": "those in the recycle bin too" if query.include_deleted else "",
        "native": _names(query.native) if isinstance(query.native, tuple) else "",
        "API": query.api or "",
        "at once": counted(query.concurrency, "request") if query.concurrency else "",
        "deadline": lasting(query.deadline) if query.deadline else "",
    }
    if query.native is True:
        told["native"] = "the service's own entity of this name"
    return {name: said for name, said in told.items() if said}


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMES:,} more" if len(names) > NAMES else ""
    return ", ".join(names[:NAMES]) + more
