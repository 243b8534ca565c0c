"""Mutants that survive, each with the reason why no test notices it, or need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

JUDGED: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {}
"""By file, by the line as it stands, by what was done to it."""
