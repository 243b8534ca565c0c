"""Who is signed in, who signed out, and which profiles there are, as cards."""

import re
from html import unescape
from pathlib import Path

import pytest

from spyro_sdk.accounts import SignedIn, SignedOut
from spyro_sdk.auth.tokens import Account
from spyro_sdk.notebook.cards import card_of
from spyro_sdk.profile.listing import Profile, Profiles

HOSTILE = '<script>alert("x")</script>'
ACME, OTHER = (Account("salesforce", f"https://{name}.example", "app") for name in ("acme", "other"))


def words(thing):
    html = card_of(thing).to_html()
    assert len(html) < 4096
    assert not [it for it in ("<style", "<svg", "<script", "class=", "var(") if it in html]
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", html).split()))


def signed_in(**changes):
    usual = {"connector": "salesforce", "who": "ana@acme.example", "issuer": "https://acme.example"}
    rest = {"scopes": ("api", "id"), "until": 1_800_000_000.0, "renews": True, "is_kept": True}
    return SignedIn(**{**usual, **rest, **changes})


def test_who_is_signed_in_is_told_with_how_long_and_how_to_end_it():
    assert words(signed_in()) == (
        "salesforce https://acme.example signed in who ana@acme.example allowed api id"
        " until 2027-01-15 08:00 UTC, and renews itself remembered on this machine"
        " spyro.logout('salesforce') ends it"
    )


def test_what_is_not_known_is_left_out():
    told = words(signed_in(who=None, scopes=(), until=None, renews=False, is_kept=False))
    assert told == (
        "salesforce https://acme.example signed in remembered until this process ends"
        " spyro.logout('salesforce') ends it"
    )
    assert "until renews itself remembered" in words(signed_in(until=None))
    assert "08:00 UTC remembered" in words(signed_in(renews=False))


def test_who_is_signed_out_is_told_with_what_still_holds():
    thing = SignedOut("salesforce", (ACME, OTHER), (ACME,), {OTHER: "it ends by itself"})
    assert words(thing) == (
        "salesforce signed out account here there https://acme.example removed ended"
        " https://other.example removed it ends by itself"
    )
    assert card_of(thing).tone == "waiting"
    assert card_of(SignedOut("salesforce", (ACME,), (ACME,))).tone == "good"


def test_that_nobody_was_signed_in_is_told():
    assert words(SignedOut("salesforce", (), ())) == "salesforce Nobody was signed in."


PROFILES = Profiles(
    [
        Profile("acme", "salesforce", "https://acme.example", {"client_secret": "env ACME"}, True),
        Profile("github", "github"),
    ],
    Path("/home/ana/connections.toml"),
)


def test_profiles_are_told_with_where_their_secrets_are():
    assert words(PROFILES) == (
        "2 profiles /home/ana/connections.toml name connector address secrets"
        " acme salesforce https://acme.example client_secret: env ACME signed in github github"
        " spyro.connect('salesforce', profile='acme') connects with the first"
    )


def test_that_there_are_no_profiles_is_told():
    told = words(Profiles([], Path("/home/ana/connections.toml")))
    assert told == "No profiles /home/ana/connections.toml The file has none yet."


@pytest.mark.parametrize(
    "thing",
    [
        signed_in(connector=HOSTILE, who=HOSTILE, issuer=HOSTILE, scopes=(HOSTILE,)),
        SignedOut(HOSTILE, (Account("x", HOSTILE, "y"),), (), {Account("x", HOSTILE, "y"): HOSTILE}),
        Profiles([Profile(HOSTILE, HOSTILE, HOSTILE, {HOSTILE: HOSTILE})], Path(HOSTILE)),
    ],
)
def test_whatever_is_said_is_escaped(thing):
    assert "&lt;script&gt;" in card_of(thing).to_html()
    assert words(thing)


@pytest.mark.parametrize("thing", [signed_in(), SignedOut("x", (), ()), PROFILES])
def test_without_a_notebook_there_are_words(thing):
    assert thing._repr_mimebundle_()["text/plain"] == repr(thing)
