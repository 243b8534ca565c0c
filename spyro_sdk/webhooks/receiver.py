"""Who sent it, and whether it is new: what must hold before a delivery is read."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from hmac import compare_digest
from typing import Any

from ..arrow.exact import parse
from ..errors import (
    ConfigurationError,
    DecodeError,
    ReplayedError,
    ValidationError,
    WebhookError,
    did_you_mean,
    some,
)
from ..secret import Secret
from .claim import Claim
from .scheme import SCHEMES, Field, Place, Scheme
from .seen import MemorySeen, Seen


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a service sent."""

    scheme: str
    id: str
    """What the service calls it; '' where it does not say."""
    kind: str
    """What happened, such as `push`; '' where it does not say."""
    sent: datetime | None
    """When it was sent, in UTC; None where the service does not say."""
    payload: Any = field(repr=False)
    """The JSON of the body: ints exact at any size, a `Decimal` for what is beyond a float."""
    key: str = field(repr=False)
    """By which it is remembered: the same for a delivery that is sent again."""


class Receiver:
    """Takes what a service sends, if it is from there and new. It may be used in many threads at once.

    `scheme`: `standard`, `github`, `stripe`, or one of your own. `secrets`: one, or several while the service
    changes from one to the next. `seen` remembers what came before; without it this process alone does.
    """

    def __init__(
        self,
        scheme: str | Scheme,
        secrets: str | Sequence[str],
        *,
        seen: Seen | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        secrets = _hidden(secrets)  # no frame of ours shows one
        if not secrets:
            raise ConfigurationError("secrets must be a text, or several texts in a list", field="secrets")
        self.scheme = _scheme(scheme)
        self._keys = [self.scheme.key(it) for it in secrets]
        self._seen = MemorySeen(clock=clock) if seen is None else seen
        self._clock = clock  # seconds since the epoch

    def verify(self, body: bytes | bytearray, headers: Mapping[str, str] | Iterable[Any]) -> Delivery:
        """What was sent, once it is known to be from the service, of these minutes, and new.

        `body`: the bytes as they came. `headers`: whatever your web framework calls so, or pairs. Raises
        `WebhookError` for what is not taken, of which `ReplayedError` is for what was taken before.
        """
        body = self._bounded(body)
        claim = Claim.of(self.scheme, headers)
        self._check_signature(claim, body)
        until = self._check_age(claim)
        delivery = self._delivery(claim, body)
        if not self._seen.add(delivery.key, until):
            raise ReplayedError(f"a delivery of {self.scheme.name} was taken before", error_code="replayed")
        return delivery

    def forget(self, delivery: Delivery) -> None:
        """Let the service send it again, where what you do with it has failed."""
        self._seen.forget(delivery.key)

    def _bounded(self, body: Any) -> bytes:
        if not isinstance(body, bytes | bytearray):
            raise ValidationError(
                f"body cannot be a {type(body).__name__}: give the bytes as they came, since JSON that was"
                " read and written again has another signature",
                "body",
            )
        if len(body) > self.scheme.max_body:
            raise WebhookError(
                f"a delivery for {self.scheme.name} has {len(body):,} bytes, of at most"
                f" {self.scheme.max_body:,}",
                hint="take the scheme with a greater max_body if the service sends such",
                error_code="too_big",
            )
        return bytes(body)

    def _check_signature(self, claim: Claim, body: bytes) -> None:
        if not self._is_signed(claim, body):
            raise WebhookError(
                f"a delivery for {self.scheme.name} is not signed with "
                + ("the secret" if len(self._keys) == 1 else f"any of the {len(self._keys)} secrets"),
                hint="compare the secret with the service's, and give the body as it came",
                error_code="bad_signature",
            )

    def _is_signed(self, claim: Claim, body: bytes) -> bool:
        """Whether any signature is right; all are compared, each in a time that tells nothing."""
        before, is_right = self.scheme.before_body(claim.id, claim.timestamp), False
        for key in self._keys:
            expected = self.scheme.signature_of(key, before, body)
            for signature in claim.signatures:
                is_right |= compare_digest(expected, signature)
        return is_right

    def _check_age(self, claim: Claim) -> float:
        """Until when it could be taken, in seconds since the epoch."""
        tolerance = self.scheme.tolerance
        if tolerance is None:
            return math.inf
        sent = int(claim.timestamp)
        age = self._clock() - sent
        if abs(age) > tolerance:
            when, code = (f"{age:,.0f} s ago", "too_old") if age > 0 else (f"in {-age:,.0f} s", "too_new")
            raise WebhookError(
                f"a delivery of {self.scheme.name} says that it was sent {when}; {tolerance:g} s are allowed",
                hint="see whether the clock of this machine is right",
                error_code=code,
            )
        return sent + tolerance

    def _delivery(self, claim: Claim, body: bytes) -> Delivery:
        scheme = self.scheme
        try:
            payload = parse(body)
        except DecodeError as error:
            raise WebhookError(
                f"a delivery of {scheme.name} cannot be read: {error}",
                hint="have the service send application/json",
                error_code="not_json",
            ) from None
        signed_id = _of_body(scheme.id, payload) or (claim.id if scheme.signs_id else "")
        parts = [signed_id.encode(errors="backslashreplace")]
        if not signed_id:
            parts = [scheme.before_body(claim.id, claim.timestamp), body]
        return Delivery(
            scheme.name,
            signed_id or claim.id,
            _of_body(scheme.kind, payload) or claim.kind,
            datetime.fromtimestamp(int(claim.timestamp), UTC) if claim.timestamp else None,
            payload,
            _key(scheme.name.encode(), *parts),
        )


def _hidden(secrets: Any) -> list[Secret]:
    """The secrets, none of which a repr shows; [] where they are no texts."""
    listed = [secrets] if isinstance(secrets, str) else secrets
    if not isinstance(listed, list | tuple) or not all(isinstance(it, str) for it in listed):
        return []
    return [Secret(it) for it in listed]


def _scheme(wish: Any) -> Scheme:
    if isinstance(wish, Scheme):
        return wish
    if isinstance(wish, str) and wish in SCHEMES:
        return SCHEMES[wish]
    hint = did_you_mean(str(wish), SCHEMES)
    raise ConfigurationError(
        f"there is no scheme {wish!r}; there is {some(SCHEMES)}" + (f" ({hint})" if hint else ""),
        field="scheme",
        hint=hint,
    )


def _of_body(place: Place | None, payload: Any) -> str:
    """What a field of the body says; '' where there is no such text."""
    value = payload.get(place.name) if isinstance(place, Field) and isinstance(payload, dict) else None
    return value if isinstance(value, str) else ""


def _key(*parts: bytes) -> str:
    """A short name for these parts."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()
