"""A token that several kernels share, through any history: no refresh token is used twice."""

from __future__ import annotations

import asyncio
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from spyro_sdk import errors
from spyro_sdk.auth.shared import SharedToken
from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, MemoryStore
from spyro_sdk.auth.tokens.lock import Patience
from spyro_sdk.errors import AuthenticationError, SignInNeeded, TokenStoreError

ACCOUNT = Account("acme", "https://login.acme.example", "app")
LIFE = 3600.0  # seconds


async def nobody(request: Any) -> Any:
    raise AssertionError("nobody is asked")


class Store(MemoryStore):
    """A memory that may be full."""

    is_full = False

    def write(self, account: Account, token: Token) -> None:
        if self.is_full:
            raise TokenStoreError("it is full")
        super().write(account, token)


class Kernels(RuleBasedStateMachine):
    """Kernels of one account, and a service that rotates refresh tokens and is wary of their second use."""

    @initialize(count=st.integers(1, 4))
    def begun(self, count: int) -> None:
        self.loop = asyncio.new_event_loop()
        self.now, self.number = 1000.0, 0
        self.spent: set[str] = set()
        self.asked: list[asyncio.Future[str]] = []
        self.tasks: list[asyncio.Task[Token]] = []
        self.was_ever_full = False
        self.store = Store(Patience(sleep=lambda seconds: asyncio.sleep(0)))
        self.store.write(ACCOUNT, self.made())
        self.kernels = [self.kernel() for _ in range(count)]

    def kernel(self) -> SharedToken:
        return SharedToken(self.store, ACCOUNT, self.refresh, None, lambda it: None, lambda it: None)

    def made(self) -> Token:
        self.number += 1
        return Token(f"a{self.number}", f"r{self.number}", self.now + LIFE, obtained_at=self.now)

    async def refresh(self, send: Any, refresh_token: str) -> Token:
        assert refresh_token not in self.spent, "the service takes this for theft, and revokes all"
        self.asked.append(ended := self.loop.create_future())
        assert len(self.asked) == 1, "two renew at once"
        how = await ended
        if how == "down":
            raise errors.ConnectionError("no answer")
        if how == "refused":  # whoever was stopped meanwhile has told nobody: it may be tried once more
            raise AuthenticationError("it is revoked", status=400, error_code="invalid_grant")
        self.spent.add(refresh_token)
        return self.made()

    def turn(self) -> None:
        """Let all go on as far as they can."""

        async def a_while() -> None:
            threads, quiet = current_default_thread_limiter(), 0
            while quiet < 10:
                await asyncio.sleep(0)
                quiet = 0 if threads.borrowed_tokens else quiet + 1

        self.loop.run_until_complete(a_while())

    def is_good(self, token: Token) -> bool:
        return not token.is_old(self.now, 60.0)

    @rule(which=st.integers(0, 3))
    def one_needs_a_token(self, which: int) -> None:
        kernel = self.kernels[which % len(self.kernels)]
        self.tasks.append(self.loop.create_task(kernel.get(nobody, self.is_good)))
        self.turn()

    @precondition(lambda self: self.asked)
    @rule(how=st.sampled_from(["well", "well", "well", "down", "refused"]))
    def the_service_answers(self, how: str) -> None:
        self.asked.pop().set_result(how)
        self.was_ever_full |= how == "refused" or self.store.is_full
        self.turn()

    @rule()
    def tokens_get_old(self) -> None:
        self.now += LIFE

    @precondition(lambda self: self.tasks)
    @rule(which=st.integers(0, 9))
    def one_stops_waiting(self, which: int) -> None:
        self.tasks[which % len(self.tasks)].cancel()
        self.turn()

    @rule(which=st.integers(0, 3))
    def a_kernel_begins_anew(self, which: int) -> None:
        self.kernels[which % len(self.kernels)] = self.kernel()

    @rule(is_full=st.booleans())
    def the_store_is_full_or_has_room_again(self, is_full: bool) -> None:
        self.store.is_full = is_full

    @rule()
    def somebody_signs_in(self) -> None:
        if not self.asked and not self.store.is_full:
            self.store.write(ACCOUNT, self.made())

    @invariant()
    def who_is_done_has_a_good_token_or_an_error_that_says_why(self) -> None:
        done = [task for task in getattr(self, "tasks", ()) if task.done()]
        for task in done:
            self.tasks.remove(task)
            error = None if task.cancelled() else task.exception()
            if error is not None:
                assert isinstance(error, errors.ConnectionError | SignInNeeded), error
                assert self.was_ever_full or not isinstance(error, SignInNeeded)
            elif not task.cancelled():
                assert int(task.result().access_token[1:]) <= self.number

    def teardown(self) -> None:
        while self.tasks:
            if self.asked:
                self.asked.pop().set_result("well")
            self.was_ever_full |= self.store.is_full
            self.turn()
            self.who_is_done_has_a_good_token_or_an_error_that_says_why()
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


TestKernels = Kernels.TestCase
TestKernels.settings = settings(deadline=None, max_examples=settings.default.max_examples // 5)
