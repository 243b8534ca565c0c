"""The first records are a DataFrame, and whatever is made of them is an ordinary one."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pytest

from spyro_sdk.arrow.head import Head, Origin, head_of, origin_of


@pytest.fixture
def head() -> Head:
    return head_of(pa.table({"a": [1, None], "b": ["x", "y"], "entity": [1, 2]}), "Customer")


def test_it_knows_where_its_records_come_from(head: Head) -> None:
    assert isinstance(head, pd.DataFrame)
    assert origin_of(head) == Origin("Customer", {"a": "int64", "b": "string", "entity": "int64"})
    assert head.entity.tolist() == [1, 2]  # a column, as in any DataFrame
    assert head.attrs == {}


def test_its_values_are_those_of_a_plain_one(head: Head) -> None:
    assert head["a"].tolist() == [1, pd.NA]
    assert head.dtypes.astype(str)["a"] == "Int64"
    assert repr(head) == repr(pd.DataFrame(head))
    assert head._repr_mimebundle_()["text/plain"] == repr(head)


def test_it_can_be_changed_as_any_other(head: Head) -> None:
    head["c"] = 3
    head.loc[0, "a"] = 9
    assert head["a"].tolist() == [9, pd.NA]
    assert head.columns.tolist() == ["a", "b", "entity", "c"]


@pytest.mark.parametrize(
    "make",
    [
        pd.DataFrame.copy,
        copy.copy,
        copy.deepcopy,
        lambda head: pickle.loads(pickle.dumps(head)),
        lambda head: pickle.loads(pickle.dumps(head, 5)),
        lambda head: head[["a"]],
        lambda head: head[head["a"] > 0],
        lambda head: head.head(1),
        lambda head: head.assign(z=1),
        lambda head: head.merge(head, on="b"),
        lambda head: pd.concat([head, head]),
        lambda head: head.groupby("b").sum(),
        lambda head: head.T,
        pd.DataFrame,
    ],
)
def test_what_is_made_of_it_is_a_plain_one(head: Head, make: Callable[[Head], pd.DataFrame]) -> None:
    assert type(make(head)) is pd.DataFrame


def test_a_copy_has_all_of_it(head: Head) -> None:
    for same in (copy.copy(head), pickle.loads(pickle.dumps(head))):
        pd.testing.assert_frame_equal(same, pd.DataFrame(head))
