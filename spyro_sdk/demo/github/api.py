"""GitHub's REST API: which address answers what."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from spyro_sdk.demo.github import words
from spyro_sdk.demo.github.data import World
from spyro_sdk.demo.github.errors import Refusal, not_found
from spyro_sdk.demo.github.limits import Account, Limits
from spyro_sdk.demo.github.paging import by_cursor, by_number
from spyro_sdk.demo.github.shapes import Record
from spyro_sdk.demo.github.signin import SignIn
from spyro_sdk.demo.http import Request, Response, json_response

VERSIONS = ("2022-11-28", "2026-03-10")
VARY = "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, X-Requested-With"
NOBODY = (
    "\r\nRequest forbidden by administrative rules. Please make sure your request has a User-Agent header"
    " (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).\r\n"
)
Listed = tuple[list[Record], str]


class Api:
    """Answers requests; knows nothing of sockets."""

    def __init__(self, world: World, limits: Limits, sign_in: SignIn) -> None:
        self.world, self.limits, self.sign_in = world, limits, sign_in
        self.page_by_number = False  # issues by number, as they were before cursors came
        routes: dict[str, Callable[..., Listed | Record | None]] = {
            r"/user": self.user,
            r"/user/repos": self.own_repositories,
            r"/(users|orgs)/([^/]+)": self.owner,
            r"/(users|orgs)/([^/]+)/repos": self.repositories,
            r"/orgs/([^/]+)/members": self.members,
            r"/orgs/([^/]+)/teams": self.teams,
            r"/(users|orgs)/([^/]+)/projectsV2": self.projects,
            r"/repos/([^/]+)/([^/]+)": self.repository,
            r"/repos/([^/]+)/([^/]+)/issues": self.issues,
            r"/repos/([^/]+)/([^/]+)/pulls": self.pulls,
            r"/repos/([^/]+)/([^/]+)/commits": self.commits,
            r"/repos/([^/]+)/([^/]+)/labels": self.labels,
            r"/repos/([^/]+)/([^/]+)/milestones": self.milestones,
            r"/repos/([^/]+)/([^/]+)/contributors": self.contributors,
        }
        self._routes = [(re.compile(path), handler) for path, handler in routes.items()]

    def answer(self, request: Request) -> Response:
        """Answer anything, with GitHub's error bodies where it can't."""
        if not request.headers.get("user-agent"):
            return Response(403, NOBODY.encode(), content_type="text/html")
        if request.path.startswith("/login/"):
            return self._signing_in(request)
        try:
            account = self.limits.account(self._token(request))
        except Refusal as refusal:
            return _refused(refusal)
        response = self._counted(request, account)
        shown = {"Vary": VARY, "X-GitHub-Media-Type": "github.v3; format=json"}
        shown["X-GitHub-Request-Id"] = "C0DE:1:2:3:4"
        return replace(response, headers={**shown, **self.limits.headers(account), **response.headers})

    def _signing_in(self, request: Request) -> Response:
        handlers = self.sign_in.routes.get(request.path, {})
        method = "GET" if request.method == "HEAD" else request.method
        if method not in handlers:
            return Response(404, b"Not Found", content_type="text/html")
        return handlers[method](request)

    def _token(self, request: Request) -> str | None:
        """The token that a request carries; None for none. Raises for one that is not good."""
        given = request.headers.get("authorization")
        if given is None:
            return None
        scheme, _, token = given.partition(" ")
        if scheme.lower() not in ("bearer", "token") or token not in self.sign_in.tokens:
            raise Refusal(401, "Bad credentials")
        return token

    def _counted(self, request: Request, account: Account) -> Response:
        if request.path == "/rate_limit":
            return json_response(self._rate_limit(account))
        try:
            with self.limits.counted(account):
                response = self._answer(request)
        except Refusal as refusal:
            return _refused(refusal)
        except Exception as error:  # noqa: BLE001 - a bug of ours is answered as GitHub answers its own
            return _refused(Refusal(500, f"Server Error ({type(error).__name__}: {error})"))
        etag = response.headers["ETag"]
        if etag not in request.headers.get("if-none-match", ""):
            return response
        if "authorization" in request.headers:  # without a token an unchanged answer costs as much
            self.limits.give_back(account)
        return Response(304, headers={"ETag": etag})

    def _answer(self, request: Request) -> Response:
        version = request.headers.get("x-github-api-version", VERSIONS[0])
        if version not in VERSIONS:
            raise Refusal(400, f"Unsupported GitHub API version: {version}")
        found, link = self._found(request)
        if found is None:
            return Response(204, headers={"ETag": _etag(b"")})
        response = json_response(found)
        headers = {"ETag": _etag(response.body + link.encode()), "X-GitHub-Api-Version-Selected": version}
        headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
        return replace(response, headers={**headers, **({"Link": link} if link else {})})

    def _found(self, request: Request) -> tuple[Any, str]:
        """What is at an address, and its Link header."""
        if request.method not in ("GET", "HEAD"):
            raise not_found()
        for path, handler in self._routes:
            if match := path.fullmatch(request.path):
                found = handler(request, *map(unquote, match.groups()))
                return found if isinstance(found, tuple) else (found, "")
        raise not_found()

    def _rate_limit(self, account: Account) -> Record:
        core = {
            "limit": account.limit,
            "used": account.used,
            "remaining": max(0, account.limit - account.used),
            "reset": int(account.reset),
        }
        return {"resources": {"core": core}, "rate": core}

    # -- the addresses --------------------------------------------------------------------------------

    def user(self, request: Request) -> Record:
        """The user whose token it is."""
        self._only_with_token(request)
        return {**self.world.users[words.PERSON], "name": "Ada L.", "email": "ada@acme.example"}

    def owner(self, request: Request, kind: str, login: str) -> Record:
        """A user or an organization; `/users` has both."""
        return {**self._owner(kind, login), "name": login.title(), "public_repos": 8}

    def own_repositories(self, request: Request) -> Listed:
        self._only_with_token(request)
        if "owner" not in request.query.get("affiliation", "owner"):
            return by_number(request, self.world.place.api, [])
        return self._by_age(request, self.world.repositories(words.PERSON))

    def repositories(self, request: Request, kind: str, login: str) -> Listed:
        """All that the client may see; of a user only the public ones."""
        found = self.world.repositories(self._owner(kind, login)["login"])
        sees_all = kind == "orgs" and "authorization" in request.headers
        return self._by_age(request, [it for it in found if sees_all or not it["private"]])

    def members(self, request: Request, org: str) -> Listed:
        self._owner("orgs", org)
        shown = self.world.members() if "authorization" in request.headers else self.world.members()[:3]
        return by_number(request, self.world.place.api, shown)

    def teams(self, request: Request, org: str) -> Listed:
        self._owner("orgs", org)
        self._only_with_token(request)
        return by_number(request, self.world.place.api, self.world.teams())

    def projects(self, request: Request, kind: str, login: str) -> Listed:
        found = self.world.projects(self._owner(kind, login)["login"])
        sees_all = "authorization" in request.headers
        return by_cursor(request, self.world.place.api, [it for it in found if sees_all or it["public"]])

    def repository(self, request: Request, owner: str, name: str) -> Record:
        found = self._repository(request, owner, name)
        return {**found, "network_count": 0, "subscribers_count": 42, "temp_clone_token": None}

    def issues(self, request: Request, owner: str, name: str) -> Listed:
        repository = self._repository(request, owner, name)
        if not repository["has_issues"]:
            raise Refusal(410, "Issues has been disabled in this repository.")
        found = _since(request, "updated_at", _state(request, self.world.issues(*_key(repository))))
        found = _sorted(request, found)
        if self.page_by_number:
            return by_number(request, self.world.place.api, found)
        return by_cursor(request, self.world.place.api, found, numbered=True)

    def pulls(self, request: Request, owner: str, name: str) -> Listed:
        repository = self._repository(request, owner, name)
        found = _sorted(request, _state(request, self.world.pulls(*_key(repository))))
        return by_number(request, self.world.place.api, found)

    def commits(self, request: Request, owner: str, name: str) -> Listed:
        repository = self._repository(request, owner, name)
        found = self.world.commits(*_key(repository))
        if not found:
            raise Refusal(409, "Git Repository is empty.")
        return by_number(request, self.world.place.api, _since(request, "commit.committer.date", found))

    def labels(self, request: Request, owner: str, name: str) -> Listed:
        repository = self._repository(request, owner, name)
        return by_number(request, self.world.place.api, self.world.labels(*_key(repository)))

    def milestones(self, request: Request, owner: str, name: str) -> Listed:
        repository = self._repository(request, owner, name)
        found = _state(request, self.world.milestones(*_key(repository)))
        return by_number(request, self.world.place.api, found)

    def contributors(self, request: Request, owner: str, name: str) -> Listed | None:
        """Who has commits; nothing at all, not even a list, where there are none."""
        repository = self._repository(request, owner, name)
        found = self.world.contributors(*_key(repository))
        return by_number(request, self.world.place.api, found) if found else None

    def _owner(self, kind: str, login: str) -> Record:
        found = {name.lower(): it for name, it in self.world.owners.items()}.get(login.lower())
        if found is None or (kind == "orgs" and found["type"] != "Organization"):
            raise not_found()
        return found

    def _repository(self, request: Request, owner: str, name: str) -> Record:
        """A repository that the client may see."""
        found = self.world.repository(self._owner("users", owner)["login"], name)
        if found is None or (found["private"] and "authorization" not in request.headers):
            raise not_found()
        return found

    def _only_with_token(self, request: Request) -> None:
        if "authorization" not in request.headers:
            raise Refusal(401, "Requires authentication")

    def _by_age(self, request: Request, found: list[Record]) -> Listed:
        return by_number(request, self.world.place.api, _sorted(request, found))


def _refused(refusal: Refusal) -> Response:
    return replace(json_response(refusal.body, refusal.status), headers=refusal.headers)


def _etag(body: bytes) -> str:
    return f'W/"{hashlib.sha256(body).hexdigest()}"'


def _key(repository: Record) -> tuple[str, str]:
    return repository["owner"]["login"], repository["name"]


def _state(request: Request, records: list[Record]) -> list[Record]:
    """Those in the state asked for: open ones, if none is named."""
    state = request.query.get("state", "open")
    if state not in ("open", "closed", "all"):
        raise _invalid("state", state)
    return [record for record in records if state in ("all", record["state"])]


def _since(request: Request, path: str, records: list[Record]) -> list[Record]:
    """Those changed at or after a moment."""
    since = request.query.get("since")
    if since is None:
        return records
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise _invalid("since", since) from None
    return [record for record in records if datetime.fromisoformat(_dig(record, path)) >= moment]


def _sorted(request: Request, records: list[Record]) -> list[Record]:
    """By `created` (if nothing is named), `updated` and so on; the newest first unless told otherwise."""
    sort = request.query.get("sort", "created")
    if sort not in ("created", "updated"):
        raise _invalid("sort", sort)
    is_upward = request.query.get("direction", "desc") == "asc"
    return sorted(records, key=lambda it: (it[f"{sort}_at"], it["id"]), reverse=not is_upward)


def _dig(record: Any, path: str) -> str:
    for step in path.split("."):
        record = record[step]
    return str(record)


def _invalid(name: str, value: str) -> Refusal:
    return Refusal(422, "Validation Failed", errors=[{"field": name, "value": value, "code": "invalid"}])
