"""What every contender is measured by, the same for all."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Found = tuple[int | None, str, float | None]
"""The records in a result, their check, and its size in megabytes."""

ADDRESS, QUESTION, ACTION = sys.argv[1:4]
"""Where the service is, the SOQL that it answers, and what this contender is asked to do."""
QUERY = "/services/data/v67.0/query"
HEADERS = {"Authorization": "Bearer token"}
PAGE = int(os.environ.get("PAGE", 2_000))  # records in a page
ALLOWED = int(os.environ.get("ALLOWED", 0))  # requests a second that the service allows; 0: all
IN_FLIGHT = 16  # requests at once, for those who send several
STATUS = Path("/proc/self/status")
MEGABYTE = 10**6


def measure(fetch: Callable[[], T], look: Callable[[T], Found]) -> None:
    """Print one line of JSON: what `fetch` took, and the count and the check that `look` finds in its result.

    `seconds` and `cpu` are those of `fetch` alone: from before the first request to the finished result,
    without the imports. `peak` is that of the whole process until then, `before` what it held at the start of
    `fetch`, and `size` what the result holds, all in megabytes.
    """
    before = memory("VmRSS")
    started, worked = time.perf_counter(), time.process_time()
    result = fetch()
    took = {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - worked,
        "before": before,
        "peak": memory("VmHWM"),
    }
    records, check, size = look(result)
    print(json.dumps({**took, "size": size, "records": records, "check": check}))


def memory(name: str) -> float:
    """Megabytes that this process holds (VmRSS) or has held at most (VmHWM).

    Where there is no /proc it is the most in either case. On Linux that figure is of no use: it counts in
    what the parent held when it started us.
    """
    if STATUS.exists():
        lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
        return int(lines[name].split()[0]) * 1024 / MEGABYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE  # bytes, on macOS


def look_at(frame: Any) -> Found:
    """The number of records in a DataFrame, their check as the service computes it, and its size."""
    ids = hashlib.sha256("".join(frame["Id"]).encode())
    size = float(frame.memory_usage(deep=True).sum()) / MEGABYTE
    return len(frame), f"{int(frame['NumberOfEmployees'].sum())}/{ids.hexdigest()[:16]}", size


def look_at_bytes(size: int) -> Found:
    """What is known of a result that was thrown away: the bytes."""
    return None, str(size), None
