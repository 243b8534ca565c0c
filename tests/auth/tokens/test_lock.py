import pytest

from spyro_sdk.auth.tokens.lock import PAUSE, Patience
from spyro_sdk.errors import TokenStoreError

pytestmark = pytest.mark.anyio


class Time:
    def __init__(self):
        self.now, self.slept = 0.0, []

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def patience(self, limit=1.0, uniform=max):
        return Patience(limit, lambda: self.now, self.sleep, uniform)


async def test_what_is_free_is_taken_at_once():
    time = Time()
    await time.patience().acquire(lambda: True, "acme")
    assert time.slept == []


@pytest.mark.parametrize(("uniform", "pause"), [(max, PAUSE * 4 / 3), (min, PAUSE * 2 / 3)])
async def test_what_is_taken_is_tried_again_until_it_is_free(uniform, pause):
    time, tries = Time(), iter([False, False, True])
    await time.patience(uniform=uniform).acquire(lambda: next(tries), "acme")
    assert time.slept == [pause] * 2


async def test_who_has_no_patience_waits_for_nothing():
    time = Time()
    with pytest.raises(TokenStoreError):
        await time.patience(limit=0.0).acquire(lambda: False, "acme")
    assert time.slept == []


async def test_nobody_waits_for_ever():
    time = Time()
    with pytest.raises(TokenStoreError, match=r"token of acme is in use: .* for 1 s") as caught:
        await time.patience().acquire(lambda: False, "acme")
    assert 1.0 <= time.now < 1.1
    assert "process that hangs" in caught.value.hint
