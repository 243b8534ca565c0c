"""What a fetch notices of records that are added or removed while it reads."""

from __future__ import annotations

from ..entity import Entity
from ..http import Request
from ..paging import Counted, KeySet, LinkHeader, NextLink, OnePage
from .page import Habits

ANY = Request("https://service.example")

STABLE = "not at all: the list is declared to be stable"
BY_OVERLAP = "by pages that overlap by a record or more"
BY_TOTAL = "only by the number of records that the service announces"
BY_LINKS = (
    "by pages that overlap, if the links count pages or records; else what is added, not what is removed"
)
BY_KEY = "where they matter: each page is what comes after a key"
BY_CURSOR = "by the cursor of the service, if at all; what comes twice in a row is left out"
NOTHING = "not at all: declare the key, or the total"


def watched(entity: Entity, habits: Habits) -> str:
    """How it is noticed that records were added or removed meanwhile; '' where all come at once."""
    paging = entity.paging
    otherwise = NOTHING if entity.total is None else BY_TOTAL
    if isinstance(paging, OnePage | KeySet):
        return BY_KEY if isinstance(paging, KeySet) else ""
    if getattr(paging, "is_stable", False):
        return STABLE
    if entity.key is None or habits.is_exact is False:
        return otherwise
    if isinstance(paging, NextLink | LinkHeader):
        return BY_LINKS
    if not isinstance(paging, Counted):
        return BY_CURSOR
    return otherwise if paging.window(paging.first(ANY, 1000)) is None else BY_OVERLAP
