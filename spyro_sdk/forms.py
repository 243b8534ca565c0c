"""The forms in which a secret may be written."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from urllib.parse import quote, quote_plus

LINE = 24  # characters; shorter lines of a key in PEM form are not secret by themselves
URL_SAFE = str.maketrans("+/", "-_")
PIECE = 12  # characters; so much of a secret is not shown either
SHORTEST = 6  # characters; a shorter secret cannot be told from other text


def forms(secret: str) -> set[str]:
    """A secret as it may stand in a text: plain, encoded for a URL, JSON, HTML or base64, and that twice."""
    once = written(secret)
    return once | {form for text in once for form in _encoded(text)}


def written(secret: str) -> set[str]:
    """A secret as it may stand in a text: plain, or encoded once."""
    plain = {secret, secret.strip(), "".join(secret.split())}
    plain |= {part for part in secret.splitlines() if len(part) >= LINE}
    return plain | {form for text in plain for form in _encoded(text)}


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with `***` for each of the secrets, in whichever form it stands there, whole or cut short.

    >>> without("no such token: 'abc%2Fdef'", ["abc/def"])
    "no such token: '***'"
    """
    every = {form for secret in secrets if len(secret) >= SHORTEST for form in written(secret)}
    whole = sorted((it for it in every if len(it) >= SHORTEST and it in text), key=len, reverse=True)
    for form in whole:
        text = text.replace(form, "***")
    pieces = {form[at : at + PIECE] for form in every for at in range(len(form) - PIECE + 1)}
    shown = [True] * len(text)
    for at in range(len(text) - PIECE + 1):
        if text[at : at + PIECE] in pieces:
            shown[at : at + PIECE] = [False] * PIECE
    return "".join("".join(run) if is_shown else "***" for is_shown, run in _runs(text, shown))


def _runs(text: str, shown: list[bool]) -> Iterator[tuple[bool, Iterator[str]]]:
    """The parts of a text that are shown, and those between them that are not."""
    for is_shown, run in groupby(zip(shown, text, strict=True), key=itemgetter(0)):
        yield is_shown, (character for _, character in run)


def _encoded(text: str) -> Iterator[str]:
    import html  # with all names of characters, which take a while

    given = text.encode(errors="surrogatepass")
    for quoted in (quote(given), quote(given, safe=""), quote_plus(given)):
        yield quoted
        yield re.sub("%..", lambda code: code[0].lower(), quoted)
    for is_ascii in (True, False):
        written = json.dumps(text, ensure_ascii=is_ascii)[1:-1]
        yield written
        yield written.replace("/", "\\/")
    yield html.escape(text)
    for encoded in _base64(given):
        yield encoded
        yield encoded.translate(URL_SAFE)


def _base64(text: bytes) -> Iterator[str]:
    """Base64 of a text, and what is of it alone in the base64 of more: after 0, 1 or 2 bytes over."""
    yield b64encode(text).decode()
    for over in range(3):
        first, last = (0, 2, 3)[over], (over + len(text)) * 8 // 6
        yield b64encode(bytes(over) + text).decode()[first:last]
