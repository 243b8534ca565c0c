"""Whose tokens are kept, and how both are written down."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from ...errors import DecodeError
from ...secret import Secret
from ..token import Token

VERSION = 1  # of what is written; another is not read
MOST = 1 << 20  # bytes of one record; a token is a few thousand


@dataclass(frozen=True, slots=True)
class Account:
    """Whose tokens they are."""

    connector: str
    issuer: str
    """Who gives them out: the address of the authorization server."""
    client_id: str
    profile: str = ""
    """Tells several sign-ins of one app apart."""
    given: str = ""
    """Tells apart the refresh tokens that come from settings; '' where a person signed in."""

    @property
    def key(self) -> str:
        """A name for files and keyring entries: the same for equals, without a secret in it.

        >>> Account("salesforce", "https://login.salesforce.com", "3MVG9").key
        'salesforce-dd3199178933b4df4d3e19c92c23271e'
        """
        given = [self.given] if self.given else []
        parts = json.dumps([self.connector, self.issuer, self.client_id, self.profile, *given])
        word = re.sub("[^a-z0-9]+", "-", self.connector.lower()).strip("-")[:32]
        return f"{word or 'account'}-{sha256(parts.encode()).hexdigest()[:32]}"


def encoded(account: Account, token: Token | None) -> bytes:
    """A record as it is kept; without a token it tells only that the account is."""
    kept = token and token.to_dict()
    record = {"version": VERSION, "account": asdict(account), "token": kept}
    return Secret(json.dumps(record, indent=1)).encode()


def decoded(record: bytes) -> tuple[Account, Token | None]:
    """What `encoded` wrote; `DecodeError` for all else, with nothing of its text in the message."""
    if len(record) > MOST:
        raise DecodeError(f"it is longer than {MOST} bytes")
    try:
        kept = json.loads(record)
    except (ValueError, RecursionError):
        raise DecodeError("it is no JSON") from None
    if not isinstance(kept, dict) or kept.keys() != {"version", "account", "token"}:
        raise DecodeError("it is no record of a token")
    if kept["version"] != VERSION:
        raise DecodeError(f"it is not of version {VERSION}")
    return _account(kept["account"]), _token(kept["token"])


def _account(kept: Any) -> Account:
    names = Account.__match_args__
    if not isinstance(kept, Mapping) or kept.keys() != set(names):
        raise DecodeError("it does not say whose token it is")
    if not all(isinstance(text, str) for text in kept.values()):
        raise DecodeError("it does not say in words whose token it is")
    return Account(**kept)


def _token(kept: Any) -> Token | None:
    if kept is None:
        return None
    if not isinstance(kept, Mapping):
        raise DecodeError("it holds no token")
    return Token.from_dict(kept)
