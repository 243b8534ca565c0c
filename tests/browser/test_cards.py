"""Every card can be read in both themes, fits its place, and keeps to itself what is nobody's business."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator

from spyro_sdk.notebook.cards import HOMES

from .gallery import EXHIBITS, Exhibit, cells, spot, visit
from .legibility import Read, cut_off, read
from .notebook import THEMES, Notebook, opened, paint, sent, written
from .screen import Screen

SECRET = re.compile(r"00D\w{12,15}!|\b5Aep[\w-]|\bcode=|code_challenge|\bstate=|[0-9A-F]{64}")
"""The demo's tokens and its app's secret, and what stands in addresses of a sign-in."""

KEPT = [it for it in EXHIBITS if not it.is_live]
each = pytest.mark.parametrize("exhibit", EXHIBITS, ids=[it.name for it in EXHIBITS])


class Seen(NamedTuple):
    """A card as it was seen."""

    text: str
    read: list[Read]
    cut_off: list[str]


class Visit(NamedTuple):
    """All cards in one theme."""

    notebook: Notebook
    seen: dict[str, Seen]


@pytest.fixture(scope="module", params=THEMES)
def visited(the_screen: Screen, request: pytest.FixtureRequest) -> Iterator[Visit]:
    the_screen.forget()
    path = written(the_screen.lab.folder / f"gallery-{request.param}.ipynb", cells(), "ipykernel7")
    notebook = opened(the_screen.page, path, "ipykernel7")
    paint(notebook.page, request.param)
    yield Visit(notebook, visit(notebook, seen))
    notebook.close()
    paint(notebook.page, "light")
    assert the_screen.strangers() == []


@pytest.fixture(scope="module")
def untrusted(visited: Visit) -> Iterator[Notebook]:
    """What somebody sees who was sent it."""
    visited.notebook.save()
    it = opened(visited.notebook.page, sent(visited.notebook.file), "ipykernel7")
    yield it
    it.close()


def seen(_: Exhibit, place: Locator) -> Seen:
    return Seen(place.inner_text(), read(place), cut_off(place))


@each
def test_a_card_can_be_read_and_fits(visited: Visit, exhibit: Exhibit) -> None:
    it = visited.seen[exhibit.name]
    assert re.search(exhibit.shows, it.text)
    assert [text for text in it.read if not text.is_enough] == []
    assert it.cut_off == []


@pytest.mark.parametrize("exhibit", KEPT, ids=[it.name for it in KEPT])
def test_a_card_says_the_same_to_who_does_not_trust_it(
    visited: Visit, untrusted: Notebook, exhibit: Exhibit
) -> None:
    it = seen(exhibit, spot(untrusted, exhibit))
    assert [text.text for text in it.read] == [text.text for text in visited.seen[exhibit.name].read]
    assert [text for text in it.read if not text.is_enough] == []


def test_a_saved_gallery_has_no_secret_and_no_widget(visited: Visit) -> None:
    saved = visited.notebook.save()
    assert SECRET.findall(saved) == []
    assert "widget-view" not in saved


def test_every_card_hangs_in_the_gallery() -> None:
    assert set(HOMES.values()) <= {it.card or it.name for it in EXHIBITS}
