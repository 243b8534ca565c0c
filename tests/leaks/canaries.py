"""Texts that are secret, and how they are found again in whatever form they were written."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from urllib.parse import quote, quote_plus

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PIECE = 12  # characters of a secret that are a leak already

GIVEN = (
    *("access token", "refresh token", "rotated refresh token", "id token", "client secret", "API key"),
    *("password", "authorization code", "state of a stranger", "device code", "cookie", "header of the user"),
    *("key in the query", "password in an address", "option of a connector", "variable in a path"),
    *("secret of a declaration", "token of the environment", "password of a proxy"),
)
"""Kinds whose canaries are made here."""
MADE = ("signed assertion", "PKCE verifier")
"""Kinds that the product makes: the service says what it was sent."""
KINDS = (*GIVEN, "private key", *MADE)


def canary(kind: str) -> str:
    """A text of its own for each kind, with characters that encodings change."""
    unique = sha256(kind.encode()).hexdigest()
    pieces = [unique[at : at + 3] for at in range(0, 27, 3)]
    return "".join(piece + between for piece, between in zip(pieces, [*'+/=&"<>é', ""], strict=True))


@cache
def private_key() -> str:
    """An RSA key in PEM form."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*kinds).decode()


def forms(secret: str) -> Iterator[tuple[str, str]]:
    """The name of each encoding, and the secret in it; by other code than the product's."""
    given = secret.encode()
    yield "raw", secret
    for name, quoted in (
        ("URL", quote(secret)),
        ("URL, all of it", quote(secret, safe="")),
        ("form", quote_plus(secret)),
    ):
        yield name, quoted
        yield f"{name}, lower case", _lower(quoted)
    yield "JSON", json.dumps(secret)[1:-1]
    yield "JSON, not ASCII", json.dumps(secret, ensure_ascii=False)[1:-1]
    yield "JSON, slashes escaped", json.dumps(secret)[1:-1].replace("/", "\\/")
    yield "HTML", html.escape(secret)
    yield "HTML, quotes kept", html.escape(secret, quote=False)
    yield "HTML, numbers", secret.encode("ascii", "xmlcharrefreplace").decode()
    yield "repr", repr(secret)[1:-1]
    yield "ASCII", ascii(secret)[1:-1]
    yield "repr of bytes", repr(given)[2:-1]
    yield "hexadecimal", given.hex()
    yield "latin-1", given.decode("latin-1")
    for over in range(3):
        aligned = base64.b64encode(b"\0" * over + given).decode()[4 * (over > 0) : -4]
        yield f"base64, {over} over", aligned
        yield f"base64 for URLs, {over} over", aligned.translate(str.maketrans("+/", "-_"))


def _lower(quoted: str) -> str:
    pieces = quoted.split("%")
    return "%".join([pieces[0], *(piece[:2].lower() + piece[2:] for piece in pieces[1:])])


def pieces(kind: str, secret: str) -> Iterator[tuple[str, str]]:
    """For each encoding, every piece of the secret that is long enough to be a leak."""
    lines = secret.strip().splitlines()
    core = "".join(lines[1:-1]) if kind == "private key" else secret
    texts = [core, *lines[1:-1]] if kind == "private key" else [secret]
    for text in texts:
        for name, form in forms(text):
            for at in range(len(form) - PIECE + 1):
                yield form[at : at + PIECE], name


class Detector:
    """Finds canaries in texts."""

    def __init__(self, canaries: Mapping[str, str]) -> None:
        self._known: dict[str, tuple[str, str]] = {}
        for kind, secret in canaries.items():
            for piece, name in pieces(kind, secret):
                self._known.setdefault(piece, (kind, name))

    def found(self, text: str) -> dict[str, str]:
        """For each kind that is in the text, in which encoding and among what."""
        there: dict[str, str] = {}
        for at in range(len(text) - PIECE + 1):
            if hit := self._known.get(text[at : at + PIECE]):
                kind, name = hit
                there.setdefault(kind, f"{name}: …{text[max(at - 160, 0) : at + 60]}…")
        return there
