"""How many more retries a connection may make while little goes well.

Who tries again makes a service that is down busier still. What a retry costs, and what success earns, is as
in the SDKs of AWS (`botocore.retries.standard`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import ConnectorError, RateLimitError

RETRY = 14.0  # tokens for a retry after a failure
THROTTLED = 5.0  # tokens for one after "too many requests", which says itself when it may work
EARNED = 1.0  # tokens for a call that went well at once
SPENT = "; not tried again, since the retry budget of this connection is spent"
HINT = "try again when the service is well, or connect anew; retry_budget=None sets no bound"


@dataclass
class RetryBudget:
    """Tokens that all calls of a connection pay their retries with."""

    size: float | None = None
    """How many there are at the most, and at first; None for no bound."""
    on_spent: Callable[[Exception], None] = field(default=lambda error: None, repr=False)
    """Told the error of a call that would have been made again, had there been tokens for it."""

    def __post_init__(self) -> None:
        self.left = math.inf if self.size is None else float(self.size)

    def take(self, tokens: float) -> bool:
        """Take so many, if there are."""
        if self.left < tokens:
            return False
        self.left -= tokens
        return True

    def give(self, tokens: float) -> None:
        """Put so many in, as far as there is room."""
        self.left = math.inf if self.size is None else min(self.left + tokens, self.size)


@dataclass
class Purse:
    """What one call has taken out of the budget."""

    budget: RetryBudget
    taken: float = 0.0
    is_refused: bool = False
    """Whether the call was not made again for want of tokens."""

    def pays_for(self, error: Exception) -> bool:
        """Whether the call may be made again after this error."""
        cost = THROTTLED if isinstance(error, RateLimitError) else RETRY
        self.is_refused = not self.budget.take(cost)
        self.taken += 0.0 if self.is_refused else cost
        return not self.is_refused

    def went_well(self) -> None:
        """Give back what the retries took, since they were worth it; a call without any earns a little."""
        self.budget.give(self.taken or EARNED)

    def failed(self, error: Exception) -> None:
        """Say so in the error, where it is for want of tokens that the call was not made again."""
        if not self.is_refused:
            return
        if isinstance(error, ConnectorError):
            error.args = (f"{error}{SPENT}",)
            error.hint = HINT
        self.budget.on_spent(error)
