"""The card with which a person is asked to sign in, and what comes in its place."""

from __future__ import annotations

import htpy as h

from ..card import Card, Node, button, code, line, muted
from ..sign_in import STOPPED, SignIn
from ..theme import Tone

OPEN = "Open the sign-in page"
STOP = "This cell waits, and goes on by itself once you have signed in. The square button ■ stops it."
UNREACHABLE = (
    "Log in and allow it. The page on which you end may be one that cannot be reached: that is all right."
)
ELSEWHERE = "Should it end on a page that cannot be reached, stop this cell, and sign in with "
LEFT = "Where the field below is still there, press Enter in it: other cells wait for that."
COPY = "Copy its whole address from the address bar of the browser."
PASTE = (
    "Paste it into the field below this cell, and press Enter. The field shows nothing, and nothing is kept."
)


def card(thing: SignIn) -> Card:
    """The card for this moment."""
    return _over(thing) if thing.is_over else _waiting(thing)


def _waiting(thing: SignIn) -> Card:
    scopes = thing.card.scopes
    asks = [line(muted("It asks you to allow "), [[code(it), " "] for it in scopes])] if scopes else []
    return Card(
        f"Sign in at {thing.host}",
        aside=f"{thing.left} left",
        badge="waiting",
        body=[*_what_to_do(thing), *asks, line(muted(STOP))],
    )


def _what_to_do(thing: SignIn) -> list[Node]:
    page = button(thing.card.address, OPEN)
    if thing.card.user_code:
        return [
            line(page, muted(" on any device, and enter this code:"), gap=6),
            h.div(style=CODE)[thing.card.user_code],
        ]
    if thing.card.pastes:
        return [_steps(page, UNREACHABLE, COPY, PASTE)]
    if not thing.card.opens:
        return [line(page, gap=6)]
    other = line(muted(ELSEWHERE), code('auth_mode="paste"'), muted("."))
    return [line(page, muted(" unless it has opened by itself"), gap=6), other]


CODE = "font-family:monospace;font-size:26px;font-weight:bold;letter-spacing:4px;margin:10px 0 6px"


def _steps(*steps: Node) -> h.Element:
    return h.ol(style="margin:6px 0 0;padding-left:20px")[(h.li(style="margin-top:4px")[it] for it in steps)]


def _over(thing: SignIn) -> Card:
    said = [line(f"{it[0].upper()}{it[1:]}.") for it in (thing.reason, thing.step) if it]
    if thing.card.pastes:
        said.append(line(muted(LEFT)))
    return Card(f"Sign-in at {thing.host}", _tone(thing), badge=thing.outcome, body=said)


def _tone(thing: SignIn) -> Tone:
    if thing.error is None:
        return "good"
    given_up = getattr(thing.error, "error_code", None) in ("timed_out", "cancelled")
    return "waiting" if given_up or isinstance(thing.error, STOPPED) else "bad"
