"""requests-oauthlib, with what it would tell the logs left out."""

from __future__ import annotations

import logging
from typing import Any

FAMILIES = ("oauthlib", "requests_oauthlib")


class _NoSecrets(logging.Filter):
    """At DEBUG both libraries print tokens, codes, verifiers and client secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


_filter = _NoSecrets()


def library() -> tuple[Any, Any]:
    """The classes of a session and of its client, imported when they are first needed; it takes a moment."""
    from oauthlib.oauth2 import WebApplicationClient
    from requests_oauthlib import OAuth2Session

    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in FAMILIES:
            logging.getLogger(name).addFilter(_filter)  # one on a parent hears nothing of its children
    return OAuth2Session, WebApplicationClient
