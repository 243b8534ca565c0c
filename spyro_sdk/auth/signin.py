"""Signs a person in: in a browser, by an address that is pasted, or by a code that is typed in elsewhere."""

from __future__ import annotations

import asyncio
import builtins
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import anyio
import anyio.to_thread

from ..errors import ConfigurationError, SignInError, did_you_mean
from ..http import Send
from ..secret import Secret
from .app import App
from .device import Device, UserCode
from .loopback import Loopback, listening
from .paste import NotThat, query_of
from .person import Invitation, Person
from .pkce import Attempt
from .redirect import Expected, says_issuer
from .token import Token

__all__ = ["MODES", "App", "Desk", "Invitation", "Person", "sign_in"]

MODES = ("auto", "browser", "paste", "device")
TRIES = 3  # pastes that are no address before it is given up
UNHEARD = 17171  # a port for an address that nobody but a person reads
PROMPT = "Address on which the browser ended (it is not shown): "

Elsewhere: TypeAlias = Callable[..., Awaitable[Any]]
"""Calls a plain function that may take its time, and returns what that does."""


async def in_thread(function: Callable[..., Any], *args: object) -> Any:
    """What the function returns, called in a thread of its own, which is left alone if we are cancelled."""
    return await anyio.to_thread.run_sync(function, *args, abandon_on_cancel=True)


@dataclass(frozen=True)
class Desk:
    """Where a sign-in takes place: who does what may block, and what time it is there."""

    hand: Elsewhere = in_thread
    clock: Callable[[], float] = time.time  # seconds since the epoch
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    tick: float = 1.0  # seconds from one look at the clock to the next


async def sign_in(
    app: App,
    person: Person,
    *,
    mode: str = "auto",
    timeout: float = 300.0,  # noqa: ASYNC109  # the person's, not the caller's
    send: Send,
    desk: Desk | None = None,
) -> Token:
    """The token that a person allows `app`, within `timeout` seconds.

    `mode`: "browser" opens one, and hears it come back to this machine; "paste" shows the address to open,
    hears it come back too, and takes what is pasted, whichever comes first; "device" shows a code to type in
    on another page; "auto" takes what suits the app and the place. `send` reaches the service.

    Raises `SignInError` for whatever comes to nothing on the person's side, also where less is allowed than
    was asked for, and `ConfigurationError` for a mode that the app does not have. However it ends, no socket
    and no thread of it is left.
    """
    way = chosen(app, person, mode)
    visit = _Visit(app, person, send, desk or Desk(), timeout)
    async with visit.announced():
        token = await (visit.by_device() if way == "device" else visit.by_code(pastes=way == "paste"))
        app.check(token)
        return token


def chosen(app: App, person: Person, mode: str) -> str:
    """The mode, settled."""
    if mode not in MODES:
        hint = did_you_mean(mode, MODES)
        raise ConfigurationError(
            f"auth_mode={mode!r} is no way to sign a person in; there are {', '.join(MODES)}"
            + (f" ({hint})" if hint else ""),
            field="auth_mode",
            hint=hint,
        )
    if mode == "auto" and app.authorize_url:
        return "paste" if person.is_remote else "browser"
    if mode == "auto":
        mode = "device"
    if not (app.device_url if mode == "device" else app.authorize_url):
        raise ConfigurationError(
            f"auth_mode={mode!r} is nothing that this service offers this app", field="auth_mode"
        )
    return mode


@dataclass
class _Visit:
    """One sign-in, from the invitation to the token."""

    app: App
    person: Person
    send: Send
    desk: Desk
    timeout: float
    card: Invitation | None = None
    over: threading.Event = field(default_factory=threading.Event)
    """Set once there is nothing more to ask."""

    def __post_init__(self) -> None:
        self.until = self.desk.clock() + self.timeout

    @asynccontextmanager
    async def announced(self) -> AsyncIterator[None]:
        """Give up when the time is over; tell the person how it ended, whatever that is."""
        error: BaseException | None = None
        try:
            async with asyncio.timeout(self.timeout) as limit, self._counted_down():
                yield
        except builtins.TimeoutError as late:
            error = _too_late(self.timeout, self.card) if limit.expired() else late
            raise error from None
        except BaseException as raised:
            error = raised
            raise
        finally:
            self.over.set()
            if self.card:
                self.person.done(self.card, error)

    # -- a code that comes back with the browser ---------------------------------------------------

    async def by_code(self, *, pastes: bool) -> Token:
        async with AsyncExitStack() as stack:
            door = await self._listened(stack, pastes)
            attempt = await anyio.to_thread.run_sync(Attempt.begin, self.app, self._redirect_uri(door))
            promised = await says_issuer(self.send, self.app.issuer)
            expected = Expected(attempt.state, self.app.issuer, promised)
            if door:
                door.expect(expected.code)  # a browser may be back before we look
            pastes = await self._invited(attempt.address, pastes)
            ways: list[Coroutine[Any, Any, str]] = [door.code()] if door else []
            if pastes:
                ways.append(self._pasted(attempt.redirect_uri, expected))
            code = await _first(ways)
        self.over.set()
        return await attempt.exchange(code, self.send)

    async def _listened(self, stack: AsyncExitStack, pastes: bool) -> Loopback | None:
        """The listener; None where the port is taken and a paste will do."""
        try:
            return await stack.enter_async_context(listening(self.app))
        except SignInError:
            if not pastes:
                raise
            return None

    def _redirect_uri(self, door: Loopback | None) -> str:
        return door.redirect_uri if door else self.app.redirect_uri(self.app.redirect_port or UNHEARD)

    async def _invited(self, address: str, pastes: bool) -> bool:
        """Show the address, and open it where that can be; return whether it may be pasted back."""
        card = Invitation(address, self.until, self.app.scopes, opens=not pastes, pastes=pastes)
        await self._show(card)
        if pastes or await self.desk.hand(self.person.open, address):
            return pastes
        await self._show(replace(card, opens=False, pastes=True))
        return True

    async def _show(self, card: Invitation) -> None:
        self.card = card
        await self.desk.hand(self.person.show, card)

    async def _pasted(self, redirect_uri: str, expected: Expected) -> str:
        """The code in the address that a person pastes; what is no such address is explained."""
        prompt = PROMPT
        for _ in range(TRIES):
            text = await self.desk.hand(self.person.ask_secret, prompt, self.over)
            text = None if text is None else Secret(text)
            if text is None or not text.strip():
                raise SignInError(
                    "the sign-in was given up: nothing was pasted",
                    error_code="cancelled",
                    hint="sign in again when you are ready",
                )
            try:
                return expected.code(Secret(query_of(text, redirect_uri)))
            except NotThat as reason:
                prompt = f"{str(reason)[0].upper()}{str(reason)[1:]}.\n{PROMPT}"
            except SignInError as error:
                if error.error_code != "wrong_state":
                    raise
                prompt = f"That is the answer to an earlier sign-in: paste the newest one.\n{PROMPT}"
        raise SignInError(
            f"{TRIES} times something else was pasted than the address on which the browser ended",
            error_code="no_code",
            hint="sign in again, and copy the whole address from the browser's address bar",
        )

    # -- a code that is typed in elsewhere -----------------------------------------------------------

    async def by_device(self) -> Token:
        assert self.app.device_url is not None  # it was chosen
        scope = " ".join(self.app.scopes)
        grant = Device(self.app.device_url, self.app.token_url, self.app.client_id, self._tell, scope)
        grant.sleep = self.desk.sleep
        return replace(await grant(self.send), issuer=self.app.issuer)

    async def _tell(self, code: UserCode) -> None:
        until = min(self.until, self.desk.clock() + code.lifetime)
        address = code.address
        await self._show(Invitation(address, until, self.app.scopes, user_code=code.code))

    # -- how much time is left -------------------------------------------------------------------------

    @asynccontextmanager
    async def _counted_down(self) -> AsyncIterator[None]:
        counting = asyncio.create_task(self._count_down())
        try:
            yield
        finally:
            counting.cancel()

    async def _count_down(self) -> None:
        while True:
            await self.desk.sleep(self.desk.tick)
            if self.card and not self.over.is_set():
                self.person.waiting(self.card, max(self.card.until - self.desk.clock(), 0.0))


async def _first(ways: list[Coroutine[Any, Any, str]]) -> str:
    """What the first of them returns or raises; the others are cancelled and seen off."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _too_late(seconds: float, card: Invitation | None) -> SignInError:
    way = ", with auth_mode='paste' if the browser could not come back here" if card and card.opens else ""
    return SignInError(
        f"nobody signed in within {seconds:.0f} seconds",
        error_code="timed_out",
        hint=f"sign in again{way}, or set the environment variables of a way that needs nobody",
    )
