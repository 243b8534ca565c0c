"""A declaration is read: from a file or a mapping, checked, and understood."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...errors import ConfigurationError
from ...secret import hidden
from .file import load
from .offers import Offer, offers
from .references import Hidden, check_no_secrets, plain
from .signing import Signing, signing


@dataclass(frozen=True, slots=True, repr=False)
class Read:
    """What a declaration says."""

    name: str
    offers: Mapping[str, Offer]
    signing: Signing
    settings: Mapping[str, Any]
    """Those of `connect` that it gives, secrets among them."""
    hidden: Hidden


def read(
    declaration: Mapping[str, Any] | str | os.PathLike[str],
    name: str | None,
    environment: Mapping[str, str],
) -> Read:
    """What a declaration says; `ConfigurationError` naming the key that makes no sense."""
    if isinstance(declaration, Mapping):
        return _understood(plain(declaration), name, "rest", environment)
    document = load(declaration)
    with _from(declaration):
        document = plain(document)
        check_no_secrets(document)
        stem = re.sub(r"\W", "_", Path(declaration).stem).lower()
        return _understood(document, name, stem, environment)


def _understood(document: Any, name: str | None, usual: str, environment: Mapping[str, str]) -> Read:
    from pydantic import ValidationError  # imported by whoever declares something, and by nobody else

    from .refusal import refused
    from .shape import Declaration

    values = Hidden(environment)
    try:
        it = Declaration.model_validate(values.resolved(document))
    except ValidationError as error:
        raise refused(error, document) from None
    found = {name: replace(offer, entity=values.hiding(offer.entity)) for name, offer in offers(it).items()}
    if not found:
        raise ConfigurationError("it declares nothing: give entities, or resources", field="entities")
    return Read(name or it.name or usual, found, *_settings(it, values), values)


def _settings(it: Any, values: Hidden) -> tuple[Signing, dict[str, Any]]:
    _one(it, "paging", "paginator")
    how, credentials = signing(_one(it, "auth"))
    settings = {} if it.settings is None else it.settings.model_dump(exclude_unset=True)
    given = hidden({key: values.shown(_one(it, key)) for key in ("base_url", "headers")})
    settings |= {key: value for key, value in given.items() if value is not None}
    if how.auth_type is not None:
        settings["auth_type"] = how.auth_type
    _check_address(it, settings.get("base_url"), values)
    return how, settings | credentials


def _one(it: Any, key: str, of_client: str = "") -> Any:
    """What is said under a key, which may stand at the top or under client."""
    below = None if it.client is None else getattr(it.client, of_client or key)
    if None not in (above := getattr(it, key), below):
        twice = f"leave {key} or client.{of_client or key}"
        raise ConfigurationError(f"{key} is given twice: {twice}", field=key)
    return below if above is None else above


def _check_address(it: Any, base_url: str | None, values: Hidden) -> None:
    key = "base_url" if it.base_url else "client.base_url"
    if base_url is not None and "://" not in base_url:
        raise ConfigurationError(
            f"{key}={_host(base_url)!r} has no scheme: write it as 'https://api.example.com/v1'",
            field=key,
        )
    if base_url is not None and values.are_in(base_url):
        raise ConfigurationError(
            f"{key} has a variable in it that is called like a secret, and addresses are shown: write it"
            " in the paths of the entities, in headers or params",
            field=key,
        )


def _host(address: str) -> str | None:
    """The host of an address that has no scheme; the rest may be secret."""
    try:
        return urlsplit(f"//{address}").hostname
    except ValueError:
        return None


@contextmanager
def _from(source: str | os.PathLike[str]) -> Iterator[None]:
    """Say in errors which file they are about."""
    try:
        yield
    except ConfigurationError as error:
        error.args = (f"{source}: {error}",)
        raise
