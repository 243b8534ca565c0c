"""What a contender says to benchmarks/faults.py: the records that it got, and how it ended."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

ADDRESS = sys.argv[1]


def answer(read: Callable[[], Iterable[Any]]) -> None:
    """Read the records one after the other, and print what came of it as the last line."""
    logging.disable()
    seen: list[Any] = []
    error = None
    try:
        for record in read():
            seen.append((record["id"], record["name"]))
    except Exception as raised:  # noqa: BLE001  # whatever it is, it is what a user would get
        error = f"{type(raised).__module__.partition('.')[0]}.{type(raised).__name__}"
    print("\n" + json.dumps({"seen": seen, "error": error}), flush=True)
    os._exit(0)  # whatever still runs
