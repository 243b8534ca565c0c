"""What comes of one fault on the third of ten pages: beside us dlt, singer-sdk and airbyte-cdk, as they come.

Each reads 500 records in a process of its own, by the links that the pages hold, from a service that does one
thing wrong. Right is every record once, or an error; a short or wrong result that nobody is told of is not.

    python benchmarks/faults.py [--only ours dlt] [--limit 60] [FAULT ...]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from spyro_sdk.demo.http import Request, Response  # noqa: E402
from tests.chaos.faults import Fault  # noqa: E402
from tests.chaos.service import Chaos, serving  # noqa: E402

HERE = Path(__file__).with_name("faulty")
ROWS, SIZE, SPOILT = 500, 50, 3
AIRBYTE = Path(sys.prefix, "airbyte", "bin", "python")

READERS: dict[str, tuple[str, str]] = {
    "ours": (sys.executable, "ours.py"),
    "dlt": (sys.executable, "dlt_client.py"),
    "singer": (sys.executable, "singer.py"),
    "airbyte": (str(AIRBYTE), "airbyte.py"),
}
"""By what interpreter each is run, and its program."""


def _fault(kind: str, **given: Any) -> Fault:
    return Fault(kind, SPOILT, 1, given)


def _lasting(kind: str, **given: Any) -> Fault:
    return Fault(kind, SPOILT, 1_000_000, given)


def faults() -> dict[str, Fault | None]:
    """Each by its name; those that a service does once, and those that it goes on doing."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    return {
        "no fault": None,
        "429, Retry-After: 2": _fault("status", status=429, Retry_After="2"),
        "429, Retry-After as a date": _fault("status", status=429, Retry_After=soon),
        "429, Retry-After: soon": _fault("status", status=429, Retry_After="soon"),
        "429, Retry-After: 86400": _lasting("status", status=429, Retry_After="86400"),
        "403, X-RateLimit-Remaining: 0": _fault(
            "status", status=403, X_RateLimit_Remaining="0", X_RateLimit_Reset="1", Retry_After="1"
        ),
        "408": _fault("status", status=408),
        "503": _fault("status", status=503),
        "cut short, Content-Length": _fault("cut"),
        "cut short, chunked": _fault("cut", framing="chunked"),
        "cut short, until the line closes": _fault("cut", framing="close"),
        "reset": _fault("cut", ending="reset"),
        "a login page with 200": _lasting("login_page"),
        "errors with 200": _lasting("errors", errors=[{"message": "busy"}]),
        "an empty body with 200": _lasting("body", content=b""),
        "401 once": _fault("status", status=401),
        "the next link leads back": _lasting("again", page=2),
        "no next link though there is more": _lasting("edited", next=None),
        "ten records twice, ten missing": _lasting(
            "rows", path="items", change=lambda rows: [*rows[:40], *rows[:10]]
        ),
        "no UTF-8": _lasting("replaced", old=b"item 110", new=b"item \xff\xfe0"),
        "200,000 levels deep": _lasting("deep"),
        "a header of 64 kB": _fault("headers", X_Long="x" * (64 << 10)),
        "one byte a second": _lasting("slow", pause=1.0),
        "a gzip bomb of 1 GiB": _lasting("bombed"),
    }


@dataclass(frozen=True)
class Ending:
    """How a reader ended."""

    seen: Sequence[Any]
    error: str | None
    seconds: float
    memory: int  # bytes, at its largest
    is_hung: bool = False

    def said(self, expected: Sequence[Any]) -> str:
        """In few words; what nobody was told of in capitals."""
        size = f", {self.memory / 1e9:.1f} GB" if self.memory > 1e9 else ""
        if self.is_hung:
            return f"HANGS after {self.seconds:.0f} s{size}"
        if self.error is not None:
            return f"{self.error}, {self.seconds:.1f} s{size}"
        if list(self.seen) == list(expected):
            return f"right, {self.seconds:.1f} s{size}"
        right = len({*map(tuple, self.seen)} & {*map(tuple, expected)})
        return f"SILENT: {right} of {len(expected)} right{size}"


def app(address: str) -> Any:
    """Ten pages of items, each of which links to the next and tells the total."""

    def answer(request: Request) -> Response:
        if request.path != "/items":
            return Response(404)
        page = int(request.query.get("page", 1))
        first = SIZE * (page - 1)
        items = [
            {"id": it, "name": f"item {it}", "nothing": None} for it in range(first, min(first + SIZE, ROWS))
        ]
        following = f"{address}/items?page={page + 1}" if first + SIZE < ROWS else None
        body = json.dumps({"items": items, "next": following, "total": ROWS}, separators=(",", ":"))
        return Response(200, body=body.encode())

    return answer


def page_of(request: Request, answer: Response) -> int | None:
    return int(request.query.get("page", 1)) if request.path == "/items" else None


def ending(name: str, address: str, limit: float) -> Ending:
    """Run a reader to its end, or to ours."""
    python, program = READERS[name]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SPYRO_PROGRESS": "off",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }
    with tempfile.TemporaryFile() as told:
        begun = time.monotonic()
        child = subprocess.Popen(  # noqa: S603  # our own interpreters and scripts
            [python, str(HERE / program), address],
            stdout=told,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        is_hung = False
        while True:
            done, _, usage = os.wait4(child.pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() - begun > limit:
                is_hung = True
                os.killpg(child.pid, signal.SIGKILL)
                _, _, usage = os.wait4(child.pid, 0)
                break
            time.sleep(0.02)
        child.returncode = 0  # it has been waited for
        seconds, memory = time.monotonic() - begun, usage.ru_maxrss * 1024
        told.seek(0)
        lines = told.read().decode(errors="replace").strip().splitlines()
    if is_hung:
        return Ending([], None, seconds, memory, is_hung=True)
    try:
        said = json.loads(lines[-1])
        return Ending(said["seen"], said["error"], seconds, memory)
    except (ValueError, IndexError, TypeError):
        return Ending([], "it died", seconds, memory)


def is_there(name: str) -> bool:
    """Whether what a reader needs is installed."""
    needs = {"dlt": "dlt", "singer": "singer_sdk", "airbyte": "airbyte_cdk"}.get(name, "spyro_sdk")
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({needs!r}) is None)"
    python = READERS[name][0]
    if not Path(python).exists():
        return False
    return not subprocess.run([python, "-c", code], cwd=ROOT, check=False).returncode  # noqa: S603


def row(chaos: Chaos, fault: Fault | None, names: Sequence[str], limit: float) -> list[str]:
    """What comes of a fault, for each reader."""
    expected = [[it, f"item {it}"] for it in range(ROWS)]
    said = []
    for name in names:
        chaos.play(app(chaos.base_url), page_of, [] if fault is None else [fault])
        said.append(ending(name, chaos.base_url, limit).said(expected))
    return said


def check(chaos: Chaos, names: Sequence[str], limit: float) -> None:
    """End where a reader does not even read what is sent without a fault: all its errors would look right."""
    for name, said in zip(names, row(chaos, None, names, limit), strict=True):
        if not said.startswith("right"):
            sys.exit(f"{name} does not read what is sent without a fault: {said}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faults", nargs="*", metavar="FAULT")
    parser.add_argument("--only", nargs="+", choices=READERS, default=list(READERS))
    parser.add_argument("--limit", type=float, default=60.0, help="seconds after which a reader hangs")
    asked = parser.parse_args()
    names = [name for name in asked.only if is_there(name)]
    print("| fault | " + " | ".join(names) + " |\n|---|" + "---|" * len(names), flush=True)
    wrong = dict.fromkeys(names, 0)
    with serving() as chaos:
        check(chaos, names, asked.limit)
        for title, fault in faults().items():
            if not asked.faults or title in asked.faults:
                said = row(chaos, fault, names, asked.limit)
                print(f"| {title} | " + " | ".join(said) + " |", flush=True)
                for name, words in zip(names, said, strict=True):
                    wrong[name] += words[:5].isupper()
    print("| silent or without an end | " + " | ".join(map(str, wrong.values())) + " |")


if __name__ == "__main__":
    main()
