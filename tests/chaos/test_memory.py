"""Row 18: what is too big takes no memory, and no time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spyro_sdk.demo.http import Request, Response

from .faults import ALWAYS, Fault
from .service import Chaos

ROOT = Path(__file__).parents[2]
MOST = 64 << 20  # bytes beyond what a process takes that has fetched something good
GIGABYTE = 1 << 30
BAD = {
    "gzip": Fault("bombed", 2, ALWAYS, {"encoding": "gzip", "size": GIGABYTE}),
    "deflate": Fault("bombed", 2, ALWAYS, {"encoding": "deflate", "size": GIGABYTE}),
    "packed twice": Fault("stacked", 2, ALWAYS, {"times": 2}),
    "without an end": Fault("endless", 2, ALWAYS),
    "without an end, in chunks": Fault("endless", 2, ALWAYS, {"framing": "chunked"}),
    "nested 200,000 deep": Fault("body", 2, ALWAYS, {"content": b"[" * 200_000 + b"]" * 200_000}),
    "announced": Fault("headers", 2, ALWAYS, {"Content_Length": str(10 * GIGABYTE)}),
}


def answer(request: Request) -> Response:
    return Response(200, b'[{"id":1,"name":"Ana"}]')


def page_of(request: Request, _: Response) -> int:
    return 2 if request.path == "/bad" else 1


@pytest.mark.parametrize("what", BAD)
def test_row_18_what_is_too_big_takes_no_memory(chaos: Chaos, what: str) -> None:
    chaos.play(answer, page_of, [BAD[what]])
    settings: dict[str, Any] = {"retry_count": 1, "retry_delay": 0.001, "timeout": 20.0}
    if "end" in what:
        settings["max_body"] = 32 << 20
    arguments = [sys.executable, "-m", "tests.chaos.taking", chaos.base_url, json.dumps(settings)]
    told = subprocess.run(arguments, capture_output=True, check=True, cwd=ROOT, timeout=60)
    kind, memory, seconds = json.loads(told.stdout)
    assert kind in ("LimitError", "DecodeError")
    assert memory <= MOST
    assert seconds < 2  # less than a fifth of one on a machine that does nothing else
