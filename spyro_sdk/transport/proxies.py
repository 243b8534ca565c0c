"""Which proxy the environment, or the system, has for an address."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit
from urllib.request import proxy_bypass

from ..config import is_loopback
from ..errors import ConfigurationError
from ..secret import Secret, Unseen

SPOKEN = ("http", "https")
"""Kinds of proxies that can be used."""


def proxy_for(url: str, known: Mapping[str, str]) -> str | None:
    """The proxy for an address, out of what `urllib.request.getproxies` finds; None: straight on.

    For this machine there is none. Raises `ConfigurationError` for a proxy of another kind, rather than go
    around it.
    """
    parts, known = urlsplit(url), Unseen(known)  # a proxy's address may have a password in it
    proxy = Secret(known.get(parts.scheme) or known.get("all") or "")
    if not proxy or is_exempt(parts, known):
        return None
    proxy = proxy if "://" in proxy else "http://" + proxy
    if not _is_spoken(proxy):
        raise ConfigurationError(
            f"the proxy that the environment names for {parts.scheme} is no address of an HTTP proxy:"
            f" mend {parts.scheme.upper()}_PROXY, or give connect a session that can use it",
            field=f"{parts.scheme.upper()}_PROXY",
        )
    return proxy


def is_exempt(parts: SplitResult, known: Mapping[str, str]) -> bool:
    """Whether an address is asked without a proxy: this machine, and what `NO_PROXY` or the system names."""
    host = parts.hostname or ""
    names = [name.strip().lower() for name in known.get("no", "").split(",")]
    return (
        is_loopback(host)
        or any(name and _is_meant(name, host, parts.netloc.lower()) for name in names)
        or bool(proxy_bypass(host))
    )


def _is_meant(name: str, host: str, place: str) -> bool:
    """Whether a name of `NO_PROXY` means a host, or a place, which has a port: `*`, a domain, a network."""
    if "/" in name:
        return _is_within(host, name)
    domain = "." + name.lstrip("*").lstrip(".")
    return name == "*" or f".{host}".endswith(domain) or f".{place}".endswith(domain)


def _is_within(host: str, network: str) -> bool:
    """Whether a host is an address in a network such as `10.0.0.0/8`."""
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False


def _is_spoken(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy)
        return parts.scheme in SPOKEN and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
