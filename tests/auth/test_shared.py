"""What a kernel does with a token that others use too; tests/auth/test_race.py has real kernels."""

import asyncio
import errno
import gc
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.lowlevel import checkpoint

from spyro_sdk.auth.oauth import LEEWAY, OAuth, RefreshToken
from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, MemoryStore
from spyro_sdk.auth.tokens.lock import Patience
from spyro_sdk.errors import AuthenticationError, ConfigurationError, DataFetchError, TokenStoreError
from spyro_sdk.http import Request, Response

pytestmark = pytest.mark.anyio
ACCOUNT = Account("acme", "https://login.acme.example", "app")
REQUEST = Request("https://acme.example/x")
NOW = 10_000.0
OLD = Token("a0", "r0", NOW - 1, {"instance_url": "https://eu1"}, ("api",), NOW - 3600, "https://i")
FRESH = Token("a9", "r9", NOW + 3600, obtained_at=NOW - 1)


async def nobody(request):
    raise AssertionError("nobody is asked")


def refusal(code="invalid_grant"):
    return AuthenticationError(
        f"the token endpoint refused refresh_token: {code}", status=400, error_code=code
    )


class App:
    """Exchanges refresh tokens: rN for rN+1, or for none where it does not rotate them."""

    def __init__(self, *failures, rotates=True):
        self.used, self.failures, self.rotates = [], list(failures), rotates
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()
        self.while_asked = lambda: None

    async def __call__(self, send, refresh_token):
        self.used.append(refresh_token)
        self.asked.set()
        await self.may_answer.wait()
        self.while_asked()
        self.while_asked = lambda: None
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        count = len(self.used)
        new = f"{refresh_token[0]}{int(refresh_token[1:]) + 1}" if self.rotates else None
        return Token(f"new{count}", new, NOW + 3600, obtained_at=NOW + count)


class Store(MemoryStore):
    """A memory that fails as it is told, and remembers what was done."""

    def __init__(self, token=None, fails=()):
        super().__init__(Patience(5.0))
        self.fails, self.done = set(), []
        if token:
            self.write(ACCOUNT, token)
        self.fails, self.done = set(fails), []

    def read(self, account):
        self._do("read")
        return super().read(account)

    def write(self, account, token):
        self._do("write")
        super().write(account, token)

    def delete(self, account):
        self._do("delete")
        super().delete(account)

    @property
    def token(self):
        return MemoryStore.read(self, ACCOUNT)

    @token.setter
    def token(self, token):
        MemoryStore.write(self, ACCOUNT, token)

    def _do(self, what):
        self.done.append(what)
        if what in self.fails:
            raise TokenStoreError(f"it cannot {what}")


def kernel(store, refresh=None, grant=None, token=None, **told):
    clock = told.pop("clock", lambda: NOW)
    return OAuth(grant, token, store=store, account=ACCOUNT, refresh=refresh, clock=clock, **told)


async def refused(auth, kind=AuthenticationError):
    with pytest.raises(kind) as caught:
        await auth.fresh(nobody)
    return caught.value


# the store's token, or a new one


async def test_a_fresh_token_of_the_store_is_taken_without_a_word():
    store, renewed = Store(FRESH), []
    auth = kernel(store, App(), on_renewed=renewed.append)
    assert await auth.fresh(nobody) == FRESH
    assert await auth.fresh(nobody) == FRESH
    assert (store.done, renewed) == (["read"], [])


async def test_a_fresh_token_of_the_store_waits_for_no_lock():
    store = Store(FRESH)
    store._patience = Patience(0.0)
    async with store.locked(ACCOUNT):
        assert await kernel(store, App()).fresh(nobody) == FRESH


async def test_an_old_token_of_the_store_is_renewed_there():
    store, app, renewed = Store(OLD), App(), []
    token = await kernel(store, app, on_renewed=renewed.append).fresh(nobody)
    assert token == Token("new1", "r1", NOW + 3600, OLD.extra, ("api",), NOW + 1, "https://i")
    assert store.token == token
    assert (app.used, renewed) == (["r0"], [token])
    assert await kernel(store, app).fresh(nobody) == token
    assert app.used == ["r0"]


async def test_a_refresh_token_that_is_not_rotated_stays():
    store, app = Store(OLD), App(rotates=False)
    auth = kernel(store, app)
    assert (await auth.fresh(nobody)).refresh_token == "r0"
    auth.token = None
    store.token = OLD
    await auth.fresh(nobody)
    assert app.used == ["r0", "r0"]


async def test_who_waited_takes_what_the_other_got():
    store, app = Store(OLD), App()
    app.may_answer.clear()
    kernels = [kernel(store, app) for _ in range(5)]
    tokens = []

    async def ask(auth):
        tokens.append(await auth.fresh(nobody))

    async with anyio.create_task_group() as tasks:
        for auth in kernels:
            tasks.start_soon(ask, auth)
        await anyio.wait_all_tasks_blocked()
        app.may_answer.set()
    assert [it.access_token for it in tokens] == ["new1"] * 5
    assert app.used == ["r0"]


async def test_a_refused_token_is_renewed_though_it_seems_fresh():
    store, app = Store(FRESH), App()
    auth = kernel(store, app)
    signed = await auth.sign(REQUEST, nobody)
    assert await auth.renew(signed) is True
    assert (await auth.fresh(nobody)).access_token == "new1"
    assert app.used == ["r9"]


async def test_a_refused_token_that_another_kernel_has_renewed_costs_nothing():
    store, app = Store(FRESH), App()
    auth = kernel(store, app)
    signed = await auth.sign(REQUEST, nobody)
    store.token = Token("theirs", "r10", NOW + 3600)
    assert await auth.renew(signed) is True
    assert (await auth.fresh(nobody)).access_token == "theirs"
    assert app.used == []


@pytest.mark.parametrize(("drawn", "now"), [(0.0, 940.0), (0.5, 925.0), (1.0, 910.0)])
async def test_kernels_renew_ahead_of_the_end_but_not_all_at_once(drawn, now):
    assert LEEWAY == 60.0
    for seconds, used in ((now - 0.1, []), (now, ["r0"])):
        app, store = App(), Store(Token("a0", "r0", 1000.0))
        uniform = lambda least, most: least + drawn * (most - least)  # noqa: E731
        await kernel(store, app, clock=lambda at=seconds: at, uniform=uniform).fresh(nobody)
        assert app.used == used


async def test_a_newer_token_that_was_given_to_us_comes_before_the_stores():
    app = App()
    newer = Token("a5", "r5", NOW - 1, obtained_at=NOW - 10)
    assert (await kernel(Store(OLD), app, token=newer).fresh(nobody)).refresh_token == "r6"
    assert app.used == ["r5"]


# what is refused


async def test_a_revoked_token_is_dropped_and_somebody_has_to_sign_in_again():
    store, app = Store(OLD), App(refusal())
    auth = kernel(store, app)
    error = await refused(auth)
    assert str(error) == "the token endpoint refused refresh_token: invalid_grant"
    assert error.hint == "sign in again: spyro.login('acme')"
    assert (error.connector, error.status, error.error_code) == ("acme", 400, "invalid_grant")
    assert store.token is None
    error = await refused(auth)
    assert str(error) == "there is no token of acme that could be renewed"
    assert error.hint == "sign in: spyro.login('acme')"
    assert app.used == ["r0"], "it is not asked again and again"
    store.token = FRESH
    assert await auth.fresh(nobody) == FRESH, "somebody signed in"


async def test_who_signed_in_meanwhile_keeps_his_token():
    store, app = Store(OLD), App(refusal())
    app.while_asked = lambda: setattr(store, "token", FRESH)
    assert await kernel(store, app).fresh(nobody) == FRESH
    assert (app.used, store.token) == (["r0"], FRESH)


async def test_a_token_that_came_meanwhile_but_is_old_is_renewed():
    store, app = Store(OLD), App(refusal())
    app.while_asked = lambda: setattr(store, "token", Token("b0", "x0", NOW - 1, obtained_at=NOW))
    assert (await kernel(store, app).fresh(nobody)).refresh_token == "x1"
    assert app.used == ["r0", "x0"]


async def test_a_refusal_of_the_app_costs_nobody_a_token():
    store = Store(OLD)
    error = await refused(kernel(store, App(refusal("invalid_client"))))
    assert error.error_code == "invalid_client"
    assert store.token == OLD
    assert "delete" not in store.done


async def test_a_service_in_trouble_costs_nobody_a_token():
    store, app = Store(OLD), App(DataFetchError("the token endpoint answered 503", status=503))
    auth = kernel(store, app)
    await refused(auth, DataFetchError)
    assert store.token == OLD
    assert (await auth.fresh(nobody)).access_token == "new2", "the lock is free"
    assert app.used == ["r0", "r0"]


async def test_without_a_way_to_renew_somebody_has_to_sign_in():
    unrenewable = Token("a0", expires_at=NOW - 1)
    for store, app in ((Store(), App()), (Store(OLD), None), (Store(unrenewable), App())):
        before = store.token
        assert "spyro.login('acme')" in (await refused(kernel(store, app))).hint
        assert store.token == before


async def test_a_token_that_only_others_can_renew_is_one_that_renew_may_help():
    auth = kernel(Store(FRESH))
    assert await auth.renew(await auth.sign(REQUEST, nobody)) is True


# a store that fails


async def test_a_store_that_cannot_be_trusted_is_told_before_anything_is_spent():
    app = App()
    await refused(kernel(Store(OLD, fails=["read"]), app), TokenStoreError)
    assert app.used == []


async def test_a_lock_that_is_never_freed_is_told():
    store, app = Store(OLD), App()
    store._patience = Patience(0.0)
    async with store.locked(ACCOUNT):
        await refused(kernel(store, app), TokenStoreError)
    assert app.used == []


async def test_a_token_that_cannot_be_written_serves_this_process_and_what_it_spent_is_removed():
    store, app, unkept = Store(OLD, fails=["write"]), App(), []
    auth = kernel(store, app, on_unkept=unkept.append)
    assert (await auth.fresh(nobody)).access_token == "new1"
    assert [str(it) for it in unkept] == ["it cannot write"]
    assert store.token is None, "another kernel would use it a second time"
    assert await auth.renew(await auth.sign(REQUEST, nobody)) is True
    store.fails.clear()
    assert auth._shared.unkept.access_token == "new1"
    assert (await auth.fresh(nobody)).access_token == "new2"
    assert auth._shared.unkept is None, "the store has the last one again"
    assert app.used == ["r0", "r1"]
    assert store.token.refresh_token == "r2"
    assert await auth.renew(await auth.sign(REQUEST, nobody)) is True
    await auth.fresh(nobody)
    assert app.used == ["r0", "r1", "r2"]


async def test_what_was_spent_and_cannot_be_removed_is_not_used_again_here():
    store, app, unkept = Store(OLD, fails=["write", "delete"]), App(), []
    auth = kernel(store, app, on_unkept=unkept.append)
    for number in (1, 2, 3):
        assert (await auth.fresh(nobody)).access_token == f"new{number}"
        auth.token = None
    assert app.used == ["r0", "r1", "r2"]
    assert len(unkept) == 3
    assert store.token == OLD


async def test_what_was_not_spent_stays_where_its_successor_cannot_be_written():
    store = Store(OLD, fails=["write"])
    await kernel(store, App(rotates=False)).fresh(nobody)
    assert store.token == OLD


# other ways to a token


async def test_kernels_share_what_a_grant_gives():
    asked = []

    async def grant(send):
        asked.append(1)
        return Token(f"a{len(asked)}", expires_at=NOW + 3600, obtained_at=NOW)

    store = Store()
    assert (await kernel(store, grant=grant).fresh(nobody)).access_token == "a1"
    assert (await kernel(store, grant=grant).fresh(nobody)).access_token == "a1"
    assert store.token.access_token == "a1"


async def test_a_grant_is_what_is_left_where_a_refresh_token_is_refused():
    async def grant(send):
        return FRESH

    store, app = Store(OLD), App(refusal())
    assert await kernel(store, app, grant=grant).fresh(nobody) == FRESH
    assert (app.used, store.token) == (["r0"], FRESH)


class Endpoint:
    """Answers as a token endpoint that knows one refresh token, and rotates it."""

    def __init__(self, good):
        self.good, self.asked = good, []

    async def __call__(self, request):
        self.asked.append(request.body.decode())
        if f"refresh_token={self.good}&" not in self.asked[-1]:
            return Response(400, {}, b'{"error": "invalid_grant"}')
        self.good = f"{self.good}x"
        body = f'{{"access_token": "a{len(self.asked)}", "refresh_token": "{self.good}", "scope": "api id"}}'
        return Response(200, {}, body.encode())


def configured(store, **told):
    grant = RefreshToken("https://login.acme.example/token", "app", "given", "secret")
    return kernel(store, grant=grant, **told)


async def test_a_configured_refresh_token_is_used_once_and_its_successors_after_it():
    store, endpoint = Store(), Endpoint("given")
    token = await configured(store).fresh(endpoint)
    assert (token.refresh_token, token.scopes) == ("givenx", ("api", "id"))
    assert "client_secret=secret" in endpoint.asked[0]
    auth = configured(store)
    signed = await auth.sign(REQUEST, endpoint)
    assert await auth.renew(signed)
    await auth.fresh(endpoint)
    assert ["=givenx&" in it for it in endpoint.asked] == [False, True]
    assert store.token.refresh_token == "givenxx"


async def test_a_configured_refresh_token_replaces_one_that_was_revoked():
    store, endpoint = Store(OLD), Endpoint("given")
    assert (await configured(store).fresh(endpoint)).refresh_token == "givenx"
    assert ["=r0&" in it for it in endpoint.asked] == [True, False]
    assert store.token.refresh_token == "givenx"


async def test_a_configured_refresh_token_that_is_refused_is_not_tried_again():
    auth, endpoint = configured(Store()), Endpoint("another")
    for status in (400, None, None):
        with pytest.raises(AuthenticationError, match=r"invalid_grant|not tried again") as caught:
            await auth.fresh(endpoint)
        assert (caught.value.connector, caught.value.error_code) == ("acme", "invalid_grant")
        assert caught.value.status == status
        assert caught.value.hint.startswith("give another refresh_token")
        assert "login" not in caught.value.hint, "nobody signed in here"
    assert len(endpoint.asked) == 1


async def test_a_family_that_is_dead_costs_two_requests_and_nobody_elses_token():
    """The stored one and the configured one are each tried once; the next process finds none stored."""
    store, endpoint, others = (
        Store(OLD),
        Endpoint("another"),
        Account("acme", ACCOUNT.issuer, "app", "theirs"),
    )
    store.write(others, FRESH)
    auth = configured(store)
    for _ in range(3):
        with pytest.raises(AuthenticationError):
            await auth.fresh(endpoint)
    assert ["=r0&" in it for it in endpoint.asked] == [True, False]
    with pytest.raises(AuthenticationError, match="refused refresh_token: invalid_grant"):
        await configured(store).fresh(endpoint)
    assert len(endpoint.asked) == 3
    assert (store.token, store.read(others)) == (None, FRESH)


async def test_a_configured_refresh_token_that_is_not_rotated_is_never_written():
    async def plain(request):
        asked.append(request.body.decode())
        more = ', "instance_url": "https://eu1"' if len(asked) == 1 else ""
        return Response(200, {}, f'{{"access_token": "a{len(asked)}"{more}}}'.encode())

    store, asked = Store(), []
    auth = configured(store)
    assert (await auth.fresh(plain)).access_token == "a1"
    assert (store.token.access_token, store.token.refresh_token) == ("a1", None)
    assert (await configured(store).fresh(nobody)).access_token == "a1", "the next process asks nobody"
    assert await auth.renew(await auth.sign(REQUEST, plain))
    assert (await auth.fresh(plain)).extra["instance_url"] == "https://eu1", "what is not said again holds"
    assert ["refresh_token=given" in it for it in asked] == [True, True]
    assert store.token.refresh_token is None


class Denied(Store):
    """A folder in which the system lets us do nothing; `denies` says what not."""

    def __init__(self, *denies, number=errno.EACCES, **more):
        super().__init__(**more)
        self.denies, self.number = denies, number

    def _do(self, what):
        self.done.append(what)
        if what in self.denies:
            error = TokenStoreError(f"it cannot {what}")
            error.errno = self.number
            raise error

    @asynccontextmanager
    async def locked(self, account):
        self._do("lock")
        async with super().locked(account):
            yield


@pytest.mark.parametrize("denies", [("write",), ("lock", "write"), ("read", "lock", "write", "delete")])
async def test_a_configured_refresh_token_does_without_a_store_where_the_system_lets_us_have_none(denies):
    store, endpoint, unkept = Denied(*denies), Endpoint("given"), []
    auth = configured(store, on_unkept=unkept.append)
    assert (await auth.fresh(endpoint)).access_token == "a1"
    assert await auth.renew(await auth.sign(REQUEST, endpoint))
    assert (await auth.fresh(endpoint)).access_token == "a2"
    assert [str(it) for it in unkept] == ["it cannot write"] * 2
    assert ["=givenx&" in it for it in endpoint.asked] == [False, True]


@pytest.mark.parametrize("denies", ["read", "lock"])
async def test_a_store_that_works_and_is_not_safe_is_told_also_to_who_has_a_refresh_token(denies):
    with pytest.raises(TokenStoreError, match=f"cannot {denies}"):
        await configured(Denied(denies, number=None)).fresh(nobody)


@pytest.mark.parametrize("denies", ["read", "lock"])
async def test_who_signed_in_cannot_do_without_the_store(denies):
    await refused(kernel(Denied(denies), App()), TokenStoreError)


# who is cancelled


async def test_who_is_cancelled_while_renewing_leaves_the_new_token_to_all():
    store, app = Store(OLD), App()
    app.may_answer.clear()
    task = asyncio.ensure_future(kernel(store, app).fresh(nobody))
    await app.asked.wait()
    task.cancel()
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done(), "the answer is on its way, and with it the only good refresh token"
    app.may_answer.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.token.refresh_token == "r1"
    assert (await kernel(store, app).fresh(nobody)).access_token == "new1", "the lock is free"


async def test_a_time_limit_waits_for_the_answer_too():
    store, app = Store(OLD), App()
    app.may_answer.clear()
    with anyio.move_on_after(0.02) as scope:
        asyncio.get_running_loop().call_later(0.05, app.may_answer.set)
        await kernel(store, app).fresh(nobody)
        await checkpoint()
    assert scope.cancelled_caught
    assert store.token.refresh_token == "r1"


async def test_a_failure_that_nobody_waits_for_is_not_complained_about():
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
    app = App(DataFetchError("the token endpoint answered 503", status=503))
    app.may_answer.clear()
    task = asyncio.ensure_future(kernel(Store(OLD), app).fresh(nobody))
    await app.asked.wait()
    task.cancel()
    await asyncio.sleep(0)
    app.may_answer.set()
    await asyncio.wait([task])
    assert task.cancelled()
    del task
    gc.collect()
    assert told == []


def test_the_end_of_the_loop_ends_a_renewal():
    store = Store(OLD)

    async def leave():
        app = App()
        app.may_answer.clear()
        task = asyncio.ensure_future(kernel(store, app).fresh(nobody))
        await app.asked.wait()
        return task

    task = asyncio.run(leave())
    assert task.cancelled()
    assert store.token == OLD


async def test_who_is_cancelled_while_waiting_for_the_lock_leaves_it():
    store, app = Store(OLD), App()
    async with store.locked(ACCOUNT):
        with anyio.move_on_after(0.02):
            await kernel(store, app).fresh(nobody)
    assert app.used == []
    assert (await kernel(store, app).fresh(nobody)).access_token == "new1"


# how it is made


@pytest.mark.parametrize("half", [{"store": Store()}, {"account": ACCOUNT}])
def test_a_store_without_an_account_is_a_mistake(half):
    with pytest.raises(ConfigurationError, match="belong together") as caught:
        OAuth(None, **half)
    assert caught.value.field == "store"


def test_no_repr_shows_a_secret():
    secret = Token("hush", "hush")
    auth = kernel(Store(secret), grant=RefreshToken("https://i/token", "app", "hush", "hush"), token=secret)
    auth._refused = "hush"
    auth._shared._spent.add("hush")
    auth._shared.unkept = secret
    assert "hush" not in repr(auth) + repr(auth._shared)
