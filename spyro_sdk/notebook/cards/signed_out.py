"""The card of what was removed when somebody signed out."""

from __future__ import annotations

from collections.abc import Iterator

from ...accounts import SignedOut
from ..card import Card, Node, line, muted, table


def card(thing: SignedOut) -> Card:
    """Whose tokens are gone, and where they still hold."""
    if not thing.removed:
        return Card(thing.connector, body=[line(muted("Nobody was signed in."))])
    return Card(
        thing.connector,
        "waiting" if thing.still_valid else "good",
        badge="signed out",
        body=[table(["account", "here", "there"], _rows(thing))],
    )


def _rows(thing: SignedOut) -> Iterator[list[Node]]:
    for account in thing.removed:
        yield [account.issuer, "removed", thing.still_valid.get(account, "ended")]
