"""The settings that only Salesforce has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .roads import AUTO, ROADS

KNOWN = "67.0"  # Summer '26, the version that this connector was made for
OPTIONS = {
    "api_version": f"such as '61.0'; without it {KNOWN!r}, or the newest of an org that has not got it yet",
    "api": "'rest', 'bulk' or 'auto': whichever suits the fetch",
    "sf": "an org that the command sf is logged in to, by its user name or alias; True: its default org",
    "decimals": "True: numbers with a fraction as decimal128 instead of float64",
}
ORG = re.compile(r"[\w.@+][\w.@+-]*", re.ASCII)
"""What cannot be taken for an option of the command, nor for words of any shell."""
VERSION = re.compile(r"v?(\d+)(?:\.0)?")


def fault(options: Mapping[str, Any]) -> str | None:
    """What makes no sense among them, in words."""
    if options.get("api_version") and not version(options):
        return f"api_version={options['api_version']!r} is none, such as '67.0'"
    if (wish := road(options)) not in ROADS:
        return f"api={wish!r} is none of {', '.join(map(repr, ROADS))}"
    if isinstance(org := options.get("sf"), str) and not ORG.fullmatch(org):
        return f"sf={org!r} is no user name or alias of an org"
    if not isinstance(org, bool | str | None):
        return f"sf={org!r} is neither the user name or alias of an org, nor True"
    if not isinstance(options.get("decimals", False), bool):
        return f"decimals={options['decimals']!r} is neither True nor False"
    return None


def version(options: Mapping[str, Any]) -> str:
    """The API version as Salesforce spells it: `67.0` for 67, '67' and 'v67.0'; '' for what is none."""
    found = VERSION.fullmatch(str(options.get("api_version") or ""))
    return f"{found[1]}.0" if found else ""


def road(options: Mapping[str, Any]) -> Any:
    """The road that fetches take unless they say otherwise."""
    return options.get("api", AUTO)
