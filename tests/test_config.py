import json
import math
import pathlib
import subprocess
import sys
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spyro_sdk.config import BY_PERSON, MODES, NEEDED, ConnectorConfig, RateLimitConfig, is_loopback
from spyro_sdk.errors import ConfigurationError

SECRETS = [f.name for f in fields(ConnectorConfig) if f.metadata.get("secret")]
KEY = "-----BEGIN PRIVATE KEY-----\nhush-hush\n-----END PRIVATE KEY-----\n"


def config(**settings):
    return ConnectorConfig(**{"name": "acme", "api_key": "hush-hush", **settings})


def refusal(make=config, **settings):
    with pytest.raises(ConfigurationError) as caught:
        make(**settings)
    assert isinstance(caught.value, ValueError)
    return caught.value


# what is refused


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        *(("name", value, "a text that is not empty") for value in ("", "  ", None, 5)),
        *(
            (field, value, "a number over 0")
            for field in ("rate_limit", "retry_delay", "max_delay", "max_wait", "timeout")
            for value in (0, -1, 0.0, math.nan, math.inf, -math.inf, None, True, "30")
        ),
        *(("retry_count", value, "a whole number from 0") for value in (-1, 1.0, None, True, "3")),
        *(
            (field, value, "a whole number from 1")
            for field in ("page_size", "pool_size", "burst_size")
            for value in (0, -1, 2.0, False, "3")
        ),
        *(
            (field, value, "an address such as 'https://acme.example'")
            for field in ("base_url", "token_url")
            for value in (
                "",
                "acme.example",
                "/services",
                "ftp://acme.example",
                "https://",
                "https:///services",
                "https://acme.example:99999",
                "https://acme.example:port",
                "https://[::1",
                " https://acme.example",
                "https://acme.example\n",
                "https://acme example",
                5,
                b"https://acme.example",
                pathlib.Path("acme"),
            )
        ),
        ("auth_type", "kerberos", "one of api_key, oauth2, basic, bearer, none"),
        ("auth_type", ["basic"], "one of api_key, oauth2, basic, bearer, none"),
        *(("allow_http", value, "True or False") for value in (None, "yes", "", 1, 0)),
        *(("verify_ssl", value, "True, False or a file of certificates") for value in (None, "", 1, 0, 5)),
    ],
)
def test_a_bad_value_is_refused_by_name(field, value, allowed):
    error = refusal(**{field: value})
    assert error.field == field
    assert f"{field}={value!r}" in str(error)
    assert allowed in str(error)


@pytest.mark.parametrize("field", ["headers", "custom_params"])
@pytest.mark.parametrize("value", [None, "X-Key: hush-hush", [("X-Key", "hush-hush")], {5: "hush-hush"}])
def test_a_mapping_is_refused_without_its_values(field, value):
    error = refusal(**{field: value})
    assert error.field == field
    assert field in str(error)
    assert "hush-hush" not in str(error)


@pytest.mark.parametrize("value", ["hush-hush\r\nX-Admin: 1", 5, None])
def test_a_header_must_be_a_line_of_text(value):
    error = refusal(headers={"X-Plain": "yes", "X-Tenant": value})
    assert error.field == "headers"
    assert "X-Tenant" in str(error)
    assert "hush-hush" not in str(error)


@pytest.mark.parametrize("field", [*SECRETS, "username", "client_id"])
@pytest.mark.parametrize("value", [5, b"hush-hush", ["hush-hush"]])
def test_a_credential_must_be_text(field, value):
    error = refusal(**{field: value})
    assert error.field == field
    assert "hush-hush" not in str(error)


@pytest.mark.parametrize("field", ["api_key", "access_token"])
@pytest.mark.parametrize("value", ["hush-hush\n", "hush\r\n-hush", "hush\0hush"])
def test_a_credential_sent_in_a_header_must_be_one_line(field, value):
    error = refusal(**{field: value})
    assert error.field == field
    assert "line" in str(error)
    assert "hush" not in str(error)


def test_a_private_key_has_many_lines():
    made = ConnectorConfig("acme", client_id="me", username="ana", private_key=KEY)
    assert made.private_key == KEY


@pytest.mark.parametrize("field", ["base_url", "token_url"])
@pytest.mark.parametrize(
    "address",
    [
        "https://ana:hush-hush@acme.example",
        "https://ana@acme.example",
        "https://:hush-hush@acme.example",
        "https://hush-hush:@acme.example",
        "//ana:hush-hush@acme.example",
        "ftp://ana:hush-hush@acme.example",
        "ana:hush-hush@acme.example",
        "https:/ana:hush-hush@acme.example",
        "https://ana:hush-hush@acme.example:99999",
        "https://ana:hush-hush]@acme.example",
        "https://ana:12/hush-hush@acme.example",
        "https://ana:hush-hush/@acme.example",
        "https://ana:hush?hush-hush@acme.example",
        "https://ana:hush-hush@acme.example\n",
        "http://acme.example/?access_token=hush-hush",
        "ftp://acme.example/?x=hush-hush",
        "acme.example/?x=hush-hush",
        "https://acme.example/?access_token=hush-hush",
        "https://acme.example/#access_token=hush-hush",
    ],
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(field, address):
    error = refusal(**{field: address})
    assert error.field == field
    assert "hush" not in str(error)


def test_a_base_url_has_no_query_but_a_token_url_may():
    assert refusal(base_url="https://acme.example/?tenant=7").field == "base_url"
    address = "https://acme.example/token?p=B2C_1_signin"
    assert config(token_url=address).token_url == address


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_password_in_an_address_ever_comes_back(user, password):
    secret = f"hush{password}hush"
    error = refusal(base_url=f"https://{user}:{secret}@acme.example/")
    assert secret not in str(error)


# plain http


@pytest.mark.parametrize(
    "address", ["http://acme.example", "http://10.0.0.1", "http://127.0.0.1.acme.example", "http://[::2]"]
)
def test_plain_http_leaves_this_machine_only_when_asked(address):
    error = refusal(base_url=address)
    assert error.field == "base_url"
    assert "allow_http=True" in str(error)
    assert config(base_url=address, allow_http=True).base_url == address


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8080",
        "http://LOCALHOST",
        "http://127.0.0.1",
        "http://127.8.9.1:1",
        "http://[::1]:80",
    ],
)
def test_plain_http_may_stay_on_this_machine(address):
    assert config(base_url=address, token_url=address).base_url == address


@pytest.mark.parametrize(
    ("host", "is_it"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("localhost.acme.example", False), ("", False)],
)
def test_this_machine_is_known_by_its_names(host, is_it):
    assert is_loopback(host) is is_it


# credentials


@pytest.mark.parametrize(
    ("credentials", "kind"),
    [
        ({"api_key": "k"}, "api_key"),
        ({"access_token": "t"}, "bearer"),
        ({"username": "ana", "password": "p"}, "basic"),
        ({"client_id": "i", "client_secret": "s"}, "oauth2"),
        ({"client_id": "i", "refresh_token": "r"}, "oauth2"),
        ({"client_id": "i", "username": "ana", "private_key": KEY}, "oauth2"),
    ],
)
def test_the_credentials_tell_the_kind_of_authentication(credentials, kind):
    assert ConnectorConfig("acme", **credentials).auth_type == kind
    assert ConnectorConfig("acme", **credentials, auth_type=kind).auth_type == kind


@pytest.mark.parametrize("kind", NEEDED)
def test_any_complete_set_of_credentials_will_do_and_no_part_of_it(kind):
    for way in NEEDED[kind]:
        given = dict.fromkeys(way, "x")
        assert ConnectorConfig("acme", auth_type=kind, **given).auth_type == kind
        for missing in way:
            error = refusal(ConnectorConfig, name="acme", auth_type=kind, **{**given, missing: ""})
            assert error.field == NEEDED[kind][0][0]
            assert error.connector == "acme"
            for each in NEEDED[kind]:
                assert " and ".join(each) in str(error)


def test_without_credentials_a_key_is_asked_for():
    error = refusal(ConnectorConfig, name="acme")
    assert error.field == "api_key"
    assert "auth_type='none'" in str(error)


def test_a_service_that_asks_for_nothing_needs_nothing():
    assert ConnectorConfig("acme", auth_type="none").auth_type == "none"


# how to sign in

MODES_OF = {
    "browser": ({"client_id": "i"}, "oauth2"),
    "paste": ({"client_id": "i"}, "oauth2"),
    "device": ({"client_id": "i"}, "oauth2"),
    "refresh_token": ({"client_id": "i", "refresh_token": "r"}, "oauth2"),
    "jwt": ({"client_id": "i", "username": "ana", "private_key": KEY}, "oauth2"),
    "client_credentials": ({"client_id": "i", "client_secret": "s"}, "oauth2"),
    "token": ({"access_token": "t"}, "bearer"),
    "none": ({}, "none"),
}


def test_every_way_to_sign_in_is_known_by_a_name():
    assert set(MODES) == {"auto", *MODES_OF}


@pytest.mark.parametrize("mode", MODES_OF)
def test_a_way_to_sign_in_leads_to_a_kind_of_authentication(mode):
    given, kind = MODES_OF[mode]
    everything = {"client_id": "i", "client_secret": "s", "access_token": "t", "api_key": "k"}
    config = ConnectorConfig("acme", auth_mode=mode, **{**everything, **given})
    assert config.auth_type == kind
    assert config.asks_person is (mode in BY_PERSON)
    assert ConnectorConfig("acme", auth_mode=mode, auth_type=kind, **given).auth_type == kind


@pytest.mark.parametrize("mode", MODES_OF)
def test_what_a_way_needs_must_be_there(mode):
    given, _ = MODES_OF[mode]
    for missing in given:
        error = refusal(ConnectorConfig, name="acme", auth_mode=mode, **{**given, missing: None})
        assert error.field == missing
        assert f"SPYRO_ACME_{missing.upper()}" in str(error)


@pytest.mark.parametrize(
    ("given", "asks", "kind"),
    [
        ({"client_id": "i"}, True, "oauth2"),
        ({"client_id": "i", "username": "ana"}, True, "oauth2"),
        ({"client_id": "i", "auth_type": "oauth2"}, True, "oauth2"),
        ({"client_id": "i", "auth_type": "none"}, False, "none"),
        ({"client_id": "i", "access_token": "t"}, False, "bearer"),
        ({"client_id": "i", "client_secret": "s"}, False, "oauth2"),
        ({"client_id": "i", "api_key": "k"}, False, "api_key"),
    ],
)
def test_a_person_is_asked_where_nothing_else_is_there(given, asks, kind):
    config = ConnectorConfig("acme", auth_mode="auto", **given)
    assert (config.asks_person, config.auth_type) == (asks, kind)


def test_nobody_is_asked_unless_it_is_said():
    assert refusal(ConnectorConfig, name="acme", client_id="i").field == "api_key"
    assert refusal(ConnectorConfig, name="acme", auth_mode="auto").field == "api_key"


@pytest.mark.parametrize("mode", ["brwser", "", 5, ["browser"]])
def test_a_way_that_there_is_not_is_refused(mode):
    error = refusal(ConnectorConfig, name="acme", client_id="i", auth_mode=mode)
    assert error.field == "auth_mode"
    assert ("did you mean 'browser'?" in str(error)) is ("br" in str(mode))


def test_a_way_and_a_kind_that_exclude_each_other_are_refused():
    error = refusal(ConnectorConfig, name="acme", client_id="i", auth_mode="browser", auth_type="basic")
    assert error.field == "auth_type"
    assert "must be 'oauth2' with auth_mode='browser'" in str(error)


@pytest.mark.parametrize(
    "address", ["http://localhost:1717/OauthRedirect", "http://127.0.0.1/x", "http://[::1]:9/", None]
)
def test_a_browser_may_come_back_to_this_machine(address):
    assert ConnectorConfig("acme", auth_type="none", redirect_uri=address).redirect_uri == address


@pytest.mark.parametrize(
    "address",
    [
        "https://localhost:1717/x",
        "http://acme.example/x",
        "http://localhost:0/x",
        "http://localhost:99999/x",
        "http://localhost/x?y=1",
        "http://localhost/x#y",
        "http://ana@localhost/x",
        "/callback",
        "",
        5,
    ],
)
def test_a_browser_may_come_back_to_nowhere_else(address):
    error = refusal(ConnectorConfig, name="acme", auth_type="none", redirect_uri=address)
    assert error.field == "redirect_uri"


def test_a_scope_is_text():
    assert refusal(ConnectorConfig, name="acme", auth_type="none", scope=["api"]).field == "scope"
    assert ConnectorConfig("acme", auth_type="none", scope="api id").scope == "api id"


# what is shown


def loud():
    """A configuration with a secret wherever one can be."""
    names = ("Authorization", "X-API-Key", "Cookie", "X-Session-Id", "Proxy-Authorization", "X-Amz-Signature")
    params = ("api_token", "passphrase", "pwd", "jwt", "client_secret", "Credential")
    return ConnectorConfig(
        "acme",
        **{name: f"hush-{name}" for name in SECRETS},
        client_id="me",
        username="ana",
        auth_type="none",
        headers={**dict.fromkeys(names, "hush-header"), "X-Tenant": "7"},
        custom_params={
            **dict.fromkeys(params, "hush-param"),
            "api_version": "67.0",
            "signing": {"password": "hush-nested", "user": "ana", "more": [{"token": "hush-deep"}, 5]},
        },
    )


def test_to_dict_holds_no_secret():
    shown = loud().to_dict()
    assert "hush" not in json.dumps(shown)
    assert not set(SECRETS) & set(shown)
    assert shown["headers"] == {"X-Tenant": "7"}
    assert shown["custom_params"] == {"api_version": "67.0", "signing": {"user": "ana", "more": [{}, 5]}}


def test_every_field_that_is_a_credential_is_secret():
    assert set(SECRETS) == {
        "api_key",
        "client_secret",
        "password",
        "access_token",
        "refresh_token",
        "private_key",
    }


def test_a_repr_holds_no_secret():
    assert "hush" not in repr(loud())
    assert "name='acme'" in repr(loud())


def test_to_dict_gives_copies():
    made = config(headers={"X-Tenant": "7"})
    made.to_dict()["headers"]["X-Tenant"] = "8"
    assert made.headers == {"X-Tenant": "7"}


# there and back


def test_from_dict_takes_back_what_to_dict_gave():
    made = loud()
    secrets = {name: getattr(made, name) for name in (*SECRETS, "headers", "custom_params")}
    assert ConnectorConfig.from_dict(made.to_dict(), **secrets) == made


@given(
    st.floats(min_value=1e-9, max_value=1e12),
    st.none() | st.integers(1, 10**6),
    st.integers(0, 100),
    st.sampled_from([None, "https://acme.example/api", "http://127.0.0.1:8000"]),
    st.booleans() | st.just("ca.pem"),
)
def test_a_round_trip_changes_nothing(rate, burst, retries, address, verify):
    made = config(rate_limit=rate, burst_size=burst, retry_count=retries, base_url=address, verify_ssl=verify)
    again = ConnectorConfig.from_dict(json.loads(json.dumps(made.to_dict())), api_key="hush-hush")
    assert again == made


def test_an_unknown_setting_is_refused_with_the_nearest():
    error = refusal(lambda **it: ConnectorConfig.from_dict(it), name="acme", api_keys="hush-hush")
    assert error.field == "api_keys"
    assert error.hint == "did you mean 'api_key'?"
    assert error.hint in str(error)
    assert "hush-hush" not in str(error)
    error = refusal(lambda **it: ConnectorConfig.from_dict(it), name="acme", zzz=1)
    assert (error.field, error.hint) == ("zzz", None)


def test_a_missing_name_is_said():
    error = refusal(lambda **it: ConnectorConfig.from_dict(it), api_key="hush-hush")
    assert (error.field, str(error)) == ("name", "the setting 'name' is missing")


def test_a_changed_copy_is_validated_too():
    assert replace(config(), rate_limit=6).rate.rate == 0.1
    assert refusal(lambda: replace(config(), timeout=0)).field == "timeout"


def test_a_path_of_certificates_may_be_a_path():
    assert config(verify_ssl=pathlib.Path("ca.pem")).verify_ssl == pathlib.Path("ca.pem")


# the allowance


@pytest.mark.parametrize(("rate", "burst"), [(100, 10), (1200, 120), (15, 1), (9, 1), (0.5, 1)])
def test_a_tenth_of_a_minute_may_be_sent_at_once(rate, burst):
    allowance = RateLimitConfig(rate)
    assert allowance.burst == allowance.burst_size == burst
    assert allowance.rate == rate / 60


def test_the_allowance_of_a_configuration_is_its_own():
    assert config(rate_limit=60, burst_size=7).rate == RateLimitConfig(60, 7)


@pytest.mark.parametrize(("settings", "field"), [((0,), "requests_per_minute"), ((60, 0), "burst_size")])
def test_an_allowance_of_nothing_is_refused(settings, field):
    assert refusal(lambda: RateLimitConfig(*settings)).field == field


# which account it is


OTHERS = {
    "name": "globex",
    "base_url": "https://globex.example",
    "token_url": "https://globex.example/token",
    "custom_params": {"tenant": "7"},
    "client_id": "app",
    **dict.fromkeys(SECRETS, "hush"),
}


@pytest.mark.parametrize(("setting", "value"), OTHERS.items())
def test_another_account_has_another_fingerprint(setting, value):
    other = config(**{setting: value})
    assert config().fingerprint() == config().fingerprint() != other.fingerprint()


def test_how_an_account_is_asked_is_in_its_fingerprint_where_that_is_wanted():
    one, other = (config(timeout=seconds, headers={"a": "1"}) for seconds in (5, 6))
    assert one.fingerprint() == other.fingerprint()
    assert one.fingerprint("headers") == other.fingerprint("headers")
    assert one.fingerprint("timeout") != other.fingerprint("timeout")


def test_the_order_of_headers_does_not_matter_to_a_fingerprint():
    one, other = (
        config(headers=dict(pairs)) for pairs in ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")])
    )
    assert one.fingerprint("headers") == other.fingerprint("headers")


def test_no_secret_is_in_a_fingerprint_and_none_can_be_guessed_from_it_elsewhere():
    assert b"hush" not in config().fingerprint()
    script = "from tests.test_config import config; print(config().fingerprint().hex())"
    command = [sys.executable, "-c", script]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=pathlib.Path(__file__).parents[1]
    )
    assert run.stdout.strip() != config().fingerprint().hex()
