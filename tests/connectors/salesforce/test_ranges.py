"""Key ranges hold every key once, and a fetch by ranges gives what a fetch by pages gives."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.connectors.salesforce.ranges import DIGITS, ranges
from spyro_sdk.demo.ids import make_id
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.errors import DataFetchError, IntegrityError

from ...org import connected, data_calls, ids, truth

KEYS = st.integers(0, 62**5 - 1).map(lambda rank: make_id("001", rank))


@given(first=KEYS, last=KEYS, inside=st.lists(KEYS), records=st.integers(1, 10**6))
def test_ranges_hold_every_key_between_the_first_and_the_last_once(
    first: str, last: str, inside: list[str], records: int
) -> None:
    first, last = sorted((first, last))
    cuts = ranges(first, last, records, 2000)
    assert (cuts[0][0], cuts[-1][1]) == (first, last)
    assert all(one[1] == other[0] for one, other in pairwise(cuts))
    assert all(after < up_to for after, up_to in cuts) or len(cuts) == 1
    for key in [*inside, last]:
        if first < key <= last:
            assert sum(after < key <= up_to for after, up_to in cuts) == 1


def test_even_keys_are_cut_into_even_ranges() -> None:
    first, last = make_id("001", 0), make_id("001", 100_000)
    cuts = ranges(first, last, 100_000, 2000)
    assert len(cuts) == 63
    keys = [make_id("001", rank) for rank in range(1, 100_001)]
    sizes = [sum(after < key <= up_to for key in keys) for after, up_to in cuts]
    assert max(sizes) <= 1600
    assert sum(sizes) == 100_000


def test_a_first_page_that_has_hardly_any_records_does_not_make_a_range_of_each() -> None:
    cuts = ranges(make_id("001", 0), make_id("001", 100_000), 100_000, 1)
    assert len(cuts) == 64 + 625


@pytest.mark.parametrize(
    ("first", "last", "records"),
    [
        (make_id("001", 0), make_id("001", 9), 2000),  # a page holds them
        (make_id("001", 0), make_id("001", 9), 100_000),  # more than there is room for
        ("no key", make_id("001", 9), 100_000),
        (make_id("001", 0), "00100000000000-AAA", 100_000),
        ("", "", 100_000),
    ],
)
def test_what_cannot_be_cut_is_one_range(first: str, last: str, records: int) -> None:
    assert ranges(first, last, records, 2000) == [(first, last)]


def test_digits_are_in_the_order_in_which_keys_are_compared() -> None:
    assert list(DIGITS) == sorted(DIGITS)


@pytest.fixture
def small() -> Iterator[Service]:
    """An org that gives twenty records at once, however many are asked for."""
    with serve(records=1000, batch_limit=20, wide_records=65) as service:
        yield service


@pytest.mark.parametrize("entity", ["Account", "Customer", "Wide__c"])
@pytest.mark.parametrize("where", [None, "{name} > 'C'", "{name} = 'nobody'"])
def test_by_ranges_comes_what_comes_by_pages(small: Service, entity: str, where: str | None) -> None:
    where = where and where.format(name="name" if entity == "Customer" else "Name")
    with connected(small) as sf, connected(small, concurrency=4) as ranged:
        one, other = (it.fetch(entity, where=where).to_arrow() for it in (sf, ranged))
        assert other.equals(one)
        assert ranged.fetch(entity, where=where, limit=45).to_arrow().equals(one.slice(0, 45))


def test_ranges_cost_few_calls_more(small: Service) -> None:
    with connected(small, concurrency=4) as sf:
        assert ids(sf.fetch("Account", columns=["Id"]).to_arrow()) == everyone(small)
    asked = [seen.query.get("q", "") for seen in data_calls(small)]
    assert sum("Id DESC LIMIT 1" in question for question in asked) == 1
    assert sum("Id <= '" in question for question in asked) == 61  # the last has no end
    assert len(asked) == 1 + 1 + 62  # where a cursor takes 50


def test_a_few_pages_are_not_worth_a_range(small: Service) -> None:
    with connected(small, concurrency=4) as sf:
        assert len(sf.fetch("User", columns=["id"]).to_arrow()) == 50
    assert not [seen for seen in data_calls(small) if "DESC" in seen.query.get("q", "")]


def crowded(service: Service) -> str:
    """A filter that leaves the first records and the very last: the ranges between hold none."""
    first = truth(service, "Account")[250]["CreatedDate"].isoformat()
    return f"CreatedDate < '{first}' or Id = '{everyone(service)[-1]}'"


def test_keys_that_lie_unevenly_are_read_all_the_same(small: Service) -> None:
    with connected(small, concurrency=3) as sf:
        batches = list(sf.fetch("Account", columns=["Id"], where=crowded(small)).batches())
    came = [key for batch in batches for key in batch["Id"].to_pylist()]
    assert came == [*everyone(small)[:250], everyone(small)[-1]]
    sizes = [batch.num_rows for batch in batches]
    assert sizes[:3] == [
        20,
        60,
        5,
    ]  # a range of some pages is one batch; of more, the others come as they come


def test_a_range_that_is_left_before_its_end_leaves_nothing_under_way(small: Service) -> None:
    with connected(small, concurrency=3) as sf:
        batches = sf.fetch("Account", columns=["Id"], where=crowded(small)).batches()
        sizes = [next(batches).num_rows for _ in range(2)]  # the first page, and some of the first range
        batches.close()
        asked = len(data_calls(small))
        assert sf.fetch("User", columns=["id"]).to_arrow().num_rows == 50
    assert sizes == [20, 60]
    assert len(data_calls(small)) <= asked + 4


def test_a_cursor_that_is_dropped_within_a_range_is_asked_for_anew(small: Service) -> None:
    with connected(small, concurrency=3) as sf:
        came: list[str] = []
        for batch in sf.fetch("Account", columns=["Id"], where=crowded(small)).batches():
            small.release_cursors()
            came += batch["Id"].to_pylist()
    assert came == [*everyone(small)[:250], everyone(small)[-1]]


def test_records_that_are_lost_within_a_range_are_missed(small: Service) -> None:
    with connected(small, concurrency=3) as sf:
        fetch = sf.fetch("Account", columns=["Id"], where=crowded(small))
        small.lose_rows(3)
        with pytest.raises(IntegrityError, match="announced"):
            fetch.to_arrow()


def test_records_that_are_deleted_before_their_range_is_read_are_not_missed(small: Service) -> None:
    with connected(small, concurrency=2) as sf:
        batches = sf.fetch("Account", columns=["Id"]).batches()
        came = next(batches)["Id"].to_pylist()
        before = everyone(small)
        small.delete("Account", before[-1])  # sixty ranges away
        came += [key for batch in batches for key in batch["Id"].to_pylist()]
    assert came == before[:-1]


def test_what_goes_wrong_in_a_range_is_an_error_after_those_before_it(small: Service) -> None:
    with connected(small, concurrency=3, retry_count=0) as sf:
        fetch = sf.fetch("Account", columns=["Id"])
        sf.describe("Account")
        small.fail(
            status=400, body=[{"errorCode": "QUERY_TIMEOUT", "message": "slow"}], path="/query", after=20
        )
        with pytest.raises(DataFetchError, match="QUERY_TIMEOUT"):
            fetch.to_arrow()
    assert fetch.partial is not None
    came = ids(fetch.partial)
    assert came == everyone(small)[: len(came)]


def everyone(service: Service) -> list[str]:
    return [record["Id"] for record in truth(service, "Account")]
