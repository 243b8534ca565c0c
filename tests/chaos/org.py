"""A Salesforce at the address of the faulty line: its tokens end and rotate, its calls are counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from spyro_sdk.demo.authority.behaviour import SigningBehaviour
from spyro_sdk.demo.behaviour import Behaviour, BulkBehaviour
from spyro_sdk.demo.data import Amounts
from spyro_sdk.demo.http import Request, Response
from spyro_sdk.demo.oauth import Authority
from spyro_sdk.demo.salesforce import Salesforce
from spyro_sdk.demo.store import Store

from .door import Door, said

RECORDS, SIZE = 280, 60  # accounts, and how many of them a page has
TOKEN = "/services/oauth2/token"  # where tokens are given out
PLENTY = 100_000  # calls a day


@dataclass
class Org:
    """One day of an org: its tokens and what is left of its calls are new, its records the same as always."""

    store: Store
    base_url: str
    door: Door = field(default_factory=Door)
    renewed: int = 0
    """Tokens that were given for others."""

    def __post_init__(self) -> None:
        quota = self.door.quota
        self.authority = Authority(self.base_url, SigningBehaviour(rotates=True))
        calls = Behaviour(
            quota.most if quota else PLENTY, batch_limit=SIZE, bulk=BulkBehaviour(polls=0, chunk=SIZE)
        )
        self._salesforce = Salesforce(self.store, self.authority, calls)
        self._answer = self._salesforce.answer
        self._used = self._busy = self._queries = 0

    @property
    def misused(self) -> int:
        """Sign-ins that ended because a refresh token came a second time."""
        return self.authority.tokens.families_revoked

    @property
    def settings(self) -> dict[str, Any]:
        """With which settings one comes in."""
        known = self.authority.credentials()
        if not self.door.lasts:
            return {"access_token": known["access_token"]}
        return {name: known[name] for name in ("client_id", "client_secret", "refresh_token")}

    def __call__(self, request: Request) -> Response:
        if request.path == TOKEN:
            return self._given(request)
        self._used += 1
        if self._used - 1 == dict(enumerate(self.door.lasts, 1)).get(self.renewed):
            self.authority.tokens.expire()
        self._queries += "/query" in request.path
        if self._queries == self.door.forgets:
            self._salesforce.cursors.release_all()
        return self._answer(request)

    def _given(self, request: Request) -> Response:
        if self._busy < self.door.busy:
            self._busy += 1
            return said(503, {"error": "temporarily_unavailable"})
        self._used = 0
        self.renewed += 1
        return self._answer(request)


@contextmanager
def records() -> Iterator[Store]:
    """The records of the org, made once."""
    store = Store(Amounts(RECORDS, 5, 1))
    store.ensure("Account", "User")
    try:
        yield store
    finally:
        store.close()
