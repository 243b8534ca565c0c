"""What we hold ourselves to, and whether it was met."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from results import Results


@dataclass(frozen=True)
class Claim:
    """A figure, and how much or how little of it there should be."""

    words: str
    scenarios: tuple[str, ...]
    """Those without which the figure cannot be told."""
    figure: Callable[[Results], float]
    least: float | None = None
    most: float | None = None

    def line(self, results: Results) -> str:
        """Words, what was wanted, what was measured, and whether that is enough; as a row of Markdown."""
        found = self.figure(results)
        wanted = f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"
        return f"| {self.words} | {wanted} | {found:.3g} | {'yes' if self._is_met(found) else '**no**'} |"

    def _is_met(self, found: float) -> bool:
        return (self.least is None or found >= self.least) and (self.most is None or found <= self.most)


def _times(scenario: str, base: str, name: str) -> Callable[[Results], float]:
    return lambda results: results.outcomes[scenario].ratio(base, name)


def _latencies(scenario: str, name: str) -> Callable[[Results], float]:
    """The time as a multiple of the latencies of all requests, one after the other."""

    def figure(results: Results) -> float:
        outcome = results.outcomes[scenario]
        it = outcome.middle(name)
        return (it["seconds"] or 0) / ((it["granted"] or 0) * outcome.terms.latency / 1000)

    return figure


def _growth(results: Results) -> float:
    small, large = (results.outcomes[name].middle("to_parquet")["peak"] for name in ("plain", "million"))
    return (large or 0) / (small or 1)


def _weight(results: Results) -> float:
    it = results.outcomes["large"].middle("to_pandas")
    return (it["peak"] or 0) / (it["size"] or 1)


def _share(scenario: str) -> Callable[[Results], float]:
    return lambda results: min(run.share or 0 for run in results.outcomes[scenario].runs["pages"])


def _refused(scenario: str) -> Callable[[Results], float]:
    return lambda results: max(run.refused for run in results.outcomes[scenario].runs["pages"])


CLAIMS = (
    Claim("to_pandas, times the loop", ("plain",), _times("plain", "loop", "to_pandas"), 10),
    Claim("to_pandas, times simple-salesforce", ("plain",), _times("plain", "simple", "to_pandas"), 20),
    Claim("to_pandas, times airbyte-cdk", ("plain",), _times("plain", "airbyte", "to_pandas"), 30),
    Claim(
        "to_pandas, times dlt's pipeline", ("pipeline",), _times("pipeline", "dlt-pipeline", "to_pandas"), 50
    ),
    Claim(
        "to_pandas, times dlt's pipeline by Parquet",
        ("pipeline",),
        _times("pipeline", "dlt-parquet", "to_pandas"),
        50,
    ),
    Claim("declared, times dlt's RESTClient", ("declared",), _times("declared", "dlt", "declared"), 10),
    Claim(
        "declared, times dlt's pipeline by Parquet",
        ("declared",),
        _times("declared", "dlt-parquet", "declared"),
        10,
    ),
    Claim(
        "150 ms, addresses computable, declared, times dlt's RESTClient",
        ("declared-150",),
        _times("declared-150", "items-dlt", "items-declared"),
        10,
    ),
    Claim("to_pandas, share of the limit", ("plain",), _times("plain", "limit", "to_pandas"), 0.35),
    Claim("to_parquet, times the loop", ("plain",), _times("plain", "loop", "to_parquet"), 9),
    Claim("bulk, times simple-salesforce bulk2", ("bulk",), _times("bulk", "simple-bulk", "bulk"), 20),
    Claim(
        "bulk, times simple-salesforce bulk2 with wait=0.5",
        ("bulk",),
        _times("bulk", "simple-bulk-eager", "bulk"),
        20,
    ),
    Claim(
        "150 ms, addresses computable, times the loop",
        ("computable",),
        _times("computable", "items-loop", "pages"),
        8,
    ),
    Claim(
        "150 ms, one page after the other, times the sum of latencies",
        ("latency-150",),
        _latencies("latency-150", "to_pandas"),
        most=1.05,
    ),
    Claim("to_parquet, peak of 1,000,000 records over 100,000", ("plain", "million"), _growth, most=1.3),
    Claim("to_pandas, peak over the DataFrame's size, 500,000 records", ("large",), _weight, most=2),
    Claim("share of the allowance used", ("limited",), _share("limited"), 0.97),
    Claim("requests refused", ("limited",), _refused("limited"), most=0),
    Claim("share of an announced allowance used", ("announced",), _share("announced"), 0.97),
    Claim("requests refused, allowance announced", ("announced",), _refused("announced"), most=0),
)


def lines(results: Results) -> Iterator[str]:
    """A table in Markdown of all claims that can be told from these results."""
    yield "| | wanted | measured | met |"
    yield "|---|---|---|---|"
    for claim in CLAIMS:
        if results.outcomes.keys() >= set(claim.scenarios):
            yield claim.line(results)
