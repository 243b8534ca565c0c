"""The connectors that are installed: what each is, how to sign in, how fast it is asked, and what it lacks.

A list of names costs nothing; what is said of them is found out when it is shown, on this machine alone.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from .shown import Shown
from .words import counted

if TYPE_CHECKING:
    from .auth.tokens import Account
    from .connector import BaseConnector

State: TypeAlias = Literal["ready", "needs sign-in", "needs credentials", "needs settings", "broken"]
WIDTH: Final = 100  # characters of a line of text
ANY: Final = "whatever the service wants"
KEPT: Final = "kept elsewhere"
"""Stands for a value that a profile names, and that is not read for this."""
BY_PERSON: Final = ("browser", "paste", "device")


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What there is to say of one connector, without asking its service."""

    name: str
    what: str = ""
    """The first line of what its author says of it."""
    ways: tuple[str, ...] = ()
    """How one can sign in, each in words."""
    pace: str = ""
    """How fast it is asked, where nothing else is set."""
    state: State = "ready"
    why: str = ""
    """Where credentials were found, what is missing, or what is broken."""
    has_demo: bool = False


class Gallery(Shown, list[str]):
    """The names that `connect` takes; shown with what each connector is, and takes."""

    @property
    def exhibits(self) -> list[Exhibit]:
        """What there is to say of each, as things are now."""
        return [exhibited(name) for name in self]

    def __repr__(self) -> str:
        lines = [f"{counted(len(self), 'connector')}: spyro.connect(name)"]
        return "\n".join([*lines, *(line for it in self.exhibits for line in _told(it))])


def _told(it: Exhibit) -> Iterable[str]:
    said = {
        "": it.what,
        "sign in": ", or ".join(it.ways),
        "pace": it.pace,
        it.state: it.why,
        "demo": f"spyro.connect({it.name!r}, demo=True) needs no account" if it.has_demo else "",
    }
    yield f"  {it.name}"
    for what, words in said.items():
        if words:
            head = f"    {what:16}" if what else "    "
            yield from textwrap.wrap(words, WIDTH, initial_indent=head, subsequent_indent=" " * len(head))


def exhibited(name: str, environment: Mapping[str, str] = os.environ) -> Exhibit:
    """What there is to say of a connector; of one that cannot be loaded, why."""
    from . import demo, registry
    from .auth.tokens import remembered
    from .errors import ConnectorError

    try:
        kind = registry.find(name)
    except ConnectorError as error:
        return Exhibit(name, state="broken", why=str(error))
    try:
        state, why = _state(kind, environment, remembered)
    except ConnectorError as error:  # a variable or a profile that makes no sense
        state, why = "needs settings", str(error)
    return Exhibit(name, _what(kind), _ways(kind), _pace(kind), state, why, name in demo.SERVICES)


def _what(kind: type[BaseConnector]) -> str:
    return (vars(kind).get("__doc__") or "").strip().partition("\n")[0]


def _ways(kind: type[BaseConnector]) -> tuple[str, ...]:
    from .identity import way
    from .settings import has_app

    person = ("a person in a browser",) if has_app(kind) else ()
    return (*person, *map(way, kind.credentials)) if kind.credentials else (*person, ANY)


def _pace(kind: type[BaseConnector]) -> str:
    from .config import ConnectorConfig, RateLimitConfig

    rate = kind.defaults.get("rate_limit", ConnectorConfig.rate_limit)
    limit = RateLimitConfig(rate, kind.defaults.get("burst_size"))
    return f"{limit.requests_per_minute:,g} requests a minute, {limit.burst:,} at once"


def _state(
    kind: type[BaseConnector], environment: Mapping[str, str], accounts: Callable[[], Iterable[Account]]
) -> tuple[State, str]:
    """Whether `connect` would do as things are, and why."""
    from .settings import found_in, has_app
    from .sources import Rule

    kind.narrowed({})  # raises where only a declaration tells what there is
    rule, found = Rule.of(kind.credentials), dict[str, Any]()
    for place, settings in found_in(kind, environment):
        found = {**settings, **found}
        if rule.is_whole(settings) and settings.get("auth_mode") not in BY_PERSON:
            return _checked(kind, settings, f"credentials in {place}")
    if count := sum(it.connector == kind.name for it in accounts()):
        return "ready", "signed in before" if count == 1 else f"{count} people have signed in: say client_id"
    if elsewhere := kind.elsewhere(environment):
        named = ", ".join(f"{name}={value}" for name, value in elsewhere.items())
        return "ready", f"if the login of another program is good: {named}"
    if not kind.credentials:
        return _checked(kind, found, "without signing in, for what anybody may read")
    given = "" if found.get("client_id") else ", client_id=…"
    by_person = f"spyro.login({kind.name!r}{given})" if has_app(kind) else ""
    variables = " and ".join(f"SPYRO_{kind.name}_{name}".upper() for name in kind.credentials[0])
    return "needs sign-in" if by_person else "needs credentials", " or ".join(
        filter(None, [by_person, variables])
    )


def _checked(kind: type[BaseConnector], settings: Mapping[str, Any], why: str) -> tuple[State, str]:
    """Whether the connector takes these settings, of which those that are kept elsewhere are not read."""
    from .errors import ConnectorError
    from .profile import Reference

    plain = {name: KEPT if isinstance(it, Reference) else it for name, it in settings.items()}
    try:
        is_right, fault = kind(kind.configure(**plain)).validate_config()
    except ConnectorError as error:
        is_right, fault = False, str(error)
    except Exception as error:  # noqa: BLE001  # an author's own may fail in any way, and say anything
        is_right, fault = False, f"it fails with a {type(error).__name__}"
    return ("ready", why) if is_right else ("needs settings", fault or "")
