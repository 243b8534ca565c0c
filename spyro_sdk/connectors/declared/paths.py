"""Where a value stands in an answer: the plain dotted paths of JSONPath."""

from __future__ import annotations

import re

NAME = r"[^.\[\]*?()'\"\s$@]+"
PLAIN = re.compile(rf"(?:\$\.?)?(?P<steps>{NAME}(?:\.{NAME})*)?(?:\[\*\])?")
"""`$.data.items`, `data.items`, `data.items[*]`, `$`: one way from name to name, and at its end a list."""


def plain(path: str) -> str:
    """The dotted path that a JSONPath means; '' for the whole answer; `ValueError` where it means more.

    >>> plain("$.data.items[*]")
    'data.items'
    """
    found = PLAIN.fullmatch(path.strip())
    if found is None or not path.strip():
        raise ValueError(
            "a path of names such as 'data.items' or '$.data.items[*]', or '$' for the whole answer:"
            " no filters, indexes or wildcards between"
        )
    return found["steps"] or ""
