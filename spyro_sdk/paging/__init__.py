"""How to ask for the next page.

A paging is a pure function of the request that was sent and the answer that came; it keeps no state, so
one instance serves every fetch at once.

    answers   what a paging is, and what it may look at
    links     the answer holds the address of the next page
    tokens    the answer holds what leads to the next page
    counted   records are counted, or pages are
    sizes     how many records a page may have
    places    where the parameters of a request are
"""

from .answers import ONE_PAGE, Answer, Foreseeing, OnePage, Paging, dig
from .counted import Counted, Offset, PageNumber, bound_of, counted_by, is_numbered, spelt
from .links import LinkHeader, NextLink
from .places import Into
from .sizes import REFUSALS, resized, size_of, smaller
from .tokens import Cursor, KeySet

__all__ = [
    "ONE_PAGE",
    "REFUSALS",
    "Answer",
    "Counted",
    "Cursor",
    "Foreseeing",
    "Into",
    "KeySet",
    "LinkHeader",
    "NextLink",
    "Offset",
    "OnePage",
    "PageNumber",
    "Paging",
    "bound_of",
    "counted_by",
    "dig",
    "is_numbered",
    "resized",
    "size_of",
    "smaller",
    "spelt",
]
