"""Kills writers of the token store at random moments, and says what they left; a program for tests to run.

python killed.py FOLDER TIMES
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path

from spyro_sdk.auth.token import Token
from spyro_sdk.auth.tokens import Account, FileStore

ACCOUNT = Account("acme", "https://login.acme.example", "app")
LOCK = f"{ACCOUNT.key}.lock"


def write(store: FileStore, first: int) -> None:
    """Write token after token, until somebody ends us."""
    with store.folder.lockable(LOCK) as attempt:
        attempt()
        for number in count(first):
            store.write(ACCOUNT, Token(f"a{number}", "r" * 4000))


def killed(store: FileStore, first: int, after: float) -> None:
    if not (child := os.fork()):
        write(store, first)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def main(folder: Path, times: int) -> Counter[str]:
    """How often what was found."""
    found: Counter[str] = Counter()
    store, last = FileStore(folder), 0
    store.write(ACCOUNT, Token("a0", "r" * 4000))
    for _ in range(times):
        killed(store, last + 1, random.uniform(0, 0.02))
        token = store.read(ACCOUNT)
        number = int(token.access_token[1:]) if token else -1
        found["old" if number == last else "new" if number > last else "lost"] += 1
        with store.folder.lockable(LOCK) as attempt:
            found["free"] += attempt()
        last = max(last, number)
    found["left"] = len(list(folder.glob(".*.tmp")))
    return found


if __name__ == "__main__":
    os.umask(0)  # so that only the store itself keeps others out
    json.dump(main(Path(sys.argv[1]), int(sys.argv[2])), sys.stdout)
