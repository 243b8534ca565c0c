"""All open connections of a process."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

import spyro_sdk as spyro
from spyro_sdk.all_stats import AllStats
from spyro_sdk.events import Attempted, Connected, Event


class Mine(spyro.BaseConnector):
    """A connector without an address."""

    async def connect(self) -> None:
        """There is nothing to open."""

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        yield {"name": entity_type}


def connect(**settings: Any) -> spyro.Connection:
    return spyro.connect(Mine, auth_type="none", progress=False, **settings)


def ours() -> list[Any]:
    return [it for it in spyro.stats() if it.name == "mine"]


def test_each_open_connection_is_listed_in_its_order() -> None:
    with connect() as one, connect(rate_limit=7) as two:
        listed = ours()
        assert [it.stats for it in listed] == [one.stats, two.stats]
        assert listed[0].stats is one.stats
        assert [it.rate_limit.requests_per_minute for it in listed] == [100, 7]
        one.close()
        assert [it.stats for it in ours()] == [two.stats]
    assert ours() == []


def test_it_says_where_and_by_which_profile() -> None:
    with spyro.connect("salesforce", demo={"records": 20}, progress=False) as sf:
        (listed,) = (it for it in spyro.stats() if it.stats is sf.stats)
        assert listed.where == sf._connector.base_url.removeprefix("http://")  # type: ignore[attr-defined]
        assert str(listed) == f"salesforce  {listed.where}  {sf.stats}"
    home = "https://ana-s.example/a/path"
    config = Mine.configure(auth_type="none", base_url=home, profile="ours", username="ana")
    with spyro.connect(Mine, config=config):
        (listed,) = ours()
        assert (listed.where, listed.profile) == ("ana-s.example", "ours")
        assert str(listed).startswith("mine  ours  ana-s.example  0 requests")


def test_an_address_that_is_no_text_is_left_out() -> None:
    with connect() as mine:
        mine._connector.base_url = 7  # type: ignore[attr-defined]
        assert [it.where for it in ours()] == [""]


def test_it_keeps_no_connection_alive() -> None:
    mine = connect()
    assert len(ours()) == 1
    del mine
    gc.collect()
    assert ours() == []


def test_it_reads_as_a_list() -> None:
    assert repr(AllStats()) == "0 open connections"
    with connect() as mine:
        every = AllStats()
        every.add(mine._connector)
        assert len(every) == 1
        assert repr(every) == f"1 open connection\n  mine  {mine.stats}"
        every.forget()
        assert len(every) == 0


def test_those_that_are_opened_later_are_heard_too() -> None:
    heard: list[Event] = []
    every = AllStats()
    with connect() as one, connect() as two:
        every.add(one._connector)
        every.observe(heard.append)
        every.add(two._connector)
        for mine in (one, two):
            mine.stats(Attempted("mine", 0.1, None))
        every.leave(heard.append)
        one.stats(Attempted("mine", 0.1, None))
    assert heard == [Connected("mine"), *[Attempted("mine", 0.1, None)] * 2]


def test_it_can_be_read_while_others_connect() -> None:
    ended, counts = threading.Event(), set()

    def look() -> None:
        while not ended.is_set():
            counts.add(len(ours()))

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(40):
        connect().close()
    ended.set()
    looking.join()
    assert counts <= {0, 1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_lists_its_own() -> None:
    script = """
    import os, sys
    import spyro_sdk as spyro
    sf = spyro.connect("salesforce", demo=dict(records=20), progress=False)
    child = os.fork()
    if child == 0:
        assert len(spyro.stats()) == 0
        sf["Account"].count()
        assert [it.stats for it in spyro.stats()] == [sf.stats]
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    print(len(spyro.stats()))
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert (run.stdout, run.stderr) == ("1\n", "")
