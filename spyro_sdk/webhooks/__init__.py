"""What a service sends to your own web server: who sent it is proven before it is read.

>>> receiver = Receiver("github", "the secret of the webhook")
>>> receiver.verify(body, headers).payload  # doctest: +SKIP

Where to look
    scheme      how services sign: Standard Webhooks, GitHub, Stripe, or one that you describe
    claim       what the headers of a delivery claim
    receiver    whose claims hold
    seen        what was delivered before
"""

from __future__ import annotations

from .receiver import Delivery, Receiver
from .scheme import GITHUB, SCHEMES, STANDARD, STRIPE, Field, Header, Item, Scheme
from .seen import MemorySeen, Seen

__all__ = [
    "GITHUB",
    "SCHEMES",
    "STANDARD",
    "STRIPE",
    "Delivery",
    "Field",
    "Header",
    "Item",
    "MemorySeen",
    "Receiver",
    "Scheme",
    "Seen",
]
