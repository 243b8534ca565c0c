"""A person at a notebook is asked by a card, and nothing of it stays that was to be opened or typed."""

import asyncio
import re
import threading
import types
import uuid
from html import unescape

import pytest

from spyro_sdk import accounts, notebook, shown
from spyro_sdk.auth.person import Invitation
from spyro_sdk.auth.terminal import TerminalPerson
from spyro_sdk.errors import SignInError
from spyro_sdk.notebook.cards import card_of
from spyro_sdk.notebook.person import NotebookPerson, in_cell
from spyro_sdk.notebook.sign_in import SignIn

HOSTILE = '<script>alert("x")</script>'
ADDRESS = "https://login.example/authorize?state=s3cret"
CARD = Invitation(ADDRESS, until=1300.0, scopes=("api", "id"), opens=True)
PASTED = Invitation(ADDRESS, until=1300.0, pastes=True)
DEVICE = Invitation("https://login.example/device", until=1300.0, user_code="WDJB-MJHT")


class Page:
    """What a notebook has on its page, by name."""

    def __init__(self, *, fails=False):
        self.shown, self.again, self.fails = {}, [], fails

    def __call__(self, thing, place, again):
        if self.fails:
            raise OSError("nobody listens")
        assert (place in self.shown) is again
        self.shown[place] = thing
        self.again.append(again)

    @property
    def last(self):
        """The only thing on it."""
        [thing] = self.shown.values()
        return thing


def person(**settings):
    usual = {"kernel": types.SimpleNamespace(_allow_stdin=True), "environ": {}, "platform": "linux"}
    return NotebookPerson(**{**usual, "display": Page(), "clock": lambda: 1000.0, **settings})


def words(thing):
    """The text of a thing's card, and its HTML."""
    html = card_of(thing).to_html()
    assert len(html) < 4096
    assert not [it for it in ("<style", "<svg", "<script", "class=", "var(") if it in html]
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", html).split())), html


# -- who can answer -----------------------------------------------------------------------------------


@pytest.mark.parametrize("allowed", [True, False])
def test_a_notebook_says_whether_somebody_sits_at_it(allowed):
    assert person(kernel=types.SimpleNamespace(_allow_stdin=allowed)).can_answer is allowed
    assert not person(kernel=types.SimpleNamespace()).can_answer


def test_a_browser_elsewhere_is_known_and_one_here_is_opened():
    opened = []

    def browser(address):
        opened.append(address)
        return True

    assert person(environ={"JUPYTERHUB_USER": "ana"}).is_remote
    assert not person().is_remote
    assert person(browser=browser).open(ADDRESS)  # by the link in the card
    assert opened == []
    assert person(browser=browser, environ={"DISPLAY": ":0"}).open(ADDRESS)
    assert opened == [ADDRESS]


def test_where_a_kernel_runs_whoever_sits_before_it_is_asked(monkeypatch):
    kernel = types.SimpleNamespace(_allow_stdin=True)
    before = shown.wing()
    shown.plug(notebook.NotebookWing())
    monkeypatch.setattr(notebook, "shell", lambda: types.SimpleNamespace(kernel=kernel))
    asked = accounts.somebody()
    assert isinstance(asked, NotebookPerson)
    assert asked.kernel is kernel
    mine = person()
    assert accounts.somebody(mine) is mine
    monkeypatch.setattr(notebook, "shell", lambda: types.SimpleNamespace())  # IPython in a terminal
    assert isinstance(accounts.somebody(), TerminalPerson)
    shown.plug(None)
    assert isinstance(accounts.somebody(), TerminalPerson)
    shown.plug(before)


# -- what is shown while it waits ---------------------------------------------------------------------


def test_the_card_says_where_what_how_long_and_how_to_stop():
    it = person()
    it.show(CARD)
    said, html = words(it.display.last)
    assert said == (
        "Sign in at login.example 5:00 left waiting Open the sign-in page unless it has opened by itself"
        " Should it end on a page that cannot be reached, stop this cell, and sign in with"
        ' auth_mode="paste" .'
        " It asks you to allow api id"
        " This cell waits, and goes on by itself once you have signed in. The square button ■ stops it."
    )
    assert f'href="{ADDRESS}"' in html
    assert repr(it.display.last) == (
        f"To sign in, open\n  {ADDRESS}\nIt asks you to allow: api id.\n5:00 left; the stop button ends it."
    )


def test_a_paste_is_asked_for_step_by_step():
    said, html = words(SignIn(PASTED, 299.4))
    assert html.count("<li") == 4
    assert "Copy its whole address" in said
    assert "Paste it into the field below this cell" in said
    assert "4:59 left" in said
    assert "by itself" not in said.split("This cell")[0]
    assert "copy the whole address" in repr(SignIn(PASTED))


def test_a_code_is_large_and_stands_alone():
    said, html = words(SignIn(DEVICE, 61))
    assert "on any device, and enter this code: WDJB-MJHT This cell" in said
    assert ">WDJB-MJHT<" in html
    assert "26px" in html
    assert "\nand enter the code WDJB-MJHT\n" in repr(SignIn(DEVICE))


def test_an_address_alone_is_a_link_alone():
    said, _ = words(SignIn(Invitation(ADDRESS, 1300.0), -1))
    assert "0:00 left waiting Open the sign-in page This cell" in said


def test_it_counts_down_in_its_place():
    it = person()
    it.show(CARD)
    it.waiting(CARD, 12.2)
    assert it.display.last.left == "0:12"
    assert it.display.again == [False, True]


def test_a_second_card_takes_the_place_of_the_first():
    it = person()
    it.show(CARD)
    it.show(PASTED)
    it.done(PASTED, None)
    assert it.display.again == [False, True, True]
    it.show(DEVICE)
    assert len(it.display.shown) == 2


def test_a_page_that_takes_no_more_does_not_end_the_sign_in(caplog):
    it = person()
    it.show(CARD)
    it.display.fails = True
    it.waiting(CARD, 3)
    it.done(CARD, None)
    assert caplog.text.count("the card of the sign-in cannot be shown") == 2


def test_a_card_that_cannot_be_shown_at_all_is_an_error():
    with pytest.raises(OSError, match="nobody listens"):
        person(display=Page(fails=True)).show(CARD)


def test_what_is_pasted_is_asked_for_at_the_notebooks_own_prompt():
    asked = []

    def prompt(text):
        asked.append(text)
        return "s3cret"

    it = person(prompt=prompt)
    assert it.ask_secret("Address: ", threading.Event()) == "s3cret"
    assert asked == ["Address: "]


# -- what is shown in the end -------------------------------------------------------------------------

REFUSED = SignInError("it was refused", error_code="access_denied", hint="ask your administrator")


@pytest.mark.parametrize(
    ("error", "tone", "said"),
    [
        (None, "good", "Sign-in at login.example signed in"),
        (asyncio.CancelledError(), "waiting", "stopped Run the cell again when you are ready."),
        (KeyboardInterrupt(), "waiting", "stopped Run the cell again when you are ready."),
        (SignInError("late", error_code="timed_out"), "waiting", "timed out Late. Run the cell again"),
        (SignInError("no", error_code="cancelled", hint="try"), "waiting", "given up No. Try."),
        (REFUSED, "bad", "refused It was refused. Ask your administrator."),
        (SignInError("taken", error_code="port_taken", hint="end it"), "bad", "not signed in Taken. End it."),
        (ZeroDivisionError("s3cret"), "bad", "not signed in ZeroDivisionError. Run the cell again"),
    ],
)
@pytest.mark.parametrize("card", [CARD, PASTED, DEVICE])
def test_how_it_ended_takes_the_place_of_what_was_to_be_opened(card, error, tone, said):
    it = person()
    it.show(card)
    it.done(card, error)
    over = it.display.last
    text, html = words(over)
    assert said in text
    assert card_of(over).tone == tone
    for kept in (html, repr(over)):
        assert not [it for it in ("s3cret", "/authorize", "/device", "WDJB", "https:", "href") if it in kept]


def test_the_words_say_the_same():
    assert repr(SignIn(CARD, is_over=True)) == "sign-in at login.example: signed in"
    assert repr(SignIn(CARD, is_over=True, error=REFUSED)) == (
        "sign-in at login.example: refused: it was refused: ask your administrator"
    )


def test_whatever_a_service_says_is_escaped():
    card = Invitation(f"https://ana:pw@{HOSTILE}\x1b/x", 0.0, (HOSTILE,), user_code=HOSTILE)
    said, html = words(SignIn(card, 3))
    assert "<script" not in html
    assert "ana:pw@" not in said
    assert "\x1b" not in said
    refusal = SignInError(HOSTILE, hint=HOSTILE)
    assert "<script" not in words(SignIn(card, is_over=True, error=refusal))[1]


# -- in IPython ---------------------------------------------------------------------------------------


def test_ipython_shows_it_under_its_name_and_replaces_it(monkeypatch):
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    before, publisher, place = shown.wing(), CapturingDisplayPublisher(), uuid.uuid4().hex
    monkeypatch.setattr(shell, "display_pub", publisher)
    shown.plug(notebook.NotebookWing())
    try:
        in_cell(SignIn(CARD), place, False)
        in_cell(SignIn(CARD, is_over=True), place, True)
    finally:
        shown.plug(before)
        InteractiveShell.clear_instance()
    first, last = publisher.outputs
    assert [it["transient"]["display_id"] for it in (first, last)] == [place, place]
    assert (first["update"], last["update"]) == (False, True)
    assert ADDRESS in first["data"]["text/html"]
    assert last["data"].keys() == {"text/plain", "text/html"}
