"""A person is asked where there is one, and told what to do in words that a terminal can show."""

from __future__ import annotations

import io
import os
import pty
import sys
import threading
import webbrowser
from collections.abc import Iterator
from typing import Any

import pytest

from spyro_sdk.auth import unseen
from spyro_sdk.auth.person import Invitation, remote_place
from spyro_sdk.auth.terminal import TerminalPerson
from spyro_sdk.secret import Unseen

CARD = Invitation("https://login.example/authorize?x=1", until=1300.0, scopes=("api", "id"))


class Stream(io.StringIO):
    """What is written, and what of it is to be seen already."""

    seen = ""

    def flush(self) -> None:
        self.seen = self.getvalue()


class Screen(Stream):
    """What a terminal shows."""

    def isatty(self) -> bool:
        return True


def person(**settings: Any) -> TerminalPerson:
    usual: dict[str, Any] = {
        "err": Stream(),
        "stdin": io.StringIO(),
        "environ": {},
        "platform": "linux",
        "clock": lambda: 1000.0,
    }
    return TerminalPerson(**{**usual, **settings})


def text_of(it: TerminalPerson) -> str:
    assert isinstance(it.err, Stream)
    assert it.err.seen == it.err.getvalue(), "some of it waits in a buffer"
    return it.err.seen


# -- who can answer -----------------------------------------------------------------------------------


def test_who_sits_at_a_terminal_can_answer_and_a_pipe_cannot() -> None:
    assert person(stdin=Screen()).can_answer
    assert not person().can_answer
    assert not person(stdin=None).can_answer
    closed = io.StringIO()
    closed.close()
    assert not person(stdin=closed).can_answer


def test_by_default_it_is_whoever_sits_here() -> None:
    it = TerminalPerson()
    assert (it.err, it.stdin, it.environ) == (sys.stderr, sys.stdin, os.environ)
    assert isinstance(it.environ, Unseen)


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"JUPYTERHUB_USER": "ana"}, "JupyterHub"),
        ({"COLAB_RELEASE_TAG": "x"}, "Colab"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}, "Kaggle"),
        ({"CODESPACES": "true"}, "GitHub Codespaces"),
        ({"DATABRICKS_RUNTIME_VERSION": "16"}, "Databricks"),
        ({"SAGEMAKER_APP_TYPE": "x"}, "SageMaker"),
        ({"GITPOD_HOST": "x"}, "Gitpod"),
        ({"REMOTE_CONTAINERS": "true"}, "a container of VS Code"),
        ({"MY_SSH_CONNECTION": "x"}, None),
        ({"SSH_CONNECTION": "10.0.0.1 22"}, "SSH"),
        ({"VSCODE_IPC_HOOK_CLI": "/tmp/x"}, "a remote window of VS Code"),
        ({"SSH_CONNECTION": "", "HOME": "/home/ana"}, None),
        ({}, None),
    ],
)
def test_a_machine_that_is_seen_through_another_ones_browser_is_known(
    environ: dict[str, str], place: str | None
) -> None:
    assert remote_place(environ) == place
    assert person(environ=environ).is_remote is (place is not None)


# -- what is shown ------------------------------------------------------------------------------------


def test_an_invitation_says_where_what_how_long_and_how_to_stop() -> None:
    it = person()
    it.show(CARD)
    assert text_of(it) == (
        "To sign in, open\n"
        "  https://login.example/authorize?x=1\n"
        "It asks you to allow: api id.\n"
        "This waits for 5 minutes; Ctrl-C ends it.\n"
    )


def test_a_browser_that_opens_a_code_and_a_paste_are_told_of() -> None:
    it = person()
    it.show(Invitation("https://x.example", 1010.0, opens=True))
    assert text_of(it) == (
        "To sign in, go on in the browser that opens; or open\n"
        "  https://x.example\n"
        "Should the browser end on a page that it cannot reach, end this, and sign in with"
        " auth_mode='paste'.\n"
        "This waits for 1 minute; Ctrl-C ends it.\n"
    )
    it.show(Invitation("https://x.example", 1000.0 + 60 * 60))
    assert text_of(it).endswith("This waits for 60 minutes; Ctrl-C ends it.\n")
    it.show(Invitation("https://x.example", 1300.0, user_code="WDJB-MJHT"))
    assert "and enter the code WDJB-MJHT\n" in text_of(it)
    it.show(Invitation("https://x.example", 1300.0, pastes=True))
    assert "copy the whole address" in text_of(it)


def test_a_terminal_counts_down_in_one_line_and_wipes_it_away() -> None:
    it = person(err=Screen())
    it.waiting(CARD, 299.4)
    assert text_of(it) == "\r4:59 left "
    it.waiting(CARD, 60)
    it.done(CARD, None)
    assert text_of(it) == "\r4:59 left \r1:00 left \r            \rSigned in.\n"


def test_elsewhere_nothing_is_counted_down() -> None:
    it = person()
    it.waiting(CARD, 60)
    it.done(CARD, ValueError())
    assert text_of(it) == ""


# -- which browser ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "environ", "opens"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "w"}, True),
        ("linux", {"BROWSER": "firefox"}, True),
        ("linux", {"DISPLAY": ""}, False),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_browser_is_opened_where_there_is_a_screen(
    platform: str, environ: dict[str, str], opens: bool
) -> None:
    opened: list[str] = []

    def browser(address: str) -> bool:
        opened.append(address)
        return True

    it = person(platform=platform, environ=environ, browser=browser)
    assert it.open("https://x.example") is opens
    assert opened == ["https://x.example"] * opens


@pytest.mark.parametrize("trouble", [webbrowser.Error("none"), OSError("none")])
def test_no_browser_is_no_trouble(trouble: Exception) -> None:
    def browser(address: str) -> bool:
        raise trouble

    assert person(platform="darwin", browser=browser).open("https://x.example") is False


# -- what is typed ------------------------------------------------------------------------------------


@pytest.fixture
def stdin() -> Iterator[tuple[int, Any]]:
    end, stream = pty.openpty()
    with os.fdopen(stream) as it:
        yield end, it
    os.close(end)


def test_a_terminal_shows_the_prompt_and_not_what_is_typed(stdin: tuple[int, Any]) -> None:
    end, stream = stdin
    it, over = person(stdin=stream), threading.Event()
    prompted: list[str] = []

    def answer() -> None:
        prompted.append(text_of(it))
        os.write(end, b"s3cret\n")

    threading.Timer(0.1, answer).start()
    assert it.ask_secret("Address: ", over) == "s3cret"
    assert prompted == ["Address: "]
    assert text_of(it) == "Address: \n"
    over.set()
    assert it.ask_secret("Address: ", over) is None


def test_where_keys_cannot_be_read_the_systems_own_prompt_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def prompt(text: str) -> str:
        asked.append(text)
        return "s3cret"

    monkeypatch.setattr(unseen, "HAS_KEYS", False)  # as on Windows
    it = person(prompt=prompt)
    assert it.ask_secret("Address: ", threading.Event()) == "s3cret"
    assert asked == ["Address: "]
    assert text_of(it) == ""


def test_nothing_is_counted_down_over_what_is_typed(stdin: tuple[int, Any]) -> None:
    end, stream = stdin
    it = person(stdin=stream, err=Screen())
    threading.Timer(0.1, lambda: os.write(end, b"s3cret\n")).start()
    it.ask_secret("Address: ", threading.Event())
    it.waiting(CARD, 60)
    assert "left" not in text_of(it)


def test_a_terminal_that_goes_away_gives_nothing() -> None:
    end, stream = pty.openpty()
    with os.fdopen(stream) as it:
        threading.Timer(0.1, lambda: os.close(end)).start()
        assert person(stdin=it).ask_secret("Address: ", threading.Event()) == ""
