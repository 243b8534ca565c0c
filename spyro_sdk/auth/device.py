"""Sign in with a code that a person types in elsewhere (RFC 8628)."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import anyio

from ..errors import ConnectionError, DataFetchError, SignInError
from ..http import Send
from .oauth import Token, fail, posted, token_of

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
INTERVAL = 5.0  # seconds between two questions, where the service does not say (§3.2)
SLOWER = 5.0  # seconds more after each `slow_down` (§3.5)
LIFETIME = 900.0  # seconds that a code holds, where the service does not say
LONGEST = 3600.0  # seconds; no service's number is believed beyond this


@dataclass(frozen=True)
class UserCode:
    """What a person has to do: open the address, and enter the code."""

    address: str
    code: str
    lifetime: float  # seconds
    whole_address: str | None = None
    """The address with the code in it, for a link or a QR code, where the service gives one."""


Tell: TypeAlias = Callable[[UserCode], object]
"""Who tells a person; what it returns is awaited where that can be."""


@dataclass
class Device:
    """The grant of RFC 8628: it waits until somebody has typed the code in, refused, or let it expire."""

    device_url: str
    """Where codes are given out."""
    token_url: str
    client_id: str
    tell: Tell = field(repr=False)
    scope: str = ""
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)  # seconds
    sleep: Callable[[float], Awaitable[None]] = field(default=anyio.sleep, repr=False)

    async def __call__(self, send: Send) -> Token:
        """The token for a code that a person has entered."""
        form = {"client_id": self.client_id, **({"scope": self.scope} if self.scope else {})}
        response, answer = await posted(send, self.device_url, form)
        code = _user_code(answer)
        if code is None:
            fail(response, {"error": "no code in the answer", **answer}, "a device code", form)
        if inspect.isawaitable(told := self.tell(code)):
            await told
        form = {"client_id": self.client_id, "device_code": answer["device_code"]}
        return await self._polled(send, form, code, _seconds(answer.get("interval"), INTERVAL))

    async def _polled(self, send: Send, form: Mapping[str, str], code: UserCode, interval: float) -> Token:
        """Ask again and again, no faster than the service allows, until it says yes or no."""
        until = self.clock() + code.lifetime
        while self.clock() + interval < until:
            await self.sleep(interval)
            try:
                response, answer = await posted(send, self.token_url, {"grant_type": GRANT_TYPE, **form})
            except (ConnectionError, DataFetchError):
                interval = min(2 * interval, 60.0)  # §3.5: a service that does not answer is asked less often
                continue
            if token := token_of(answer):
                return token
            match answer.get("error"):
                case "authorization_pending":
                    pass
                case "slow_down":
                    interval = max(interval + SLOWER, _seconds(answer.get("interval"), 0.0))
                case "access_denied":
                    raise SignInError(
                        "the sign-in was refused by whoever was asked to allow it",
                        status=response.status,
                        error_code="access_denied",
                        hint="sign in again and allow it, or ask your administrator",
                    )
                case "expired_token":
                    break
                case _:
                    fail(response, answer, "the device code", form)
        raise SignInError(
            "nobody entered the code in time",
            error_code="timed_out",
            hint="sign in again: a new code will be given out",
        )


def _user_code(answer: Mapping[str, Any]) -> UserCode | None:
    """What to tell a person; None where the answer does not say it, or says what no terminal should show."""
    device, code, address = (answer.get(it) for it in ("device_code", "user_code", "verification_uri"))
    if not (_is_plain(device) and _is_plain(code) and _is_address(address)):
        return None
    whole = answer.get("verification_uri_complete")
    lifetime = _seconds(answer.get("expires_in"), LIFETIME)
    return UserCode(str(address), str(code), lifetime, str(whole) if _is_address(whole) else None)


def _is_plain(text: Any) -> bool:
    return isinstance(text, str) and bool(text) and text.isprintable()


def _is_address(text: Any) -> bool:
    return _is_plain(text) and text.startswith(("https://", "http://"))


def _seconds(number: Any, otherwise: float) -> float:
    """A number of seconds that a service gives; text with a number in it is one."""
    try:
        seconds = float(number)
    except (ValueError, TypeError, OverflowError):
        return otherwise
    return otherwise if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST)
