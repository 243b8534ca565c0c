"""Fetch every customer of the demo service into a DataFrame and a Parquet file, and check both.

This is what `make demo` runs. It needs no account and no network: the service is on this machine, and is
spoken to over HTTP as the real one would be.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import spyro_sdk as spyro

FILE = Path("customers.parquet")
SHOWN = ["id", "name", "industry", "employee_count", "annual_revenue", "created_at"]


def main() -> int:
    """Do the whole job; return how many checks failed."""
    records = _records_wanted()

    _title(f"Connect to a demo Salesforce with {records:,} accounts")
    sf = spyro.connect("salesforce", demo={"records": records}, progress=True)
    print(sf)
    print(sf.entities())

    _title("Fetch every Customer into a DataFrame")
    customers = sf.fetch("Customer")
    frame = customers.to_pandas()
    print(f"{len(frame):,} rows × {len(frame.columns)} columns, the first rows of six of them:")
    print(frame[SHOWN].head().to_string(max_colwidth=26))
    print("\nThe types of all:")
    print(frame.dtypes.to_string())

    _title(f"Fetch them again, page by page, into {FILE}")
    rows = customers.to_parquet(FILE)
    print(f"{rows:,} rows, {FILE.stat().st_size / 1e6:.1f} MB")

    _title(f"Read {FILE} back and check it")
    failed = 0
    for claim, holds in _checks(sf, frame, records):
        print(f"  {'ok    ' if holds else 'FAILED'}  {claim}")
        failed += not holds

    _title("What that took")
    print(textwrap.fill(str(sf.stats), 100))
    print(sf.rate_limit)
    sf.close()
    return failed


def _checks(sf: spyro.Connection, frame: pd.DataFrame, records: int) -> Iterator[tuple[str, bool]]:
    """What must be true of the DataFrame and the file, and whether it is."""
    file, schema = pq.read_table(FILE), sf.describe("Customer").to_arrow()
    counted = sf.fetch("Customer").count()
    yield f"the service counts {counted:,} customers, and the DataFrame has them", len(frame) == counted
    yield f"the demo was asked for {records:,}, and the file has them", file.num_rows == records
    yield "no id comes twice", bool(frame["id"].is_unique)
    yield "the file has the columns and types that describe() tells", file.schema.equals(schema)
    again = pa.Table.from_pandas(frame, schema=file.schema, preserve_index=False)
    yield "every value in the file equals that in the DataFrame", again.equals(file)
    said = pq.read_metadata(FILE).metadata
    yield "the file says itself how many rows it has", said[b"spyro.rows"] == str(file.num_rows).encode()


def _records_wanted() -> int:
    parser = argparse.ArgumentParser(description="Fetch every customer of the demo service.")
    parser.add_argument("--records", type=int, default=50_000, help="accounts in the demo (%(default)s)")
    return int(parser.parse_args().records)


def _title(text: str) -> None:
    print(f"\n── {text} ".ljust(100, "─"), flush=True)


if __name__ == "__main__":
    if failures := main():
        sys.exit(f"{failures} checks failed")
