"""A Salesforce in threads of this process, with every knob a test may turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from spyro_sdk.demo.authority.behaviour import SigningBehaviour
from spyro_sdk.demo.authority.client import Client
from spyro_sdk.demo.authority.visitor import sign_in, type_code
from spyro_sdk.demo.behaviour import CHUNK, DAILY_JOBS, PAGE, Behaviour, BulkBehaviour
from spyro_sdk.demo.data import Amounts
from spyro_sdk.demo.http import Request, Response
from spyro_sdk.demo.mischief import Mischief
from spyro_sdk.demo.oauth import Authority, Verify
from spyro_sdk.demo.person import PASSWORD
from spyro_sdk.demo.running import Running, Seen
from spyro_sdk.demo.salesforce import Salesforce
from spyro_sdk.demo.store import Store

__all__ = ["HELP", "Seen", "Service", "Settings", "serve"]

UNAVAILABLE = [{"message": "The server is unavailable", "errorCode": "SERVER_UNAVAILABLE"}]


@dataclass(frozen=True)
class Settings:
    """How a demo is set up; `python -m spyro_sdk.demo --help` shows the same."""

    records: int = 50_000  # live accounts; the rest is in proportion
    seed: int = 7  # the same seed gives the same records
    port: int = 0  # 0: any free one
    token_lifetime: float = 7200.0  # seconds
    says_expiry: bool = False  # tell expires_in, which Salesforce does not
    rotate: bool = False  # a refresh token works once; used again, it ends all that came of the sign-in
    choose_scopes: bool = False  # let a person untick scopes, which Salesforce does not
    code_lifetime: float = 60.0  # seconds between a person's yes and the token
    device_interval: float = 5.0  # seconds between two questions about a device code
    daily_limit: int = 100_000  # API calls
    latency: float = 0.0  # milliseconds before each answer
    batch_limit: int = PAGE  # records in a page at most, whatever the client wishes
    wide_records: int = 250  # of the object with 900 fields
    multi_currency: bool = False  # give records a CurrencyIsoCode
    bulk_polls: int = 1  # status requests that see a query job unfinished
    bulk_chunk: int = CHUNK  # records in a chunk of a query job's results at most
    bulk_jobs: int = DAILY_JOBS  # query jobs a day


HELP: Mapping[str, str] = {
    "records": "live accounts; other objects are in proportion",
    "seed": "the same seed gives the same records",
    "port": "0 for any free one",
    "token_lifetime": "seconds that an access token lasts",
    "says_expiry": "tell expires_in with a token, which Salesforce does not",
    "rotate": "let a refresh token work once; used again, it ends all that came of the sign-in",
    "choose_scopes": "let a person untick scopes when signing in, which Salesforce does not",
    "code_lifetime": "seconds that an authorization code lasts",
    "device_interval": "seconds between two questions about a device code at least",
    "daily_limit": "API calls a day",
    "latency": "milliseconds before each answer",
    "batch_limit": "records in a page at most",
    "wide_records": "records of the object with 900 fields",
    "multi_currency": "give records a CurrencyIsoCode",
    "bulk_polls": "status requests that see a query job of the Bulk API unfinished",
    "bulk_chunk": "records in a chunk of such a job's results at most",
    "bulk_jobs": "such jobs a day",
}
"""What each setting means, for `python -m spyro_sdk.demo --help`."""


class Service(Running):
    """A running demo. Its knobs may be turned from any thread."""

    def __init__(self, settings: Settings, verify: Verify | None = None) -> None:
        mischief = Mischief(lambda request: request.path.startswith("/services/data/v"), UNAVAILABLE)
        super().__init__(self._reply, mischief, port=settings.port, latency=settings.latency)
        self.bulk = BulkBehaviour(settings.bulk_polls, settings.bulk_chunk, settings.bulk_jobs)
        self._behaviour = Behaviour(settings.daily_limit, batch_limit=settings.batch_limit, bulk=self.bulk)
        self.signing = _signing(settings)
        self._authority = Authority(self.base_url, self.signing, verify)
        amounts = Amounts(settings.records, settings.seed, settings.wide_records, settings.multi_currency)
        self._store = Store(amounts)
        self._salesforce = Salesforce(self._store, self._authority, self._behaviour)
        self.credentials = self._authority.credentials()
        self.expire_tokens = self._authority.tokens.expire
        self.revoke_everything = self._authority.tokens.revoke_all
        self.new_access_token = self._authority.new_access_token
        self.expire_codes = self._authority.codes.expire
        self.sign_in = sign_in
        self.type_code = type_code
        self.fail_jobs = self.bulk.fail
        self.release_cursors = self._salesforce.cursors.release_all
        self.rows = self._store.rows
        self.count = self._store.count
        self.insert = self._store.insert

    @property
    def grants(self) -> Counter[str]:
        """How many tokens were given out, by grant type."""
        return Counter(self._authority.tokens.grants)

    @property
    def families_revoked(self) -> int:
        """How many sign-ins were ended because a code or a refresh token was used twice."""
        return self._authority.tokens.families_revoked

    @property
    def client(self) -> Client:
        """The registered app; its scopes and redirects may be changed."""
        return self._authority.client

    @property
    def open_cursors(self) -> int:
        """How many queries have pages that nobody has read."""
        return self._salesforce.cursors.open_count

    @property
    def query_jobs(self) -> int:
        """How many of the Bulk API's query jobs nobody has deleted."""
        return len(self._salesforce.bulk.jobs)

    @property
    def daily_limit(self) -> int:
        """API calls a day."""
        return self._behaviour.daily_limit

    @daily_limit.setter
    def daily_limit(self, calls: int) -> None:
        self._behaviour.daily_limit = calls

    @property
    def api_usage(self) -> int:
        """API calls used today."""
        return self._behaviour.api_usage

    @api_usage.setter
    def api_usage(self, calls: int) -> None:
        self._behaviour.api_usage = calls

    def lie_about_total(self, by: int) -> None:
        """Add this to the totalSize of queries asked, and the count of jobs created, from now on."""
        self._behaviour.total_lie = by

    def lose_rows(self, n: int) -> None:
        """Leave n rows out of the next page or chunk that is not the first; what tells their number stays."""
        self._behaviour.rows_to_lose = n

    def touch(self, sobject: str, record_id: str, **values: Any) -> None:
        """Change a record now: its SystemModstamp becomes the latest of all."""
        self._store.update(sobject, record_id, **values)

    def delete(self, sobject: str, record_id: str) -> None:
        """Put a record into the recycle bin; it has a new SystemModstamp there."""
        self._store.update(sobject, record_id, IsDeleted=1)

    def prepare(self) -> None:
        """Make the accounts now rather than at the first query."""
        self._store.ensure("Account", "User")

    def welcome(self) -> str:
        """Tell a person at a terminal how to reach it."""
        known = self.credentials
        by_program = f"curl -s {self.base_url}/services/oauth2/token -d grant_type=client_credentials"
        query = f"{self.base_url}/services/data/v67.0/query?q=SELECT+Id,Name+FROM+Account+LIMIT+3"
        lines = [f"A Salesforce that never was, at {self.base_url} (Ctrl-C ends it)", ""]
        lines += [f"  {name:14} {value}" for name, value in known.items()]
        lines += [
            f"\nPeople sign in with the password {PASSWORD}:\n",
            f"  {'authorize':14} {self.base_url}/services/oauth2/authorize",
            f"  {'token':14} {self.base_url}/services/oauth2/token",
            f"  {'revoke':14} {self.base_url}/services/oauth2/revoke",
            f"  {'device code':14} {self.base_url}/setup/connect",
            f"\n{by_program} -d client_id={known['client_id']} -d client_secret={known['client_secret']}",
            f"\ncurl -s -H 'Authorization: Bearer {known['access_token']}' '{query}'",
        ]
        return "\n".join(lines)

    def stop(self) -> None:
        """Close all sockets, end the threads, delete the data."""
        super().stop()
        self._store.close()

    def _reply(self, request: Request) -> Response:
        return self._salesforce.answer(request)


def _signing(settings: Settings) -> SigningBehaviour:
    return SigningBehaviour(
        settings.token_lifetime,
        settings.says_expiry,
        settings.rotate,
        settings.code_lifetime,
        settings.device_interval,
        lets_choose=settings.choose_scopes,
    )


@contextmanager
def serve(
    *, records: int = 50_000, seed: int = 7, verify: Verify | None = None, **options: Any
) -> Iterator[Service]:
    """Run the demo in threads of this process until the block ends; `options` are the fields of Settings.

    `verify` checks the signature of JWT assertions; without it only their claims are checked, since the
    standard library has no RS256.
    """
    service = Service(Settings(records=records, seed=seed, **options), verify)
    service.start()
    try:
        yield service
    finally:
        service.stop()
