"""What a service would send to a webhook, for the tests of who receives it."""

from __future__ import annotations

import time

from ..secret import Secret
from ..webhooks import SCHEMES, Header, Item, Scheme


def signed(
    scheme: str | Scheme, secret: str, body: bytes, *, identifier: str = "msg_1", at: float | None = None
) -> dict[str, str]:
    """The headers with which a service sends `body`, signed with `secret`; `at`: seconds, now without it."""
    it = SCHEMES[scheme] if isinstance(scheme, str) else scheme
    timestamp = str(int(time.time() if at is None else at))
    mac = it.signature_of(it.key(Secret(secret)), it.before_body(identifier, timestamp), body)
    headers = {
        place.name: said
        for place, said in ((it.id, identifier), (it.kind, "test"), (it.timestamp, timestamp))
        if isinstance(place, Header)
    }
    items = [f"{it.timestamp.mark}{timestamp}"] if isinstance(it.timestamp, Item) else []
    return {**headers, it.signature: it.between.join([*items, f"{it.mark}{mac.decode()}"])}
