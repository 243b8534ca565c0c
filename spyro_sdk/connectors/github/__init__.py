"""GitHub: the repositories of an organization or a user over the REST API, and what is in them.

https://docs.github.com/en/rest
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any, ClassVar

from ...arrow.decode import Body
from ...arrow.inflate import inflate
from ...auth import Auth, oauth
from ...auth.app import App
from ...auth.tokens import Account
from ...config import ConnectorConfig
from ...entity import Entity, Query
from ...errors import AuthenticationError, DataFetchError, DecodeError
from ...exchange import payload_of
from ...failure import words_of
from ...guards.quota import Quota
from ...http import Request, Response
from ...rest import RestConnector
from ...secret import hidden
from ...transport.headers import AGENT
from . import asked, owner, refusal
from .entities import HEARS_SINCE, offered
from .pages import Named, number
from .vocabulary import TRANSLATIONS


class GitHub(RestConnector):
    """GitHub's lists under their own names, and Ticket, User, Team and Project."""

    name = "github"
    translations = TRANSLATIONS
    keeps = 64 << 20
    defaults: ClassVar = {
        "base_url": "https://api.github.com",
        "rate_limit": 800,
        "burst_size": 20,
        "page_size": 100,
    }
    options = asked.OPTIONS
    variables: ClassVar = {"access_token": ("GH_TOKEN", "GITHUB_TOKEN")}

    def __init__(self, config: ConnectorConfig, **parts: Any) -> None:
        self._tokens: oauth.OAuth | None = None
        self._pause = refusal.Pause()
        self._offered: tuple[Entity, ...] = ()
        super().__init__(config, **parts)

    @classmethod
    def configure(cls, **settings: Any) -> ConnectorConfig:
        """A configuration over GitHub's defaults; without any secret only what is public can be read."""
        settings = hidden(settings)
        says_how = any(settings.get(name) for name in ("auth_type", "auth_mode", *asked.SECRETS))
        if not says_how or (settings.get("auth_mode") == "auto" and not any(map(settings.get, asked.KNOWN))):
            settings["auth_type"] = "none"
        return super().configure(**settings)

    def validate_config(self) -> tuple[bool, str | None]:
        """Whether the configuration says whose repositories to read, and how to sign in."""
        why = asked.complaint(self.config)
        return why is None, why

    def app(self) -> App | None:
        """The app to which a person signs in."""
        return asked.app(self.config, self.base_url)

    @classmethod
    def remembered(cls, account: Account) -> dict[str, Any]:
        """The settings that lead to an account, of an Enterprise Server with its address."""
        return {**super().remembered(account), **asked.api(account.issuer)}

    def auth(self) -> Auth:
        """A token that was given, one that a person allows us, one that is renewed; or nobody at all."""
        if self.config.auth_type != "oauth2":
            return super().auth()
        if self.config.asks_person:
            self._tokens = self.personal()
        else:
            grant = oauth.grant(self.config, asked.token_url(self.config, self.base_url))
            self._tokens = self.granted(grant)
        return self._tokens

    async def whoami(self) -> str | None:
        """The login of whoever is signed in."""
        return str((await self._told("/user")).get("login")) if self._is_known else None

    async def connect(self) -> None:
        """Sign in, and find out whether the owner is an organization."""
        await super().connect()
        if self._tokens:
            await self._execute_with_retry(self._tokens.fresh, self._session)
        name = self.config.custom_params["owner"]
        found = await owner.find(name, self._told, is_known=self._is_known)
        self._offered = offered(found, asked.repositories(self.config))

    @property
    def api(self) -> str:
        """The version of the REST API, such as `2022-11-28`."""
        return str(self.config.custom_params.get("api_version") or asked.VERSION)

    # -- what is asked --------------------------------------------------------------------------------

    async def native(self) -> Sequence[Entity]:
        """What the owner has; members and teams only where it is an organization."""
        return self._offered

    def _own(self) -> Sequence[Entity]:
        """The same, which is known from connecting on."""
        return self._offered

    async def counts(self, entities: Sequence[str]) -> Mapping[str, int]:
        """How many records those have that are one list, by one request for each: what we may see of them."""
        lists = {it.name: it for it in self._offered if it.parent is None}
        behind = {name: it.native if (it := self.translations.get(name)) else name for name in entities}
        own = [lists[name] for name in dict.fromkeys(behind.values()) if name in lists]
        found = {it.name: number for it in own if (number := await self._number(it)) is not None}
        return {name: found[native] for name, native in behind.items() if native in found}

    async def _number(self, entity: Entity) -> int | None:
        """How many records a list has; None where it does not tell, or not us."""
        if isinstance(entity.paging, Named):
            return len(entity.paging.names)
        request = super().request(entity, Query(entity.name)).with_params(per_page=1)
        try:
            return await self._ask(request.with_headers(self._headers), number)
        except (AuthenticationError, DataFetchError) as error:
            if error.status in (403, 404):
                return None
            raise

    def request(self, entity: Entity, query: Query) -> Request:
        """The request for the first page; what did not change since then is left out where GitHub can."""
        if query.since and entity.name in HEARS_SINCE:
            since = query.since.astimezone(UTC).replace(microsecond=0, tzinfo=None)
            entity = replace(entity, params={**entity.params, "since": f"{since.isoformat()}Z"})
        return super().request(entity, query).with_headers(self._headers)

    # -- what is answered -----------------------------------------------------------------------------

    def check(self, response: Response, payload: Any) -> None:
        """Raise what GitHub's bad answer means."""
        if response.status == 202:
            raise refusal.still_computing(response)
        if not 200 <= response.status < 300:
            raise refusal.error_of(response, payload, self._pause, is_known=self._is_known)
        self._pause.over()

    def is_empty(self, entity: Entity, response: Response) -> bool:
        """Repositories without a commit say so, or nothing at all; issues may be disabled."""
        if response.status == 409 and entity.name == "commits":
            return "empty" in words_of(payload_of(response))
        return response.status == 204 or (response.status == 410 and entity.name == "issues")

    def quota(self, response: Response) -> Quota | None:
        """What is left of the hour's requests; search and others, which have their own, are not meant."""
        is_core = response.headers.get("x-ratelimit-resource", "core") == "core"
        return super().quota(response) if is_core else None

    def _opened(self, response: Response, entity: Entity) -> Body:
        """The body of an answer; one repository is a list of one."""
        if isinstance(entity.paging, Named) and response.status == 200:
            encoding = response.headers.get("content-encoding")
            text = inflate(response.body, encoding, limit=self.config.max_body)
            headers = {name: it for name, it in response.headers.items() if name != "content-encoding"}
            response = replace(response, body=b"[%s]" % text, headers=headers)
        return super()._opened(response, entity)

    async def _told(self, path: str) -> dict[str, Any]:
        """The object at a path."""
        request = Request(self.base_url + path, headers=self._headers)
        found = await self._ask(request, lambda _, answer: answer.payload)
        if not isinstance(found, dict):
            raise DecodeError(
                f"github answered {path} with something else than it should", connector=self.name
            )
        return found

    @property
    def _headers(self) -> dict[str, str]:
        accept = "application/vnd.github+json"
        return {"Accept": accept, "User-Agent": AGENT, "X-GitHub-Api-Version": self.api}

    @property
    def _is_known(self) -> bool:
        return self.config.auth_type != "none"
