"""The login of Salesforce's own command `sf`, which we ask for a token of the org that it is logged in to.

https://developer.salesforce.com/docs/platform/salesforce-cli-reference/guide/cli_reference_org_auth_show-access-token.html
"""

from __future__ import annotations

import builtins
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...auth.token import Token
from ...errors import AuthenticationError
from ...http import Send
from ...secret import SecretBytes, Unseen, hidden
from .program import output

TIMEOUT = 60.0  # seconds for one run of the command, which may renew its token over the network
COMMANDS = ("sf", "sfdx")
COLORS = re.compile(rb"\x1b\[[0-9;]*m")
TOKEN = re.compile(r"(?!\[)[\x21-\x7e]+")
"""What can be a token: versions since May 2026 write `[REDACTED] …` in its place."""
WANTED = (
    "log in by `sf org login web`, or set SPYRO_SALESFORCE_BASE_URL and SPYRO_SALESFORCE_ACCESS_TOKEN,"
    " or write base_url and access_token into a profile"
)


@dataclass(frozen=True, slots=True)
class Login:
    """Who is logged in by the command, and where."""

    username: str
    instance_url: str


def command(environment: Mapping[str, str]) -> str | None:
    """Where the command is; None where it is not installed."""
    found = (shutil.which(name, path=environment.get("PATH", "")) for name in COMMANDS)
    return next(filter(None, found), None)


@dataclass(frozen=True)
class Borrowed:
    """A grant: the token of the login, renewed by the command itself where it has expired."""

    org: str
    """A user name or an alias; '' for the command's default org."""
    on_read: Callable[[Login], None] = field(default=lambda login: None, repr=False)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    timeout: float = TIMEOUT

    def __post_init__(self) -> None:
        object.__setattr__(self, "environment", Unseen(self.environment))

    async def __call__(self, send: Send) -> Token:
        """The token; `AuthenticationError` where there is no command, no login, or no answer to be had."""
        path = command(self.environment)
        if path is None:
            raise _failed("the command sf is not installed here", "install the Salesforce CLI, or " + WANTED)
        is_old = Path(path).stem.lower() == "sfdx"
        shown = await self._asked(path, "force:org:display" if is_old else "org display")
        login = Login(_text(shown, "username"), _text(shown, "instanceUrl"))
        token = shown.get("accessToken")
        if not _is_token(token):
            token = (await self._asked(path, "org auth show-access-token")).get("accessToken")
        if not _is_token(token) or not login.instance_url:
            raise _failed("the command sf shows no access token, or not where it is for")
        self.on_read(login)
        return Token(str(token), extra={"instance_url": login.instance_url})

    async def _asked(self, path: str, what: str) -> Mapping[str, Any]:
        """The result of one run of the command."""
        wish = ["--target-org", self.org] if self.org else []
        if self.org and what.startswith("force:"):
            wish = ["--targetusername", self.org]
        try:
            came = await output([path, *what.split(), "--json", *wish], self._surroundings(), self.timeout)
            came = SecretBytes(came)
        except builtins.TimeoutError:
            why = f"`sf {what}` has not answered within {self.timeout:g} s"
        except OSError as error:
            why = f"{path} cannot be run: {error.strerror}"
        except ValueError:
            why = f"`sf {what}` writes more than an answer is long"
        else:
            return self._result(came, what)
        raise _failed(why)

    def _result(self, came: bytes, what: str) -> Mapping[str, Any]:
        """The result in what the command wrote; its words may hold a secret, and are in no error."""
        answer = _parsed(came)
        if isinstance(result := answer.get("result"), Mapping) and not answer.get("status"):
            return result
        name = str(answer.get("name") or "")
        if not answer or not re.fullmatch("[A-Za-z]{1,60}", name):
            raise _failed(f"`sf {what}` writes something else than the JSON that it should")
        org = f"org {self.org!r}" if self.org else "default org"
        raise _failed(f"the command sf cannot show its login to the {org} ({name})")

    def _surroundings(self) -> dict[str, str]:
        """The environment, without what makes the command write colors, or its JSON elsewhere.

        Jupyter's kernels set these for the sake of what is drawn in a cell.
        """
        loud = ("FORCE_COLOR", "CLICOLOR_FORCE", "SF_JSON_TO_STDERR", "SFDX_JSON_TO_STDOUT")
        return {name: text for name, text in self.environment.items() if name not in loud}


def _parsed(came: bytes) -> Mapping[str, Any]:
    """The answer; empty for what is none."""
    try:
        answer = json.loads(COLORS.sub(b"", came))
    except (ValueError, RecursionError):
        return {}
    return hidden(answer) if isinstance(answer, Mapping) else {}


def _text(shown: Mapping[str, Any], name: str) -> str:
    found = shown.get(name)
    return found if isinstance(found, str) else ""


def _is_token(value: Any) -> bool:
    return isinstance(value, str) and bool(TOKEN.fullmatch(value))


def _failed(why: str, hint: str = WANTED) -> AuthenticationError:
    return AuthenticationError(f"{why}: {hint}", hint=hint, connector="salesforce")
