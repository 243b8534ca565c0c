"""How services spell the same word."""

from __future__ import annotations

import re


def bare(name: str) -> str:
    """The letters and digits of a name, in lower case.

    >>> bare("@odata.nextLink")
    'odatanextlink'
    """
    return re.sub(r"[\W_]+", "", name).lower()


def singular(name: str) -> str:
    """The bare name of one of the things that a name stands for, near enough to compare two names.

    >>> singular("Categories"), singular("boxes"), singular("order_lines"), singular("address")
    ('category', 'box', 'orderline', 'address')
    """
    word = bare(name)
    for ending, instead in (("ies", "y"), ("xes", "x"), ("ches", "ch"), ("sses", "ss"), ("ss", "ss")):
        if word.endswith(ending):
            return word.removesuffix(ending) + instead
    return word.removesuffix("s")


def are_same(name: str, other: str) -> bool:
    """Whether two names stand for one kind of thing."""
    return singular(name) == singular(other)


def is_camel(name: str) -> bool:
    """Whether a name is spelled like `pageSize`."""
    return bool(re.search(r"[a-z][A-Z]", name))
