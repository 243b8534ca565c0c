"""What docs/performance.md shows: under which terms, who, and beside whom."""

from __future__ import annotations

from dataclasses import dataclass

from contest import Terms


@dataclass(frozen=True)
class Scenario:
    """One table."""

    title: str
    terms: Terms
    names: tuple[str, ...]
    base: str
    """The contender that the others are compared with."""
    rounds: int = 5


OURS = ("to_pandas", "to_arrow", "to_parquet")
RATE = 40  # requests a second

SCENARIOS = {
    "plain": Scenario(
        "Plain pages, no latency",
        Terms(),
        ("limit", "loop", "simple", "aiosalesforce", "dlt", "singer", "airbyte", *OURS),
        "loop",
    ),
    "pipeline": Scenario(
        "Plain pages, no latency: dlt's pipeline",
        Terms(),
        ("loop", "dlt-parquet", "dlt-pipeline", "to_pandas"),
        "loop",
        rounds=3,
    ),
    "declared": Scenario(
        "Plain pages, no latency: declared sources",
        Terms(),
        ("limit", "loop", "dlt", "dlt-parquet", "declared", "declared-found"),
        "dlt",
    ),
    "declared-150": Scenario(
        "150 ms an answer, 100 pages whose addresses can be computed: declared sources",
        Terms(200_000, latency=150, wires=("items",)),
        ("items-limit", "items-dlt", "items-declared"),
        "items-dlt",
        rounds=3,
    ),
    "gzip": Scenario("The same, gzipped", Terms(packs=True), ("limit", "loop", "simple", *OURS), "loop"),
    "large": Scenario(
        "500,000 records", Terms(500_000), ("limit", "loop", "simple", *OURS), "loop", rounds=3
    ),
    "million": Scenario(
        "1,000,000 records to Parquet", Terms(1_000_000), ("limit", "to_parquet"), "limit", rounds=3
    ),
    "latency-50": Scenario(
        "50 ms an answer, 100 pages",
        Terms(200_000, latency=50),
        ("limit", "loop", "to_pandas"),
        "loop",
        rounds=3,
    ),
    "latency-150": Scenario(
        "150 ms an answer, 100 pages",
        Terms(200_000, latency=150),
        ("limit", "loop", "to_pandas"),
        "loop",
        rounds=3,
    ),
    "computable": Scenario(
        "150 ms an answer, 100 pages whose addresses can be computed",
        Terms(200_000, latency=150, wires=("items",)),
        ("items-limit", "items-loop", "pages", "offsets"),
        "items-loop",
        rounds=3,
    ),
    "bulk": Scenario(
        "Bulk API 2.0",
        Terms(wires=("bulk", "salesforce")),
        ("bulk-limit", "loop", "simple-bulk", "simple-bulk-eager", "bulk"),
        "simple-bulk",
    ),
    "bulk-large": Scenario(
        "Bulk API 2.0, gzipped, 500,000 records",
        Terms(500_000, packs=True, wires=("bulk",)),
        ("bulk-limit", "simple-bulk", "simple-bulk-eager", "bulk"),
        "simple-bulk",
        rounds=3,
    ),
    "limited": Scenario(
        f"{RATE} requests a second allowed, 50 ms an answer",
        Terms(100_000, page=100, latency=50, rate=RATE, wires=("items",)),
        ("pages-retry", "pages-aiolimiter", "pages"),
        "pages-retry",
        rounds=3,
    ),
    "announced": Scenario(
        f"{RATE} requests a second allowed and announced, 50 ms an answer",
        Terms(100_000, page=100, latency=50, rate=RATE, announces=True, wires=("items",)),
        ("pages",),
        "pages",
        rounds=3,
    ),
}
