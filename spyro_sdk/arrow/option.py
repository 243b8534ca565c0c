"""What may be chosen about a file, checked before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from ..errors import ValidationError, did_you_mean


def one_of(name: str, choice: Any, choices: Sequence[str]) -> None:
    """Raise `ValidationError` unless `choice` is one of `choices`."""
    if not isinstance(choice, str) or choice not in choices:
        hint = did_you_mean(choice, choices) if isinstance(choice, str) else None
        raise ValidationError(
            f"{name}={choice!r} cannot be: it must be one of {', '.join(choices)}"
            + (f" ({hint})" if hint else ""),
            name,
            choice,
            hint=hint,
        )


def at_least_one(name: str, number: Any) -> None:
    """Raise `ValidationError` unless `number` is a whole number from 1."""
    if isinstance(number, bool) or not isinstance(number, Integral) or number < 1:  # numpy's integers too
        raise ValidationError(f"{name}={number!r} cannot be: it must be a whole number from 1", name, number)
