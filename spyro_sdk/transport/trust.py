"""Whose certificates are trusted."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from functools import lru_cache

from ..config import ConnectorConfig
from ..errors import ConfigurationError

VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Which file is trusted in the place of the system's, the first that is set; requests reads the last two."""


def trusted(config: ConnectorConfig, environment: Mapping[str, str]) -> ssl.SSLContext | bool:
    """The certificates that `verify_ssl` or the environment names; True for the system's, False for any."""
    if config.verify_ssl is False:
        return False
    if config.verify_ssl is not True:
        return chosen(config)
    for variable in VARIABLES:
        if path := environment.get(variable):
            told = f"{variable}={path!r} cannot be: it must name a file of certificates"
            return _context(path, ConfigurationError(told, field=variable, connector=config.name))
    return True


def context_of(trust: ssl.SSLContext | bool) -> ssl.SSLContext:
    """What checks certificates, of what is `trusted`."""
    return trust if isinstance(trust, ssl.SSLContext) else _made(checks=trust)


@lru_cache(maxsize=2)
def _made(*, checks: bool) -> ssl.SSLContext:
    """What trusts those of the system, or any."""
    context = ssl.create_default_context()
    if not checks:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def chosen(config: ConnectorConfig) -> ssl.SSLContext:
    """The certificates in the file that `verify_ssl` is."""
    told = f"verify_ssl={config.verify_ssl!r} cannot be: it must be True, False or a file of certificates"
    path = os.fspath(config.verify_ssl)  # type: ignore[arg-type]  # a path, which the configuration has checked
    return _context(path, ConfigurationError(told, field="verify_ssl", connector=config.name))


def _context(path: str, refusal: ConfigurationError) -> ssl.SSLContext:
    """What trusts the certificates at `path`; raises `refusal` where there are none."""
    try:
        return _loaded(path, os.stat(path).st_mtime_ns)
    except (OSError, ValueError):  # an SSLError is an OSError; ValueError: a path that can be none
        raise refusal from None


@lru_cache(maxsize=8)  # a file takes 50 ms
def _loaded(path: str, changed: int) -> ssl.SSLContext:
    """What trusts the certificates in a file, as they were then."""
    return ssl.create_default_context(cafile=path)
