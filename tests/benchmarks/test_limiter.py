"""Limiters are judged by what they grant in any second."""

from __future__ import annotations

import asyncio

import limiter
import pytest


def test_the_worst_second_is_any_second_and_not_one_of_the_clock() -> None:
    assert limiter.worst_second([0.0, 0.9, 0.95, 1.0, 1.05, 3.0]) == 4
    assert limiter.worst_second([0.0, 1.0, 2.0]) == 1


def test_ours_grants_no_more_than_it_was_told() -> None:
    load = limiter.Load(rate=200, tasks=4, seconds=0.5)
    moments = asyncio.run(limiter.grants(limiter.ours(200, 1), load))
    assert 50 < len(moments) <= 102
    assert moments == sorted(moments)


def test_a_token_that_is_there_costs_next_to_nothing() -> None:
    assert 0 < asyncio.run(limiter.uncontended(limiter.ours(10**6, 10**6), 1_000)) < 0.001


def test_the_figures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    ours = {title: it for title, it in limiter.LIMITERS.items() if it[1] == "spyro-sdk"}
    limiter.report(ours, limiter.Load(rate=100, tasks=2, seconds=0.1), calls=100)
    first, _, line = capsys.readouterr().out.splitlines()
    assert first == "2 tasks, 100 tokens a second, 0.1 s"
    assert line.startswith("spyro_sdk RateLimiter 0.")
