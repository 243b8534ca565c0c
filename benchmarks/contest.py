"""Who is measured, and how they take turns at one service."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
AIRBYTE = Path(sys.prefix, "airbyte", "bin", "python")
"""The interpreter of the environment that airbyte-cdk has alone."""
ALONE = {
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "DO_NOT_TRACK": "1",
    "AIRBYTE_DISABLE_TELEMETRY": "true",
}
"""What keeps a contender from speaking to anybody but the service."""
NEAR = 0.8  # the share of the service's ceiling from which on it may be what is measured


def environment(**more: str) -> dict[str, str]:
    """The environment of a contender's process; what it measures is the spyro_sdk beside these benchmarks.

    Like what is installed, that is compiled once: a round that does not count writes its bytecode.
    """
    given = os.environ.get("PYTHONPATH")
    roads = f"{given}{os.pathsep}{HERE.parent}" if given else str(HERE.parent)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **ALONE, "PYTHONPATH": roads, **more}


@dataclass(frozen=True)
class Contender:
    """Who is measured: a script, and what it is asked to do."""

    title: str
    script: str
    action: str = "-"
    needs: str = "aiohttp"
    """The module without which it cannot run."""
    wire: str = "salesforce"
    """What it speaks with the service."""
    python: Path = Path(sys.executable)

    @property
    def is_ours(self) -> bool:
        """Whether it is spyro_sdk that is measured."""
        return self.script in ("ours", "declared")

    @property
    def can_run(self) -> bool:
        """Whether what it needs is installed; in an environment of its own it is if that is there."""
        if self.python != Path(sys.executable):
            return self.python.exists()
        return importlib.util.find_spec(self.needs) is not None


CONTENDERS = {
    "limit": Contender("the limit: aiohttp, thrown away", "limit"),
    "loop": Contender("requests loop + pd.DataFrame", "loop", needs="requests"),
    "simple": Contender("simple-salesforce query_all", "simple", "query_all", needs="simple_salesforce"),
    "aiosalesforce": Contender("aiosalesforce query", "aiosf", needs="aiosalesforce"),
    "dlt": Contender("dlt RESTClient + pd.DataFrame", "dlt_client", needs="dlt"),
    "items-dlt": Contender("dlt RESTClient over pages", "dlt_client", "items", needs="dlt", wire="items"),
    "dlt-pipeline": Contender("dlt rest_api pipeline", "dlt_pipeline", "insert_values", needs="dlt"),
    "dlt-parquet": Contender("dlt rest_api pipeline, by Parquet", "dlt_pipeline", "parquet", needs="dlt"),
    "airbyte": Contender("airbyte-cdk declarative source", "airbyte", needs="airbyte_cdk", python=AIRBYTE),
    "singer": Contender("singer-sdk RESTStream", "singer", needs="singer_sdk"),
    "to_pandas": Contender("spyro_sdk to_pandas", "ours", "rest to_pandas"),
    "to_arrow": Contender("spyro_sdk to_arrow", "ours", "rest to_arrow"),
    "to_parquet": Contender("spyro_sdk to_parquet", "ours", "rest to_parquet"),
    "items-limit": Contender("the limit: 16 at once, thrown away", "limit_parallel", "items", wire="items"),
    "items-loop": Contender("requests loop over pages", "loop_items", needs="requests", wire="items"),
    "pages": Contender("spyro_sdk, PageNumber", "ours", "page to_pandas", wire="items"),
    "offsets": Contender("spyro_sdk, Offset", "ours", "offset to_pandas", wire="items"),
    "declared": Contender("spyro_sdk declared (connect('rest'))", "declared", "account told"),
    "declared-found": Contender("spyro_sdk declared, found out", "declared", "account found"),
    "items-declared": Contender(
        "spyro_sdk declared (connect('rest'))", "declared", "items told", wire="items"
    ),
    "bulk-limit": Contender("the limit: 16 at once, thrown away", "limit_parallel", "bulk", wire="bulk"),
    "simple-bulk": Contender(
        "simple-salesforce bulk2", "simple", "5", needs="simple_salesforce", wire="bulk"
    ),
    "simple-bulk-eager": Contender(
        "simple-salesforce bulk2, wait=0.5", "simple", "0.5", needs="simple_salesforce", wire="bulk"
    ),
    "bulk": Contender("spyro_sdk api='bulk'", "ours", "bulk to_pandas", wire="bulk"),
    "pages-aiolimiter": Contender(
        "aiohttp, 16 at once, aiolimiter", "limited", "aiolimiter", needs="aiolimiter", wire="items"
    ),
    "pages-retry": Contender("aiohttp, 16 at once, Retry-After", "limited", "retry", wire="items"),
}


@dataclass(frozen=True)
class Run:
    """What one process took, and what the service counted meanwhile."""

    seconds: float
    cpu: float  # seconds
    before: float  # MB that the process held when it began, its imports
    peak: float  # MB
    size: float | None  # MB of the result, where it is in memory
    served: float = 0.0  # CPU seconds of the service
    granted: int = 0  # requests
    refused: int = 0  # requests
    share: float | None = None
    """How much of the service's allowance was used."""


@dataclass(frozen=True)
class Terms:
    """How the service behaves."""

    records: int = 100_000
    page: int = 2_000  # records
    latency: float = 0  # milliseconds before each answer
    packs: bool = False
    rate: int | None = None  # requests in any second
    announces: bool = False
    wires: tuple[str, ...] = ("salesforce",)

    @property
    def options(self) -> list[str]:
        """The same, for its command line."""
        options = [f"--records={self.records}", f"--page={self.page}", f"--latency={self.latency}"]
        options += [f"--rate={self.rate}"] if self.rate else []
        options += [*(["--gzip"] if self.packs else []), *(["--announce"] if self.announces else [])]
        return [*options, "--wires", *self.wires]


@dataclass(frozen=True)
class Service:
    """Where the service is, and what a reader of it must arrive at."""

    terms: Terms
    address: str
    question: str
    answers: Mapping[str, int]
    """How many answers hold everything between them, by wire."""
    bytes: Mapping[str, int]
    """What these come to."""
    check: str

    def run(self, it: Contender) -> Run:
        """Run a contender; RuntimeError where it fails, or arrives at anything but what was announced."""
        started = self._measured()
        row = self._row(it)
        ended = self._measured()
        came = row.pop("records"), row.pop("check")
        if came not in ((self.terms.records, self.check), (None, str(self.bytes[it.wire]))):
            wanted = self.terms.records, self.check
            raise RuntimeError(f"{it.script} {it.action} arrived at {came}, not {wanted}")
        counted = {name: ended[name] for name in ("granted", "refused", "share")}
        return Run(**row, **counted, served=ended["cpu"] - started["cpu"])

    def _row(self, it: Contender) -> dict:
        script = HERE / "contenders" / f"{it.script}.py"
        done = subprocess.run(  # noqa: S603  # our own interpreter and scripts
            [it.python, script, self.address, self.question, it.action],
            env=environment(PAGE=str(self.terms.page), ALLOWED=str(self.terms.rate or 0)),
            capture_output=True,
            encoding="utf-8",
        )
        if done.returncode:
            raise RuntimeError(f"{it.script} {it.action} failed:\n{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])

    def _measured(self) -> dict:
        """What the service counted since this was asked for last."""
        with urllib.request.urlopen(f"{self.address}/measure", data=b"") as answer:  # noqa: S310  # loopback
            return json.load(answer)


@contextmanager
def serve(terms: Terms) -> Iterator[Service]:
    """Start the service in a process of its own; leaving closes its stdin, which ends it."""
    with subprocess.Popen(  # noqa: S603  # our own interpreter and package
        [sys.executable, "-m", "service", *terms.options],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the service did not start with {terms.options}")
        yield Service(terms, **json.loads(line))


def take_turns(service: Service, names: Sequence[str], rounds: int) -> dict[str, list[Run]]:
    """The runs of every contender, a round at a time; the first round is not counted."""
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for number in range(rounds + 1):
        for name in names:
            show(f"round {number} of {rounds}: {name}" if number else f"warming up: {name}")
            run = service.run(CONTENDERS[name])
            if number:
                runs[name].append(run)
    show("")
    return runs


def show(words: str) -> None:
    """Say where we are, on a line that the next words overwrite; nothing where nobody watches."""
    if sys.stderr.isatty():
        print(f"\r{words}\033[K", end="", file=sys.stderr, flush=True)


def present(names: Sequence[str], among: Mapping[str, Contender] = CONTENDERS) -> list[str]:
    """Those of the contenders that can run here; says which cannot."""
    missing = [name for name in names if not among[name].can_run]
    for name in missing:
        print(f"left out: {name}, since {among[name].needs} is not installed")
    return [name for name in names if name not in missing]


@dataclass(frozen=True)
class Ceiling:
    """What the service gives to one who only reads, without latency."""

    speed: float  # records a second
    cost: float  # CPU seconds of the service for each answer

    def verdict(self, speeds: Mapping[str, float]) -> str:
        """Whether the service is what holds the fastest contender back."""
        shares = {name: speed / self.speed for name, speed in speeds.items()}
        limits = {name for name in shares if name.endswith("limit")}
        name = max(shares.keys() - limits or shares, key=shares.__getitem__)
        words = "may be the bottleneck" if shares[name] >= NEAR else "is not the bottleneck"
        limit = "".join(f", the limit {shares[it]:.1%}" for it in limits)
        return f"it {words}: the fastest contender takes {shares[name]:.1%} of that{limit}"


def ceiling(service: Service, wire: str, rounds: int) -> Ceiling:
    """Measure what the service can give."""
    answers = service.answers[wire]
    reader = Contender("the ceiling", "ceiling", f"{wire} {answers}", wire=wire)
    runs = [service.run(reader) for _ in range(rounds + 1)][1:]
    seconds, served = median(run.seconds for run in runs), median(run.served for run in runs)
    return Ceiling(service.terms.records / seconds, served / answers)


def speeds(runs: Mapping[str, Sequence[Run]], records: int) -> dict[str, float]:
    """Records a second of each contender, the median."""
    return {name: median(records / run.seconds for run in own) for name, own in runs.items()}


def ratios(base: Sequence[Run], own: Sequence[Run]) -> list[float]:
    """How many times as fast as the base, round by round."""
    return [theirs.seconds / run.seconds for theirs, run in zip(base, own, strict=True)]


def middle(runs: Sequence[Run]) -> dict[str, float | None]:
    """The median of each figure."""
    told = {it.name: [getattr(run, it.name) for run in runs] for it in fields(Run)}
    return {name: None if None in values else median(values) for name, values in told.items()}
