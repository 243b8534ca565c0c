"""The card of who signed in."""

from __future__ import annotations

from datetime import UTC, datetime

from ...accounts import SignedIn
from ..card import Card, Node, code, facts, line, muted


def card(thing: SignedIn) -> Card:
    """Who, to what, for how long, and how to end it."""
    told: dict[str, Node] = {
        "who": thing.who,
        "allowed": [[code(it), " "] for it in thing.scopes] or None,
        "until": _until(thing),
        "remembered": "on this machine" if thing.is_kept else "until this process ends",
    }
    return Card(
        thing.connector,
        "good",
        aside=thing.issuer,
        badge="signed in",
        body=[
            facts({name: it for name, it in told.items() if it}),
            line(code(f"spyro.logout({thing.connector!r})"), muted(" ends it")),
        ],
    )


def _until(thing: SignedIn) -> str | None:
    renews = "renews itself" if thing.renews else ""
    if thing.until is None:
        return renews or None
    moment = f"{datetime.fromtimestamp(thing.until, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{moment}, and {renews}" if renews else moment
