"""The next page is where the header says; those up to the last are known when the first has come."""

from __future__ import annotations

import pytest

from spyro_sdk.connectors.github.pages import Named, Numbered
from spyro_sdk.http import Request
from spyro_sdk.paging import Answer

LIST = "https://api.github.com/repositories/1/pulls"


def answer(**links: str) -> Answer:
    header = ", ".join(f'<{address}>; rel="{rel}"' for rel, address in links.items())
    return Answer([], 100, {"link": header} if header else {})


def test_pages_are_as_long_as_github_allows() -> None:
    request = Numbered().first(Request(LIST), 100)
    assert request.address == f"{LIST}?per_page=100"
    assert Numbered().ahead(request, None) is None


def test_pages_up_to_the_last_are_known() -> None:
    paging, addresses = Numbered(), []
    first = paging.first(Request(LIST), 100)
    request = paging.next(
        first, answer(next=f"{LIST}?per_page=100&page=2", last=f"{LIST}?per_page=100&page=4")
    )
    while request:
        addresses.append(request.address)
        request = paging.ahead(request, None)
    assert addresses == [f"{LIST}?per_page=100&page={number}" for number in (2, 3, 4)]


def test_what_comes_after_the_last_is_not_asked_for() -> None:
    paging = Numbered()
    second = paging.next(Request(LIST), answer(next=f"{LIST}?page=2&x=1", last=f"{LIST}?page=3&x=1"))
    assert second
    third = paging.next(second, answer(next=f"{LIST}?page=3&x=1"))
    assert third
    assert (third.noted, paging.ahead(third, None)) == (3, None)
    assert paging.next(third, answer(prev=f"{LIST}?page=2")) is None


@pytest.mark.parametrize(
    "links",
    [
        {"next": f"{LIST}?after=Y3&page=2"},  # where the last is not told
        {"next": f"{LIST}?after=Y3", "last": f"{LIST}?page=9"},  # a cursor cannot be foretold
        {"next": f"{LIST}?page=2", "last": f"{LIST}?before=Y3"},
    ],
)
def test_what_cannot_be_known_is_not_guessed(links: dict[str, str]) -> None:
    following = Numbered().next(Request(LIST), answer(**links))
    assert following
    assert Numbered().ahead(following, None) is None


def test_named_records_are_pages_of_one() -> None:
    paging = Named(("web", "api"))
    first = paging.first(Request("https://api.github.com/repos/acme"), 100)
    assert first.address == "https://api.github.com/repos/acme/web"
    second = paging.next(first, answer())
    assert second
    assert second.address == "https://api.github.com/repos/acme/api"
    assert paging.ahead(first, None) == second
    assert paging.next(second, answer()) is None
