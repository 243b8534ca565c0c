"""All that can happen to a secret, played once: what was made, raised, told, logged, sent and written."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import threading
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import requests

import spyro_sdk as spyro
from spyro_sdk import blocking
from spyro_sdk.accounts import SignedIn, login, logout
from spyro_sdk.arrow.journal import journal_of
from spyro_sdk.auth import oauth, static
from spyro_sdk.auth.app import App
from spyro_sdk.auth.device import Device
from spyro_sdk.auth.keeping import Keeping
from spyro_sdk.auth.person import Invitation
from spyro_sdk.auth.pkce import Attempt
from spyro_sdk.auth.redirect import Expected
from spyro_sdk.auth.terminal import TerminalPerson
from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, FileStore, MemoryStore, in_memory
from spyro_sdk.auth.tokens.account import encoded
from spyro_sdk.config import ConnectorConfig
from spyro_sdk.connectors import OURS
from spyro_sdk.connectors.declared import Declared
from spyro_sdk.connectors.declared.signing import Parameter
from spyro_sdk.connectors.github import GitHub
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.entity import Entity
from spyro_sdk.events import Event, FetchFinished, listening
from spyro_sdk.gallery import exhibited
from spyro_sdk.http import Request, Response
from spyro_sdk.notebook.person import NotebookPerson
from spyro_sdk.private import System
from spyro_sdk.profile.listing import profiles
from spyro_sdk.rest import RestConnector
from spyro_sdk.secret import Secret, Unseen
from spyro_sdk.settings import configured
from spyro_sdk.testing import Recorder, Replay, Scrub
from spyro_sdk.transport.aiohttp import AiohttpTransport
from spyro_sdk.transport.conditional import Kept
from spyro_sdk.transport.opening import OpeningTransport
from spyro_sdk.transport.plain import PlainTransport
from spyro_sdk.transport.ways import Ways
from spyro_sdk.webhooks import Receiver
from tests.leaks.canaries import GIVEN, canary, private_key
from tests.leaks.service import Echo, echoing, wire

QUICK: dict[str, Any] = {"retry_count": 0, "rate_limit": 60_000, "progress": False}


class Listening(logging.Handler):
    """Keeps all that any library logs, with all that is in a record."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.names: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.names.add(record.name)
        self.lines.append(f"{self.format(record)} {vars(record)!r}")


@dataclass
class Drama:
    """What was seen."""

    folder: Path
    canaries: dict[str, str] = field(default_factory=lambda: {kind: canary(kind) for kind in GIVEN})
    objects: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, BaseException] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    listening: Listening = field(default_factory=Listening)
    warned: list[str] = field(default_factory=list)
    printed: str = ""
    pages: list[str] = field(default_factory=list)
    """What a browser was shown."""
    sent: str = ""

    def take(self, name: str, act: Callable[[], Any]) -> Any:
        """Do something, and keep what comes of it: an object, or an error."""
        try:
            self.objects[name] = act()
        except Exception as error:
            self.errors[name] = error
            return None
        return self.objects[name]


@contextlib.contextmanager
def seen(drama: Drama) -> Iterator[None]:
    """Listen to everything: logs at DEBUG, asyncio's own in debug mode, warnings, what is printed."""
    root, out = logging.getLogger(), io.StringIO()
    level = root.level
    root.addHandler(drama.listening)
    root.setLevel(logging.DEBUG)
    blocking.run(debugging, True)
    try:
        with (
            warnings.catch_warnings(record=True) as warned,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
        ):
            warnings.simplefilter("always")
            yield
    finally:
        blocking.run(debugging, False)
        root.removeHandler(drama.listening)
        root.setLevel(level)
    drama.warned = [f"{it.message!r} {it.message}" for it in warned]
    drama.printed = out.getvalue()


@contextlib.contextmanager
def forgotten() -> Iterator[None]:
    """Leave nobody signed in."""
    store = in_memory()
    before = store.accounts()
    try:
        yield
    finally:
        for account in store.accounts():
            if account not in before:
                store.delete(account)


async def debugging(on: bool) -> None:
    """Have asyncio log each step that it takes, or leave that again."""
    loop = asyncio.get_running_loop()
    loop.set_debug(on)
    loop.slow_callback_duration = 0.0 if on else 0.1


def play(folder: Path) -> Drama:
    """Play all of it."""
    drama = Drama(folder)
    drama.canaries["private key"] = private_key()
    with echoing() as echo, seen(drama), forgotten():
        for act in ACTS:
            act(drama, echo)
    drama.sent = wire(echo.seen)
    forms = [it.form() for it in echo.seen if it.body]
    made = {name: text for form in forms for name, text in form.items()}
    drama.canaries["signed assertion"] = made["assertion"].rpartition(".")[2]  # the rest of it is no secret
    drama.canaries["PKCE verifier"] = made["code_verifier"]
    return drama


# -- settings that are refused ---------------------------------------------------------------------


SETTINGS: Mapping[str, Any] = {
    "access_token": canary("access token"),
    "refresh_token": canary("refresh token"),
    "client_secret": canary("client secret"),
    "api_key": canary("API key"),
    "password": canary("password"),
    "headers": {"X-Mine": canary("header of the user"), "Cookie": canary("cookie")},
    "custom_params": {"signing": {"secret": canary("option of a connector")}},
}


def refusals(drama: Drama, echo: Echo) -> None:
    """Settings that make no sense, beside others that are secret."""
    every = {**SETTINGS, "private_key": private_key(), "client_id": "app", "username": "ana"}
    unsafe = f"https://ana:{canary('password in an address')}@acme.example"
    query = f"https://acme.example/?signature={canary('key in the query')}"
    for name, settings in {
        "a bad number": {"timeout": -1},
        "a user in the address": {"base_url": unsafe},
        "a user in the token's address": {"token_url": unsafe},
        "a secret in the address": {"base_url": query},
        "a secret in the token's address": {"token_url": query},
        "a header that is none": {"headers": {"X-Mine": canary("header of the user") + "\n"}},
        "a token of two lines": {"access_token": canary("access token") + "\n"},
        "a token that is no text": {"access_token": [canary("access token")]},
        "a mode that is none": {"auth_mode": "magic"},
    }.items():
        drama.take(f"configuration: {name}", lambda it=settings: ConnectorConfig("acme", **{**every, **it}))
        drama.take(
            f"from_dict: {name}", lambda it=settings: ConnectorConfig.from_dict({"name": "a", **every, **it})
        )
        drama.take(f"connect: {name}", lambda it=settings: spyro.connect("salesforce", **{**every, **it}))
        drama.take(f"login: {name}", lambda it=settings: login("salesforce", **{**every, **it}))
    drama.take(
        "connect: no such setting",
        lambda: spyro.connect("salesforce", acess_tokn=canary("access token"), **every),
    )
    drama.take("logout: no such service", lambda: logout("nowhere", **every))
    environment = {
        "SPYRO_SALESFORCE_ACCESS_TOKEN": canary("token of the environment"),
        "SPYRO_SALESFORCE_TIMEOUT": "soon",
        "HTTPS_PROXY": f"http://ana:{canary('password of a proxy')}@proxy.example",
    }
    drama.take("environment", lambda: configured(Salesforce, {}, environment))
    whole = {
        **environment,
        "SPYRO_SALESFORCE_BASE_URL": "https://acme.example",
        "SPYRO_SALESFORCE_TIMEOUT": "5",
    }
    for each in (environment, whole, {"GITHUB_TOKEN": canary("token of the environment")}):
        drama.take(f"exhibits: {sorted(each)}", lambda it=each: [exhibited(name, it) for name in OURS])
    drama.take("gallery", spyro.connectors)
    drama.take(
        "environment, another name",
        lambda: configured(Salesforce, {}, {**environment, "SPYRO_SALESFORCE_TOKN": "x"}),
    )
    inline = {"base_url": echo.base_url, "auth": {"type": "bearer", "token": canary("access token")}}
    drama.take(
        "declaration: no sense", lambda: Declared.of({**inline, "entities": {"a": {"paging": "by magic"}}})
    )
    drama.take(
        "declaration: a secret in its address",
        lambda: Declared.of(
            {**inline, "base_url": "https://acme.example/${LEAKS_TOKEN}", "entities": {"a": "/a"}},
            environment={"LEAKS_TOKEN": canary("variable in a path")},
        ),
    )
    drama.take(
        "declaration: unfinished",
        lambda: Declared.of(
            {**inline, "headers": {"X-Key": "${LEAKS_TOKEN} ${"}, "entities": {"a": "/a"}},
            environment={"LEAKS_TOKEN": canary("variable in a path")},
        ),
    )
    drama.take(
        "declaration: a bad placeholder",
        lambda: Declared.of(
            {
                **inline,
                "entities": {
                    "a": {"params": {"signature": canary("secret of a declaration"), "of": "{nobody.id}"}}
                },
            }
        ),
    )


# -- declared services -----------------------------------------------------------------------------

FILE = """
name: echo
base_url: {base_url}
auth: {{type: bearer, token: "${{LEAKS_TOKEN}}"}}
headers: {{X-Common: "${{LEAKS_SECRET}}"}}
entities:
  good: {{path: "/bot${{LEAKS_PATH_TOKEN}}/good", params: {{signature: "${{LEAKS_SECRET}}"}}}}
  bad: {{path: "/bot${{LEAKS_PATH_TOKEN}}/bad", headers: {{X-Own-Key: "${{LEAKS_SECRET}}"}}}}
  sent: {{path: "/bad", method: POST, body: {{secret: "${{LEAKS_SECRET}}"}}}}
"""
VARIABLES = {
    "LEAKS_TOKEN": canary("token of the environment"),
    "LEAKS_SECRET": canary("secret of a declaration"),
    "LEAKS_PATH_TOKEN": quote(canary("variable in a path"), safe=""),
}


def declared(drama: Drama, echo: Echo) -> None:
    """Services that are declared, with each kind of authentication."""
    entities = {
        "good": {
            "path": "/good",
            "params": {"signature": canary("secret of a declaration")},
            "headers": {"X-Own": canary("header of the user")},
        },
        **{name: f"/{name}" for name in ("bad", "page", "dropped", "old")},
        "away": {
            "path": "/away",
            "records": "items",
            "paging": {"type": "json_link", "next_url_path": "next"},
        },
    }
    ways: Mapping[str, Mapping[str, Any]] = {
        "key in a header": {"auth": {"type": "api_key", "name": "X-Acme", "api_key": canary("API key")}},
        "key in the query": {
            "auth": {
                "type": "api_key",
                "name": "k",
                "location": "query",
                "api_key": canary("key in the query"),
            }
        },
        "header": {"auth": {"type": "header", "name": "X-Acme", "value": canary("API key")}},
        "bearer": {"auth": {"type": "bearer", "token": canary("access token")}},
        "basic": {"auth": {"type": "http_basic", "username": "ana", "password": canary("password")}},
        "setting": {"auth": "bearer", "access_token": canary("access token")},
        "client": _client("app", echo),
        "refused client": _client("refused", echo),
    }
    for name, way in ways.items():
        connection = drama.take(
            f"connection: {name}",
            lambda it=way: spyro.connect(
                "rest",
                base_url=echo.base_url,
                headers={"X-Mine": canary("header of the user"), "Cookie": f"s={canary('cookie')}"},
                custom_params={"signing": {"secret": canary("option of a connector")}},
                entities=entities,
                observers=[drama.events.append],
                **QUICK,
                **it,
            ),
        )
        asked(drama, name, connection, entities)
    path = drama.folder / "echo.yaml"
    path.write_text(FILE.format(base_url=echo.base_url))
    kind = drama.take("file", lambda: Declared.of(path, environment=VARIABLES))
    connection = drama.take(
        "connection: file", lambda: spyro.connect(kind, observers=[drama.events.append], **QUICK)
    )
    asked(drama, "file", connection, ("good", "bad", "sent"))


def _client(client_id: str, echo: Echo) -> Mapping[str, Any]:
    return {
        "auth": {
            "type": "oauth2_client_credentials",
            "access_token_url": f"{echo.base_url}/token",
            "client_id": client_id,
            "client_secret": canary("client secret"),
            "access_token_request_data": {"audience": canary("option of a connector")},
        }
    }


def asked(drama: Drama, name: str, connection: Any, entities: Any) -> None:
    """Ask a connection for all that it has, in each way."""
    for entity in entities:
        fetch = drama.take(f"fetch: {name}, {entity}", lambda it=entity: connection.fetch(it))
        drama.take(f"plan: {name}, {entity}", lambda it=fetch: it.explain())
        drama.take(f"columns: {name}, {entity}", lambda it=entity: connection.describe(it))
        drama.take(f"table: {name}, {entity}", lambda it=fetch: it.to_arrow())
        drama.take(f"first: {name}, {entity}", lambda it=fetch: it.head())
        drama.take(f"quality: {name}, {entity}", lambda it=fetch: it.profile())
    drama.take(f"catalogue: {name}", lambda: list(connection.entities()))
    drama.take(f"catalogue: {name}, searched", lambda: connection.entities("zzz", counts=True))
    drama.take(f"known: {name}", lambda: connection.known)
    drama.take(f"identity: {name}", lambda: connection.identity)
    drama.take(f"stats: {name}", lambda: connection.stats)
    drama.take(f"rate limit: {name}", lambda: connection.rate_limit)
    drama.take(f"all of the process: {name}", spyro.stats)
    drama.take(f"open connection: {name}", lambda: list(spyro.stats())[-1])


# -- tokens that are asked for ---------------------------------------------------------------------


class Clumsy(RestConnector):
    """Fails to connect, and then to close, in words that hold its token."""

    name = "clumsy"

    async def connect(self) -> None:
        await super().connect()
        await self._ask(Request(f"{self.base_url}/bad"), lambda _, answer: answer)

    async def disconnect(self) -> None:
        await super().disconnect()
        raise RuntimeError(f"no way to close {self.config.access_token}")


class Acme(RestConnector):
    """A service with a token endpoint, whose answers are kept."""

    name = "acme"
    keeps = 1 << 20
    offers = (Entity("good", "/good"), Entity("bad", "/bad"))


def granted(drama: Drama, echo: Echo) -> None:
    """Tokens got with each grant, refused by each endpoint."""
    common = {"base_url": echo.base_url, "token_url": f"{echo.base_url}/token", **QUICK}
    common["observers"] = [drama.events.append]
    for client in ("app", "refused"):
        for name, settings in {
            "refresh token": {
                "refresh_token": canary("refresh token"),
                "client_secret": canary("client secret"),
            },
            "assertion": {"username": "ana", "private_key": private_key()},
        }.items():
            given = {"client_id": client, **settings, **common}
            drama.take(f"salesforce: {name} of {client}", lambda it=given: spyro.connect("salesforce", **it))
            acme = drama.take(f"connection: {name} of {client}", lambda it=given: spyro.connect(Acme, **it))
            for entity in ("good", "good", "bad"):  # the second time it is asked whether it has changed
                drama.take(f"table: {name} of {client}, {entity}", lambda it=acme, e=entity: it[e].to_arrow())
    drama.take("clumsy", lambda: spyro.connect(Clumsy, access_token=canary("access token"), **common))
    bad_key = private_key().replace("\n", "\n ", 3)
    drama.take(
        "salesforce: a key that is none",
        lambda: spyro.connect("salesforce", client_id="app", username="ana", private_key=bad_key, **common),
    )


# -- a person signs in -----------------------------------------------------------------------------


@dataclass
class Somebody:
    """A person who does as a test says with the address that is shown."""

    does: Callable[[Somebody], str]
    cards: list[Invitation] = field(default_factory=list)
    can_answer: bool = True
    is_remote: bool = False
    seen: list[str] = field(default_factory=list)

    def show(self, card: Invitation) -> None:
        self.cards.append(card)

    def open(self, address: str) -> bool:
        threading.Thread(target=self.browse, daemon=True).start()
        return True

    def browse(self) -> None:
        with contextlib.suppress(OSError):
            try:
                with urllib.request.urlopen(self.does(self), timeout=5) as answer:
                    self.seen.append(answer.read().decode())
            except HTTPError as refusal:
                with refusal:
                    self.seen.append(refusal.read().decode())

    def ask_secret(self, prompt: str, over: threading.Event) -> str | None:
        self.seen.append(prompt)
        return self.does(self)

    def waiting(self, card: Invitation, seconds: float) -> None:
        """Do nothing."""

    def done(self, card: Invitation, error: BaseException | None) -> None:
        """Do nothing."""

    def back(self, **changes: str) -> str:
        """The address to which the browser is sent."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.cards[-1].address).query).items()}
        code = {"code": canary("authorization code"), "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode({**code, **changes})}"


def signed_in(drama: Drama, echo: Echo) -> None:
    """A person signs in, in each way, and it works out or does not."""
    salesforce = {"base_url": echo.base_url, "observers": [drama.events.append]}
    stranger = {"state": canary("state of a stranger")}
    for name, does in {
        "well": lambda it: it.back(iss=echo.base_url),
        "wrong state": lambda it: it.back(**stranger),
        "wrong issuer": lambda it: it.back(iss="https://evil.example"),
        "refused": lambda it: it.back(error="access_denied", error_description="no"),
        "twice": lambda it: f"{it.back()}&code=again",
        "nothing": lambda it: "",
        "another page": lambda it: f"https://elsewhere.example/?code={quote(canary('authorization code'))}",
    }.items():
        for client in ("app", "refused"):
            for mode in ("paste", "browser"):
                if mode == "browser" and name in ("nothing", "another page"):
                    continue
                person = Somebody(does)
                given = {
                    "client_id": client,
                    "auth_mode": mode,
                    "person": person,
                    "patience": 5,
                    **salesforce,
                }
                drama.take(f"login: {mode}, {name}, {client}", lambda it=given: login("salesforce", **it))
                drama.pages += person.seen
                drama.take(f"invitations: {mode}, {name}, {client}", lambda it=person: it.cards)
    github = {"base_url": f"{echo.base_url}/api/v3", "owner": "acme", "auth_mode": "device"}
    for client in ("app", "refused"):
        person = Somebody(lambda it: "")
        drama.take(
            f"login: device, {client}",
            lambda it=client, who=person: login("github", client_id=it, person=who, **github),
        )
        drama.take(f"invitations: device, {client}", lambda it=person: it.cards)
    drama.take("github", lambda: spyro.connect("github", client_id="app", **QUICK, **github))
    drama.take("logout", lambda: logout("salesforce", base_url=echo.base_url))


# -- tokens that are kept --------------------------------------------------------------------------

ACCOUNT = Account("salesforce", "https://login.salesforce.com", "app")
TOKEN = Token(
    canary("access token"),
    canary("refresh token"),
    1e12,
    {"id_token": canary("id token"), "instance_url": "https://acme.example"},
    ("api",),
    1e9,
    "https://login.salesforce.com",
)


def full(file: int, *_: Any) -> None:
    """What a disk says on which there is no room."""
    raise OSError(28, "No space left on device")


def kept(drama: Drama, echo: Echo) -> None:
    """Tokens in a store, one that is full, and one that is damaged."""
    store = drama.take("file store", lambda: FileStore(drama.folder / "store"))
    memory = drama.take("memory store", lambda: MemoryStore())
    for it in (store, memory):
        it.write(ACCOUNT, TOKEN)
    drama.take("accounts", store.accounts)
    drama.take("token of the store", lambda: store.read(ACCOUNT))
    no_room = FileStore(drama.folder / "full", system=System(fsync=full))
    drama.take("full store", lambda: no_room.write(ACCOUNT, TOKEN))
    damaged = drama.folder / "damaged" / f"{ACCOUNT.key}.json"
    FileStore(damaged.parent).write(ACCOUNT, TOKEN)
    damaged.write_bytes(encoded(ACCOUNT, TOKEN)[:-40])
    drama.take("damaged store", lambda: FileStore(damaged.parent).read(ACCOUNT))
    drama.take("bad token", lambda: Token.from_dict({**TOKEN.to_dict(), "expires_at": "soon"}))
    for path in (drama.folder / "store", drama.folder / "damaged"):
        for file in path.iterdir():
            file.chmod(0o644)
    drama.take("store that others can read", lambda: store.read(ACCOUNT))


# -- recordings, and tables in files ---------------------------------------------------------------


def recorded(drama: Drama, echo: Echo) -> None:
    """What is said is recorded; what cannot be hidden is refused."""
    config = ConnectorConfig("acme", base_url=echo.base_url, **{**SETTINGS, "auth_type": "bearer"})
    path = drama.folder / "acme.json"

    async def asks(recorder: Recorder | Replay, *entities: str) -> None:
        async with Acme(config, transport=recorder).connection_context() as acme:
            for entity in entities:
                await acme.get_sample_data(entity)

    for name, scrub, entities in (
        ("well", Scrub(), ("good",)),
        ("refused", Scrub(), ("bad",)),
        ("cannot be hidden", Scrub(also=lambda text: text + canary("API key")), ("good",)),
    ):
        recorder = drama.take(f"recorder: {name}", lambda it=scrub: Recorder(path, config, it))
        drama.take(f"recording: {name}", lambda it=recorder, e=entities: asyncio.run(asks(it, *e)))
    replay = drama.take("replay", lambda: Replay(path, config))
    drama.take("replay of what is not there", lambda: asyncio.run(asks(replay, "good", "bad")))


def exported(drama: Drama, echo: Echo) -> None:
    """Tables in files, and what a failure leaves."""
    connection = drama.objects["connection: key in a header"]
    for name in ("parquet", "csv", "ipc"):
        for entity in ("good", "away"):
            path = drama.folder / f"{entity}.{name}"
            drama.take(
                f"{name} of {entity}", lambda n=name, e=entity, p=path: getattr(connection[e], f"to_{n}")(p)
            )
    folder = drama.folder / "parted"
    drama.take("parts", lambda: connection["good"].to_parquet(folder, partition_by="name"))
    path = drama.folder / "going on.parquet"

    def kept(event: Event) -> None:
        """Keep what the journal holds, which is taken away as soon as the file is there."""
        if isinstance(event, FetchFinished):
            (drama.folder / "journal").write_bytes(journal_of(path).read_bytes())

    with listening(kept):
        drama.take("going on", lambda: connection["good"].to_parquet(path, resume=True))


# -- what is made of secrets -----------------------------------------------------------------------


NOBODY: Any = None
"""Who need not be asked for such a signature."""


def objects(drama: Drama, echo: Echo) -> None:
    """Whatever holds a secret, as a debugger would find it."""
    config = ConnectorConfig("acme", base_url=echo.base_url, auth_type="bearer", **SETTINGS)
    app = App(f"{echo.base_url}/authorize", f"{echo.base_url}/token", "app", canary("client secret"))
    signed = asyncio.run(static.api_key(canary("API key")).sign(Request(f"{echo.base_url}/good"), NOBODY))
    signed = asyncio.run(Parameter("k", canary("key in the query")).sign(signed, NOBODY))
    acme = Acme(config)
    makers: Mapping[str, Callable[[], Any]] = {
        "config": lambda: config,
        "connector": lambda: acme,
        "account": lambda: ACCOUNT,
        "token": lambda: TOKEN,
        "app": lambda: app,
        "keeping": lambda: Keeping.of("acme", app),
        "header": lambda: static.bearer(canary("access token")),
        "basic": lambda: static.basic("ana", canary("password")),
        "parameter": lambda: Parameter("k", canary("key in the query")),
        "refresh": lambda: oauth.RefreshToken("u", "app", canary("refresh token"), canary("client secret")),
        "renewal": lambda: oauth.Renewal("u", "app", canary("client secret")),
        "client": lambda: oauth.ClientCredentials("u", "app", canary("client secret"), SETTINGS["headers"]),
        "jwt": lambda: oauth.JwtBearer("u", "app", "ana", "a", private_key()),
        "oauth": lambda: oauth.OAuth(None, TOKEN, store=MemoryStore(), account=ACCOUNT),
        "shared": lambda: oauth.OAuth(None, TOKEN, store=MemoryStore(), account=ACCOUNT)._shared,
        "device": lambda: Device("u", "u", "app", print),
        "attempt": lambda: Attempt.begin(app, "http://127.0.0.1:1/callback"),
        "expected": lambda: Expected(canary("state of a stranger")),
        "person": lambda: TerminalPerson(environ=VARIABLES),
        "person at a notebook": lambda: NotebookPerson(None, VARIABLES),
        "request": lambda: signed,
        "response": lambda: Response(200, {"set-cookie": canary("cookie")}, canary("access token").encode()),
        "kept": lambda: Kept(1 << 20),
        "secret": lambda: Secret(canary("API key")),
        "bytes": lambda: Secret(canary("API key")).encode(),
        "unseen": lambda: Unseen(VARIABLES),
        "statistics": lambda: acme.get_statistics(),
        "signed in": lambda: SignedIn("acme", "ana", echo.base_url, ("api",), None, True, True),
        "allowance": lambda: config.rate,
        "salesforce": lambda: Salesforce(config),
        "github": lambda: GitHub(replace(config, custom_params={"owner": "acme"})),
        "declared": lambda: drama.objects["file"](config),
    }
    for name, make in makers.items():
        drama.take(f"object: {name}", make)

    async def transport(kind: type[Any]) -> Any:
        it = kind(config)
        await it.close()
        return it

    for kind in (AiohttpTransport, PlainTransport, OpeningTransport):
        drama.take(f"object: {kind.__name__}", lambda it=kind: asyncio.run(transport(it)))


# -- the way there, and where settings come from ---------------------------------------------------------


def on_the_way(drama: Drama, echo: Echo) -> None:
    """Proxies with passwords, and a session of the user's own."""
    config = ConnectorConfig("acme", base_url="http://acme.example", allow_http=True, **SETTINGS)

    async def asks(proxy: str) -> Response:
        it = AiohttpTransport(config, Ways(config, VARIABLES, lambda: {"http": proxy}))
        try:
            return await it(Request("http://acme.example/good"))
        finally:
            await it.close()

    password = quote(canary("password of a proxy"), safe="")
    for kind in ("http", "socks5", "ftp"):
        proxy = f"{kind}://ana:{password}@127.0.0.1:9"
        drama.take(f"proxy: {kind}", lambda it=proxy: asyncio.run(asks(it)))
    session = requests.Session()
    session.headers["X-Session"] = canary("header of the user")
    entities = {name: f"/{name}" for name in ("good", "bad", "dropped", "old")}
    connection = drama.take(
        "connection: session",
        lambda: spyro.connect(
            "rest",
            base_url=echo.base_url,
            session=session,
            entities=entities,
            auth={
                "type": "api_key",
                "name": "k",
                "location": "query",
                "api_key": canary("key in the query"),
            },
            **QUICK,
        ),
    )
    asked(drama, "session", connection, entities)
    session.close()


PROFILES = """
[salesforce]
access_token = "{access}"
client_secret = "{secret}"
headers = {{ X-Mine = "{header}" }}
base_url = 7

[github]
access_token = {{ env = "LEAKS_TOKEN" }}
timeout = "soon"

[acme]
access_token = "{access}"
retry_count = -1
"""


def profiled(drama: Drama, echo: Echo) -> None:
    """Profiles with secrets and mistakes in them."""
    folder = drama.folder / "profiles"
    folder.mkdir()
    kinds = {"access": "access token", "secret": "client secret", "header": "header of the user"}
    texts = {name: canary(kind).replace('"', '\\"') for name, kind in kinds.items()}
    for name, text in {"good": PROFILES, "broken": PROFILES + "["}.items():
        (folder / name).mkdir()
        file = folder / name / "connections.toml"
        file.write_text(text.format(**texts))
        file.chmod(0o600)
        environment = {"SPYRO_CONFIG_FOLDER": str(file.parent), **VARIABLES}
        for kind in (Salesforce, GitHub, Acme):
            drama.take(f"exhibit: {name}, {kind.name}", lambda it=kind.name, e=environment: exhibited(it, e))
            drama.take(f"profile: {name}, {kind.name}", lambda it=kind, e=environment: configured(it, {}, e))
        drama.take(f"profiles: {name}", lambda e=environment: profiles(e, MemoryStore()))


def delivered(drama: Drama, echo: Echo) -> None:
    """Something is delivered to a webhook, signed with another secret; and a secret is none."""
    receiver = drama.take(
        "receiver", lambda: Receiver("github", [canary("client secret"), canary("API key")])
    )
    drama.take("scheme", lambda: receiver.scheme)
    headers = {"x-hub-signature-256": "sha256=00", "x-github-delivery": "1", "x-github-event": "push"}
    drama.take("delivery: bad signature", lambda: receiver.verify(b"{}", headers))
    drama.take("delivery: malformed", lambda: receiver.verify(b"{}", {}))
    drama.take("receiver: bad secret", lambda: Receiver("standard", canary("client secret")))


ACTS = (
    *(refusals, declared, granted, signed_in, kept, recorded, exported, objects, on_the_way),
    *(profiled, delivered),
)
