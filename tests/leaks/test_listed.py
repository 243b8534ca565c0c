"""Every surface is listed: what is new and could show something is noticed."""

from __future__ import annotations

import pytest

from tests.leaks import listed
from tests.leaks.drama import Drama


@pytest.fixture(scope="module")
def played(drama: Drama) -> set[type]:
    things = [*drama.objects.values(), *drama.errors.values(), *drama.events]
    things += [each for it in drama.objects.values() if isinstance(it, list | tuple) for each in it]
    return {kind for it in things for kind in type(it).__mro__}


def test_every_method_that_shows_something_is_on_a_surface() -> None:
    assert listed.methods() == listed.listed_methods()


def test_every_way_out_of_the_process_is_known() -> None:
    assert listed.doors() == listed.listed_doors()


def test_every_class_that_may_hold_a_secret_is_in_the_drama_or_in_a_list(played: set[type]) -> None:
    assert listed.unlisted(played) == set()


def test_a_class_that_is_not_listed_is_noticed(played: set[type]) -> None:
    from spyro_sdk.config import ConnectorConfig

    assert listed.unlisted(played - {ConnectorConfig}) == {"config.ConnectorConfig"}


def test_nothing_is_listed_that_is_not_there() -> None:
    there = {(it.__module__.removeprefix("spyro_sdk."), it.__name__) for it in listed.classes()}
    named = {(home, name) for home, names in listed.NOT_PLAYED.items() for name in names.split()}
    named |= {("errors", name) for name in listed.ERRORS.split()} | {
        ("events", it) for it in listed.EVENTS.split()
    }
    assert named <= there
