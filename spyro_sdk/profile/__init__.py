"""Profiles: accounts that a user describes once, in a file of their own."""

from __future__ import annotations

from .file import Profiled, found, path
from .listing import Profile, Profiles, profiles
from .reference import Reference, resolved

__all__ = ["Profile", "Profiled", "Profiles", "Reference", "found", "path", "profiles", "resolved"]
