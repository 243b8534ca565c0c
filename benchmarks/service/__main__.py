"""Start the service; run in benchmarks/:

    python -m service [--wires NAME …] [--records N] [--page N] [--gzip] [--latency MS] [--polls N] [--rate N]

Prints one line of JSON that says where it is and what a reader must arrive at, and ends when stdin closes.
"""

from __future__ import annotations

import argparse
import json
import sys

from .allowance import Allowance
from .answers import Answers, Habits
from .bodies import WIRES, Bodies, Wanted
from .http import listen
from .records import QUESTION


def main() -> None:
    """Serve until stdin closes, which it does when the parent ends, however it ends."""
    it = _options()
    bodies = {wire: Bodies(Wanted(wire, it.records, it.page, it.gzip)) for wire in it.wires}
    habits = Habits(it.latency / 1000, it.polls, it.announce)
    announced = {
        "address": listen(Answers(bodies, Allowance(it.rate), habits)),
        "question": QUESTION,
        "answers": {name: -(-it.records // its.step) for name, its in bodies.items()},
        "bytes": {name: its.size() for name, its in bodies.items()},
        "check": next(iter(bodies.values())).index.check,
    }
    print(json.dumps(announced), flush=True)
    sys.stdin.buffer.read()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wires", nargs="+", choices=WIRES, default=list(WIRES), metavar="NAME")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--page", type=int, default=2_000, help="records in a page")
    parser.add_argument("--gzip", action="store_true", help="pack answers for clients that accept it")
    parser.add_argument("--latency", type=float, default=0, help="milliseconds before each answer")
    parser.add_argument("--polls", type=int, default=1, help="looks at a bulk job that find it unfinished")
    parser.add_argument("--rate", type=int, help="requests allowed in any second")
    parser.add_argument("--announce", action="store_true", help="say in each answer what is left of the rate")
    return parser.parse_args()


if __name__ == "__main__":
    main()
