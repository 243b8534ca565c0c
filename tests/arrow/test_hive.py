"""A value names a folder, whatever it is, and can be read again."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spyro_sdk.arrow.hive import NULL, Folders, asked, check_columns, check_value
from spyro_sdk.errors import ExportError, ValidationError

VALUES = st.none() | st.text(st.characters(codec="utf-8")).filter(lambda text: text != NULL)


@given(rows=st.lists(st.tuples(VALUES, VALUES), unique=True))
@example(rows=[("DE", "a"), ("de", "a"), ("De", "a"), ("De", None)])
@example(rows=[(NULL.lower(), ""), (None, NULL.lower()), ("", "..")])
def test_different_values_have_different_folders_on_any_disk(rows: list[tuple[str | None, ...]]) -> None:
    folders = Folders(["k", "a=b/"])
    paths = [folders.of(row) for row in rows]
    assert len({path.lower() for path in paths}) == len(rows)
    for row, path in zip(rows, paths, strict=True):
        assert path == folders.of(row)
        assert re.fullmatch(r"k=[\w%.~-]*/a%3Db%2F=[\w%.~-]*", path, re.ASCII)
        assert not path.endswith(".")
        parts = [segment.partition("=")[2] for segment in path.split("/")]
        assert [None if part == NULL else unquote(part) for part in parts] == list(row)


def test_plain_values_have_plain_folders() -> None:
    folders = Folders(["country", "year"])
    assert folders.of(("DE", "2026")) == "country=DE/year=2026"
    assert folders.of(("DE", None)) == "country=DE/year=__HIVE_DEFAULT_PARTITION__"
    assert folders.of(("de", "2026")) == "country=%64%65/year=2026"
    assert folders.of(("a/b", "..")) == "country=a%2Fb/year=.%2E"
    assert Folders(["XX", "/X"]).of(("/", "X")) == "XX=%2F/%2FX=X"


@pytest.mark.parametrize("by", [None, "", [], [""], ["a", "a"], ["a", 1], 3, b"a", {"a"}])
def test_what_is_no_list_of_columns_is_refused(by: Any) -> None:
    with pytest.raises(ValidationError, match=r"partition_by=.* cannot be: it must be the name") as caught:
        asked(by)
    assert caught.value.field == "partition_by"


def test_a_name_or_a_list_of_names_is_taken() -> None:
    assert asked("a") == asked(["a"]) == asked(("a",)) == ("a",)


SCHEMA = pa.schema(
    [
        ("country", pa.string()),
        ("year", pa.int32()),
        ("day", pa.date32()),
        ("active", pa.bool_()),
        ("nothing", pa.null()),
        ("revenue", pa.float64()),
        ("money", pa.decimal128(38, 6)),
        ("at", pa.timestamp("us", "UTC")),
        ("address", pa.struct([("city", pa.string())])),
        ("tags", pa.list_(pa.string())),
    ]
)


def test_columns_of_classes_can_name_folders_and_others_cannot() -> None:
    check_columns(["country", "year", "day", "active", "nothing"], SCHEMA, "Customer")
    for name in SCHEMA.names[5:]:
        message = f"Customer cannot be partitioned by '{name}', which is .*: choose a column of texts"
        with pytest.raises(ValidationError, match=message):
            check_columns([name], SCHEMA, "Customer")


def test_a_column_that_is_not_there_is_named_with_what_may_be_meant() -> None:
    with pytest.raises(ValidationError, match=r"has no column 'contry'; it has .*mean 'country'") as caught:
        check_columns(["contry"], SCHEMA, "Customer")
    assert (caught.value.field, caught.value.value) == ("partition_by", ["contry"])


def test_some_column_must_be_left_for_the_files() -> None:
    with pytest.raises(ValidationError, match="leaves no column for the files"):
        check_columns(["a"], pa.schema([("a", pa.string())]), "Customer")


def test_the_text_that_stands_for_null_is_refused() -> None:
    check_value("DE")
    check_value(None)
    with pytest.raises(ExportError, match="stands for null"):
        check_value(NULL)
