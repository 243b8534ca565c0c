"""One table from one local Salesforce, by everyone who offers to fetch it.

    python benchmarks/side_by_side.py [--records N] [--rounds N] [--latency MS] [--gzip] [--only NAME …]

Each contender is a process of its own, and all take turns (A B C, A B C, …); the first round does not count.
Every run must arrive at the count and the check that the service announced, or the benchmark ends there.
Only the ratios mean something: each is to the loop of the same round.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
SHOWN = ("spyro-sdk", "aiohttp", "pyarrow", "pandas", "requests", "simple-salesforce", "dlt")
"""Distributions whose versions are told."""
ALONE = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "RUNTIME__DLTHUB_TELEMETRY": "false"}
"""What keeps a contender from speaking to anybody but the service."""
NEAR = 0.8  # the share of the service's ceiling from which on it may be what is measured


@dataclass(frozen=True)
class Contender:
    """Who is measured: a script, and what it is asked to do."""

    title: str
    script: str
    action: str = ""
    needs: str = "aiohttp"
    """The module without which it cannot run."""


CONTENDERS = {
    "limit": Contender("the limit: aiohttp, thrown away", "limit"),
    "loop": Contender("requests loop + pd.DataFrame", "loop", needs="requests"),
    "simple": Contender("simple-salesforce query_all", "simple", needs="simple_salesforce"),
    "dlt": Contender("dlt RESTClient + pd.DataFrame", "dlt_client", needs="dlt"),
    "to_pandas": Contender("spyro_sdk to_pandas", "ours", "to_pandas"),
    "to_arrow": Contender("spyro_sdk to_arrow", "ours", "to_arrow"),
    "to_parquet": Contender("spyro_sdk to_parquet", "ours", "to_parquet"),
}
BASE = "loop"
"""The contender that all are compared with."""


@dataclass(frozen=True)
class Run:
    """What one process took."""

    seconds: float
    cpu: float  # seconds
    peak: float  # MB


@dataclass(frozen=True)
class Service:
    """Where the service is, and what a reader of it must arrive at."""

    address: str
    question: str
    records: int
    pages: int
    bytes: int
    check: str

    def run(self, script: str, argument: str) -> Run:
        """Run a contender; RuntimeError where it fails, or arrives at anything but what was announced."""
        done = subprocess.run(  # noqa: S603  # our own interpreter and scripts
            [
                sys.executable,
                str(HERE / "contenders" / f"{script}.py"),
                self.address,
                self.question,
                argument,
            ],
            env={**os.environ, **ALONE},
            capture_output=True,
            encoding="utf-8",
        )
        if done.returncode:
            raise RuntimeError(f"{script} {argument} failed:\n{done.stderr}")
        row = json.loads(done.stdout.splitlines()[-1])
        came = row.pop("records"), row.pop("check")
        if came not in ((self.records, self.check), (None, str(self.bytes))):
            raise RuntimeError(f"{script} {argument} arrived at {came}, not ({self.records}, {self.check!r})")
        return Run(**row)


@contextmanager
def serve(records: int, latency: float, *, packs: bool) -> Iterator[Service]:
    """Start the service in a process of its own; leaving closes its stdin, which ends it."""
    command = [sys.executable, str(HERE / "service.py"), f"--records={records}", f"--latency={latency}"]
    with subprocess.Popen(  # noqa: S603  # our own interpreter and script
        [*command, *(["--gzip"] if packs else [])], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        yield Service(**json.loads(process.stdout.readline()))


def take_turns(service: Service, names: Sequence[str], rounds: int) -> dict[str, list[Run]]:
    """The runs of every contender, a round at a time; the first round is not counted."""
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for number in range(rounds + 1):
        for name in names:
            show(f"round {number} of {rounds}: {name}" if number else f"warming up: {name}")
            run = service.run(CONTENDERS[name].script, CONTENDERS[name].action)
            if number:
                runs[name].append(run)
    show("")
    return runs


def show(words: str) -> None:
    """Say where we are, on a line that the next words overwrite; nothing where nobody watches."""
    if sys.stderr.isatty():
        print(f"\r{words}\033[K", end="", file=sys.stderr, flush=True)


def ceiling(service: Service, rounds: int) -> float:
    """Records a second that the service gives to one who only reads, without latency."""
    seconds = [service.run("ceiling", str(service.pages)).seconds for _ in range(rounds + 1)]
    return service.records / median(seconds[1:])


def verdict(top: float, speeds: Mapping[str, float]) -> str:
    """Whether the service is what holds the fastest contender back."""
    shares = {name: speed / top for name, speed in speeds.items()}
    name = max(shares.keys() - {"limit"} or shares, key=shares.__getitem__)
    words = "may be the bottleneck" if shares[name] >= NEAR else "is not the bottleneck"
    limit = f", the limit {shares['limit']:.1%}" if "limit" in shares else ""
    return f"it {words}: the fastest contender takes {shares[name]:.1%} of that{limit}"


def table(runs: Mapping[str, Sequence[Run]], records: int) -> Iterator[str]:
    """The lines of the table: medians, and the ratios to the loop of the same round with their spread."""
    yield f"{'':34}{'records/s':>12}{'CPU s':>8}{'peak MB':>9}   × the loop (least–most)"
    for name, own in runs.items():
        speed = median(records / run.seconds for run in own)
        cpu, peak = median(run.cpu for run in own), median(run.peak for run in own)
        line = f"{CONTENDERS[name].title:34}{speed:12,.0f}{cpu:8.2f}{peak:9,.0f}"
        yield line + (f"   {spread(runs[BASE], own)}" if BASE in runs else "")


def spread(base: Sequence[Run], own: Sequence[Run]) -> str:
    """How many times as fast as the base: the median over the rounds, the least and the most."""
    ratios = [theirs.seconds / run.seconds for theirs, run in zip(base, own, strict=True)]
    return f"{median(ratios):6.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


def versions() -> str:
    """The machine, and what was measured on it."""
    found = [f"{name} {version}" for name in SHOWN if (version := _version(name))]
    cores = f"{platform.machine()}, {os.cpu_count()} cores"
    return f"{cores}, Python {platform.python_version()}, {', '.join(found)}"


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def present(names: Sequence[str], among: Mapping[str, Contender] = CONTENDERS) -> list[str]:
    """Those of the contenders that can run here; says which cannot."""
    missing = [name for name in names if importlib.util.find_spec(among[name].needs) is None]
    for name in missing:
        print(f"left out: {name}, since {among[name].needs} is not installed")
    return [name for name in names if name not in missing]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the table."""
    it = _options(arguments)
    print(versions())
    names = present(it.only)
    with serve(it.records, it.latency, packs=it.gzip) as service:
        way = f"{'gzip' if it.gzip else 'plain'}, {it.latency:g} ms a page"
        size = f"{service.bytes / 1e6:,.1f} MB in {service.pages:,} pages"
        print(f"{service.records:,} records, {size}, {way}; rounds: {it.rounds}")
        top = ceiling(service, it.rounds)
        print(f"the service gives {top:,.0f} records/s to one who only reads, without latency")
        runs = take_turns(service, names, it.rounds)
    speeds = {name: median(it.records / run.seconds for run in own) for name, own in runs.items()}
    print(verdict(top, speeds), *table(runs, it.records), sep="\n")


def _options(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0, help="milliseconds before each page")
    parser.add_argument("--gzip", action="store_true", help="pages packed for those who accept it")
    parser.add_argument(
        "--only", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS), metavar="NAME",
        help=f"of {', '.join(CONTENDERS)}",
    )  # fmt: skip
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
