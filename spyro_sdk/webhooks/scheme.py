"""How services sign what they send, as data."""

from __future__ import annotations

import hmac
import math
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ..errors import ConfigurationError
from ..secret import Secret, SecretBytes

BODY: Final = "{body}"
TOLERANCE: Final = 300.0  # seconds
USUAL: Final = 1 << 20  # bytes of a body


@dataclass(frozen=True, slots=True)
class Header:
    """A header of its own."""

    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """What stands after a mark among the signatures."""

    mark: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the body, where that is a JSON object."""

    name: str


Place: TypeAlias = Header | Item | Field


@dataclass(frozen=True)
class Scheme:
    """How a service signs: by HMAC-SHA256. To change one of ours, take `dataclasses.replace`."""

    name: str
    signature: str
    """The header with the signatures; each is taken for a candidate that begins with `mark`."""
    signed: str
    """What is signed: `{body}` at the end, before it other text, `{id}` and `{timestamp}`."""
    mark: str = ""
    between: str = ","  # signatures
    encoding: Literal["hex", "base64"] = "hex"
    """How signatures are written."""
    base64_secret: str | None = None
    """Where a secret is written in base64: what stands before it, if anything; None where it is the key."""
    id: Header | Field | None = None
    kind: Header | Field | None = None
    """Where it says what happened; for whoever reads it, and not looked at here."""
    timestamp: Header | Item | None = None
    tolerance: float | None = TOLERANCE  # seconds that the timestamp may be off; None where there is none
    max_body: int = USUAL  # bytes; a longer body is refused before it is looked at

    def __post_init__(self) -> None:
        for field, (is_so, wanted) in self._claims().items():
            if not is_so:
                given = f"the scheme {self.name!r} cannot have {field}={getattr(self, field)!r}"
                raise ConfigurationError(f"{given}: it must be {wanted}", field=field)

    def _claims(self) -> dict[str, tuple[bool, str]]:
        """For the fields in which a slip is likely: whether they make sense, and what does."""
        is_timed = self.timestamp is not None
        before = self.signed.removesuffix(BODY)
        left = before.replace("{id}", "").replace("{timestamp}", "")
        has_places = isinstance(self.id, Header) or not self.signs_id
        is_signed = before != self.signed and "{" not in left and "}" not in left and has_places
        return {
            "signed": (
                is_signed and is_timed == ("{timestamp}" in before),
                "text, {id} of a header, {timestamp} exactly where there is one, and {body} at its end",
            ),
            "between": (self.between != "", "what stands between two signatures"),
            "encoding": (self.encoding in ("hex", "base64"), "hex or base64"),
            "tolerance": (
                _is_positive(self.tolerance) if is_timed else self.tolerance is None,
                "seconds over 0 where there is a timestamp, and None where there is none",
            ),
            "max_body": (isinstance(self.max_body, int) and self.max_body > 0, "a whole number of bytes"),
        }

    @property
    def signs_id(self) -> bool:
        """Whether the id stands in a header that is signed too."""
        return "{id}" in self.signed

    def before_body(self, identifier: str, timestamp: str) -> bytes:
        """What is signed before the body. A text that is no Unicode is written so that nothing equals it."""
        said = self.signed.removesuffix(BODY).format(id=identifier, timestamp=timestamp)
        return said.encode(errors="backslashreplace")

    def key(self, secret: Secret) -> SecretBytes:
        """The key that a secret stands for; `ConfigurationError` where it is none."""
        try:
            key = self._decoded(secret)
        except ValueError:  # of base64 or UTF-8
            key = SecretBytes()
        if not key:
            where = self.base64_secret
            written = "" if where is None else f" in base64, after {where!r} or bare"
            raise ConfigurationError(
                f"a secret for {self.name} must be a text{written}, and not empty", field="secrets"
            )
        return key

    def _decoded(self, secret: Secret) -> SecretBytes:
        if self.base64_secret is None:
            return secret.encode()
        text = secret.removeprefix(self.base64_secret)
        return SecretBytes(b64decode(text + "=" * (-len(text) % 4), validate=True))

    def signature_of(self, key: bytes, before: bytes, body: bytes) -> bytes:
        """What this key signs with, as it is written."""
        mac = hmac.new(key, before, "sha256")
        mac.update(body)
        return mac.hexdigest().encode() if self.encoding == "hex" else b64encode(mac.digest())


def _is_positive(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and 0 < number < math.inf


STANDARD: Final = Scheme(
    "standard",
    signature="webhook-signature",
    signed="{id}.{timestamp}.{body}",
    mark="v1,",
    between=" ",
    encoding="base64",
    base64_secret="whsec_",  # noqa: S106  # what stands before one
    id=Header("webhook-id"),
    kind=Field("type"),
    timestamp=Header("webhook-timestamp"),
)
"""Standard Webhooks 1: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""

GITHUB: Final = Scheme(
    "github",
    signature="x-hub-signature-256",
    signed="{body}",
    mark="sha256=",
    id=Header("x-github-delivery"),
    kind=Header("x-github-event"),
    tolerance=None,
    max_body=25 << 20,  # what GitHub sends at most
)
"""https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries

The body alone is signed: neither the id nor the kind is, nor any time.
"""

STRIPE: Final = Scheme(
    "stripe",
    signature="stripe-signature",
    signed="{timestamp}.{body}",
    mark="v1=",
    id=Field("id"),
    kind=Field("type"),
    timestamp=Item("t="),
)
"""https://docs.stripe.com/webhooks#verify-manually"""

SCHEMES: Final = {it.name: it for it in (STANDARD, GITHUB, STRIPE)}
