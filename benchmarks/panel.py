"""What the panel of a running fetch costs it, in a real kernel.

    python benchmarks/panel.py [--records N] [--rounds N]

A kernel fetches a table to Arrow again and again, turn by turn with the panel and without, each in a cell of
its own, from a service that answers at once and from one that takes 50 ms. The panel may cost 2 % at most.

Others on the machine disturb the clock. So the work of the waiting thread, which draws, is told beside it:
what it has more of with the panel, as a share of the quickest fetch without. What is sent to the page is
counted: without messages there was no panel. Of a fetch that takes less than 0.4 s only the card is drawn.
The first panel of a kernel imports ipywidgets, which the warming up does not count.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from contest import Terms, environment, serve
from jupyter_client.manager import KernelManager

MOST = 2.0  # percent
CONNECT = """
import time
import spyro_sdk as spyro
fetch = spyro.connect("salesforce", base_url="{address}", access_token="token", api="rest",
                      rate_limit=1e6, burst_size=1000).fetch("Account")
def seconds(progress):
    clocks = time.perf_counter, time.thread_time
    before = [clock() for clock in clocks]
    fetch.to_arrow(progress=progress)
    print(*[clock() - then for clock, then in zip(clocks, before)])
"""


class Seconds(NamedTuple):
    """What a fetch took."""

    clock: float
    drawing: float  # of the processor, by the thread that waits


@dataclass
class Turns:
    """What was measured of one service, turn by turn."""

    silent: list[Seconds] = field(default_factory=list)
    shown: list[Seconds] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    kilobytes: list[float] = field(default_factory=list)

    @property
    def slower(self) -> list[float]:
        """Percent that each turn with the panel took longer."""
        pairs = zip(self.shown, self.silent, strict=True)
        return [100 * (shown.clock / silent.clock - 1) for shown, silent in pairs]

    @property
    def work(self) -> list[float]:
        """Percent of the quickest fetch without that each turn's panel kept the waiting thread at work."""
        pairs, quickest = zip(self.shown, self.silent, strict=True), min(it.clock for it in self.silent)
        return [100 * (shown.drawing - silent.drawing) / quickest for shown, silent in pairs]


class Kernel:
    """A kernel before which somebody sits."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.sent: list[dict[str, Any]] = []

    def run(self, code: str) -> str:
        """What a cell prints; all else that it sends to the page is in `sent`."""
        self.sent, printed = [], []

        def heard(message: dict[str, Any]) -> None:
            kind, content = message["msg_type"], message["content"]
            if kind == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            if kind == "stream":
                printed.append(content["text"])
            elif kind != "status" and kind != "execute_input":
                self.sent.append(content)

        self.client.execute_interactive(code, allow_stdin=True, output_hook=heard, timeout=300)
        return "".join(printed)


@contextmanager
def kernel() -> Iterator[Kernel]:
    """A kernel in which what is measured is the spyro_sdk beside these benchmarks."""
    manager = KernelManager()
    manager.start_kernel(env=environment())
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def turns(terms: Terms, rounds: int) -> Turns:
    """Fetch with the panel and without, which of them first changing; the first round is not counted."""
    it = Turns()
    with serve(terms) as service, kernel() as notebook:
        notebook.run(CONNECT.format(address=service.address))
        for number in range(rounds + 1):
            for shown in (number % 2 == 0, number % 2 != 0):
                took = Seconds(*map(float, notebook.run(f"seconds({shown})").split()))
                if number:
                    (it.shown if shown else it.silent).append(took)
                if number and shown:
                    it.messages.append(len(notebook.sent))
                    it.kilobytes.append(
                        sum(len(json.dumps(sent, default=str)) for sent in notebook.sent) / 1e3
                    )
    return it


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what the panel costs, for each service."""
    it = _options(arguments)
    heads = f"{'with a panel':>25} {'its own work':>25} {'messages':>9} {'kB':>6}"
    print(f"{'a fetch to Arrow':33} {'without':>8} {heads}")
    clock = work = 0.0
    for terms in (Terms(it.records, latency=50), Terms(it.records), Terms(10 * it.records)):
        measured = turns(terms, it.rounds)
        print(_line(terms, measured))
        clock = max(clock, statistics.median(measured.slower))
        work = max(work, statistics.median(measured.work))
    costs = {"by the clock": clock, "by its own work": work}
    verdict = ", ".join(f"{name} {'yes' if cost <= MOST else 'no'}" for name, cost in costs.items())
    print(f"at most {MOST:g} %: {verdict}; {it.rounds} turns each")


def _line(terms: Terms, it: Turns) -> str:
    clock, work = _spread(it.slower), _spread(it.work)
    name = f"{terms.records:,} records, {terms.latency:g} ms an answer"
    sent = f"{statistics.median(it.messages):9.0f} {statistics.median(it.kilobytes):6.1f}"
    whole = statistics.median(seconds.clock for seconds in it.silent)
    return f"{name:33} {whole:6.2f} s {clock:>25} {work:>25} {sent}"


def _spread(costs: list[float]) -> str:
    return f"{statistics.median(costs):+.1f} % ({min(costs):+.1f} to {max(costs):+.1f})"


def _options(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
