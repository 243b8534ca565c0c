"""The card of a connection: who we are there, where that is, and until when."""

from __future__ import annotations

from ...connection import Connection
from ..card import Card, Node, code, facts, link


def card(connection: Connection) -> Card:
    """Who asks the service, and what it is known to offer."""
    it, catalogue = connection.identity, connection.known.catalogue
    offered: Node = f"{len(catalogue):,}, listed by .entities()" if catalogue else "listed by .entities()"
    told: dict[str, Node] = {
        "who": it.who or "not told",
        "where": link(it.base_url, it.base_url) if it.base_url else "",
        "signed in by": it.by,
        "until": it.lasts,
        "token kept": it.kept,
        "API version": it.api,
        "entities": offered,
    }
    again = None if connection.is_open else code(f'spyro.connect("{it.connector}", …) opens another')
    return Card(
        it.connector,
        "good" if connection.is_open else "plain",
        badge="open" if connection.is_open else "closed",
        body=[facts({name: said for name, said in told.items() if said}), again],
    )
