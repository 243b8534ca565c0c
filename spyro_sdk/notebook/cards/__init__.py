"""One module for each thing that a notebook shows; each has `card(thing)`."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from ..card import Card

HOMES: Final[dict[str, str]] = {
    "arrow.head.Head": "head",
    "arrow.quality.Quality": "quality",
    "catalogue.Catalogue": "catalogue",
    "connection.Connection": "connection",
    "entity.EntitySchema": "schema",
    "fetch.Fetch": "fetch",
    "gallery.Gallery": "gallery",
    "plan.Plan": "plan",
    "accounts.SignedIn": "signed_in",
    "accounts.SignedOut": "signed_out",
    "notebook.sign_in.SignIn": "sign_in",
    "profile.listing.Profiles": "profiles",
}
"""For each class, by its module and name within this package, the module of its card."""


def card_of(thing: object) -> Card | None:
    """The card of a thing, or of what it is a kind of; None where there is none."""
    for kind in type(thing).__mro__:
        if home := HOMES.get(f"{kind.__module__.removeprefix('spyro_sdk.')}.{kind.__qualname__}"):
            drawn: Card = import_module(f".{home}", __name__).card(thing)
            return drawn
    return None
