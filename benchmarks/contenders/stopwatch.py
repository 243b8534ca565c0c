"""What every contender is measured by, the same for all."""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

ADDRESS, QUESTION = sys.argv[1:3]
"""Where the service is, and the SOQL that it answers."""
QUERY = "/services/data/v67.0/query"
HEADERS = {"Authorization": "Bearer token"}
MEGABYTE = 10**6 if sys.platform == "darwin" else 10**3  # in the unit of ru_maxrss: bytes there, else kB


def measure(fetch: Callable[[], T], look: Callable[[T], tuple[int | None, str]]) -> None:
    """Print one line of JSON: what `fetch` took, and the count and the check that `look` finds in its result.

    `seconds` and `cpu` are those of `fetch` alone: from before the first request to the finished result,
    without the imports. `peak` is that of the whole process until then, in megabytes.
    """
    started, worked = time.perf_counter(), time.process_time()
    result = fetch()
    took = {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - worked,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE,
    }
    records, check = look(result)
    print(json.dumps({**took, "records": records, "check": check}))


def look_at(frame: Any) -> tuple[int, str]:
    """The number of records in a DataFrame, and their check as the service computes it."""
    ids = hashlib.sha256("".join(frame["Id"]).encode())
    return len(frame), f"{int(frame['NumberOfEmployees'].sum())}/{ids.hexdigest()[:16]}"
