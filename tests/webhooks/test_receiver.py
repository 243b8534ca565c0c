"""What is delivered is from the service, of these minutes, new and not too much: row 38 of the matrix."""

from __future__ import annotations

import hashlib
import hmac
import math
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spyro_sdk.arrow.exact import parse
from spyro_sdk.errors import (
    ConfigurationError,
    ConnectorError,
    DecodeError,
    ReplayedError,
    ValidationError,
    WebhookError,
)
from spyro_sdk.secret import Secret
from spyro_sdk.testing import signed
from spyro_sdk.webhooks import (
    GITHUB,
    SCHEMES,
    STANDARD,
    STRIPE,
    Delivery,
    Header,
    Item,
    MemorySeen,
    Receiver,
    Scheme,
)

NOW = 1_750_000_000
SECRETS = {
    "standard": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "github": "hush-hush",
    "stripe": "whsec_hush-hush",
}
OTHERS = {"standard": "whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", "github": "other", "stripe": "whsec_other"}
BODY = b'{"id": "evt_1", "type": "invoice.paid", "number": 12345678901234567890}'
SLACK = Scheme(
    "slack",
    signature="X-Slack-Signature",
    signed="v0:{timestamp}:{body}",
    mark="v0=",
    timestamp=Header("X-Slack-Request-Timestamp"),
)
SHOPIFY = Scheme("shopify", "X-Shopify-Hmac-Sha256", "{body}", encoding="base64", tolerance=None)

each_scheme = pytest.mark.parametrize("name", SCHEMES)


class Clock:
    """A clock that stands until somebody moves it."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


def receiver(name: str, *secrets: str, **given: Any) -> Receiver:
    return Receiver(name, secrets or SECRETS[name], clock=lambda: NOW, **given)


def sent(name: str, body: bytes = BODY, *, secret: str = "", **given: Any) -> dict[str, str]:
    return signed(name, secret or SECRETS[name], body, **{"at": NOW, **given})


def refusal(verify: Callable[[], Delivery]) -> WebhookError:
    with pytest.raises(WebhookError) as caught:
        verify()
    assert isinstance(caught.value, ConnectorError)
    return caught.value


# -- what is taken ----------------------------------------------------------------------------------


@each_scheme
def test_what_the_service_signed_is_taken_exactly_as_it_said(name: str) -> None:
    delivery = receiver(name).verify(BODY, sent(name))
    assert delivery.payload == {"id": "evt_1", "type": "invoice.paid", "number": 12345678901234567890}
    assert delivery.scheme == name
    kinds = {"standard": "invoice.paid", "github": "test", "stripe": "invoice.paid"}
    ids = {"standard": "msg_1", "github": "msg_1", "stripe": "evt_1"}
    assert (delivery.kind, delivery.id) == (kinds[name], ids[name])
    assert (delivery.sent is None) == (name == "github")
    assert delivery.sent is None or delivery.sent.isoformat() == "2025-06-15T15:06:40+00:00"
    assert "number" not in repr(delivery)


def test_the_example_of_standard_webhooks_is_taken() -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    it = Receiver("standard", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", clock=lambda: 1614265330)
    assert it.verify(b'{"test": 2432232314}', headers).payload == {"test": 2432232314}


def test_the_example_of_github_is_right_up_to_its_text_that_is_no_json() -> None:
    headers = {
        "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-GitHub-Event": "ping",
    }
    it = Receiver("github", "It's a Secret to Everybody")
    assert refusal(lambda: it.verify(b"Hello, World!", headers)).error_code == "not_json"


def test_a_signature_of_stripe_is_the_one_that_it_describes() -> None:
    mac = hmac.new(b"whsec_hush-hush", b"%d." % NOW + BODY, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={NOW}, v0={'0' * 64}, v1={'1' * 64}, v1={mac}"}
    assert receiver("stripe").verify(BODY, headers).id == "evt_1"


@pytest.mark.parametrize(
    ("scheme", "headers"),
    [
        (SLACK, {"x-slack-signature", "x-slack-request-timestamp"}),
        (SHOPIFY, {"x-shopify-hmac-sha256"}),
    ],
    ids=["slack", "shopify"],
)
def test_a_scheme_of_ones_own_is_a_few_lines(scheme: Scheme, headers: set[str]) -> None:
    came = signed(scheme, "hush", b"[1]", at=NOW)
    assert {it.lower() for it in came} == headers
    it = Receiver(scheme, "hush", clock=lambda: NOW)
    delivery = it.verify(b"[1]", came)
    assert (delivery.id, delivery.kind, delivery.payload) == ("", "", [1])
    assert isinstance(refusal(lambda: it.verify(b"[1]", came)), ReplayedError)
    assert refusal(lambda: it.verify(b"[2]", came)).error_code == "bad_signature"


def test_headers_may_be_pairs_of_bytes_in_any_case_and_a_body_a_bytearray() -> None:
    pairs = [(name.upper().encode(), value.encode()) for name, value in sent("standard").items()]
    others: list[Any] = [(b"x-odd", None), (None, b"x"), (b"x-odd", b"\xff")]
    assert receiver("standard").verify(bytearray(BODY), [*others, *pairs]).id == "msg_1"


def test_numbers_are_exact_and_an_object_that_says_a_thing_twice_is_refused() -> None:
    big = b'{"amount": 1e400, "id": 123456789012345678901234567890}'
    payload = receiver("standard").verify(big, sent("standard", big)).payload
    assert payload == {"amount": Decimal("1e400"), "id": 123456789012345678901234567890}
    for body in (b'{"a": 1, "a": 2}', b"\xff", b"", b"payload=%7B%7D", b"[" * 200_000):
        error = refusal(lambda it=body: receiver("standard").verify(it, sent("standard", it)))  # type: ignore[misc]
        assert (error.error_code, error.answer) == ("not_json", 400)
        assert "application/json" in str(error.hint)


# -- bad signatures, in a time that tells nothing -----------------------------------------------------


def bad_ones(name: str) -> list[tuple[bytes, dict[str, str]]]:
    """Deliveries whose signature is wrong, each in another way."""
    right, field, mark = sent(name), SCHEMES[name].signature, SCHEMES[name].mark
    time = f"t={NOW}," if name == "stripe" else ""
    return [
        (BODY + b" ", right),
        (BODY, sent(name, secret=OTHERS[name])),
        *((BODY, {**right, field: f"{time}{it}"}) for it in ("x", mark, f"{mark}é\ud800", f"{mark}AAAA")),
        (BODY, {**right, field: right[field].replace(mark, "v1a,")}),
    ]


@each_scheme
@pytest.mark.parametrize("number", range(7))
def test_a_bad_signature_is_refused_and_the_right_one_is_not_told(name: str, number: int) -> None:
    body, headers = bad_ones(name)[number]
    error = refusal(lambda: receiver(name).verify(body, headers))
    assert (error.error_code, error.answer) == ("bad_signature", 401)
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    scheme, key = SCHEMES[name], SCHEMES[name].key(Secret(SECRETS[name]))
    before = scheme.before_body("" if name == "stripe" else "msg_1", str(NOW))
    expected = scheme.signature_of(key, before, body).decode()
    assert (expected in shown) == (number == 6)  # where it came so itself
    assert SECRETS[name].removeprefix("whsec_") not in shown


@each_scheme
def test_every_flipped_letter_of_a_signature_is_noticed(name: str) -> None:
    headers, field = sent(name), SCHEMES[name].signature
    said = headers[field]
    start = said.index(SCHEMES[name].mark) + len(SCHEMES[name].mark)
    for place in range(start, len(said)):
        other = "0" if said[place] != "0" else "1"
        came = {**headers, field: said[:place] + other + said[place + 1 :]}
        assert refusal(lambda it=came: receiver(name).verify(BODY, it)).error_code == "bad_signature"  # type: ignore[misc]


def test_every_candidate_is_compared_with_every_secret_wherever_the_right_one_is() -> None:
    compared: list[int] = []

    class Counted(bytes):
        def __eq__(self, other: object) -> bool:
            raise AssertionError("a comparison that takes as long as the texts are equal")

        __hash__ = bytes.__hash__

    class Watched(Scheme):
        def signature_of(self, key: bytes, before: bytes, body: bytes) -> bytes:
            compared.append(len(key))
            return Counted(super().signature_of(key, before, body))

    scheme = Watched(**{name: getattr(GITHUB, name) for name in GITHUB.__dataclass_fields__})
    for secrets in (["hush", "a", "bb"], ["a", "bb", "hush"]):
        compared.clear()
        Receiver(scheme, secrets).verify(BODY, sent("github", secret="hush"))
        assert compared == [len(it) for it in secrets]


@each_scheme
def test_while_a_secret_is_changed_the_old_and_the_new_one_are_taken(name: str) -> None:
    new, old = SECRETS[name], OTHERS[name]
    both = Receiver(name, [new, old], clock=lambda: NOW)
    bodies = [BODY, BODY.replace(b"evt_1", b"evt_2")]
    for number, (body, secret) in enumerate(zip(bodies, (old, new), strict=True)):
        both.verify(body, sent(name, body, secret=secret, identifier=f"msg_{number}"))
    other = {"standard": "AAAA", "github": "none", "stripe": "none"}[name]
    error = refusal(lambda: both.verify(BODY, sent(name, secret=other)))
    assert "any of the 2 secrets" in str(error)


def test_a_service_that_signs_with_both_secrets_is_understood() -> None:
    old, new = (
        sent("standard", secret=it)["webhook-signature"] for it in (OTHERS["standard"], SECRETS["standard"])
    )
    headers = {**sent("standard"), "webhook-signature": f"v1a,AAAA {old} {new}"}
    assert receiver("standard").verify(BODY, headers).id == "msg_1"


# -- the age ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["standard", "stripe"])
@pytest.mark.parametrize(
    ("off", "code"),
    [(-301, "too_old"), (-300, None), (0, None), (300, None), (301, "too_new"), (-1e9, "too_old")],
)
def test_a_timestamp_may_be_off_by_five_minutes_either_way(name: str, off: float, code: str | None) -> None:
    came = sent(name, at=NOW + off)
    if code is None:
        assert receiver(name).verify(BODY, came)
        return
    error = refusal(lambda: receiver(name).verify(BODY, came))
    assert (error.error_code, error.answer) == (code, 400)
    assert "clock" in str(error.hint)


def test_another_tolerance_is_another_scheme() -> None:
    strict = Receiver(replace(STRIPE, tolerance=10), SECRETS["stripe"], clock=lambda: NOW)
    assert refusal(lambda: strict.verify(BODY, sent("stripe", at=NOW - 11))).error_code == "too_old"


def test_of_a_stranger_not_even_the_age_is_told() -> None:
    came = sent("stripe", at=NOW - 1000, secret="whsec_other")
    assert refusal(lambda: receiver("stripe").verify(BODY, came)).error_code == "bad_signature"


# -- what came before ---------------------------------------------------------------------------------


@each_scheme
def test_what_was_taken_is_not_taken_again_unless_that_is_asked_for(name: str) -> None:
    it = receiver(name)
    delivery = it.verify(BODY, sent(name))
    error = refusal(lambda: it.verify(BODY, sent(name)))
    assert isinstance(error, ReplayedError)
    assert (error.error_code, error.answer) == ("replayed", 200)
    it.forget(delivery)
    it.forget(delivery)
    assert it.verify(BODY, sent(name)) == delivery


def test_a_delivery_that_is_tried_again_later_is_the_same_by_its_id() -> None:
    for name, other in (("standard", b"{}"), ("stripe", BODY + b" ")):
        it = receiver(name)
        it.verify(BODY, sent(name))
        again = sent(name, other, at=NOW + 60)
        assert isinstance(refusal(lambda it=it, b=other, h=again: it.verify(b, h)), ReplayedError)  # type: ignore[misc]


def test_an_id_that_nobody_signed_makes_no_delivery_new() -> None:
    it = receiver("github")
    it.verify(BODY, sent("github"))
    assert isinstance(refusal(lambda: it.verify(BODY, sent("github", identifier="another"))), ReplayedError)
    it.verify(BODY + b" ", sent("github", BODY + b" "))


@pytest.mark.parametrize("body", [b'{"id": 7}', b"[]", b'{"id": ""}', b'{"id": "\\ud800"}'])
def test_a_body_without_an_id_is_known_by_all_that_is_signed(body: bytes) -> None:
    it = receiver("stripe")
    it.verify(body, sent("stripe", body))
    assert isinstance(refusal(lambda: it.verify(body, sent("stripe", body))), ReplayedError)


def test_what_could_not_be_taken_is_not_remembered() -> None:
    it = receiver("standard")
    for body in (b"no json", BODY):
        with pytest.raises(WebhookError):
            it.verify(body, sent("standard", body, at=NOW - 1000 if body == BODY else NOW))
    assert it.verify(BODY, sent("standard"))


def test_an_old_delivery_is_either_remembered_or_too_old_at_every_moment() -> None:
    clock = Clock()
    it = Receiver("standard", SECRETS["standard"], clock=clock)
    clock.now = NOW - 300.0
    it.verify(BODY, sent("standard"))
    for moment in (*range(NOW - 300, NOW + 302, 7), NOW + 299.999, NOW + 300, NOW + 300.001, NOW + 400):
        clock.now = float(moment)
        assert refusal(lambda: it.verify(BODY, sent("standard"))).error_code in ("replayed", "too_old")


def test_of_many_threads_one_takes_it() -> None:
    it, start, taken = receiver("standard"), threading.Barrier(8), []

    def deliver() -> None:
        start.wait()
        try:
            taken.append(it.verify(BODY, sent("standard")))
        except ReplayedError:
            taken.append(None)  # type: ignore[arg-type]

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 8
    assert sum(each is not None for each in taken) == 1


def test_a_memory_of_ones_own_is_asked() -> None:
    class Shared:
        kept: dict[str, float] = {}  # noqa: RUF012

        def add(self, key: str, until: float) -> bool:
            return self.kept.setdefault(key, until) is until

        def forget(self, key: str) -> None:
            del self.kept[key]

    delivery = receiver("standard", seen=Shared()).verify(BODY, sent("standard"))
    assert Shared.kept == {delivery.key: NOW + 300}
    assert isinstance(
        refusal(lambda: receiver("standard", seen=Shared()).verify(BODY, sent("standard"))), ReplayedError
    )
    receiver("github", seen=Shared()).verify(BODY, sent("github"))
    assert sorted(Shared.kept.values()) == [NOW + 300, math.inf]


def test_receivers_that_share_a_memory_do_not_take_each_others_deliveries_for_their_own() -> None:
    seen = MemorySeen(clock=lambda: NOW)
    receiver("standard", seen=seen).verify(BODY, sent("standard", identifier="evt_1"))
    receiver("stripe", seen=seen).verify(BODY, sent("stripe"))
    for name, identifier in (("a", "bc"), ("ab", "c")):
        scheme = replace(STANDARD, name=name)
        came = signed(scheme, SECRETS["standard"], BODY, identifier=identifier, at=NOW)
        Receiver(scheme, SECRETS["standard"], seen=seen, clock=lambda: NOW).verify(BODY, came)
    assert len(seen) == 4


# -- how much -----------------------------------------------------------------------------------------


@each_scheme
def test_ten_megabytes_are_refused_before_anything_is_done_with_them(name: str) -> None:
    class Untouched(Scheme):
        def signature_of(self, key: bytes, before: bytes, body: bytes) -> bytes:
            raise AssertionError("it was hashed")

    scheme = SCHEMES[name]
    fields = {it: getattr(scheme, it) for it in scheme.__dataclass_fields__}
    most = min(scheme.max_body, 5 << 20)
    it = Receiver(Untouched(**{**fields, "max_body": most}), SECRETS[name])
    error = refusal(lambda: it.verify(bytes(10_000_000), {}))
    assert (error.error_code, error.answer) == ("too_big", 413)
    assert "10,000,000 bytes" in str(error)


def test_the_bound_is_what_the_service_sends_at_most() -> None:
    assert (STANDARD.max_body, GITHUB.max_body, STRIPE.max_body) == (1 << 20, 25 << 20, 1 << 20)
    body = b'"' + b"a" * ((1 << 20) - 2) + b'"'
    assert receiver("standard").verify(body, sent("standard", body))
    longer = body[:-1] + b'a"'
    assert refusal(lambda: receiver("standard").verify(longer, {})).error_code == "too_big"


# -- what makes no sense ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "wrong"),
    [
        ({}, "webhook-signature is missing"),
        (None, "neither a mapping nor pairs"),
        (7, "neither a mapping nor pairs"),
        ("webhook-id", "neither a mapping nor pairs"),
        ([("webhook-signature", "v1,a"), ("Webhook-Signature", "v1,b")], "webhook-signature came twice"),
        ({**sent("standard"), "webhook-id": ""}, "webhook-id is missing"),
        ({**sent("standard"), "webhook-id": None}, "webhook-id is missing"),
        ({**sent("standard"), "webhook-id": "a" * 8193}, "webhook-id is too long"),
        *(
            ({**sent("standard"), "webhook-timestamp": it}, "timestamp is no number of seconds")
            for it in (
                "",
                " ",
                "1e9",
                "-1",
                "+1750000000",
                "1_750_000_000",
                "١٧٥٠٠٠٠٠٠٠",
                "1750000000\n",
                "1" * 12,
            )
            if it
        ),
    ],
)
def test_headers_that_make_no_sense_are_malformed(headers: Any, wrong: str) -> None:
    error = refusal(lambda: receiver("standard").verify(BODY, headers))
    assert (error.error_code, error.answer) == ("malformed", 400)
    assert wrong in str(error)


@pytest.mark.parametrize("said", ["v1=00", f"t={NOW},t={NOW},v1=00", "t=,v1=00", "t=now,v1=00"])
def test_a_signature_of_stripe_without_its_one_time_is_malformed(said: str) -> None:
    error = refusal(lambda: receiver("stripe").verify(BODY, {"stripe-signature": said}))
    assert error.error_code == "malformed"


@pytest.mark.parametrize("body", ["{}", {"a": 1}, None])
def test_a_body_that_was_read_already_is_no_body(body: Any) -> None:
    with pytest.raises(ValidationError, match="give the bytes as they came"):
        receiver("github").verify(body, {})


@pytest.mark.parametrize(
    "secrets", ["", [], [""], None, 7, [b"hush"], ["hush", None], ["hush", ""], "\ud800"]
)
def test_without_a_secret_nothing_is_received(secrets: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Receiver("github", secrets)
    assert caught.value.field == "secrets"


@pytest.mark.parametrize(
    "secret", ["whsec_", "whsec_MfKQ9", "whsec_é", "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
)
def test_a_secret_that_is_none_of_the_schemes_is_said_without_showing_it(secret: str) -> None:
    with pytest.raises(ConfigurationError, match="in base64, after 'whsec_' or bare") as caught:
        Receiver("standard", ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", secret])
    assert "MfKQ9" not in str(caught.value)
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)][1:]
    assert "MfKQ9" not in repr([dict(frame.f_locals) for frame in frames])
    assert len(frames) == 3


def test_a_receiver_does_not_show_its_secrets() -> None:
    assert "hush" not in repr(vars(receiver("github")))


def test_a_scheme_that_there_is_not_is_said() -> None:
    with pytest.raises(ConfigurationError, match=r"no scheme 'Github'; there is .* \(did you mean 'github'"):
        Receiver("Github", "hush")
    with pytest.raises(ConfigurationError, match="no scheme None"):
        Receiver(None, "hush")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("signed", {"signed": "{body}.{timestamp}"}),
        ("signed", {"signed": "{other}{timestamp}{body}"}),
        ("signed", {"signed": "}{timestamp}{body}"}),
        ("signed", {"signed": "{body}"}),
        ("signed", {"timestamp": None, "tolerance": None}),
        ("signed", {"signed": "{id}.{timestamp}.{body}", "id": None}),
        ("between", {"between": ""}),
        ("encoding", {"encoding": "base32"}),
        ("tolerance", {"tolerance": None}),
        ("tolerance", {"tolerance": 0}),
        ("tolerance", {"tolerance": math.nan}),
        ("tolerance", {"tolerance": True}),
        ("tolerance", {"tolerance": "5"}),
        ("max_body", {"max_body": 0}),
        ("max_body", {"max_body": None}),
    ],
)
def test_a_scheme_that_makes_no_sense_is_said_at_once(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"'slack' cannot have {field}=") as caught:
        replace(SLACK, **change)
    assert caught.value.field == field


# -- anything at all ----------------------------------------------------------------------------------

names = st.sampled_from(
    [*(f"{it.signature}" for it in SCHEMES.values()), "webhook-id", "Webhook-Timestamp", "x-github-delivery"]
)
texts = st.text(st.characters(), max_size=80) | st.sampled_from(
    [f"t={NOW},v1=a", "v1,a", str(NOW), "sha256="]
)
anything = st.none() | st.integers() | texts | st.binary(max_size=20)


@each_scheme
@given(
    body=st.binary(max_size=200),
    headers=st.dictionaries(names | texts, texts)
    | st.lists(st.tuples(names | anything, anything))
    | st.lists(st.lists(anything))
    | anything,
)
@example(body=b"{}", headers=[()])
def test_any_bytes_with_any_headers_are_refused_in_our_own_words(
    name: str, body: bytes, headers: Any
) -> None:
    with pytest.raises(WebhookError) as caught:
        receiver(name).verify(body, headers)
    assert caught.value.error_code in ("malformed", "bad_signature")


@each_scheme
@given(body=st.binary(max_size=200), identifier=st.text(min_size=1, max_size=20))
@example(body=b"[1, NaN]", identifier="a")
@example(body=b"[1" + b"0" * 5000 + b"]", identifier="\ud800")
def test_any_signed_bytes_are_a_delivery_or_no_json(name: str, body: bytes, identifier: str) -> None:
    it, came = receiver(name), sent(name, body, identifier=identifier)
    is_json = True
    try:
        value = parse(body)
    except DecodeError:
        is_json = False
    if is_json:
        assert repr(it.verify(body, came).payload) == repr(value)  # NaN equals nothing
    assert refusal(lambda: it.verify(body, came)).error_code == ("replayed" if is_json else "not_json")


def test_a_time_among_the_signatures_is_part_of_the_scheme() -> None:
    scheme = replace(SLACK, timestamp=Item("t:"), between=";")
    came = signed(scheme, "hush", b"{}", at=NOW)
    assert came["X-Slack-Signature"].startswith(f"t:{NOW};v0=")
    assert Receiver(scheme, "hush", clock=lambda: NOW).verify(b"{}", came)


def test_the_usual_clock_and_memory_are_this_machines() -> None:
    it = Receiver("stripe", "hush")
    assert it.verify(b"{}", signed("stripe", "hush", b"{}"))
    assert isinstance(it._seen, MemorySeen)
