"""The first small table in a fresh interpreter, imports included: ours beside `requests` and pandas by hand.

    python benchmarks/first_frame.py [--records N] [--rounds N] [--latency MS]

The whole process is timed, from its start to its end. They take turns; the first round does not count.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

from contest import HERE, Service, Terms, environment, serve, show

TITLES = {
    "first_nothing": "python that does nothing",
    "first_loop": "requests + pandas by hand",
    "first_ours": "spyro_sdk to_pandas",
}
BASE = "first_loop"


def seconds(service: Service, script: str) -> float:
    """How long one process takes; RuntimeError where it fails or arrives at something else."""
    command = [
        sys.executable,
        HERE / "contenders" / f"{script}.py",
        service.address,
        service.question,
        "token",
    ]
    started = time.perf_counter()
    done = subprocess.run(command, env=environment(), capture_output=True, encoding="utf-8")  # noqa: S603  # our own scripts
    took = time.perf_counter() - started
    wanted = f"{service.terms.records} {service.check.partition('/')[0]}\n"
    if done.returncode or done.stdout not in (wanted, ""):
        raise RuntimeError(f"{script} said {done.stdout!r}, not {wanted!r}\n{done.stderr}")
    return took


def take_turns(service: Service, rounds: int) -> dict[str, list[float]]:
    """Seconds of each, a round at a time."""
    times: dict[str, list[float]] = {script: [] for script in TITLES}
    for number in range(rounds + 1):
        show(f"round {number} of {rounds}" if number else "warming up")
        for script in TITLES:
            took = seconds(service, script)
            times[script] += [took] if number else []
    show("")
    return times


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    it = _options(arguments)
    with serve(Terms(it.records, page=max(it.records, 200), latency=it.latency)) as service:
        times = take_turns(service, it.rounds)
    print(f"a first table of {it.records} records, {it.latency:g} ms an answer; rounds: {it.rounds}")
    print(f"{'':34}{'ms':>8}   × by hand (least–most)")
    for script, title in TITLES.items():
        ratios = [own / base for own, base in zip(times[script], times[BASE], strict=True)]
        told = f"{median(ratios):6.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        print(f"{title:34}{median(times[script]) * 1e3:8.0f}   {told}")


def _options(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--latency", type=float, default=0, help="milliseconds before each answer")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
