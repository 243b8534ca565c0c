"""An export of one of GitHub's lists goes on where it ended; the lists of all repositories begin anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from spyro_sdk.connectors.github import GitHub
from spyro_sdk.demo.github import words
from spyro_sdk.demo.github.server import Service
from spyro_sdk.errors import ConnectionError
from spyro_sdk.events import FetchResumed, PageArrived, ResumeLost

from ...arrow.rows import names
from ...stopping import Exports, assert_same
from .hub import FAST


def exports(service: Service, path: Path, entity: str) -> Exports:
    given = {"base_url": service.base_url, "access_token": service.token, "owner": words.OWNER}
    return Exports(GitHub, path, entity, page_size=3, concurrency=1, **given, **FAST)


@pytest.mark.parametrize("entity", ["users", "User"])
def test_after_a_stop_at_any_page_at_most_one_is_read_again(
    hub: Service, tmp_path: Path, entity: str
) -> None:
    whole = exports(hub, tmp_path / "whole.parquet", entity)
    rows = whole.run()
    pages = len(whole.told(PageArrived))
    assert pages > 2
    for stop in range(1, pages + 1):
        parts = exports(hub, tmp_path / "parts.parquet", entity)
        with pytest.raises(ConnectionError):
            parts.run(stop)
        assert parts.run() == rows
        assert_same(parts.path, whole.path)
        (resumed,) = parts.told(FetchResumed)
        assert resumed.pages >= stop - 1
        assert len(parts.told(PageArrived)) <= pages - stop + 1
        assert names(tmp_path) == ["parts.parquet", "whole.parquet"]


def test_one_list_for_each_repository_begins_anew(own: Service, tmp_path: Path) -> None:
    whole, parts = (exports(own, tmp_path / f"{name}.parquet", "labels") for name in ("whole", "parts"))
    rows = whole.run()
    with pytest.raises(ConnectionError) as caught:
        parts.run(2)
    assert "goes on" not in str(caught.value)
    assert names(tmp_path) == ["whole.parquet"]
    assert parts.run() == rows
    assert parts.told(FetchResumed) == parts.told(ResumeLost) == []
    assert_same(parts.path, whole.path)
