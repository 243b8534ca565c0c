"""Profiles: accounts that a user describes once, in a file of their own."""

from __future__ import annotations

from .file import Profiled, found, path
from .reference import Reference, resolved

__all__ = ["Profiled", "Reference", "found", "path", "resolved"]
