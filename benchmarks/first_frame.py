"""The first small table, imports included: ours beside `requests` and pandas by hand.

    python benchmarks/first_frame.py [--records N] [--rounds N] [--latency MS] [--pause SECONDS]

In an interpreter the whole process is timed, from its start to its end. In a notebook the two cells of the
same script are: one that imports (and connects), one that fetches; the kernel is fresh, its start does not
count. They take turns; the first round does not count.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any, TypeAlias

from contest import HERE, Service, Terms, environment, serve, show
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

TITLES = {
    "first_nothing": "python that does nothing",
    "first_loop": "requests + pandas by hand",
    "first_described": "the same, which asks for the columns",
    "first_ours": "spyro_sdk to_pandas",
}
BASE = "first_loop"
CELL = "# %%\n"

Measure: TypeAlias = Callable[[Service, str], float]
"""How many seconds a script takes; RuntimeError where it fails or arrives at something else."""


def seconds(service: Service, script: str) -> float:
    """How long one process takes."""
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603  # our own scripts
        [sys.executable, *_command(service, script)],
        env=environment(),
        capture_output=True,
        encoding="utf-8",
    )
    took = time.perf_counter() - started
    if done.returncode or done.stdout not in (_wanted(service), ""):
        raise RuntimeError(f"{script} said {done.stdout!r}, not {_wanted(service)!r}\n{done.stderr}")
    return took


def seconds_of_cells(pause: float, service: Service, script: str) -> float:
    """How long the cells of a script take in a fresh kernel; `pause` seconds between them do not count."""
    manager, client = start_new_kernel(env=environment(), stderr=subprocess.DEVNULL)
    try:
        _said(client, f"import sys; sys.argv = {_command(service, script)}")
        cells = (HERE / "contenders" / f"{script}.py").read_text("utf-8").split(CELL)[1:]
        took, said = 0.0, ""
        for number, cell in enumerate(cells):
            time.sleep(pause if number else 0)
            started = time.perf_counter()
            said += _said(client, cell)
            took += time.perf_counter() - started
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if said != _wanted(service):
        raise RuntimeError(f"{script} said {said!r}, not {_wanted(service)!r}")
    return took


def take_turns(
    service: Service, rounds: int, measure: Measure, scripts: Sequence[str]
) -> dict[str, list[float]]:
    """Seconds of each, a round at a time."""
    times: dict[str, list[float]] = {script: [] for script in scripts}
    for number in range(rounds + 1):
        show(f"round {number} of {rounds}" if number else "warming up")
        for script in scripts:
            took = measure(service, script)
            times[script] += [took] if number else []
    show("")
    return times


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    it = _options(arguments)
    with serve(Terms(it.records, page=max(it.records, 200), latency=it.latency)) as service:
        print(f"a first table of {it.records} records, {it.latency:g} ms an answer; rounds: {it.rounds}")
        _table("in a fresh interpreter", take_turns(service, it.rounds, seconds, list(TITLES)))
        cells = take_turns(service, it.rounds, partial(seconds_of_cells, it.pause), list(TITLES)[1:])
        _table(f"in two cells of a fresh notebook, {it.pause:g} s between them", cells)


def _table(title: str, times: Mapping[str, Sequence[float]]) -> None:
    print(f"{title:54}{'ms':>6}   × by hand (least–most)")
    for script, own in times.items():
        ratios = [one / base for one, base in zip(own, times[BASE], strict=True)]
        told = f"{median(ratios):6.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        print(f"  {TITLES[script]:52}{median(own) * 1e3:6.0f}   {told}")


def _command(service: Service, script: str) -> list[str]:
    """A script and its arguments."""
    return [str(HERE / "contenders" / f"{script}.py"), service.address, service.question, "token"]


def _wanted(service: Service) -> str:
    """What a script must arrive at."""
    return f"{service.terms.records} {service.check.partition('/')[0]}\n"


def _said(client: BlockingKernelClient, code: str) -> str:
    """What code prints in a kernel; RuntimeError where it fails."""
    said: list[str] = []

    def hear(message: Mapping[str, Any]) -> None:
        said.append(message["content"].get("text", ""))

    reply = client.execute_interactive(code, output_hook=hear, timeout=60)
    if reply["content"]["status"] != "ok":
        raise RuntimeError("\n".join(reply["content"]["traceback"]))
    return "".join(said)


def _options(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--latency", type=float, default=0, help="milliseconds before each answer")
    parser.add_argument("--pause", type=float, default=0, help="seconds between the cells of a notebook")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
