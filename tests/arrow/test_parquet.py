"""How batches lie in a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spyro_sdk.arrow.parquet import COMPRESSIONS, Parquet, storable
from spyro_sdk.arrow.sink import Sink
from spyro_sdk.errors import ValidationError

from .rows import batch, numbers


def test_only_texts_that_repeat_have_a_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    with Sink(path, Parquet("snappy")) as sink:
        sink.write(batch(id=[str(n) for n in range(1000)], kind=["a", "b"] * 500, n=[1] * 1000))
    group = pq.read_metadata(path).row_group(0)
    assert [group.column(i).has_dictionary_page for i in range(3)] == [False, True, False]
    assert group.column(0).compression == "SNAPPY"


@pytest.mark.parametrize(("kinds", "has_dictionary"), [(2, True), (3, False)])
def test_a_text_repeats_that_comes_ten_times_on_the_average(
    tmp_path: Path, kinds: int, has_dictionary: bool
) -> None:
    path = tmp_path / "rows.parquet"
    with Sink(path, Parquet()) as sink:
        sink.write(batch(kind=[str(n % kinds) for n in range(20)]))
    assert pq.read_metadata(path).row_group(0).column(0).has_dictionary_page is has_dictionary


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_every_compression_can_be_read(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "rows.parquet"
    with Sink(path, Parquet(compression)) as sink:
        sink.write(numbers(0, 1000))
    assert pq.read_table(path)["n"].to_pylist() == list(range(1000))


def test_types_that_parquet_has_not_are_written_as_it_can() -> None:
    kinds: dict[str, Any] = {
        "empty": pa.struct([]),
        "nested": pa.list_(pa.struct([("e", pa.struct([])), ("t", pa.timestamp("s", "UTC"))])),
        "time": pa.time32("s"),
        "n": pa.int64(),
    }
    found = storable(pa.schema(list(kinds.items()), {"k": "v"}))
    assert found.metadata == {b"k": b"v"}
    assert found.types == [
        pa.string(),
        pa.list_(pa.struct([("e", pa.string()), ("t", pa.timestamp("ms", "UTC"))])),
        pa.time32("ms"),
        pa.int64(),
    ]


def test_an_object_without_keys_is_its_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    with Sink(path, Parquet(row_group_rows=1)) as sink:
        sink.write(batch(m=[{}, None]))
        sink.write(batch(m=[{"a": 1}]))
    assert pq.read_table(path)["m"].to_pylist() == ["{}", None, '{"a":1}']


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compression": "zstdd"}, r"compression='zstdd' cannot be: it must be one of zstd, .*mean 'zstd'"),
        ({"compression": None}, "compression=None cannot be: it must be one of"),
        ({"row_group_rows": 0}, "row_group_rows=0 cannot be: it must be a whole number from 1"),
        ({"row_group_rows": 1.5}, "row_group_rows=1.5 cannot be"),
        ({"row_group_rows": True}, "row_group_rows=True cannot be"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        Parquet(**options)
    assert caught.value.field == next(iter(options))
