import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.entity import Query
from spyro_sdk.plan import Plan

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


def test_all_that_is_known_is_told():
    told = plan(rows=25_500, local="name like 'A%'", quota_left=98_000)
    assert str(told).splitlines() == [
        "acme.Customer",
        "  asks     GET /customers",
        "  filters  name like 'A%' (here, on what arrives)",
        "  pages    26 of 1,000 for 25,500 records",
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
