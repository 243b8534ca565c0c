"""The one user of the demo's org."""

from __future__ import annotations

from typing import Any

ORG_ID = "00DgL00000000001AB"
USER_ID = "005gL0000000000QAA"
USERNAME = "analyst@never-was.example"
PASSWORD = "demo"  # noqa: S105 - the login page tells it to everybody


def identity(base_url: str) -> str:
    """The address that stands for the user in an org."""
    return f"{base_url}/id/{ORG_ID}/{USER_ID}"


def described(base_url: str) -> dict[str, Any]:
    """What an app is told about the user."""
    return {
        "sub": identity(base_url),
        "user_id": USER_ID,
        "organization_id": ORG_ID,
        "preferred_username": USERNAME,
        "nickname": "analyst",
        "name": "Ana Lyst",
        "email": USERNAME,
        "email_verified": True,
        "given_name": "Ana",
        "family_name": "Lyst",
        "zoneinfo": "Europe/Berlin",
        "user_type": "STANDARD",
        "active": True,
        "urls": {
            "rest": f"{base_url}/services/data/v{{version}}/",
            "query": f"{base_url}/services/data/v{{version}}/query/",
        },
        "locale": "en_US",
    }
