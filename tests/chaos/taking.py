"""A process that fetches from a service at this address, and says how much memory that took."""

from __future__ import annotations

import json
import resource
import sys
import time

import spyro_sdk as spyro
from spyro_sdk.errors import ConnectorError


def peak() -> int:
    """Bytes of memory that this process had at the most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(base_url: str, settings: dict[str, object]) -> None:
    entities = {
        name: {"path": f"/{name}", "paging": "single_page", "records": "$"} for name in ("good", "bad")
    }
    with spyro.connect(
        "rest", base_url=base_url, entities=entities, progress=False, **settings
    ) as connection:
        connection.fetch("good").to_arrow()  # so that all is loaded
        before, started = peak(), time.monotonic()
        try:
            connection.fetch("bad").to_arrow()
            kind = ""
        except ConnectorError as error:
            kind = type(error).__name__
        sys.stdout.write(json.dumps([kind, peak() - before, time.monotonic() - started]))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
