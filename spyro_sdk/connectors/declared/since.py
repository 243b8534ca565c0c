"""How a service is asked for what changed since a moment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

Format: TypeAlias = Literal["iso", "date", "seconds", "milliseconds"]

START, END = "incremental_start_value", "incremental_end_value"
"""What stands in the place of `{incremental.start_value}` and its like until a request is made."""
PLACEHOLDER = re.compile(rf"\{{({START}|{END})\}}")
MILLISECONDS = 10**11  # a count of seconds since 1970 has fewer digits for the next thousand years


@dataclass(frozen=True, slots=True)
class Since:
    """What is sent for `since`, and where."""

    column: str
    """The column that grows with each change, dotted in objects."""
    param: str | None = None
    """The query parameter that takes it; None where the service has none, or a placeholder says where."""
    end_param: str | None = None
    format: Format = "iso"
    initial: str | int | float | None = None
    """What is sent where a fetch has no since."""
    end: str | int | float | None = None

    def values(self, since: datetime | None) -> dict[str, Any]:
        """What the placeholders stand for; None where there is nothing to send."""
        return {START: self.initial if since is None else self.written(since), END: self.end}

    def params(self, since: datetime | None) -> dict[str, str]:
        """The query parameters."""
        values = self.values(since)
        both = ((self.param, values[START]), (self.end_param, values[END]))
        return {param: str(value) for param, value in both if param is not None and value is not None}

    def written(self, since: datetime) -> str | int:
        """The moment as the service takes it, never later than it is: what is too much is left out here."""
        since = since.astimezone(UTC)
        match self.format:
            case "date":
                return f"{since:%Y-%m-%d}"
            case "seconds":
                return int(since.timestamp() // 1)
            case "milliseconds":
                return int(since.timestamp() * 1000 // 1)
            case _:
                return f"{since:%Y-%m-%dT%H:%M:%SZ}"


def format_of(initial: Any) -> Format:
    """How moments are written, told by one that is."""
    if isinstance(initial, int | float):
        return "milliseconds" if initial >= MILLISECONDS else "seconds"
    return "date" if re.fullmatch(r"\d{4}-\d\d-\d\d", str(initial)) else "iso"


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A JSON value with its placeholders filled in; without those fields of which the value is not known."""
    if isinstance(value, Mapping):
        pairs = ((name, filled(it, values)) for name, it in value.items() if not _lacks(it, values))
        return dict(pairs)
    if isinstance(value, list | tuple):
        return [filled(it, values) for it in value if not _lacks(it, values)]
    if not isinstance(value, str):
        return value
    if whole := PLACEHOLDER.fullmatch(value):
        return values[whole[1]]
    return PLACEHOLDER.sub(lambda found: str(values[found[1]]), value)


def _lacks(value: Any, values: Mapping[str, Any]) -> bool:
    """Whether it is a text with a placeholder for which there is nothing."""
    return isinstance(value, str) and any(values[name] is None for name in PLACEHOLDER.findall(value))


def lacks(path: str, values: Mapping[str, Any]) -> bool:
    """Whether a path has a placeholder for which there is nothing."""
    return _lacks(path, values)
