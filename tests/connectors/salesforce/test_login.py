"""The login of the command `sf`, played by a script on the PATH."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spyro_sdk as spyro
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.connectors.salesforce.login import Borrowed, Login, command
from spyro_sdk.connectors.salesforce.program import MOST, output
from spyro_sdk.demo.server import Service
from spyro_sdk.errors import AuthenticationError, ConfigurationError
from spyro_sdk.events import Event, LoginBorrowed, TokenRenewed
from spyro_sdk.http import Request, Response

pytestmark = pytest.mark.anyio
HOME = "https://acme.my.salesforce.com"
REDACTED = "[REDACTED] Use 'sf org auth show-access-token' to view"

SCRIPT = """#!{python} -I
import json, os, sys
from pathlib import Path
here = Path(__file__).parent
with open(here / "runs", "a") as runs:
    print(json.dumps(sys.argv[1:]), file=runs)
answers = json.loads((here / "answers").read_text())
sys.stderr.write("hush: a warning")
sys.stdout.write("\\x1b[32m" * ("FORCE_COLOR" in os.environ) + answers[" ".join(sys.argv[1:4])])
"""

Install = Callable[..., dict[str, str]]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Put a command onto a PATH, whose environment is returned; it answers what it is told."""

    def installed(*, name: str = "sf", display: Any = None, token: Any = None) -> dict[str, str]:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        texts = {
            "org display --json": _text(display),
            "force:org:display --json --targetusername": _text(display),
            "force:org:display --json": _text(display),
            "org auth show-access-token": _text(token),
        }
        (folder / "answers").write_text(json.dumps(texts))
        (folder / name).write_text(SCRIPT.format(python=sys.executable))
        (folder / name).chmod(0o700)
        return {"PATH": str(folder)}

    return installed


def _text(answer: Any) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer)


def shown(**result: Any) -> dict[str, Any]:
    usual = {"username": "ana@acme.example", "instanceUrl": HOME, "accessToken": "00D!hush"}
    return {"status": 0, "result": {**usual, **result}, "warnings": []}


def runs(environment: dict[str, str]) -> list[list[str]]:
    return [json.loads(line) for line in (Path(environment["PATH"]) / "runs").read_text().splitlines()]


async def nobody(request: Request) -> Response:
    raise AssertionError("the command is asked, and no service")


async def refused(it: Borrowed) -> str:
    with pytest.raises(AuthenticationError) as caught:
        await it(nobody)
    assert caught.value.hint is not None
    assert "SPYRO_SALESFORCE_ACCESS_TOKEN" in caught.value.hint
    assert caught.value.hint in str(caught.value)
    assert "hush" not in str(caught.value) + repr(caught.value) + repr(it)
    assert caught.value.__cause__ is None
    return str(caught.value)


# -- a token ------------------------------------------------------------------------------------------


async def test_the_command_shows_its_token_and_where_it_is_for(install: Install) -> None:
    environment, heard = install(display=shown()), list[Login]()
    token = await Borrowed("dev", heard.append, environment)(nobody)
    assert (token.access_token, token.extra) == ("00D!hush", {"instance_url": HOME})
    assert heard == [Login("ana@acme.example", HOME)]
    assert runs(environment) == [["org", "display", "--json", "--target-org", "dev"]]


@pytest.mark.parametrize("hidden", [REDACTED, None, ""])
async def test_where_it_hides_the_token_the_command_that_shows_it_is_run(
    install: Install, hidden: Any
) -> None:
    token = {"status": 0, "result": {"accessToken": "00D!hush"}, "warnings": ["hush"]}
    environment = install(display=shown(accessToken=hidden), token=token)
    assert (await Borrowed("", environment=environment)(nobody)).access_token == "00D!hush"
    assert runs(environment) == [["org", "display", "--json"], ["org", "auth", "show-access-token", "--json"]]


@pytest.mark.parametrize(("org", "wish"), [("", []), ("dev", ["--targetusername", "dev"])])
async def test_the_older_command_is_asked_in_its_words(install: Install, org: str, wish: list[str]) -> None:
    environment = install(name="sfdx", display=shown())
    assert (await Borrowed(org, environment=environment)(nobody)).access_token == "00D!hush"
    assert runs(environment) == [["force:org:display", "--json", *wish]]


async def test_colors_are_neither_asked_for_nor_taken_amiss(install: Install) -> None:
    environment = install(display=shown()) | {"FORCE_COLOR": "1", "SF_JSON_TO_STDERR": "true"}
    assert (await Borrowed("", environment=environment)(nobody)).access_token == "00D!hush"
    environment = install(display="\x1b[97m" + json.dumps(shown()) + "\x1b[39m")
    assert (await Borrowed("", environment=environment)(nobody)).access_token == "00D!hush"


# -- no token -----------------------------------------------------------------------------------------


async def test_without_the_command_there_is_no_login(tmp_path: Path) -> None:
    assert command({}) is None
    said = await refused(Borrowed("", environment={"PATH": str(tmp_path)}))
    assert said.startswith("the command sf is not installed here: install the Salesforce CLI, or log in by")


@pytest.mark.parametrize(
    ("org", "display", "message"),
    [
        (
            "",
            {"status": 1, "name": "NoDefaultEnvError", "message": "hush"},
            "default org (NoDefaultEnvError)",
        ),
        (
            "dev",
            {"status": 1, "name": "NamedOrgNotFoundError"},
            "login to the org 'dev' (NamedOrgNotFoundError)",
        ),
        ("", {"status": 1, "name": "hush 5"}, "writes something else than the JSON that it should"),
        ("", {"status": 1, "result": {"accessToken": "00D!hush"}}, "writes something else than the JSON"),
        ("", "hush", "`sf org display` writes something else than the JSON"),
        ("", "", "writes something else than the JSON"),
        ("", '["hush"]', "writes something else than the JSON"),
        ("", "[" * 100_000, "writes something else than the JSON"),
        ("", "x" * (MOST + 1), "writes more than an answer is long"),
        ("", shown(instanceUrl=5), "shows no access token, or not where it is for"),
    ],
)
async def test_what_the_command_cannot_show_is_told(
    install: Install, org: str, display: Any, message: str
) -> None:
    assert message in await refused(Borrowed(org, environment=install(display=display)))


@pytest.mark.parametrize("token", [REDACTED, "00D hush", "", 5, None])
async def test_what_is_no_token_is_not_sent(install: Install, token: Any) -> None:
    environment = install(display=shown(accessToken=REDACTED), token=shown(accessToken=token))
    assert "shows no access token" in await refused(Borrowed("", environment=environment))


async def test_a_command_that_cannot_be_run_is_told(install: Install) -> None:
    environment = install(display=shown())
    script = Path(environment["PATH"]) / "sf"
    script.write_text("#!/no/such/program\n")
    assert f"{script} cannot be run: No such file" in await refused(Borrowed("", environment=environment))


async def test_a_command_that_does_not_answer_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    script = tmp_path / "sf"
    script.write_text(f'#!/bin/sh\nsleep 60 &\necho $! > "{tmp_path}/child"\nwait\n')
    script.chmod(0o700)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    said = await refused(Borrowed("", environment=environment, timeout=0.5))
    assert "`sf org display` has not answered within 0.5 s" in said
    child = int((tmp_path / "child").read_text())
    assert _is_gone(child)


def _is_gone(process: int) -> bool:
    """Whether a process has ended, which the system may take a moment to tell."""
    for _ in range(100):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True)
        if state.stdout.strip()[:1] in ("", "Z"):
            return True
        time.sleep(0.02)
    return False


async def test_a_program_that_has_closed_its_output_is_waited_for(tmp_path: Path) -> None:
    assert await output(["/bin/sh", "-c", "echo done; exec >&-; exit 3"], dict(os.environ), 10) == b"done\n"


# -- connected by it ----------------------------------------------------------------------------------


def connected(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, **settings: Any
) -> spyro.Connection:
    monkeypatch.setenv("PATH", environment["PATH"])
    return spyro.connect("salesforce", retry_delay=0.001, **settings)


def test_a_connection_asks_the_command_once_more_when_its_token_has_expired(
    own: Service, install: Install, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = own.credentials["access_token"]
    environment = install(display=shown(instanceUrl=own.base_url, accessToken=token))
    heard: list[Event] = []
    with (
        caplog.at_level(logging.INFO, "spyro_sdk"),
        connected(environment, monkeypatch, auth_mode="sf", observers=[heard.append]) as sf,
    ):
        assert sf["Account"].count() == 1000
        assert len(runs(environment)) == 1
        own.expire_tokens()
        fresh = own.new_access_token()
        install(display=shown(instanceUrl=own.base_url, accessToken=fresh))
        assert sf["Account"].count() == 1000
        assert len(runs(environment)) == 2
        own.expire_tokens()
        with pytest.raises(AuthenticationError, match="INVALID_SESSION_ID"):
            sf["Account"].count()
        assert len(runs(environment)) == 3
    told = [event for event in heard if isinstance(event, LoginBorrowed | TokenRenewed)]
    ana = LoginBorrowed("salesforce", "sf", "ana@acme.example", own.base_url)
    assert told == [ana, TokenRenewed("salesforce")] * 3
    said = f"salesforce: signed in to {own.base_url} as ana@acme.example, by the login of sf"
    assert caplog.messages.count(said) == 3
    assert token not in repr(heard) + caplog.text


def test_an_instance_that_is_not_safe_is_refused(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = install(display=shown(instanceUrl="http://evil.example"))
    with pytest.raises(ConfigurationError, match="base_url"):
        connected(environment, monkeypatch, sf=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sf": "--help"}, "sf='--help' is no user name or alias"),
        ({"sf": "a b"}, "sf='a b' is no user name or alias"),
        ({"sf": "a&calc"}, "sf='a&calc' is no user name or alias"),
        ({"sf": 5}, "sf=5 is neither the user name or alias of an org, nor True"),
        ({"sf": "dev", "access_token": "hush"}, "sf='dev' and access_token are of two accounts"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_run(
    settings: dict[str, Any], message: str
) -> None:
    is_good, why = Salesforce(Salesforce.configure(**settings)).validate_config()
    assert not is_good
    assert why is not None
    assert message in why


def test_an_org_is_enough() -> None:
    for org in ("ana@acme.example", "dev-1", True):
        assert Salesforce(Salesforce.configure(sf=org)).validate_config() == (True, None)
