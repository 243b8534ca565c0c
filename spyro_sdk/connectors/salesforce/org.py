"""A connector that is signed in to an org of Salesforce: by a person, by credentials, by the command `sf`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ...auth import Auth, oauth, static
from ...auth.tokens import Account
from ...config import ConnectorConfig
from ...errors import DataFetchError, DecodeError
from ...events import LoginBorrowed
from ...guards.quota import Quota
from ...http import Request, Response
from ...rest import RestConnector
from . import options, signing_in
from .line import Line, strict

if TYPE_CHECKING:
    from ...auth.app import App
    from . import login

UNKNOWN = (404, 410)
"""How an org refuses a version that it has not got yet, or no more."""
USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


class OrgConnector(RestConnector):
    """Who we are to an org, where that is, and which version of the API it is asked by."""

    options: ClassVar = options.OPTIONS
    credentials = signing_in.WAYS

    _tokens: oauth.OAuth | None

    def __init__(self, config: ConnectorConfig, **parts: Any) -> None:
        super().__init__(config, **parts)
        self._version = options.version(config.custom_params) or options.KNOWN

    def app(self) -> App | None:
        """The External Client App to which a person signs in."""
        return signing_in.app(self.config, self.base_url)

    @classmethod
    def remembered(cls, account: Account) -> dict[str, Any]:
        """The settings that lead to an account: its authorization server is the org's own, or that of all."""
        home = {} if account.issuer == signing_in.LOGIN else {"base_url": account.issuer}
        return {**super().remembered(account), **home}

    def auth(self) -> Auth:
        """A person's token, one given to us, or one asked for, each renewed where there is a way; or none."""
        self._tokens = None
        if self.config.asks_person:
            self._tokens = self.personal()
        elif org := self.config.custom_params.get("sf"):
            from . import login

            self._tokens = self.granted(login.Borrowed("" if org is True else org, self._borrowed))
        elif self.config.auth_type != "none":
            self._tokens = self.granted(*signing_in.means(self.config, self.base_url))
        return self._tokens or static.nobody()  # a session signs in by itself

    @classmethod
    def elsewhere(cls, environment: Mapping[str, str]) -> Mapping[str, Any]:
        """The login of the command `sf`, where that is installed."""
        from . import login

        return {"sf": True} if login.command(environment) else {}

    @classmethod
    def configure(cls, **settings: Any) -> ConnectorConfig:
        """A configuration over Salesforce's defaults; the login of `sf` needs no credentials in it."""
        return super().configure(**signing_in.settled(settings))

    async def whoami(self) -> str | None:
        """The name and user name of whoever is signed in."""
        if self._tokens is None or (user := signing_in.user_of(await self._tokens.fresh(self._send))) is None:
            return None
        soql = f"SELECT Name, Username FROM User WHERE Id = '{user}'"  # noqa: S608  # letters and digits
        line = self._line(f"v{self._version}")
        return await line.ask(Request(f"{line.root}/query", params={"q": soql}), signing_in.named)

    def validate_config(self) -> tuple[bool, str | None]:
        """Whether the configuration says where to sign in, and with what."""
        fault = signing_in.fault(self.config) or options.fault(self.config.custom_params)
        return fault is None, fault

    async def connect(self) -> None:
        """Sign in, and find where the data is (`instance_url`)."""
        await super().connect()
        if self._tokens:
            token = await self._execute_with_retry(self._tokens.fresh, self._session)
            self.base_url = signing_in.home(token, self.config) or self.base_url

    async def adapt(self, error: DataFetchError) -> None:
        """Take the newest version that the org has, after an answer without the one that we know.

        Raises `error` where a version was asked for, or this one is the newest; `ConfigurationError`
        where something else answers than Salesforce.
        """
        is_unknown = isinstance(error, DecodeError) or error.status in UNKNOWN
        if options.version(self.config.custom_params) or not is_unknown:
            raise error
        if (found := await signing_in.newest(self._line())) == self._version:
            raise error
        self._version = found

    @property
    def api(self) -> str:
        """The version of the REST API, such as `67.0`."""
        return self._version

    @property
    def identity(self) -> str:
        """The org, and the user in it where the token says who that is: not all see the same columns."""
        token = self._tokens and self._tokens.token
        return f"{self.base_url} {token and signing_in.user_of(token)}"

    def quota(self, response: Response) -> Quota | None:
        """What is left of the last 24 hours' requests."""
        usage = USAGE.search(response.headers.get("sforce-limit-info", ""))
        return Quota(int(usage[2]), max(int(usage[2]) - int(usage[1]), 0), None) if usage else None

    def _line(self, version: str = "") -> Line:
        return Line(f"{self.base_url}/services/data/{version}", strict(self._ask, self.name), self._call)

    def _borrowed(self, found: login.Login) -> None:
        self._emit(LoginBorrowed(self.name, "sf", found.username, found.instance_url))
