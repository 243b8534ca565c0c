"""Whatever happens on the way, each record comes once, or an error says that it did not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import spyro_sdk as spyro
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.errors import (
    ConnectionError,
    ConnectorError,
    DataFetchError,
    DecodeError,
    IntegrityError,
    RateLimitError,
)

from ...org import calls, connected, data_calls, ids, renewable, truth

TOKEN = "/services/oauth2/token"
LOST = [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]

Mischief = Callable[[Service], Any]


def everyone(service: Service, name: str = "Account") -> list[str]:
    return [record["Id"] for record in truth(service, name)]


@pytest.fixture
def long() -> Iterator[Service]:
    """A service whose fifteen pages are too many for all to be read ahead of a reader of the third."""
    with serve(records=3_000, seed=3, wide_records=2, batch_limit=200) as service:
        yield service


def read_with(sf: spyro.Connection, mischief: Callable[[int], Any], **wishes: Any) -> list[str]:
    """Read batch by batch; before each, `mischief` is told how many have come."""
    came: list[str] = []
    mischief(0)
    for count, batch in enumerate(sf.fetch("Account", columns=["Id"], **wishes).batches(), 1):
        came += batch["Id"].to_pylist()
        mischief(count)
    return came


def test_a_released_cursor_is_asked_for_anew_after_the_last_key(own: Service) -> None:
    with connected(own, concurrency=1) as sf:
        assert read_with(sf, lambda count: own.release_cursors()) == everyone(own)
    assert any("Id > '" in seen.query.get("q", "") for seen in data_calls(own))


def test_records_that_were_lost_before_a_cursor_was_over_are_missed(long: Service) -> None:
    """Its count tells nothing any more, once it is asked for anew."""
    long.lose_rows(3)
    with (
        connected(long, concurrency=1) as sf,
        pytest.raises(IntegrityError, match="by its cursor, and has"),
    ):
        read_with(sf, lambda count: long.release_cursors() if count == 3 else None)


def test_so_it_is_with_a_limit(own: Service) -> None:
    with connected(own, concurrency=1) as sf:
        for limit in (1, 200, 450, 999, 1000, 2000):
            came = read_with(sf, lambda count: own.release_cursors(), limit=limit)
            assert came == everyone(own)[:limit]


def test_so_it_is_with_a_filter_of_each_side(own: Service) -> None:
    wanted = [
        it["Id"]
        for it in truth(own, "Account", deleted=None)
        if (it["NumberOfEmployees"] or 0) > 5 and it["Name"] > "C"
    ]
    with connected(own, concurrency=1) as sf:
        came = read_with(
            sf,
            lambda count: own.release_cursors(),
            where="NumberOfEmployees > 5 and Name > 'C'",
            include_deleted=True,
            since="2000-01-01",
        )
        assert came == wanted


def test_so_it_is_with_columns_that_no_address_holds() -> None:
    with serve(records=10, wide_records=50, batch_limit=20) as service, connected(service) as sf:
        rows = []
        for batch in sf.fetch("Wide__c").batches():
            service.release_cursors()
            rows += batch.to_pylist()
        assert rows == truth(service, "Wide__c")


def test_what_is_inserted_meanwhile_disturbs_nobody(own: Service) -> None:
    before = everyone(own)
    with connected(own, concurrency=1) as sf:
        assert set(before) <= set(read_with(sf, lambda count: own.insert("Account", Name=f"new {count}")))


def test_a_cursor_that_is_lost_before_any_page_is_an_error(own: Service) -> None:
    own.fail(status=400, body=LOST, path="/query", n=99)
    with (
        connected(own, concurrency=1) as sf,
        pytest.raises(DataFetchError, match="INVALID_QUERY_LOCATOR") as caught,
    ):
        sf["Account"].to_arrow()
    assert caught.value.error_code == "INVALID_QUERY_LOCATOR"
    assert len(data_calls(own)) == 1


def test_one_that_is_lost_at_once_again_is_no_endless_story(own: Service) -> None:
    own.fail(status=400, body=LOST, path="/query", n=99, after=1)
    with connected(own, concurrency=1) as sf, pytest.raises(DataFetchError, match="INVALID_QUERY_LOCATOR"):
        sf["Account"].to_arrow()
    assert len(data_calls(own)) == 3


@pytest.mark.parametrize("by", [-1, 1, 500])
def test_a_wrong_total_is_told(own: Service, by: int) -> None:
    own.lie_about_total(by)
    with connected(own, concurrency=1) as sf:
        with pytest.raises(
            IntegrityError,
            match=rf"every Account exactly once: it announced {1000 + by:,} records and sent 1,000",
        ) as caught:
            sf["Account"].to_arrow()
        assert caught.value.entity_type == "Account"


def test_lost_records_are_told(own: Service) -> None:
    fetch = None
    own.lose_rows(3)
    with connected(own, concurrency=1) as sf:
        fetch = sf["Account"]
        with pytest.raises(IntegrityError, match="announced 1,000 records and sent 997"):
            fetch.to_arrow()
        assert fetch.partial is not None
        assert fetch.partial.num_rows == 997
        assert fetch.to_arrow().num_rows == 1000
        assert fetch.partial is None


MISCHIEF: dict[str, Mischief] = {
    "truncated": lambda service: service.truncate(after=2, path="/query"),
    "dropped": lambda service: service.drop(n=2, after=2, path="/query"),
    "a login page": lambda service: service.html(after=2, path="/query"),
    "unavailable": lambda service: service.fail(after=2, n=2, path="/query"),
    "a bug of theirs": lambda service: service.fail(
        after=2, status=500, body=[{"errorCode": "UNKNOWN_EXCEPTION", "message": "oops"}], path="/query"
    ),
    "throttled": lambda service: service.fail(
        after=1, status=503, headers={"Retry-After": "0"}, path="/query"
    ),
    "all at once": lambda service: [
        service.truncate(after=1, path="/query"),
        service.drop(after=1, path="/query"),
        service.html(after=2, path="/query"),
    ],
}


@pytest.mark.parametrize("mischief", MISCHIEF.values(), ids=list(MISCHIEF))
def test_a_bad_answer_is_asked_for_again(own: Service, mischief: Mischief) -> None:
    with connected(own, timeout=5.0) as sf:
        mischief(own)
        table = sf.fetch("Account", native=True).to_arrow()
        assert table.to_pylist() == truth(own, "Account")
        assert sf.stats.retries > 0


@pytest.mark.parametrize(
    ("mischief", "error", "message"),
    [
        (lambda it: it.truncate(after=2, n=99, path="/query"), ConnectionError, "the answer was cut short"),
        (lambda it: it.drop(after=2, n=99, path="/query"), ConnectionError, "no answer from salesforce"),
        (lambda it: it.html(after=2, n=99, path="/query"), DecodeError, "an HTML page, perhaps a login page"),
        (
            lambda it: it.fail(after=2, n=99, path="/query"),
            DataFetchError,
            "answered 503.*SERVER_UNAVAILABLE",
        ),
        (
            lambda it: it.fail(after=2, n=99, status=414, body=b"<html>", path="/query"),
            DataFetchError,
            "answered 414",
        ),
        (
            lambda it: it.fail(
                after=2, n=99, body=[{"errorCode": "QUERY_TIMEOUT", "message": "too slow"}], status=400
            ),
            DataFetchError,
            "QUERY_TIMEOUT.*too slow",
        ),
    ],
)
def test_bad_answers_without_end_are_told_and_what_had_come_is_kept(
    own: Service, mischief: Mischief, error: type[ConnectorError], message: str
) -> None:
    with connected(own, retry_count=1) as sf:  # two pages fail twice each: the breaker stays shut
        sf.describe("Account")
        fetch = sf.fetch("Account", columns=["Id"])
        mischief(own)
        with pytest.raises(
            error, match=f"{message}.*; 400 records in 2 pages had arrived: fetch.partial has them"
        ):
            fetch.to_arrow()
        assert fetch.partial is not None
        assert ids(fetch.partial) == everyone(own)[:400]


def test_no_request_left_is_told_at_once(own: Service) -> None:
    with connected(own, concurrency=1) as sf:
        fetch = sf.fetch("Account", columns=["Id"])
        sf.describe("Account")
        own.daily_limit = own.api_usage + 2
        with pytest.raises(
            RateLimitError, match=r"no request left in the last 24 hours \(REQUEST_LIMIT_EXCEEDED\)"
        ) as caught:
            fetch.to_arrow()
        assert (caught.value.status, caught.value.retry_after) == (403, None)
        assert len(data_calls(own)) == 3
        assert sf.stats.retries == 0
        assert fetch.partial is not None
        assert fetch.partial.num_rows == 400


def test_an_expired_token_is_renewed_once_in_the_middle_of_a_fetch(long: Service) -> None:
    with connected(long, concurrency=1, **renewable(long)) as sf:
        came = read_with(sf, lambda count: long.expire_tokens() if count == 2 else None)
        assert came == everyone(long)
        assert calls(long)[TOKEN] == 1
        refused = [seen for seen in data_calls(long) if seen.status == 401]
        assert len(refused) == 1
        assert sum(seen.path == refused[0].path for seen in data_calls(long)) == 2


def test_as_often_as_it_expires(own: Service) -> None:
    with connected(own, concurrency=1, **renewable(own)) as sf:
        for times in (1, 2, 3):
            own.expire_tokens()
            assert ids(sf.fetch("Account", columns=["Id"]).to_arrow()) == everyone(own)
            assert calls(own)[TOKEN] == times


def test_a_token_and_a_cursor_may_go_together(long: Service) -> None:
    def both(count: int) -> None:
        if count == 2:
            long.expire_tokens()
            long.release_cursors()

    with connected(long, concurrency=1, **renewable(long)) as sf:
        assert read_with(sf, both) == everyone(long)


def test_cursors_may_be_taken_by_others(own: Service) -> None:
    """Salesforce keeps ten for a user: with twelve fetches side by side, some always lose theirs."""
    with connected(own, concurrency=1) as sf:
        readers = [sf.fetch("Account", columns=["Id"]).batches() for _ in range(12)]
        came: list[list[str]] = [[] for _ in readers]
        for _ in range(5):
            for reader, seen in zip(readers, came, strict=True):
                seen += next(reader)["Id"].to_pylist()
        assert [next(reader, None) for reader in readers] == [None] * 12
        everybody = everyone(own)
        assert all(seen == everybody for seen in came)
        assert any("Id > '" in seen.query.get("q", "") for seen in data_calls(own))
