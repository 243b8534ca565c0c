"""The demo's GitHub is as strict as the real one."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from spyro_sdk.demo import DemoProcess
from spyro_sdk.demo.authority.behaviour import SigningBehaviour
from spyro_sdk.demo.github.data import Amounts, World
from spyro_sdk.demo.github.limits import Limits
from spyro_sdk.demo.github.server import Service, serve
from spyro_sdk.demo.github.shapes import Place
from spyro_sdk.demo.github.signin import CLIENT_ID, DEVICE_GRANT, SignIn
from spyro_sdk.demo.http import Request
from tests.demo.conftest import Answer, Client


@pytest.fixture
def service() -> Iterator[Service]:
    with serve(records=250, repositories=2) as running:
        yield running


@pytest.fixture
def client(service: Service) -> Client:
    return Client(service)


def links(answer: Answer) -> dict[str, str]:
    return {rel: url for url, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers.get("Link", ""))}


def page(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def refused(answer: Answer) -> tuple[int, str]:
    assert set(answer.json) >= {"message", "documentation_url", "status"}
    return answer.status, answer.json["message"]


# -- who may come in ----------------------------------------------------------------------------------


def test_who_does_not_say_who_he_is_is_turned_away(client: Client, service: Service) -> None:
    answer = client.get("/users/acme", User_Agent="")
    assert answer.status == 403
    assert b"User-Agent" in answer.body
    assert service.used == 0


@pytest.mark.parametrize("credentials", ["Bearer wrong", "token wrong", "Basic YTpi", "Bearer"])
def test_a_wrong_token_is_refused_even_for_what_is_public(client: Client, credentials: str) -> None:
    assert refused(client.send("/users/acme", Authorization=credentials)) == (401, "Bad credentials")


@pytest.mark.parametrize("scheme", ["Bearer", "token", "bearer"])
def test_a_token_comes_in_by_either_word(client: Client, scheme: str) -> None:
    assert client.send("/users/acme", Authorization=f"{scheme} {client.token}").status == 200


def test_without_a_token_only_what_is_public_is_there(client: Client) -> None:
    names = [it["name"] for it in client.send("/orgs/acme/repos").json]
    assert "secret" not in names
    assert "secret" in [it["name"] for it in client.get("/orgs/acme/repos").json]
    assert client.send("/repos/acme/secret").status == 404
    assert len(client.send("/orgs/acme/members").json) == 3
    assert refused(client.send("/orgs/acme/teams")) == (401, "Requires authentication")
    assert all(it["public"] for it in client.send("/orgs/acme/projectsV2").json)


def test_an_ended_token_is_refused(client: Client, service: Service) -> None:
    service.sign_in.revoke()
    assert client.get("/users/acme").status == 401


# -- what is there ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *("/nowhere", "/orgs/ada", "/users/nobody", "/repos/acme/nothing", "/orgs/ada/teams"),
        *("/repos/nobody/web/issues", "/login/nowhere"),
    ],
)
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status == 404


def test_nothing_can_be_changed(client: Client) -> None:
    assert client.call("POST", "/repos/acme/platform/issues", {"title": "x"}).status == 404


def test_names_are_found_in_any_case(client: Client) -> None:
    assert client.get("/repos/ACME/Platform").json["full_name"] == "acme/platform"
    assert client.get("/user").json["login"] == "ada"
    assert client.get("/user/repos").json[-1]["name"] == "dotfiles"
    assert client.get("/user/repos?affiliation=collaborator").json == []


def test_odd_repositories_answer_oddly(client: Client) -> None:
    assert refused(client.get("/repos/acme/empty/commits")) == (409, "Git Repository is empty.")
    assert refused(client.get("/repos/acme/quiet/issues"))[0] == 410
    answer = client.get("/repos/acme/empty/contributors")
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("/repos/acme/platform/issues?state=shut", "Validation Failed"),
        ("/repos/acme/platform/issues?since=yesterday", "Validation Failed"),
        ("/repos/acme/platform/pulls?sort=colour", "Validation Failed"),
        ("/repos/acme/platform/issues?after=rubbish", "Validation Failed"),
        ("/repos/acme/platform/issues?page=101&per_page=100", "Pagination with the page parameter is not"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(client: Client, query: str, message: str) -> None:
    status, said = refused(client.get(query))
    assert status == 422
    assert said.startswith(message)


def test_a_version_that_is_none_is_refused(client: Client) -> None:
    assert refused(client.get("/users/acme", X_GitHub_Api_Version="2020-01-01"))[0] == 400
    assert client.get("/users/acme", X_GitHub_Api_Version="2026-03-10").status == 200


def test_open_ones_are_listed_and_the_newest_first_unless_told_otherwise(client: Client) -> None:
    issues = client.get("/repos/acme/platform/issues").json
    assert {it["state"] for it in issues} == {"open"}
    made = [it["created_at"] for it in issues]
    assert made == sorted(made, reverse=True)
    every = client.get("/repos/acme/platform/issues?state=all&sort=updated&direction=asc").json
    changed = [it["updated_at"] for it in every]
    assert changed == sorted(changed)
    later = client.get(f"/repos/acme/platform/issues?state=all&since={changed[9]}").json
    assert all(it["updated_at"] >= changed[9] for it in later)


def test_issues_and_pull_requests_are_listed_together(client: Client) -> None:
    listed = client.get("/repos/acme/platform/issues?state=all&per_page=100&direction=asc").json
    pulls = client.get("/repos/acme/platform/pulls?state=all&per_page=100&direction=asc").json
    numbers = [it["number"] for it in listed if "pull_request" in it]
    assert numbers == [it["number"] for it in pulls][: len(numbers)]
    assert [it["number"] for it in listed] == list(range(1, 101))


# -- pages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "rows"),
    [("", 30), ("?per_page=7", 7), ("?per_page=1000", 100), ("?per_page=x", 30), ("?per_page=0", 30)],
)
def test_a_page_has_a_hundred_records_at_most(client: Client, wish: str, rows: int) -> None:
    assert len(client.get(f"/repos/acme/platform/commits{wish}").json) == min(rows, 83)


def test_links_lead_through_numbered_pages(client: Client) -> None:
    path = "/repos/acme/platform/commits?per_page=40"
    first, second = client.get(path), client.get(f"{path}&page=2")
    assert {rel: page(url)["page"] for rel, url in links(first).items()} == {"next": "2", "last": "3"}
    assert {rel: page(url)["page"] for rel, url in links(second).items()} == {
        "prev": "1",
        "next": "3",
        "last": "3",
        "first": "1",
    }
    last = client.get(f"{path}&page=3&page=x&page=3")
    assert set(links(last)) == {"prev", "first"}
    beyond = client.get(f"{path}&page=9")
    assert (beyond.json, page(links(beyond)["prev"])["page"]) == ([], "3")
    assert links(client.get("/orgs/acme/repos")) == {}
    assert page(links(first)["next"])["per_page"] == "40"


def test_links_lead_through_issues_by_cursor(client: Client, service: Service) -> None:
    found: list[int] = []
    answer = client.get("/repos/acme/platform/issues?state=all&per_page=50&direction=asc")
    while True:
        found += [it["number"] for it in answer.json]
        following = links(answer)
        assert set(following) <= {"next"}
        if not following:
            break
        assert "after" in page(following["next"])
        answer = client.get(following["next"].removeprefix(service.base_url))
    assert found == list(range(1, 1 + len(service.world.issues("acme", "platform"))))
    assert client.get("/repos/acme/platform/issues?state=all&page=2&direction=asc").json[0]["number"] == 31


def test_what_is_added_meanwhile_comes_at_the_end(service: Service, client: Client) -> None:
    before = len(service.world.issues("acme", "platform"))
    service.world.add_issue("platform", title="New")
    service.world.change_issue("platform", 1, state="closed")
    issues = client.get("/repos/acme/platform/issues?state=all&sort=updated").json
    assert [issues[0]["number"], issues[1]["number"]] == [1, before + 1]


# -- limits -------------------------------------------------------------------------------------------


def test_each_answer_says_what_is_left(client: Client, service: Service) -> None:
    answer = client.get("/users/acme")
    assert answer.headers["X-RateLimit-Limit"] == "5000"
    assert answer.headers["X-RateLimit-Remaining"] == "4999"
    assert answer.headers["X-RateLimit-Used"] == "1"
    assert answer.headers["X-RateLimit-Resource"] == "core"
    core = client.get("/rate_limit").json["resources"]["core"]
    assert (core["remaining"], service.used) == (4_999, 1)


@pytest.mark.parametrize("status", [403, 429])
def test_a_used_up_hour_ends_at_its_reset(client: Client, service: Service, status: int) -> None:
    service.limits.status = status
    service.leave(1)
    assert client.get("/users/acme").status == 200
    answer = client.get("/users/acme")
    assert refused(answer)[0] == status
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert "Retry-After" not in answer.headers
    service.limits.account(service.token).reset = 0.0
    assert client.get("/users/acme").status == 200


def test_without_a_token_sixty_are_all_there_is(client: Client) -> None:
    statuses = [client.send("/users/acme").status for _ in range(61)]
    assert statuses == [200] * 60 + [403]
    assert client.get("/users/acme").status == 200  # the token's are its own


@pytest.mark.parametrize("told", [60, None])
def test_too_many_a_minute_is_a_secondary_limit(client: Client, service: Service, told: int | None) -> None:
    service.limits.per_minute, service.limits.retry_after = 2, told
    answers = [client.get("/users/acme") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 403]
    assert "secondary rate limit" in answers[-1].json["message"]
    assert answers[-1].headers.get("Retry-After") == (str(told) if told else None)
    assert service.limits.secondary["points"] == 1


def test_too_many_at_once_is_a_secondary_limit() -> None:
    now = [100.0]
    limits = Limits(concurrent=1, clock=lambda: now[0])
    account = limits.account("t")
    with limits.counted(account), pytest.raises(Exception, match="secondary"), limits.counted(account):
        pass
    assert account.under_way == 0
    now[0] += 61
    with limits.counted(account):
        pass
    assert len(account.recent) == 1


def test_an_unchanged_answer_costs_nothing_with_a_token(client: Client, service: Service) -> None:
    path = "/repos/acme/platform/issues?state=all&direction=asc"
    first = client.get(path)
    again = client.get(path, If_None_Match=first.headers["ETag"])
    assert (again.status, again.body, service.used) == (304, b"", 1)
    assert again.headers["X-RateLimit-Used"] == "1"
    service.world.change_issue("platform", 1, title="Changed")
    assert client.get(path, If_None_Match=first.headers["ETag"]).status == 200
    anonymous = client.send("/users/acme")
    assert client.send("/users/acme", If_None_Match=anonymous.headers["ETag"]).status == 304
    assert client.send("/users/acme").headers["X-RateLimit-Used"] == "3"


# -- the device flow ----------------------------------------------------------------------------------


class Login:
    """Asks for a code and a token, in a time of its own."""

    def __init__(self, **settings: Any) -> None:
        self.now = 0.0
        behaviour = SigningBehaviour(clock=lambda: self.now, **{"device_polls": 1, **settings})
        self.sign_in = SignIn("http://here", behaviour)

    def ask(self, path: str, **form: str) -> dict[str, Any]:
        body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
        request = Request("POST", path, {}, {"accept": "application/json"}, body)
        handler = self.sign_in.code if path == "code" else self.sign_in.token
        return dict(json.loads(handler(request).body))

    def code(self) -> dict[str, Any]:
        return self.ask("code", client_id=CLIENT_ID)

    def token(self, code: str, **form: str) -> dict[str, Any]:
        given = {"client_id": CLIENT_ID, "device_code": code, "grant_type": DEVICE_GRANT, **form}
        return self.ask("token", **given)


def test_a_code_becomes_a_token_once_somebody_has_typed_it_in() -> None:
    login = Login(device_polls=2)
    code = login.code()
    assert code["verification_uri"] == "http://here/login/device"
    assert re.fullmatch(r"[A-Z]{4}-[A-Z]{4}", code["user_code"])
    said = []
    for _ in range(3):
        login.now += code["interval"]
        said.append(login.token(code["device_code"]))
    assert [answer.get("error") for answer in said] == ["authorization_pending"] * 2 + [None]
    assert said[-1]["access_token"] in login.sign_in.tokens


def test_who_asks_too_fast_is_told_to_slow_down() -> None:
    login = Login()
    code = login.code()["device_code"]
    assert login.token(code)["error"] == "authorization_pending"
    assert login.token(code)["error"] == "slow_down"
    login.now += 5
    assert login.token(code)["interval"] == 15


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_id": "other"}, "incorrect_client_credentials"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"device_code": "other"}, "incorrect_device_code"),
    ],
)
def test_a_wrong_question_gets_no_token(form: dict[str, str], error: str) -> None:
    login = Login()
    assert login.token(login.code()["device_code"], **form)["error"] == error


def test_a_code_ends_and_may_be_refused() -> None:
    login = Login(device_polls=0, denies=True)
    code = login.code()["device_code"]
    assert login.token(code)["error"] == "access_denied"
    login.now += 901
    assert login.token(code)["error"] == "expired_token"


def test_an_app_that_is_not_known_gets_no_code() -> None:
    assert Login().ask("code", client_id="other") == {"error": "Not Found"}


def test_who_does_not_ask_for_json_gets_a_form(client: Client) -> None:
    answer = client.send("/login/device/code", {"client_id": CLIENT_ID})
    assert dict(parse_qsl(answer.body.decode()))["user_code"]
    assert client.send("/login/device/code").status == 404  # GET


# -- itself -------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_records() -> None:
    here, there, other = (World(Place("a", "w"), Amounts(40, 2, seed)) for seed in (1, 1, 2))
    for find in (World.issues, World.pulls, World.commits):
        assert find(here, "acme", "platform") == find(there, "acme", "platform")
        assert find(here, "acme", "platform") != find(other, "acme", "platform")


@pytest.mark.parametrize(("issues", "repositories"), [(0, 1), (1, 3), (100, 12)])
def test_there_are_as_many_issues_as_asked_for(issues: int, repositories: int) -> None:
    world = World(Place("a", "w"), Amounts(issues, repositories))
    names = [it["name"] for it in world.repositories("acme")]
    assert len(names) == repositories + 3
    found = [it for name in names for it in world.issues("acme", name) if "pull_request" not in it]
    assert len(found) == issues + 3  # those of the private repository
    assert len({it["id"] for it in found}) == len(found)


def test_a_mistake_of_ours_is_answered_as_githubs_own(client: Client, service: Service) -> None:
    service.world.teams = lambda: 1 / 0  # type: ignore[assignment]
    assert refused(client.get("/orgs/acme/teams")) == (
        500,
        "Server Error (ZeroDivisionError: division by zero)",
    )


def test_it_misbehaves_as_it_is_told(client: Client, service: Service) -> None:
    service.fail(status=503)
    assert client.send("/login/device/code", {"client_id": CLIENT_ID}).status == 200
    answer = client.get("/users/acme")
    assert (answer.status, answer.json) == (503, {"message": "Server Error"})


def test_it_runs_in_a_child_and_tells_a_person_how_to_reach_it(service: Service) -> None:
    with DemoProcess(["--service=github", "--records=10"]) as demo:
        assert set(demo.credentials) == {"access_token", "client_id", "owner"}
        headers = {"Authorization": f"Bearer {demo.credentials['access_token']}"}
        asked = urllib.request.Request(f"{demo.base_url}/orgs/acme/repos", headers=headers)
        with urllib.request.urlopen(asked) as response:
            assert json.load(response)
    assert service.base_url in service.welcome()
    assert "curl" in service.welcome()
