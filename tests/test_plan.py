import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.entity import Query
from spyro_sdk.plan import Plan, Road

QUERY = Query("Customer")


def plan(**told):
    return Plan("acme", QUERY, "GET /customers", 1000, **told)


@pytest.mark.parametrize(
    ("rows", "calls"), [(None, None), (0, 1), (1, 1), (1000, 1), (1001, 2), (25_500, 26)]
)
def test_the_number_of_records_tells_the_number_of_calls(rows, calls):
    assert plan(rows=rows).calls == calls


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_the_pages_hold_all_records_and_none_is_empty(rows, size):
    calls = Plan("acme", QUERY, "GET /customers", size, rows=rows).calls
    assert (calls - 1) * size < max(rows, 1) <= calls * size


def test_what_is_unknown_is_said_to_be():
    assert str(plan()) == "acme.Customer\n  asks     GET /customers\n  pages    unknown, 1,000 records each"


def test_what_was_found_out_is_told_with_its_evidence():
    told = plan(notes=("the records are at 'data'", "the key is 'id'"))
    assert str(told).splitlines()[-2:] == [
        "  found    the records are at 'data'",
        "  found    the key is 'id'",
    ]


def test_all_that_is_known_is_told():
    told = plan(rows=25_500, local="name like 'A%'", quota_left=98_000, watched="by pages that overlap")
    assert str(told).splitlines() == [
        "acme.Customer",
        "  asks     GET /customers",
        "  filters  name like 'A%' (here, on what arrives)",
        "  pages    26 of 1,000 for 25,500 records",
        "  changes  are noticed by pages that overlap",
        "  quota    98,000 requests left, this fetch takes 26",
    ]


def test_a_quota_is_told_without_a_count():
    assert str(plan(quota_left=0)).endswith("\n  quota    0 requests left")


def test_a_notebook_shows_a_plan_as_it_reads():
    assert repr(plan(rows=5)) == str(plan(rows=5))


def test_a_page_may_take_several_calls():
    told = plan(rows=2500, calls_a_page=3, quota_left=10)
    assert (told.pages, told.calls) == (3, 9)
    assert str(told).endswith("3 of 1,000 for 2,500 records\n  quota    10 requests left, this fetch takes 9")
    assert plan(calls_a_page=3).calls is None


ROADS = (Road("rest", 1, 0.2), Road("bulk", 1200, 1834.5))


def test_where_there_are_two_roads_both_are_told_and_the_one_that_is_taken():
    told = plan(rows=5, quota_left=9000, api="bulk", why="it is quicker", roads=ROADS)
    assert told.calls == 1200
    assert str(told).splitlines()[2:] == [
        "  pages    1 of 1,000 for 5 records",
        "  rest     1 call, about 1 s",
        "  bulk     1,200 calls, about 1,835 s",
        "  takes    bulk: it is quicker",
        "  quota    9,000 requests left, this fetch takes 1,200",
    ]


def test_a_road_that_has_no_estimate_takes_a_call_a_page():
    assert plan(rows=2500, api="soap", roads=ROADS).calls == 3


def test_a_road_that_is_not_known_yet_is_said_not_to_be():
    assert str(plan(why="the quicker")).endswith("records each\n  takes    the quicker")
