"""One rate limiter for all that asks the same account."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, WeakValueDictionary

from ..config import ConnectorConfig, is_loopback
from ..errors import ConfigurationError, StoreError
from ..private import PrivateFolder, Purpose
from ..secret import Unseen
from .limiter import JITTER, RateLimiter

VARIABLE: Final = "SPYRO_RATE_LIMITS"
BUCKETS: Final = Purpose(
    StoreError, VARIABLE, "no requests are counted there", "remove it", "'none' to count in each process"
)
ALLOWANCE: Final = ("rate_limit", "burst_size")

_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[bytes, RateLimiter]] = (
    WeakKeyDictionary()
)
"""The limiters in use on each event loop."""


def limiter_of(config: ConnectorConfig, environ: Mapping[str, str] = os.environ) -> RateLimiter:
    """The limiter that all share who ask the account with the same allowance, on this loop, on this machine.

    Whoever gives another `rate_limit` or `burst_size` wants a part of the account's for himself.
    `SPYRO_RATE_LIMITS` names the folder in which processes count together, or is `none`; without it those
    that ask a service on this machine count apart.
    """
    limiters = _limiters.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    key = config.fingerprint(*ALLOWANCE)
    if (limiter := limiters.get(key)) is None:
        limiters[key] = limiter = _limiter(config, Unseen(environ).get(VARIABLE, "").strip())
    return limiter


def _limiter(config: ConnectorConfig, wish: str) -> RateLimiter:
    path = _folder(config, wish)
    if path is not None:
        from .bucket import Bucket
        from .together import TogetherLimiter

        folder = PrivateFolder(path, purpose=BUCKETS)
        with suppress(StoreError):
            name = config.fingerprint(*ALLOWANCE, key=folder.first("key", partial(os.urandom, 32), 64)).hex()
            bucket = Bucket(folder, f"{name}.bucket", config.rate.burst)
            return TogetherLimiter(config.rate, bucket, jitter=JITTER)
    return RateLimiter(config.rate, jitter=JITTER)


def _folder(config: ConnectorConfig, wish: str) -> Path | None:
    if wish == "none":
        return None
    if not wish:
        is_here = is_loopback(urlsplit(config.base_url or "").hostname or "")
        return None if is_here else _own_folder()
    if not (folder := Path(wish).expanduser()).is_absolute():
        raise ConfigurationError(
            f"{VARIABLE}={wish!r} cannot be: it must be none, or a folder's whole path", field=VARIABLE
        )
    return folder


def _own_folder() -> Path:
    """Among what the system keeps for the user's running programs, on this machine alone."""
    from platformdirs import user_runtime_path

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where it has to make one below the temporary files
        return user_runtime_path("spyro", appauthor=False) / "rate-limits"
