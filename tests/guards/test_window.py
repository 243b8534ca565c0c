"""At most so many requests an hour, or a day."""

import asyncio
import logging
import os

import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.errors import ConfigurationError, RateLimitError
from spyro_sdk.guards.account import BUCKETS, VARIABLE, windows_of
from spyro_sdk.guards.state import FileState, OwnState
from spyro_sdk.guards.window import Window, Windows
from spyro_sdk.private import PrivateFolder, try_lock

from ..org import connected


class Clock:
    now = 1_700_000_000.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def folder(tmp_path):
    return PrivateFolder(tmp_path / "windows", purpose=BUCKETS)


def window(clock, state=None, calls=3, period=60.0, setting="hourly_limit"):
    return Window(setting, calls, period, state or OwnState(), clock)


def windows(clock, *each):
    return Windows(each, "acme", sleep=clock.sleep)


def test_it_has_so_many_and_then_none_until_it_ends(clock):
    it = window(clock)
    assert [it.take() for _ in range(4)] == [0.0, 0.0, 0.0, 60.0]
    clock.now += 59.0
    assert it.take() == 1.0
    clock.now += 1.0
    assert [it.take() for _ in range(4)] == [0.0, 0.0, 0.0, 60.0]


def test_it_begins_with_its_first_request(clock):
    it = window(clock)
    clock.now += 1000.0
    it.take()
    clock.now += 59.0
    assert [it.take() for _ in range(3)] == [0.0, 0.0, 1.0]


def test_it_tells_what_is_left(clock):
    it = window(clock)
    left = [it.left()]
    for _ in range(4):
        it.take()
        left.append(it.left())
    clock.now += 60.0
    assert [*left, it.left()] == [3, 2, 1, 0, 0, 3]


def test_what_was_not_needed_is_there_again(clock):
    it = window(clock)
    it.give_back()  # nothing was taken
    for _ in range(3):
        it.take()
    it.give_back()
    assert [it.take(), it.take()] == [0.0, 60.0]


def test_another_process_goes_on_where_one_ended(clock, folder):
    window(clock, FileState(folder, "a", 2)).take()
    clock.now += 10.0
    other = window(clock, FileState(folder, "a", 2))
    assert [other.take() for _ in range(3)] == [0.0, 0.0, 50.0]


@pytest.mark.parametrize("text", [b"", b"damaged", bytes(24)])
def test_what_makes_no_sense_is_a_new_window(clock, folder, text):
    folder.replace("a", text)
    it = window(clock, FileState(folder, "a", 2))
    assert it.left() == 3
    assert [it.take() for _ in range(4)] == [0.0, 0.0, 0.0, 60.0]


def test_a_clock_that_was_put_back_makes_nobody_wait_longer_than_a_window(clock):
    it = window(clock)
    for _ in range(3):
        it.take()
    clock.now -= 1_000_000.0
    assert it.take() == 60.0


@pytest.mark.anyio
async def test_who_comes_too_often_waits_for_the_next_window(clock):
    it = windows(clock, window(clock))
    assert [await it.acquire(100.0) for _ in range(5)] == [0.0, 0.0, 0.0, 60.0, 0.0]


@pytest.mark.anyio
async def test_too_long_a_wait_is_an_error_at_once(clock):
    it = windows(clock, window(clock, calls=1, period=86_400.0, setting="daily_limit"))
    await it.acquire(10.0)
    before = clock.now
    with pytest.raises(RateLimitError, match=r"acme may be asked 1 times in 24 h \(daily_limit\)") as caught:
        await it.acquire(10.0)
    assert caught.value.retry_after == 86_400.0
    assert caught.value.connector == "acme"
    assert "daily_limit" in caught.value.hint
    assert clock.now == before


@pytest.mark.anyio
async def test_as_long_a_wait_as_allowed_is_waited(clock):
    it = windows(clock, window(clock, calls=1))
    assert [await it.acquire(60.0) for _ in range(2)] == [0.0, 60.0]


def test_what_was_never_taken_cannot_be_given_back(clock):
    it = window(clock)
    it.take()
    it.give_back()
    it.give_back()
    assert it.left() == 3
    assert [it.take() for _ in range(4)] == [0.0, 0.0, 0.0, 60.0]


@pytest.mark.anyio
async def test_what_one_window_gave_and_another_refuses_is_given_back(clock):
    day, hour = window(clock, calls=5, period=600.0, setting="daily_limit"), window(clock, calls=2)
    it = windows(clock, hour, day)
    assert [it.setting for it in it.windows] == ["daily_limit", "hourly_limit"]
    for _ in range(2):
        await it.acquire(1.0)
    with pytest.raises(RateLimitError, match="hourly_limit"):
        await it.acquire(1.0)
    assert day.left() == 3


@pytest.mark.anyio
async def test_a_lock_that_nobody_frees_is_done_without(clock, folder, caplog):
    it = window(clock, FileState(folder, "a", 2))
    file = folder.descriptor("a")
    assert try_lock(file)
    before = clock.now
    with caplog.at_level(logging.WARNING):
        assert await windows(clock, it).acquire(1.0) == 0.0
    assert 0.2 < clock.now - before < 0.3  # so long it was looked at
    assert it.left() == 3
    it.give_back()
    os.close(file)
    assert "hourly_limit is not kept: another process holds its lock" in caplog.text


@pytest.mark.anyio
async def test_a_folder_of_no_use_is_told(clock, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    state = FileState(PrivateFolder(tmp_path / "file", purpose=BUCKETS), "a", 2)
    with caplog.at_level(logging.WARNING):
        assert await windows(clock, window(clock, state)).acquire(1.0) == 0.0
    assert "hourly_limit is not kept" in caplog.text


# which


def config(**settings):
    return ConnectorConfig(**{"name": "acme", "base_url": "https://acme.example", "api_key": "k", **settings})


def test_nobody_who_did_not_ask_is_counted():
    assert windows_of(config(), {}).windows == ()


def test_what_was_asked_for_is_counted_over_processes(tmp_path):
    environ = {VARIABLE: str(tmp_path)}
    one, again = (windows_of(config(hourly_limit=2, daily_limit=9), environ) for _ in range(2))
    assert [(it.setting, it.calls, it.period) for it in one.windows] == [
        ("daily_limit", 9, 86_400.0),
        ("hourly_limit", 2, 3600.0),
    ]
    one.windows[1].take()
    assert again.windows[1].left() == 1
    assert windows_of(config(hourly_limit=3), environ).windows[0].left() == 3


def test_the_usual_folder_outlives_the_systems_start(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    (day,) = windows_of(config(daily_limit=9), {}).windows
    day.take()
    assert list(tmp_path.rglob("*.window"))


@pytest.mark.parametrize("wish", ["none", "file"])
def test_without_a_folder_a_process_counts_by_itself(tmp_path, wish):
    (tmp_path / "file").write_text("")
    environ = {VARIABLE: str(tmp_path / "file") if wish == "file" else wish}
    one, again = (windows_of(config(daily_limit=9, api_key=wish), environ).windows[0] for _ in range(2))
    one.take()
    assert again.left() == 8


@pytest.mark.parametrize("setting", ["hourly_limit", "daily_limit"])
def test_a_limit_is_a_number(setting):
    with pytest.raises(ConfigurationError, match=f"{setting}=0 cannot be"):
        config(**{setting: 0})


def test_a_connection_stops_where_its_day_is_used_up(tmp_path, monkeypatch):
    from spyro_sdk.demo.server import serve

    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with serve(records=20, seed=5) as service:
        with connected(service) as sf:
            sf.describe("Account")
        used = len(service.requests)
        most = used + 1  # a look at the token counts too, though it takes no request
        with connected(service, daily_limit=most) as sf:
            sf.describe("Account")
        with (
            pytest.raises(RateLimitError, match="daily_limit") as caught,
            connected(service, daily_limit=most),
        ):
            pytest.fail("its day is used up")
        assert 86_000 < caught.value.retry_after <= 86_400
        assert len(service.requests) == 2 * used
