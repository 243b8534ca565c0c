"""What is waited for has an end."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from spyro_sdk.errors import TimeoutError
from spyro_sdk.guards.deadline import Deadline, afterwards

Virtually = Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]


def deadline(seconds: float | None) -> Deadline:
    return Deadline(seconds, "the work", "acme", asyncio.get_running_loop().time)


def test_no_clock_is_shown() -> None:
    assert "clock" not in repr(Deadline(7.0, "it"))


def test_work_that_is_done_in_time_gives_what_it_gives(virtually: Virtually) -> None:
    async def main() -> list[str]:
        within = deadline(10.0)
        return [await within.kept(asyncio.sleep(4, "one")), await within.kept(asyncio.sleep(5, "two"))]

    assert virtually(main) == ["one", "two"]


def test_several_waits_share_one_deadline_and_what_is_done_between_them_does_not_count(
    virtually: Virtually,
) -> None:
    async def main() -> float:
        within, clock = deadline(10.0), asyncio.get_running_loop().time
        await within.kept(asyncio.sleep(6))
        await asyncio.sleep(1000)
        started = clock()
        with pytest.raises(TimeoutError) as caught:
            await within.kept(asyncio.sleep(6))
        assert str(caught.value) == "the work did not come to an end within its deadline of 10 s"
        assert (caught.value.connector, caught.value.__suppress_context__) == ("acme", True)
        assert "longer deadline" in str(caught.value.hint)
        with pytest.raises(TimeoutError):
            await within.kept(asyncio.sleep(1))
        return clock() - started

    assert virtually(main) == pytest.approx(4)


def test_without_a_deadline_it_takes_as_long_as_it_takes(virtually: Virtually) -> None:
    async def main() -> str:
        return await deadline(None).kept(asyncio.sleep(1e6, "done"))

    assert virtually(main) == "done"


@pytest.mark.parametrize("error", [builtins.TimeoutError("an attempt"), ValueError("no")])
def test_an_error_of_the_work_is_not_taken_for_the_end_of_the_deadline(
    virtually: Virtually, error: Exception
) -> None:
    async def fails() -> None:
        raise error

    async def main() -> None:
        with pytest.raises(type(error)) as caught:
            await deadline(10.0).kept(fails())
        assert caught.value is error

    virtually(main)


def test_work_that_is_cut_off_is_cancelled(virtually: Virtually) -> None:
    seen: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            seen.append("left")

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await deadline(1.0).kept(work())

    virtually(main)
    assert seen == ["left"]


@pytest.mark.parametrize(
    ("around", "within", "taken"), [(5.0, 100.0, 5.0), (50.0, 1.0, 40.0), (50.0, None, 40.0)]
)
def test_what_is_inside_keeps_to_the_deadline_around_it_and_to_none_of_its_own(
    virtually: Virtually, around: float, within: float | None, taken: float
) -> None:
    async def main() -> float:
        clock = asyncio.get_running_loop().time
        started, outer = clock(), deadline(around)
        inner = deadline(within).kept(asyncio.sleep(40))
        if taken == around:
            with pytest.raises(TimeoutError, match="its deadline of 5 s"):
                await outer.kept(asyncio.create_task(inner))
        else:
            await outer.kept(inner)
        return clock() - started

    assert virtually(main) == pytest.approx(taken)


def test_what_goes_on_around_waits_is_no_wait(virtually: Virtually) -> None:
    async def main() -> list[float]:
        outer, clock = deadline(10.0), asyncio.get_running_loop().time
        with outer.around():
            await asyncio.sleep(1000)
            await deadline(1.0).kept(asyncio.sleep(6))
            await asyncio.sleep(1000)
            started = clock()
            with pytest.raises(TimeoutError):
                await deadline(None).kept(asyncio.sleep(6))
        return [outer.spent, clock() - started]

    assert virtually(main) == [pytest.approx(10), pytest.approx(4)]


def test_what_is_waited_for_at_the_same_time_is_counted_once(virtually: Virtually) -> None:
    async def main() -> float:
        outer = deadline(10.0)
        with outer.around():
            await asyncio.gather(*(deadline(None).kept(asyncio.sleep(each)) for each in (3, 6, 6)))
            assert outer.spent == pytest.approx(6)
            await deadline(None).kept(asyncio.sleep(3))
        return outer.spent

    assert virtually(main) == pytest.approx(9)


def test_a_deadline_around_another_stays(virtually: Virtually) -> None:
    async def main() -> None:
        with (
            deadline(1.0).around(),
            deadline(100.0).around(),
            pytest.raises(TimeoutError, match="of 1 s"),
        ):
            await deadline(None).kept(asyncio.sleep(2))

    virtually(main)


def test_what_is_to_be_done_afterwards_has_time_of_its_own(virtually: Virtually) -> None:
    async def main() -> str:
        with deadline(1.0).around():
            with pytest.raises(TimeoutError):
                await deadline(None).kept(asyncio.sleep(2))
            with pytest.raises(TimeoutError):
                await deadline(None).kept(asyncio.sleep(0.1))
            with afterwards():
                return await deadline(10.0).kept(asyncio.sleep(5, "done"))

    assert virtually(main) == "done"


def test_a_wait_that_begins_during_another_has_what_that_has_left(virtually: Virtually) -> None:
    async def main() -> tuple[float, float]:
        outer, clock = deadline(10.0), asyncio.get_running_loop().time
        started = clock()
        with outer.around():
            await deadline(None).kept(asyncio.sleep(3))
            short = asyncio.create_task(deadline(None).kept(asyncio.sleep(5)))
            await asyncio.sleep(2)
            assert outer.spent == pytest.approx(5)
            with pytest.raises(TimeoutError):
                await deadline(None).kept(asyncio.sleep(100))
            await short
        return outer.spent, clock() - started

    assert virtually(main) == (pytest.approx(10), pytest.approx(10))


def test_a_deadline_ends_with_what_it_is_around(virtually: Virtually) -> None:
    async def main() -> str:
        with deadline(1.0).around():
            pass
        return await deadline(None).kept(asyncio.sleep(2, "done"))

    assert virtually(main) == "done"


def test_what_comes_after_what_is_done_afterwards_keeps_to_the_deadline_again(virtually: Virtually) -> None:
    async def main() -> None:
        with deadline(1.0).around():
            with afterwards():
                await deadline(None).kept(asyncio.sleep(5))
            with pytest.raises(TimeoutError, match="of 1 s"):
                await deadline(None).kept(asyncio.sleep(2))

    virtually(main)
