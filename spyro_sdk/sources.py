"""Which of several sources says who we are: one account is never put together from two."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from .config import BY_PERSON, NEEDED, ConnectorConfig
from .errors import ConfigurationError
from .secret import SECRET_NAME

ADDRESSES = frozenset({"base_url", "token_url"})
"""The settings that say to whom we speak."""
IDENTITIES = frozenset({"username", "client_id"}) | {
    it.name for it in fields(ConnectorConfig) if it.metadata.get("secret")
}
"""The settings that say who we are."""
MANNERS = frozenset({"auth_type", "auth_mode", "scope", "redirect_uri"})
"""The settings that say how to sign in, which make no sense for another account."""
MAPPINGS = frozenset({"headers", "custom_params"})
"""The settings in which a secret may be."""
BORROWED = "sf"
"""The value for which another program's login is used."""


@dataclass(frozen=True)
class Source:
    """A place that settings come from."""

    settings: Mapping[str, Any] = field(repr=False)
    spelt: Callable[[str], str]
    """How a setting is called there, for a message."""


@dataclass(frozen=True)
class Rule:
    """What is an account of one connector."""

    ways: Sequence[Sequence[str]]
    """The sets of settings of which one must be complete to sign in."""

    @classmethod
    def of(cls, credentials: Sequence[Sequence[str]]) -> Rule:
        """The rule of a connector with these `credentials`; of one that takes anything, what any takes."""
        return cls(credentials or [way for ways in NEEDED.values() for way in ways if way])

    @property
    def identities(self) -> frozenset[str]:
        """The settings that say who we are to this connector."""
        return IDENTITIES.union(*self.ways) - ADDRESSES

    def is_whole(self, settings: Mapping[str, Any]) -> bool:
        """Whether the settings are enough to sign in."""
        return bool(self.whole_by(settings))

    def whole_by(self, settings: Mapping[str, Any]) -> Sequence[str]:
        """Those of the settings that are enough to sign in; none where that takes more."""
        mode = settings.get("auth_mode")
        if mode == BORROWED:
            return ("auth_mode",)
        if mode in BY_PERSON:
            return ("auth_mode", "client_id") if settings.get("client_id") else ()
        return next((way for way in self.ways if all(settings.get(name) for name in way)), ())

    def belongs(self, name: str) -> bool:
        """Whether a setting goes with the account; all others may come from anywhere."""
        return name in self.identities | ADDRESSES | MANNERS | MAPPINGS

    def is_part(self, name: str, value: Any) -> bool:
        """Whether a setting says something of the account; of who we are None says nothing."""
        return self.belongs(name) and (value is not None or name in MANNERS)

    def tells_who(self, settings: Mapping[str, Any]) -> bool:
        """Whether there is an identity among the settings, or a secret by which somebody could be known."""
        if settings.get("auth_mode") == BORROWED or any(settings.get(name) for name in self.identities):
            return True
        return any(_has_secret(settings.get(name)) for name in MAPPINGS)


def layered(sources: Sequence[Source], rule: Rule) -> tuple[dict[str, Any], list[Source]]:
    """The settings of all sources, the first before the others; and those whose account is not used.

    The account comes from the first source that has a whole one, and alone from it. Sources that each have
    a part of one complement each other. Where a part stands before another account that is whole, or two
    parts contradict each other, nobody can tell who is meant: `ConfigurationError`. An address that no other
    account comes with is used with any.
    """
    account: dict[str, Any] = {}
    free: dict[str, Any] = {}
    came: dict[str, Source] = {}
    passed: list[Source] = []
    for source in sources:
        free = {name: it for name, it in source.settings.items() if not rule.belongs(name)} | free
        part = {name: it for name, it in source.settings.items() if rule.is_part(name, it)}
        if rule.is_whole(account):
            if rule.tells_who(part):
                passed.append(source)
                continue
            part = {name: it for name, it in part.items() if name not in MANNERS}
        elif rule.tells_who(part):
            _check(account, part, rule, source, came)
        came = dict.fromkeys(part, source) | came
        account = part | account
    return {**free, **account}, passed


def _check(
    account: Mapping[str, Any],
    part: Mapping[str, Any],
    rule: Rule,
    source: Source,
    came: Mapping[str, Source],
) -> None:
    """Raise where what is known of the account, and what a source says of it, would be two."""
    whole = rule.whole_by(part)
    for name in sorted(rule.identities | ADDRESSES):
        is_other = name in part and part[name] != account.get(name)
        is_more = bool(whole) and name not in part and name in rule.identities
        if account.get(name) and (is_other or is_more):
            theirs = name if is_other else whole[-1]
            raise ConfigurationError(
                f"{came[name].spelt(name)} and {source.spelt(theirs)} are of two accounts,"
                " which are not mixed: give the whole account in one place",
                field=name,
            )


def _has_secret(mapping: Any) -> bool:
    """Whether something in a mapping is called like a secret, or is kept elsewhere like one."""
    if not isinstance(mapping, Mapping):
        return False
    return any(SECRET_NAME.search(str(key)) or not _is_plain(value) for key, value in mapping.items())


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | list | tuple | Mapping)
