"""What tests may change in how people are signed in, while the demo runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class SigningBehaviour:
    """How the authorization server goes about its work; the first half is as the real ones do it."""

    token_lifetime: float = 7200.0  # seconds that an access token lasts
    says_expiry: bool = False  # tell expires_in with a token
    rotates: bool = False  # a refresh token works once, and brings the next; used again it ends its family
    code_lifetime: float = 60.0  # seconds that an authorization code lasts
    device_interval: float = 5.0  # seconds between two questions about a device code at least
    device_lifetime: float = 600.0  # seconds that a device code lasts
    device_polls: int | None = None  # answers before a device code counts as allowed; None: a person types it
    lets_choose: bool = False  # a person may untick scopes

    denies: bool = False  # whatever a person says, the answer is no
    scopes: tuple[str, ...] | None = None  # granted whatever was asked for and ticked
    state: str | None = None  # sent back in place of the client's; "" for none
    issuer: str | None = None  # said to be us (RFC 9207); "" for none
    clock: Callable[[], float] = field(default=time.time, repr=False)  # seconds since 1970
