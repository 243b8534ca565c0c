"""How batches lie in an Arrow IPC file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from spyro_sdk.arrow.ipc import COMPRESSIONS, Ipc
from spyro_sdk.arrow.sink import Sink
from spyro_sdk.errors import ValidationError

from .rows import batch


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_every_reader_of_feather_and_ipc_takes_it(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "rows.arrow"
    with Sink(path, Ipc(compression)) as sink:
        sink.write(batch(n=[1, None], m=[{}, None], s=["x", ""]))
        sink.write(batch(n=[3], m=[{}], s=[None]))
    with pa.memory_map(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
        assert table.to_pydict() == {"n": [1, None, 3], "m": [{}, None, {}], "s": ["x", "", None]}
        assert table["n"].num_chunks == 1
    assert pd.read_feather(path)["s"].tolist()[:2] == ["x", ""]
    assert pl.read_ipc(path, columns=["n"])["n"].to_list() == [1, None, 3]


def test_a_compression_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="'gzip' cannot be: it must be one of lz4, zstd, none") as caught:
        Ipc("gzip")
    assert caught.value.field == "compression"
