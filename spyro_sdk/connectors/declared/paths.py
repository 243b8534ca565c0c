"""Where a value stands in an answer: the plain dotted paths of JSONPath."""

from __future__ import annotations

import re

NAME = r"[^.\[\]*?()'\"\s]+"
QUOTED = re.compile(r"\[(['\"])([^\[\]'\"]+)\1\]")
"""`['@odata.nextLink']`, which is how JSONPath writes a name with a dot in it."""
PLAIN = re.compile(rf"(?:\$(?:\.(?=.)|$|(?=\[)))?(?P<steps>{NAME}(?:\.{NAME})*)?(?:\[\*\])?")
"""`$.data.items`, `data.items`, `data.items[*]`, `$`: one way from name to name, and at its end a list."""


def plain(path: str) -> str:
    """The dotted path that a JSONPath means; '' for the whole answer; `ValueError` where it means more.

    >>> plain("$.data.items[*]")
    'data.items'
    """
    dotted = QUOTED.sub(r".\2", path.strip())
    dotted = dotted[1:] if path.strip().startswith("[") else dotted
    found = PLAIN.fullmatch(dotted)
    if found is None or not dotted:
        raise ValueError(
            "a path of names such as 'data.items' or '$.data.items[*]', or '$' for the whole answer:"
            " no filters, indexes or wildcards between"
        )
    return found["steps"] or ""
