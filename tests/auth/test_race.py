"""Many kernels with one expired token, and kernels that die."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import FileStore
from spyro_sdk.private import System
from tests.auth import given as given_kernel
from tests.auth import kernel, killed
from tests.auth.kernel import ACCOUNT, signing, status, transport
from tests.auth.rotating import Service, rotating

KERNELS, ROUNDS, KILLS = 8, 20, 200
ROOT = Path(__file__).resolve().parents[2]
FIRST = Token("a0", "r0", expires_at=0.0, obtained_at=0.0)


@pytest.fixture
def service() -> Iterator[Service]:
    with rotating() as it:
        yield it


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "tokens")


def program(module: object, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(module.__file__), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@contextmanager
def kernels(
    service: Service, folder: Path, *given: str, count: int = KERNELS
) -> Iterator[list[subprocess.Popen[str]]]:
    """Kernels in processes of their own, each of which has asked once; `given`: a refresh token for each."""
    what = given_kernel if given else kernel
    with ExitStack() as stack:
        running = [stack.enter_context(program(what, service.url, folder, *given)) for _ in range(count)]
        try:
            assert asked(running, "restart") == [200] * count
            yield running
        finally:
            for it in running:
                it.stdin.close()
                it.wait(10)


def asked(running: list[subprocess.Popen[str]], how: str) -> list[int]:
    for it in running:
        it.stdin.write(f"{how}\n")
        it.stdin.flush()
    return [int(it.stdout.readline()) for it in running]


def aged(store: FileStore) -> None:
    """Let the stored token be over."""
    (account,) = store.accounts()
    store.write(account, replace(store.read(account), expires_at=time.time() - 1))


def test_eight_kernels_with_one_expired_token_renew_it_once(service: Service, store: FileStore) -> None:
    store.write(ACCOUNT, Token("a0", "r0", expires_at=time.time() + 3600))
    with kernels(service, store.folder.path) as running:
        assert service.grants == 0
        for number in range(ROUNDS):
            if number % 2:  # it was revoked: each hears so from the service
                service.expire()
                assert asked(running, "go on") == [200] * KERNELS
            else:  # each starts anew, and finds it too old
                aged(store)
                assert asked(running, "restart") == [200] * KERNELS
    assert (service.grants, service.revocations) == (ROUNDS, 0)
    assert store.read(ACCOUNT).refresh_token == f"r{ROUNDS}"


def test_eight_kernels_with_one_refresh_token_in_their_settings_use_it_once(
    service: Service, store: FileStore
) -> None:
    with kernels(service, store.folder.path, "r0") as running:
        assert service.grants == 1, "they start with nothing, all at once"
        for number in range(1, ROUNDS):
            if number % 2:
                service.expire()
                assert asked(running, "go on") == [200] * KERNELS
            else:
                aged(store)
                assert asked(running, "restart") == [200] * KERNELS
        assert (service.grants, service.revocations) == (ROUNDS, 0)
    with kernels(service, store.folder.path, "r0", count=1) as later:  # a run of the next day
        assert service.grants == ROUNDS
        service.expire()
        assert asked(later, "go on") == [200]
    assert (service.grants, service.revocations) == (ROUNDS + 1, 0)
    (account,) = store.accounts()
    assert store.read(account).refresh_token == f"r{ROUNDS + 1}"


def test_eight_threads_with_one_expired_token_renew_it_once(service: Service, store: FileStore) -> None:
    store.write(ACCOUNT, FIRST)
    meeting = threading.Barrier(KERNELS, action=service.expire, timeout=30)
    answers: list[int] = []

    async def ask() -> None:
        auth = signing(service.url, store.folder.path)
        async with transport() as send:
            for _ in range(ROUNDS):
                await asyncio.to_thread(meeting.wait)
                answers.append(await status(auth, send, service.url))
                await asyncio.to_thread(meeting.wait)

    threads = [threading.Thread(target=asyncio.run, args=(ask(),)) for _ in range(KERNELS)]
    for it in threads:
        it.start()
    for it in threads:
        it.join(60)
    assert answers == [200] * KERNELS * ROUNDS
    assert service.revocations == 0
    assert service.grants == ROUNDS


def test_the_service_of_these_tests_does_revoke(service: Service) -> None:
    assert service.refreshed("r0")[0] == 200
    assert service.is_good("Bearer a1")
    assert service.refreshed("r0")[0] == 400
    assert service.refreshed("r1")[0] == 400
    assert not service.is_good("Bearer a1")
    assert (service.grants, service.revocations) == (1, 1)


def test_a_writer_killed_at_any_moment_leaves_a_whole_token_that_nobody_else_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    open_to_others: set[str] = set()
    seen = 0
    with program(killed, folder, KILLS) as killer:
        while killer.poll() is None:
            for it in os.scandir(folder) if folder.exists() else ():
                try:
                    mode = it.stat(follow_symlinks=False).st_mode
                except FileNotFoundError:
                    continue
                seen += 1
                if mode & 0o077:
                    open_to_others.add(it.name)
        found = json.loads(killer.stdout.read())
    assert found["old"] + found["new"] == KILLS, found
    assert found["free"] == KILLS, "who dies frees the lock"
    assert seen > KILLS
    assert open_to_others == set()
    later = FileStore(folder, system=System(clock=lambda: time.time() + 61))
    later.write(ACCOUNT, FIRST)
    assert sorted(it.name for it in folder.iterdir()) == [f"{ACCOUNT.key}.json", f"{ACCOUNT.key}.lock"]
