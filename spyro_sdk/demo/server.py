"""The demo service in threads of this process, with every knob a test may turn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from spyro_sdk.demo.behaviour import CHUNK, DAILY_JOBS, PAGE, Behaviour, BulkBehaviour
from spyro_sdk.demo.data import Amounts
from spyro_sdk.demo.http import HttpServer, Request, Response
from spyro_sdk.demo.mischief import Mischief
from spyro_sdk.demo.oauth import Authority, Verify
from spyro_sdk.demo.salesforce import Salesforce
from spyro_sdk.demo.store import Store

REMEMBERED = 10_000  # requests


@dataclass(frozen=True)
class Settings:
    """How a demo is set up; `python -m spyro_sdk.demo --help` shows the same."""

    records: int = 50_000  # live accounts; the rest is in proportion
    seed: int = 7  # the same seed gives the same records
    port: int = 0  # 0: any free one
    token_lifetime: float = 7200.0  # seconds
    says_expiry: bool = False  # tell expires_in, which Salesforce does not
    daily_limit: int = 100_000  # API calls
    latency: float = 0.0  # milliseconds before each answer
    batch_limit: int = PAGE  # records in a page at most, whatever the client wishes
    wide_records: int = 250  # of the object with 900 fields
    multi_currency: bool = False  # give records a CurrencyIsoCode
    bulk_polls: int = 1  # status requests that see a query job unfinished
    bulk_chunk: int = CHUNK  # records in a chunk of a query job's results at most
    bulk_jobs: int = DAILY_JOBS  # query jobs a day


class Seen(NamedTuple):
    """A request that came in, and the status of its answer: 0 if it had none."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    status: int


class Service:
    """A running demo. Its knobs may be turned from any thread."""

    def __init__(self, settings: Settings, verify: Verify | None = None) -> None:
        self.bulk = BulkBehaviour(settings.bulk_polls, settings.bulk_chunk, settings.bulk_jobs)
        self._behaviour = Behaviour(settings.daily_limit, batch_limit=settings.batch_limit, bulk=self.bulk)
        self._authority = Authority(token_lifetime=settings.token_lifetime, says_expiry=settings.says_expiry)
        if verify:
            self._authority.verify = verify
        amounts = Amounts(settings.records, settings.seed, settings.wide_records, settings.multi_currency)
        self._store = Store(amounts)
        self._salesforce = Salesforce(self._store, self._authority, self._behaviour)
        self._delay = settings.latency / 1000
        self._stopping = threading.Event()
        self._seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self._mischief = Mischief()
        self._server = HttpServer(self._answer, settings.port)
        self._authority.base_url = self.base_url = self._server.base_url
        self.credentials = self._authority.credentials()
        self.fail = self._mischief.fail
        self.truncate = self._mischief.truncate
        self.drop = self._mischief.drop
        self.html = self._mischief.html
        self.behave = self._mischief.clear
        self.expire_tokens = self._authority.expire_tokens
        self.revoke_everything = self._authority.revoke_everything
        self.new_access_token = self._authority.new_access_token
        self.fail_jobs = self.bulk.fail
        self.release_cursors = self._salesforce.cursors.release_all
        self.rows = self._store.rows
        self.count = self._store.count
        self.insert = self._store.insert

    @property
    def requests(self) -> list[Seen]:
        """The requests answered so far, oldest first: the last 10,000."""
        return list(self._seen)

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

    def delay(self, seconds: float) -> None:
        """Wait before each answer from now on."""
        self._delay = seconds

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

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """Close all sockets, end the threads, delete the data."""
        self._stopping.set()
        self._server.stop()
        self._store.close()

    def _answer(self, request: Request) -> Response:
        self._stopping.wait(self._delay)
        spoil = self._mischief.pick(request)
        answer = partial(self._salesforce.answer, request)
        response = spoil(answer) if spoil else answer()
        self._seen.append(
            Seen(request.method, request.path, request.query, dict(request.headers), response.status)
        )
        return response


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
