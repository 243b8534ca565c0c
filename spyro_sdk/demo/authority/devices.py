"""Device codes: an app without a browser shows one, and a person types it in elsewhere (RFC 8628)."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field

from spyro_sdk.demo.authority.behaviour import SigningBehaviour

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # section 6.1: no vowels, so that no words come out
SLOWER = 5  # seconds more between two questions, after each that came too early (section 3.5)


@dataclass(eq=False)
class Device:
    """A code that was given out, and what has become of it."""

    user_code: str
    scopes: tuple[str, ...]
    expires: float
    interval: float  # seconds
    polls: int | None
    last: float | None = None
    granted: tuple[str, ...] | None = None
    is_denied: bool = False

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered yet."""
        return self.granted is None and not self.is_denied

    def settle(self, granted: tuple[str, ...] | None) -> None:
        """Note a person's answer; None is no."""
        self.granted, self.is_denied = granted, granted is None


class NotYet(Exception):
    """Why there is no token; `interval` seconds have to pass before the next question."""

    def __init__(self, error: str, interval: float | None = None) -> None:
        super().__init__(error)
        self.error, self.interval = error, interval


@dataclass
class Devices:
    """The device codes that were given out."""

    behaviour: SigningBehaviour
    hyphen: str = ""  # in the middle of what a person types
    _given: dict[str, Device] = field(default_factory=dict, repr=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def give(self, scopes: tuple[str, ...]) -> tuple[str, Device]:
        """A new code for the app, and the one for the person."""
        how, code = self.behaviour, secrets.token_hex(20)
        halves = ("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(2))
        expires = how.clock() + how.device_lifetime
        device = Device(self.hyphen.join(halves), scopes, expires, how.device_interval, how.device_polls)
        with self._guard:
            self._given[code] = device
        return code, device

    def typed(self, text: str) -> Device | None:
        """The device whose code a person typed, however he wrote it; None if it waits for no answer."""
        letters, now = _letters(text), self.behaviour.clock()
        with self._guard:
            found = (it for it in self._given.values() if _letters(it.user_code) == letters)
            return next((it for it in found if it.is_open and it.expires > now), None)

    def poll(self, code: str) -> tuple[str, ...]:
        """The scopes that a person allowed, once; raises `NotYet` while there are none."""
        with self._guard:
            device = self._given.get(code)
            if device is None:
                raise NotYet("unknown")
            granted = self._answered(device)
            del self._given[code]
            return granted

    def _answered(self, device: Device) -> tuple[str, ...]:
        now, last = self.behaviour.clock(), device.last
        device.last = now
        if now >= device.expires:
            raise NotYet("expired_token")
        if last is not None and now - last < device.interval:
            device.interval += SLOWER
            raise NotYet("slow_down", device.interval)
        self._imagine(device)
        if device.is_denied:
            raise NotYet("access_denied")
        if device.granted is None:
            raise NotYet("authorization_pending")
        return device.granted

    def _imagine(self, device: Device) -> None:
        """Let a person who is not there have typed it in, after so many questions."""
        if device.is_open and device.polls is not None:
            if device.polls <= 0:
                device.settle(None if self.behaviour.denies else device.scopes)
            device.polls -= 1


def _letters(code: str) -> str:
    return "".join(it for it in code.upper() if it.isalnum())
