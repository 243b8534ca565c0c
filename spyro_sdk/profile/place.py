"""Where in the file something stands, for messages that show no value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a profile in a file; each part may be missing, the last ones first."""

    file: Path
    profile: str = ""
    key: str = ""

    def __str__(self) -> str:
        said = f"{self.file}"
        if self.profile:
            said += f", profile {self.profile!r}"
        return f"{said}, {self.key}" if self.key else said

    def refused(self, why: str, hint: str | None = None) -> ConfigurationError:
        """The error that says why, and what to do; never with a value in it."""
        told = f"{self}: {why}" + (f" ({hint})" if hint else "")
        return ConfigurationError(told, field=self.key or "profile", hint=hint)
