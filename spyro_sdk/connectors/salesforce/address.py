"""Where Salesforce is reached: its login pages and the versions of its API."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ...config import is_loopback
from ...http import origin

LOGIN = "https://login.salesforce.com"
SANDBOX_LOGIN = "https://test.salesforce.com"
VERSION = re.compile(r"v?(\d+)(?:\.0)?")


def audience(token_url: str) -> str:
    """Whom a JWT is addressed to: Salesforce wants its login page, also where an org has its own domain.

    https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm
    """
    host = urlsplit(token_url).hostname or ""
    if is_loopback(host):
        return origin(token_url)
    return SANDBOX_LOGIN if host == "test.salesforce.com" or ".sandbox." in host else LOGIN


def version(asked: object) -> str:
    """A version as Salesforce spells it: `67.0` for 67, '67' and 'v67.0'; '' for what is none."""
    found = VERSION.fullmatch(str(asked or ""))
    return f"{found[1]}.0" if found else ""
