"""One table from one local Salesforce, by everyone who offers to fetch it.

    python benchmarks/side_by_side.py [--records N] [--rounds N] [--latency MS] [--gzip] [--only NAME …]

Each contender is a process of its own, and all take turns (A B C, A B C, …); the first round does not count.
Every run must arrive at the count and the check that the service announced, or the benchmark ends there.
Only the ratios mean something: each is to the loop of the same round.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from contest import CONTENDERS, Run, Terms, ceiling, middle, present, ratios, serve, speeds, take_turns

SHOWN = (
    "spyro-sdk",
    "aiohttp",
    "pyarrow",
    "pandas",
    "requests",
    "simple-salesforce",
    "aiosalesforce",
    "dlt",
    "singer-sdk",
)
"""Distributions whose versions are told."""
ALL = [name for name, it in CONTENDERS.items() if it.wire == "salesforce"]
SLOW = {"dlt-pipeline"}  # minutes for 100,000 records: only for who asks
BASE = "loop"
"""The contender that all are compared with."""


def table(runs: Mapping[str, Sequence[Run]], records: int, base: str = BASE) -> Iterator[str]:
    """The lines of the table: medians, and the ratios to the base of the same round with their spread."""
    figures = f"{'records/s':>12}{'CPU s':>8}{'peak MB':>9}{'service CPU s':>15}"
    yield f"{'':34}{figures}   × {CONTENDERS[base].title} (least–most)"
    for name, own in runs.items():
        it, speed = middle(own), median(records / run.seconds for run in own)
        line = f"{CONTENDERS[name].title:34}{speed:12,.0f}{it['cpu']:8.2f}{it['peak']:9,.0f}"
        yield f"{line}{it['served']:15.2f}" + (f"   {spread(runs[base], own)}" if base in runs else "")


def spread(base: Sequence[Run], own: Sequence[Run]) -> str:
    """How many times as fast as the base: the median over the rounds, the least and the most."""
    found = ratios(base, own)
    return f"{median(found):6.2f} ({min(found):.2f}–{max(found):.2f})"


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


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the table."""
    it = _options(arguments)
    print(versions())
    names = present(it.only)
    terms = Terms(it.records, latency=it.latency, packs=it.gzip)
    with serve(terms) as service:
        way = f"{'gzip' if it.gzip else 'plain'}, {it.latency:g} ms an answer"
        size = f"{service.bytes['salesforce'] / 1e6:,.1f} MB in {service.answers['salesforce']:,} pages"
        print(f"{terms.records:,} records, {size}, {way}; rounds: {it.rounds}")
        top = ceiling(service, "salesforce", it.rounds)
        print(f"the service gives {top.speed:,.0f} records/s to one who only reads, without latency,")
        print(f"and needs {top.cost * 1e3:.2f} ms of CPU for a page")
        runs = take_turns(service, names, it.rounds)
    print(top.verdict(speeds(runs, terms.records)), *table(runs, terms.records), sep="\n")


def _options(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0, help="milliseconds before each answer")
    parser.add_argument("--gzip", action="store_true", help="pages packed for those who accept it")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=ALL,
        default=[name for name in ALL if name not in SLOW],
        metavar="NAME",
        help=f"of {', '.join(ALL)}; without it all but {', '.join(SLOW)}",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
