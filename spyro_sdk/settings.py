"""Where the settings of a connection come from: arguments, the environment, a profile, the demo."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from typing import Any, TypeGuard, get_type_hints

from . import demo as demo_services
from . import profile as profiles
from .auth.tokens import Account
from .config import BY_PERSON, CREDENTIALS, ConnectorConfig
from .connector import BaseConnector
from .connectors import installed
from .errors import ConfigurationError, SignInNeeded, did_you_mean
from .exchange import HttpConnector
from .secret import Unseen, hidden
from .sources import ADDRESSES, Rule, Source, layered

logger = logging.getLogger(__name__)

LEFT_ASIDE = frozenset(CREDENTIALS) - {"client_id", "client_secret"}
"""Credentials that nobody needs beside a person who signs in."""
MAPPINGS = (Mapping[str, str], Mapping[str, Any])
"""Types of settings that no environment variable can hold."""


def demo_options(demo: Any) -> Mapping[str, Any] | None:
    """The settings of the demo that is asked for; None where none is."""
    if demo is None or isinstance(demo, bool):
        return {} if demo else None
    if not isinstance(demo, Mapping) or not all(isinstance(key, str) for key in demo):
        raise ConfigurationError(
            f"demo={demo!r} cannot be: it must be True, or settings such as {{'records': 1000}}", field="demo"
        )
    return demo


def demo_settings(kind: type[BaseConnector], options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that reach the demo service of a connector."""
    try:
        service = demo_services.start(**{"service": kind.name, **options})
    except (LookupError, RuntimeError) as error:
        why = str(error).strip().rpartition("\n")[2]
        raise ConfigurationError(f"there is no such demo of {kind.name}: {why}", field="demo") from None
    return {"base_url": service.base_url, **service.credentials}


def configured(
    kind: type[BaseConnector],
    settings: Mapping[str, Any],
    environment: Mapping[str, str],
    accounts: Callable[[], Iterable[Account]] = tuple,
) -> ConnectorConfig:
    """The configuration from arguments, environment and profile, or else of the account that is remembered.

    Raises where none of them says how to sign in. `accounts`: those in the token store. An empty environment
    is the demo's: no profile is looked for either.
    """
    known = known_to(kind)
    settings, environment = hidden(settings, known), Unseen(environment)
    for name in settings:
        if name not in known:
            hint = did_you_mean(name, known)
            raise ConfigurationError(
                f"{kind.name} has no setting {name!r}" + (f" ({hint})" if hint else ""), field=name, hint=hint
            )
    if not isinstance(custom := settings.get("custom_params", {}), Mapping):
        raise ConfigurationError(
            f"custom_params is a {type(custom).__name__}: give a mapping of names to values",
            field="custom_params",
        )
    check_variables(kind, known, environment, installed)
    rule = Rule.of(kind.credentials)
    found = _gathered(kind, settings, environment, known, rule)
    if _is_nobody(rule, found):
        found = {**_of_others(kind, environment), **found}
    if has_app(kind):
        found = _for_person(kind, rule, found, accounts)
    if _is_nobody(rule, found) and found.get("auth_mode") in (None, "auto"):
        found = {**_found_here(kind, environment, found), **found}
    is_told = found.get("auth_type") == "none" or rule.is_whole(found) or _may_ask(kind, found)
    if kind.credentials and not is_told:
        raise nobody_to_ask(kind, environment)
    return kind.configure(**found)


def found_in(
    kind: type[BaseConnector], environment: Mapping[str, str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What there is to sign in with on this machine, by place; a secret that a profile names is not read.

    Raises `ConfigurationError` for a variable or a profile that makes no sense.
    """
    known, environment = known_to(kind), Unseen(environment)
    check_variables(kind, known, environment, installed)
    variables = _from_environment(kind, known, environment)
    yield "the environment", variables
    profile = profiles.found(kind.name, known, variables.get("profile"), environment)
    if profile is not None:
        yield f"the profile {profile.name!r}", {**profile.settings, **variables}
    others = _of_others(kind, environment)
    named = [it for name in others for it in kind.variables[name] if environment.get(it)]
    yield ", ".join(named), {**variables, **others}


def known_to(kind: type[BaseConnector]) -> set[str]:
    """The names of all its settings."""
    return {f.name for f in fields(ConnectorConfig)} | set(kind.options)


def _is_nobody(rule: Rule, found: Mapping[str, Any]) -> bool:
    """Whether nothing says who we are, nor to whom we speak."""
    return not rule.tells_who(found) and not any(found.get(name) for name in ADDRESSES)


def _gathered(
    kind: type[BaseConnector],
    settings: Mapping[str, Any],
    environment: Mapping[str, str],
    known: Collection[str],
    rule: Rule,
) -> dict[str, Any]:
    """What arguments, variables and a profile say, in this order."""
    variables = _from_environment(kind, known, environment)
    sources = [
        Source(settings, "{} given to connect".format),
        Source(variables, partial(_variable, kind)),
    ]
    profile = None
    if environment:  # a demo has none, and no profile either
        wish = {**variables, **settings}.get("profile")
        profile = profiles.found(kind.name, known, wish, environment)
    if profile is not None:
        sources.append(Source(profile.settings, partial(_spelt_in, profile)))
    found, passed = layered(sources, rule)
    if profile is not None and profile.is_named and sources[-1] in passed:
        logger.warning(
            "%s: the account of profile %r is not used: arguments and variables give another, and come first",
            kind.name,
            profile.name,
        )
    if profile is not None:
        is_ours = profile.is_named or any(map(rule.belongs, profile.settings))
        found["profile"] = profile.name if is_ours else None
    found["profile"] = found.get("profile") or None
    return {name: profiles.resolved(value, environment) for name, value in found.items()}


def _found_here(
    kind: type[BaseConnector], environment: Mapping[str, str], given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The settings that use the login of another program, which nobody may have thought of."""
    found = {name: it for name, it in kind.elsewhere(environment).items() if name not in given}
    if found:
        named = ", ".join(f"{name}={value}" for name, value in found.items())
        logger.warning(
            "%s: nothing says how to sign in, so the login of another program is used: %s", kind.name, named
        )
    return found


def _spelt_in(profile: profiles.Profiled, name: str) -> str:
    return f"{name} of profile {profile.name!r}"


def _for_person(
    kind: type[HttpConnector], rule: Rule, found: dict[str, Any], accounts: Callable[[], Iterable[Account]]
) -> dict[str, Any]:
    """The settings as they are where a person may sign in, without what a person who does needs not."""
    mode = found.setdefault("auth_mode", "auto")
    if mode in BY_PERSON:
        found = {name: value for name, value in found.items() if name not in LEFT_ASIDE}
    nothing = not found.get("auth_type") and not rule.tells_who(found)
    return found | _remembered(kind, found, accounts) if nothing and mode in ("auto", *BY_PERSON) else found


def _remembered(
    kind: type[HttpConnector], found: Mapping[str, Any], accounts: Callable[[], Iterable[Account]]
) -> dict[str, Any]:
    """The settings of the one account that fits, to which somebody signed in before."""
    known = (kind.remembered(it) for it in accounts() if it.connector == kind.name)
    fitting = [it for it in known if all(found.get(name, value) == value for name, value in it.items())]
    if len(fitting) > 1:
        raise ConfigurationError(
            f"{len(fitting)} accounts of {kind.name} are remembered: say which, by client_id or base_url",
            field="client_id",
            connector=kind.name,
        )
    return fitting[0] if fitting else {}


def has_app(kind: type[BaseConnector]) -> TypeGuard[type[HttpConnector]]:
    """Whether people can sign in to the service."""
    return issubclass(kind, HttpConnector) and kind.app is not HttpConnector.app


def _may_ask(kind: type[BaseConnector], settings: Mapping[str, Any]) -> bool:
    """Whether a person can be asked to sign in, if one is there."""
    mode = settings.get("auth_mode")
    return has_app(kind) and (bool(settings.get("client_id")) or mode not in (None, "auto"))


def _variable(kind: type[BaseConnector], setting: str) -> str:
    return f"SPYRO_{kind.name}_{setting}".upper()


def check_variables(
    kind: type[BaseConnector],
    known: Collection[str],
    environment: Mapping[str, str],
    names: Callable[[], Iterable[str]],
) -> None:
    """Refuse a variable which is called like this connector's, and would be ignored.

    One of all connectors' `names` may begin with ours, as `sap_hana` does with `sap`: its variables are its
    own. Listing them takes a while, and is done only where a variable is called like ours.
    """
    called = [name for name, text in environment.items() if text and name.startswith(_variable(kind, ""))]
    if not called:
        return
    others = tuple(f"SPYRO_{name}_".upper() for name in names() if name.startswith(f"{kind.name}_"))
    settings = {_variable(kind, name): name for name in known}
    types = get_type_hints(ConnectorConfig)
    for variable in called:
        if variable.startswith(others):
            continue
        if variable not in settings:
            hint = did_you_mean(variable.removeprefix(_variable(kind, "")).lower(), known)
            raise ConfigurationError(
                f"{variable} names no setting of {kind.name}" + (f" ({hint})" if hint else ""),
                field=variable,
                hint=hint,
            )
        if types.get(name := settings[variable]) in MAPPINGS:
            raise ConfigurationError(
                f"{variable} cannot be: {name} is a mapping, which no variable holds: give it to connect",
                field=variable,
            )


def _from_environment(
    kind: type[BaseConnector], known: Iterable[str], environment: Mapping[str, str]
) -> dict[str, Any]:
    """The settings that environment variables give, in their types."""
    types = get_type_hints(ConnectorConfig)
    given = hidden({name: environment.get(_variable(kind, name)) for name in known})  # no name for a text
    return {name: _typed(_variable(kind, name), it, types.get(name)) for name, it in given.items() if it}


def _of_others(kind: type[BaseConnector], environment: Mapping[str, str]) -> dict[str, str]:
    """The settings in variables that are not ours, such as `GITHUB_TOKEN`."""
    texts = {name: [environment.get(it) for it in others] for name, others in kind.variables.items()}
    return hidden({name: text for name, found in texts.items() if (text := next(filter(None, found), None))})


def _typed(variable: str, text: str, kind: Any) -> Any:
    """The text of an environment variable as a setting's type; None for a connector's own option."""
    if text.lower() in ("true", "false") and kind in (bool, bool | str, None):
        return text.lower() == "true"
    if kind is bool:
        raise ConfigurationError(f"{variable}={text!r} cannot be: it must be true or false", field=variable)
    number: Callable[[str], Any] | None = {
        int: int,
        int | None: int,
        float: float,
        float | None: float,
    }.get(kind)
    try:
        return number(text) if number else text
    except ValueError:
        raise ConfigurationError(
            f"{variable}={text!r} cannot be: it must be a number", field=variable
        ) from None


def nobody_to_ask(kind: type[BaseConnector], environment: Mapping[str, str] = os.environ) -> SignInNeeded:
    """The error where credentials are missing: it names the variables and the keys that would do."""
    environment = Unseen(environment)
    named = [[_variable(kind, name) for name in way] for way in kind.credentials or [("access_token",)]]
    ways = " or ".join(" and ".join(way) for way in named)
    first = ", ".join(kind.credentials[0]) if kind.credentials else "access_token"
    app = f"; or sign in where somebody is: spyro.login({kind.name!r}, client_id=…)" if has_app(kind) else ""
    return SignInNeeded(
        f"{kind.name} needs credentials, and there is nobody to ask here: set {ways}, or give them to connect"
        f" as {first}, or write them under these names into the profile [{kind.name}] of"
        f" {profiles.path(environment)}{app}",
        connector=kind.name,
        hint=f"spyro.connect({kind.name!r}, demo=True) needs none",
    )
