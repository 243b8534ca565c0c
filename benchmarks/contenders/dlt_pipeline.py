"""dlt: its declarative REST source, run as a pipeline into DuckDB, and a DataFrame of the table.

The third argument is the format in which it hands the rows over to DuckDB; its default is `insert_values`.
"""

from __future__ import annotations

import os
import tempfile

import dlt
import pandas as pd
from dlt.sources.rest_api import rest_api_source
from sources import source
from stopwatch import ACTION, Found, look_at, measure


def read_all() -> pd.DataFrame:
    """Run the pipeline, read the table."""
    pipeline = dlt.pipeline("accounts", destination="duckdb", dataset_name="salesforce", pipelines_dir=folder)
    pipeline.run(rest_api_source(source("account")), loader_file_format=ACTION)
    return pipeline.dataset()["account"].df()


def look(frame: pd.DataFrame) -> Found:
    """The table has names of its own, and no order."""
    named = frame.rename(columns={"id": "Id", "number_of_employees": "NumberOfEmployees"})
    return look_at(named.sort_values("Id"))


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)  # it puts the database where it runs
    measure(read_all, look)
