"""The card of the profiles of a file, without their secrets."""

from __future__ import annotations

from ...profile.listing import Profile, Profiles
from ...words import counted
from ..card import Card, Node, code, line, muted, pill, strong, table


def card(thing: Profiles) -> Card:
    """What each is called, what it connects to, and where its secrets are kept."""
    if not thing:
        return Card("No profiles", aside=str(thing.path), body=[line(muted("The file has none yet."))])
    rows = [[strong(it.name), it.connector, it.base_url or "", _kept(it), _state(it)] for it in thing]
    first = code(f"spyro.connect({thing[0].connector!r}, profile={thing[0].name!r})")
    return Card(
        counted(len(thing), "profile"),
        aside=str(thing.path),
        body=[
            table(["name", "connector", "address", "secrets", ""], rows),
            line(first, muted(" connects with the first"), gap=8),
        ],
    )


def _kept(profile: Profile) -> str:
    return ", ".join(f"{name}: {where}" for name, where in profile.secrets.items())


def _state(profile: Profile) -> Node:
    return pill("signed in", "good") if profile.is_signed_in else ""
