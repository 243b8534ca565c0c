"""A kernel whose settings hold a refresh token, as those of others do; a program for tests to run.

python given.py ADDRESS FOLDER REFRESH_TOKEN

It is asked as kernel.py is.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from spyro_sdk.auth.oauth import OAuth
from spyro_sdk.auth.tokens import FileStore
from spyro_sdk.exchange import HttpConnector
from tests.auth.kernel import serve


class Acme(HttpConnector):
    """A service of which only the way to sign in matters."""

    name = "acme"

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Any = None
    ) -> AsyncIterator[dict[str, Any]]:
        yield {}


def signing(address: str, folder: Path, refresh_token: str = "r0") -> OAuth:
    """What signs the requests of a connector that is made anew."""
    settings = {"base_url": address, "token_url": f"{address}/token", "client_id": "app"}
    config = Acme.configure(refresh_token=refresh_token, auth_mode="refresh_token", **settings)
    auth = Acme(config, store=FileStore(folder)).auth()
    assert isinstance(auth, OAuth)
    return auth


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], lambda: signing(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))
