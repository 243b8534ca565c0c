"""What the address says with which a browser comes back from a sign-in."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ..errors import ConnectionError, ConnectorError, SignInError
from ..http import Request, Send
from ..secret import Secret, hide

WELL_KNOWN = "/.well-known/oauth-authorization-server"
AGAIN = "sign in again, and follow the newest invitation"


@dataclass(frozen=True)
class Expected:
    """What a good answer must say beside the code."""

    state: str = field(repr=False)
    issuer: str | None = None
    says_issuer: bool = False
    """Whether the issuer must be in it, since its metadata promises that (RFC 9207 §2.4)."""

    def __post_init__(self) -> None:
        hide(self, "state")

    def code(self, query: Secret) -> str:
        """The code in the query of the address; `SignInError` for any other answer."""
        answer = _once_each(query)
        self._check_state(answer.get("state"))
        self._check_issuer(answer.get("iss"))
        if error := answer.get("error"):
            raise refused(error, answer.get("error_description", ""))
        if not (code := answer.get("code")):
            raise SignInError(
                "the browser came back without a code, and without an error", error_code="no_code", hint=AGAIN
            )
        return code

    def _check_state(self, state: str | None) -> None:
        """RFC 6749 §10.12: an answer to a question that we did not ask may be somebody else's code."""
        if state is None or not hmac.compare_digest(_bytes(state), _bytes(self.state)):
            raise SignInError(
                "the browser came back with the answer to another sign-in than this one (the state differs)",
                error_code="wrong_state",
                hint=AGAIN,
            )

    def _check_issuer(self, issuer: str | None) -> None:
        """RFC 9207 §2.4: compared character by character."""
        if self.issuer is None or issuer == self.issuer or (issuer is None and not self.says_issuer):
            return
        came = f"that of {str(issuer)!r:.200}" if issuer else "of nobody"
        raise SignInError(
            f"the answer must be that of {self.issuer!r}, and is {came}: the code is not sent anywhere",
            error_code="wrong_issuer",
            hint="check base_url: it must be the address at which you sign in",
        )


def refused(error: str, description: str) -> SignInError:
    """What the service says instead of a code (RFC 6749 §4.1.2.1), in words."""
    said = "".join(it for it in f"{error} ({description})" if it.isprintable())[:300].removesuffix(" ()")
    if error == "access_denied":
        return SignInError(
            f"the sign-in was refused by whoever was asked to allow it: {said}",
            error_code=error,
            hint="sign in again and allow it; if the page leaves you no choice, ask your administrator",
        )
    return SignInError(
        f"the service does not let this app sign in: {said}",
        error_code=error,
        hint="check the app's client id, its registered callback address and its scopes",
    )


async def says_issuer(send: Send, issuer: str | None) -> bool:
    """Whether the metadata of the authorization server promises to name it in each answer (RFC 8414).

    Metadata that is not there, or is about another issuer, promises nothing. `ConnectionError` where nobody
    answers: then nobody has to be asked to sign in either.
    """
    if issuer is None:
        return False
    parts = urlsplit(issuer)
    where = f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{parts.path.rstrip('/')}"
    try:
        response = await send(Request(where, headers={"Accept": "application/json"}))
        said = _json(response.body) if response.status == 200 else {}
    except ConnectionError:
        raise
    except ConnectorError:
        return False
    return said.get("issuer") == issuer and said.get("authorization_response_iss_parameter_supported") is True


def _once_each(query: Secret) -> dict[str, Secret]:
    """The parameters of a query; one that comes twice is an attempt to be read in two ways."""
    try:
        pairs = [(it, Secret(text)) for it, text in parse_qsl(query, True, max_num_fields=100)]
    except ValueError:
        pairs = [("", Secret()), ("", Secret())]
    answer = dict(pairs)
    if len(answer) < len(pairs):
        raise SignInError(
            "the address with which the browser came back cannot be read", error_code="no_code", hint=AGAIN
        )
    return answer


def _bytes(text: Secret | str) -> bytes:
    """The bytes of a text; half a character, which a terminal may hand us, counts as one."""
    return text.encode(errors="surrogatepass")


def _json(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
