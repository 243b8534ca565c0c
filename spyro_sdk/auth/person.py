"""Who is asked to sign in."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

REMOTE = {
    "JUPYTERHUB_": "JupyterHub",
    "COLAB_": "Colab",
    "KAGGLE_": "Kaggle",
    "CODESPACES": "GitHub Codespaces",
    "DATABRICKS_RUNTIME_VERSION": "Databricks",
    "SAGEMAKER_": "SageMaker",
    "GITPOD_": "Gitpod",
    "REMOTE_CONTAINERS": "a container of VS Code",
    "VSCODE_IPC_HOOK_CLI": "a remote window of VS Code",
    "SSH_CONNECTION": "SSH",
}
"""How the names of variables begin by which a machine shows that its user's browser is on another one."""


@dataclass(frozen=True)
class Invitation:
    """What a person is asked to do, and may be shown: nothing in it is a secret."""

    address: str
    """The page to open; of the service, not ours."""
    until: float  # seconds since the epoch
    scopes: tuple[str, ...] = ()
    """What will be allowed."""
    user_code: str | None = None
    """What to type in there."""
    opens: bool = False
    """Whether a browser is opened for it."""
    pastes: bool = False
    """Whether the address on which the browser ends may be pasted."""


class Person(Protocol):
    """Somebody who can be asked.

    `show`, `open` and `ask_secret` are called in the thread that waits for the sign-in, and may take their
    time; `waiting` and `done` are called in another one, and return at once.
    """

    @property
    def can_answer(self) -> bool:
        """Whether anybody is there."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether the person's browser is on another machine than this process."""
        ...

    def show(self, card: Invitation) -> None:
        """Show what is to be done."""
        ...

    def open(self, address: str) -> bool:
        """Open a browser; return whether that seems to have worked."""
        ...

    def ask_secret(self, prompt: str, over: threading.Event) -> str | None:
        """What is typed in, unseen; '' for nothing, None once `over` is set."""
        ...

    def waiting(self, card: Invitation, seconds: float) -> None:
        """Show that there are `seconds` left; called each second, also while `ask_secret` asks."""
        ...

    def done(self, card: Invitation, error: BaseException | None) -> None:
        """Take the invitation away: it has been followed, or has come to nothing."""
        ...


def remote_place(environ: Mapping[str, str]) -> str | None:
    """What the machine is that its user sees through a browser of another one; None for a machine at hand."""
    for name, text in environ.items():
        for prefix, place in REMOTE.items():
            if text and name.startswith(prefix):
                return place
    return None
