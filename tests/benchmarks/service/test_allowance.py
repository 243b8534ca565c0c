"""The allowance is exact in every second, and says how much of it was used."""

from __future__ import annotations

from service.allowance import Allowance


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_no_second_has_more_requests_than_allowed() -> None:
    clock = Clock()
    allowance, granted = Allowance(3, clock=clock), []
    for step in range(400):
        clock.now = 100 + step / 40
        if not allowance.take():
            granted.append(clock.now)
    assert len(granted) == 3 * 10
    assert all(sum(1 for it in granted if moment <= it < moment + 1) <= 3 for moment in granted)


def test_who_is_refused_is_told_when_there_is_one_again() -> None:
    clock = Clock()
    allowance = Allowance(1, clock=clock)
    assert allowance.take() == 0
    clock.now += 0.25
    assert allowance.left() == (0, 0.75)
    assert allowance.take() == 0.75
    clock.now += 0.75
    assert allowance.take() == 0
    assert allowance.told() == {"granted": 2, "refused": 1, "seconds": 1.0, "share": 1.0}


def test_even_spacing_uses_all_of_it_and_half_of_that_half() -> None:
    clock = Clock()
    allowance = Allowance(8, clock=clock)
    for _ in range(101):
        assert not allowance.take()
        clock.now += 0.125
    assert allowance.told()["share"] == 1.0
    clock.now += 1
    allowance.clear()
    for _ in range(101):
        assert not allowance.take()
        clock.now += 0.25
    assert allowance.told()["share"] == 0.5


def test_counting_anew_forgets_no_request_of_the_last_second() -> None:
    clock = Clock()
    allowance = Allowance(2, clock=clock)
    assert not allowance.take()
    allowance.clear()
    assert not allowance.take()
    assert allowance.take() == 1.0
    assert allowance.told()["granted"] == 1


def test_without_a_rate_all_are_granted_and_counted() -> None:
    allowance = Allowance(None, clock=Clock())
    assert not any(allowance.take() for _ in range(1000))
    assert allowance.told() == {"granted": 1000, "refused": 0, "seconds": 0.0, "share": None}
    assert Allowance(None).left()[1] == 0.0
