"""A GitHub in threads of this process, with every knob a test may turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from spyro_sdk.demo.authority.behaviour import SigningBehaviour
from spyro_sdk.demo.github import words
from spyro_sdk.demo.github.api import Api
from spyro_sdk.demo.github.data import Amounts, World
from spyro_sdk.demo.github.limits import Limits
from spyro_sdk.demo.github.shapes import Place
from spyro_sdk.demo.github.signin import CLIENT_ID, SignIn
from spyro_sdk.demo.http import Request, Response
from spyro_sdk.demo.mischief import Mischief
from spyro_sdk.demo.running import Running

WEB = "https://github.com"  # where the pages of the records are said to be
UNAVAILABLE = {"message": "Server Error"}


@dataclass(frozen=True)
class Settings:
    """How a demo is set up; `python -m spyro_sdk.demo --service github --help` shows the same."""

    records: int = 2_000  # issues; the rest is in proportion
    repositories: int = 6  # public ones with issues; three odd ones stand beside them
    seed: int = 7  # the same seed gives the same records
    port: int = 0  # 0: any free one
    latency: float = 0.0  # milliseconds before each answer
    hourly_limit: int = 5_000  # requests with a token
    anonymous_limit: int = 60  # requests an hour without one
    minute_limit: int = 900  # points a minute, the secondary limit
    device_polls: int = 1  # answers before a device code counts as typed in
    device_interval: int = 5  # seconds between such questions at least
    device_waits: bool = False  # for a person to type a code in, however many answers that takes


HELP: Mapping[str, str] = {
    "records": "issues; pull requests, commits and others are in proportion",
    "repositories": "public ones with issues; three odd ones stand beside them",
    "seed": "the same seed gives the same records",
    "port": "0 for any free one",
    "latency": "milliseconds before each answer",
    "hourly_limit": "requests an hour with a token",
    "anonymous_limit": "requests an hour without one",
    "minute_limit": "points a minute, the secondary limit",
    "device_polls": "answers before a device code counts as typed in",
    "device_interval": "seconds between such questions at least",
    "device_waits": "wait for a person to type a device code in, however many answers that takes",
}
"""What each setting means, for `python -m spyro_sdk.demo --help`."""


class Service(Running):
    """A running demo. Its knobs may be turned from any thread."""

    def __init__(self, settings: Settings) -> None:
        mischief = Mischief(lambda request: not request.path.startswith("/login/"), UNAVAILABLE)
        super().__init__(self._reply, mischief, port=settings.port, latency=settings.latency)
        amounts = Amounts(settings.records, settings.repositories, settings.seed)
        self.limits = Limits(
            settings.hourly_limit, settings.anonymous_limit, per_minute=settings.minute_limit
        )
        self.signing = _signing(settings)
        self.sign_in = SignIn(self.base_url, self.signing)
        self.world = World(Place(self.base_url, WEB), amounts)
        self._api = Api(self.world, self.limits, self.sign_in)
        self.token = self.sign_in.new_token()
        self.credentials = {"access_token": self.token, "client_id": CLIENT_ID, "owner": words.OWNER}

    @property
    def used(self) -> int:
        """Requests that the token has used of its hour."""
        return self.limits.account(self.token).used

    def leave(self, requests: int) -> None:
        """Let the token have so many requests left in its hour."""
        account = self.limits.account(self.token)
        account.used = account.limit - requests

    def number_pages(self) -> None:
        """Page issues by number and tell the last one, as GitHub did before cursors came."""
        self._api.page_by_number = True

    def prepare(self) -> None:
        """Make the issues of the biggest repository now rather than at the first request."""
        self.world.issues(words.OWNER, words.REPOSITORIES[0])

    def welcome(self) -> str:
        """Tell a person at a terminal how to reach it."""
        lines = [f"A GitHub that never was, at {self.base_url} (Ctrl-C ends it)", ""]
        lines += [f"  {name:14} {value}" for name, value in self.credentials.items()]
        lines += ["", "To sign in with a code, as an app has you do it:", f"  {self.base_url}/login/device"]
        query = f"{self.base_url}/orgs/{words.OWNER}/repos?per_page=3"
        lines.append(f"\ncurl -si -H 'Authorization: Bearer {self.token}' '{query}'")
        return "\n".join(lines)

    def _reply(self, request: Request) -> Response:
        return self._api.answer(request)


def _signing(settings: Settings) -> SigningBehaviour:
    return SigningBehaviour(
        code_lifetime=600,
        device_interval=settings.device_interval,
        device_lifetime=900,
        device_polls=None if settings.device_waits else settings.device_polls,
    )


@contextmanager
def serve(**options: Any) -> Iterator[Service]:
    """Run the demo in threads of this process until the block ends; `options` are the fields of Settings."""
    service = Service(Settings(**options))
    service.start()
    try:
        yield service
    finally:
        service.stop()
