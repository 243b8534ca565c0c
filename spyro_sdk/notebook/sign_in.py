"""How far a person's sign-in is, and how it ended."""

from __future__ import annotations

from asyncio import CancelledError
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ..auth.person import Invitation
from ..errors import ConnectorError
from ..shown import Shown
from ..words import plain

STOPPED: Final = (CancelledError, KeyboardInterrupt)
OUTCOMES: Final = {"timed_out": "timed out", "cancelled": "given up", "access_denied": "refused"}
"""In a word or two what the `error_code` of a `SignInError` means."""
AGAIN: Final = "run the cell again when you are ready"


@dataclass(frozen=True, repr=False)
class SignIn(Shown):
    """One moment of a sign-in. Once it is over, neither the address nor the code is shown."""

    card: Invitation
    seconds: float = 0.0  # that are left
    is_over: bool = False
    error: BaseException | None = None

    @property
    def host(self) -> str:
        """Where the person signs in."""
        return plain(urlsplit(self.card.address).netloc.rpartition("@")[2])

    @property
    def left(self) -> str:
        """The time that is left: `4:59`."""
        minutes, rest = divmod(max(round(self.seconds), 0), 60)
        return f"{minutes}:{rest:02}"

    @property
    def outcome(self) -> str:
        """In a word or two how it ended."""
        if self.error is None:
            return "signed in"
        if isinstance(self.error, STOPPED):
            return "stopped"
        return OUTCOMES.get(getattr(self.error, "error_code", ""), "not signed in")

    @property
    def reason(self) -> str:
        """Why it came to nothing; of an error that is none of ours only the kind is told."""
        if self.error is None or isinstance(self.error, STOPPED):
            return ""
        return str(self.error) if isinstance(self.error, ConnectorError) else type(self.error).__name__

    @property
    def step(self) -> str:
        """What to do after it came to nothing."""
        return "" if self.error is None else getattr(self.error, "hint", None) or AGAIN

    def __repr__(self) -> str:
        if self.is_over:
            return ": ".join(filter(None, [f"sign-in at {self.host}", self.outcome, self.reason, self.step]))
        card = self.card
        lines = [
            f"To sign in, open\n  {card.address}",
            f"and enter the code {card.user_code}" if card.user_code else "",
            f"It asks you to allow: {' '.join(card.scopes)}." if card.scopes else "",
            "At the end copy the whole address of the browser, and paste it below." if card.pastes else "",
            f"{self.left} left; the stop button ends it.",
        ]
        return "\n".join(filter(None, lines))
