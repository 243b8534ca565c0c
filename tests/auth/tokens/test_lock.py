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

    def patience(self, limit=1.0):
        return Patience(limit, lambda: self.now, self.sleep, lambda least, most: most)


async def test_what_is_free_is_taken_at_once():
    time = Time()
    await time.patience().acquire(lambda: True, "acme")
    assert time.slept == []


async def test_what_is_taken_is_tried_again_until_it_is_free():
    time, tries = Time(), iter([False, False, True])
    await time.patience().acquire(lambda: next(tries), "acme")
    assert time.slept == [PAUSE * 4 / 3] * 2


async def test_nobody_waits_for_ever():
    time = Time()
    with pytest.raises(TokenStoreError, match=r"token of acme is in use: .* for 1 s") as caught:
        await time.patience().acquire(lambda: False, "acme")
    assert 1.0 <= time.now < 1.1
    assert "process that hangs" in caught.value.hint
