"""One rate limiter for all that asks the same account."""

from __future__ import annotations

import asyncio
import os
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from hashlib import scrypt
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, WeakValueDictionary

from ..config import ConnectorConfig, is_loopback
from ..errors import ConfigurationError, StoreError
from ..private import PrivateFolder, Purpose
from ..secret import Secret, Unseen
from .limiter import JITTER, RateLimiter
from .window import DAY, HOUR, Window, Windows

if TYPE_CHECKING:
    from .bucket import Bucket
    from .state import State

VARIABLE: Final = "SPYRO_RATE_LIMITS"
BUCKETS: Final = Purpose(
    StoreError, VARIABLE, "no requests are counted there", "remove it", "'none' to count in each process"
)
REDIS: Final = ("redis://", "rediss://", "unix://")
ALLOWANCE: Final = ("rate_limit", "burst_size")

_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[bytes, RateLimiter]] = (
    WeakKeyDictionary()
)
"""The limiters in use on each event loop."""
_own_states: dict[tuple[str, bytes], State] = {}
"""What this process counts by itself."""


def limiter_of(config: ConnectorConfig, environ: Mapping[str, str] = os.environ) -> RateLimiter:
    """The limiter that all share who ask the account with the same allowance, on this loop, on this machine.

    Whoever gives another `rate_limit` or `burst_size` wants a part of the account's for himself.
    `SPYRO_RATE_LIMITS` names the folder in which processes count together, the Redis in which machines do
    (`redis://host:6379/0`), or is `none`; without it those that ask a service on this machine count apart.
    """
    limiters = _limiters.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    key = config.fingerprint(*ALLOWANCE)
    if (limiter := limiters.get(key)) is None:
        limiters[key] = limiter = _limiter(config, environ)
    return limiter


def windows_of(config: ConnectorConfig, environ: Mapping[str, str] = os.environ) -> Windows:
    """The windows of an hour and a day that the configuration asks for, in the same folder."""
    wishes = {"hourly_limit": (config.hourly_limit, HOUR), "daily_limit": (config.daily_limit, DAY)}
    wish = _wish(environ)
    is_kept = not wish.startswith(REDIS) and any(calls for calls, _ in wishes.values())
    folder = _folder(config, wish, _lasting_folder) if is_kept else None
    return Windows(
        [
            Window(setting, calls, period, _state(config, folder, setting), time.time)
            for setting, (calls, period) in wishes.items()
            if calls
        ],
        config.name,
    )


def _limiter(config: ConnectorConfig, environ: Mapping[str, str]) -> RateLimiter:
    if bucket := _bucket(config, environ):
        from .together import TogetherLimiter

        return TogetherLimiter(config.rate, bucket, jitter=JITTER)
    return RateLimiter(config.rate, jitter=JITTER)


def _bucket(config: ConnectorConfig, environ: Mapping[str, str]) -> Bucket | None:
    wish = _wish(environ)
    if wish.startswith(REDIS):
        from .redis import redis_bucket

        return redis_bucket(wish, _everywhere(config), config.rate.burst)
    folder = _folder(config, wish, _running_folder)
    if folder and (name := _name(config, folder, *ALLOWANCE)):
        from .bucket import FileBucket

        return FileBucket(folder, f"{name}.bucket", config.rate.burst)
    return None


def _state(config: ConnectorConfig, folder: PrivateFolder | None, setting: str) -> State:
    from .state import FileState, OwnState

    if folder and (name := _name(config, folder, setting)):
        return FileState(folder, f"{name}.{setting}.window", count=2)  # both may have the same number
    return _own_states.setdefault((setting, config.fingerprint(setting)), OwnState())


def _name(config: ConnectorConfig, folder: PrivateFolder, *settings: str) -> str | None:
    """The account's file, from whose name nobody learns whose it is; None where none can be kept."""
    with suppress(StoreError):
        key = folder.first("key", partial(os.urandom, 32), 64)
        return config.fingerprint(*settings, key=key).hex()
    return None


def _wish(environ: Mapping[str, str]) -> str:
    """Where to count, as the variable says."""
    wish = Unseen(environ).get(VARIABLE, "").strip()
    return Secret(wish) if wish.startswith(REDIS) else wish  # it may hold a password


def _everywhere(config: ConnectorConfig) -> str:
    """The account's name on whichever machine: a digest of who asks, which no Redis need know.

    Made slowly, so that nobody who reads the names can try out what passwords there may be.
    """
    digest = config.fingerprint(*ALLOWANCE, key=b"spyro")
    return scrypt(digest, salt=b"spyro", n=1 << 14, r=8, p=1, dklen=16).hex()


def _folder(config: ConnectorConfig, wish: str, usual: Callable[[], Path]) -> PrivateFolder | None:
    """Where processes count together; None where they do not."""
    is_here = is_loopback(urlsplit(config.base_url or "").hostname or "")
    if wish == "none" or (is_here and not wish):
        return None
    path = Path(wish).expanduser() if wish else usual()
    if not path.is_absolute():
        raise ConfigurationError(
            f"{VARIABLE}={wish!r} cannot be: it must be none, a folder's whole path, or redis://…",
            field=VARIABLE,
        )
    return PrivateFolder(path, purpose=BUCKETS)


def _running_folder() -> Path:
    """Among what the system keeps for the user's running programs, on this machine alone."""
    from platformdirs import user_runtime_path

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where it has to make one below the temporary files
        return user_runtime_path("spyro", appauthor=False) / "rate-limits"


def _lasting_folder() -> Path:
    """Among what the system keeps for the user: a day's count outlives the system's start."""
    from platformdirs import user_data_path

    return user_data_path("spyro", appauthor=False) / "rate-limits"
