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


def test_what_is_to_be_packed_is(tmp_path: Path) -> None:
    sizes = {}
    for compression in COMPRESSIONS:
        path = tmp_path / compression
        with Sink(path, Ipc(compression)) as sink:
            sink.write(batch(n=[0] * 10_000))
        sizes[compression] = path.stat().st_size
    assert sizes["none"] > 80_000
    assert max(sizes["lz4"], sizes["zstd"]) < 8_000


def test_a_compression_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"'gzip' cannot be: .* one of lz4, zstd, none") as caught:
        Ipc("gzip")
    assert caught.value.field == "compression"
