"""No secret shows on any surface, in any encoding."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.errors import AuthenticationError
from spyro_sdk.events import FetchStarted, Retried
from tests.leaks.canaries import GIVEN, KINDS, Detector, canary, forms
from tests.leaks.drama import Drama, Listening
from tests.leaks.surfaces import SURFACES

NOT_SENT = (
    *("password in an address", "password of a proxy", "private key", "id token"),
    "state of a stranger",
)
"""What is refused before anything is sent, or only comes from a service or a browser."""


@pytest.fixture(scope="module")
def detector(drama: Drama) -> Detector:
    return Detector(drama.canaries)


@pytest.mark.parametrize("name", SURFACES)
def test_no_secret_of_any_kind_in_any_encoding_is_on(name: str, drama: Drama, detector: Detector) -> None:
    found = detector.found(SURFACES[name].look(drama))
    assert found == {}, "\n".join(f"{kind} as {where}" for kind, where in found.items())


def test_there_are_secrets_of_many_kinds_and_surfaces_of_many(drama: Drama) -> None:
    assert set(drama.canaries) == set(KINDS)
    assert len(KINDS) >= 12
    assert len(SURFACES) >= 25


def test_every_secret_was_in_play(drama: Drama, detector: Detector) -> None:
    assert set(KINDS) - set(detector.found(drama.sent)) == set(NOT_SENT)


def test_every_act_came_to_what_it_is_meant_for(drama: Drama) -> None:
    failed = {type(error).__module__ for error in drama.errors.values()}
    assert failed == {"spyro_sdk.errors"}, {it for it in drama.errors if "spyro" not in type(it).__module__}
    kinds = {type(error).__name__ for error in drama.errors.values()}
    assert kinds >= {
        *("ConfigurationError", "AuthenticationError", "SignInError", "SignInNeeded", "DecodeError"),
        *("ConnectionError", "IntegrityError", "DataFetchError", "TokenStoreError", "NotRecordedError"),
        "UnknownConnectorError",
    }
    assert drama.objects["accounts"] == [drama.objects["object: account"]]
    assert {type(it).__name__ for it in drama.events} >= {"Attempted", "TokenRenewed", "FetchFinished"}


# -- the detector would see it ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", GIVEN)
def test_a_secret_is_found_in_each_encoding_and_in_pieces(kind: str, detector: Detector) -> None:
    for name, form in forms(canary(kind)):
        whole, part = f"a line with {form} in it", f"…{form[3:17]}"
        assert kind in detector.found(whole), name
        assert detector.found(part), name


def test_nothing_is_found_where_nothing_is(detector: Detector) -> None:
    assert detector.found(Path(__file__).read_text()) == {}
    assert detector.found("***" * 1000) == {}


Leak = Callable[[Drama], Drama]


def leaky_object(drama: Drama) -> Any:
    class Leaky:
        token = canary("access token")

        def __init__(self) -> None:
            self.kept = self.token

        def __repr__(self) -> str:
            return f"<Leaky {self.token}>"

        def _repr_html_(self) -> str:
            return f"<b>{self.token}</b>"

        def __reduce__(self) -> tuple[Any, ...]:
            return (str, (self.token,))

    Leaky.__module__ = "spyro_sdk.leaky"
    return replace(drama, objects={**drama.objects, "plan: leaky": Leaky(), "invitations: leaky": Leaky()})


def leaky_error(drama: Drama) -> Any:
    def spyro_frame() -> None:
        token = str(canary("access token"))
        error = AuthenticationError(f"no: {token}", hint=token)
        error.add_note(token)
        raise error from KeyError(token)

    try:
        code = spyro_frame.__code__.replace(co_filename=f"{SURFACE_ROOT}/leaky.py")
        exec(code, {**globals()})
    except AuthenticationError as error:
        return replace(drama, errors={"leaky": error})


SURFACE_ROOT = str(Path(traceback.__file__).parent)


def leaky_event(drama: Drama) -> Any:
    event = Retried("acme", 1, 0.0, canary("access token"))
    return replace(drama, events=[FetchStarted("acme", "good"), event])


def leaky_log(drama: Drama) -> Any:
    listening = Listening()
    listening.handle(logging.LogRecord("spyro_sdk", 10, "", 1, "%s", (canary("access token"),), None))
    return replace(drama, listening=listening)


def leaky_text(drama: Drama) -> Any:
    token = canary("access token")
    sent = json.dumps([["GET", f"/x?{token}", {}, {}, "", {}]])
    return replace(drama, warned=[token], printed=token, pages=[token], sent=sent)


PLANTED: dict[str, Callable[[Drama], Any]] = {
    **dict.fromkeys(
        [
            *(
                "repr",
                "pprint",
                "str",
                "rich display",
                "attributes of all else",
                "plans",
                "invitations to sign in",
            ),
            *("pickles", "pickles of protocol 5", "copies", "deep copies"),
        ],
        leaky_object,
    ),
    **dict.fromkeys(
        [
            *(
                "messages of errors",
                "attributes of errors",
                "chains of errors",
                "notes of errors",
                "tracebacks",
            ),
            *("pickles of errors",),
        ],
        leaky_error,
    ),
    **dict.fromkeys(["events", "events in words", "progress of a fetch"], leaky_event),
    **dict.fromkeys(["logs of ours", "logs of asyncio and all others at DEBUG"], leaky_log),
    **dict.fromkeys(
        ["warnings", "what is printed", "pages that a browser is shown", "addresses that are sent"],
        leaky_text,
    ),
}
"""A leak for each surface on which one can be planted."""


@pytest.mark.parametrize("name", PLANTED)
def test_a_leak_that_is_planted_is_found_on(name: str, drama: Drama, detector: Detector) -> None:
    assert "access token" in detector.found(SURFACES[name].look(PLANTED[name](drama)))


@pytest.mark.parametrize(
    "name", [it for it in SURFACES if "files" in it or "recordings" in it or "drafts" in it]
)
def test_a_leak_that_is_planted_is_found_in(
    name: str, drama: Drama, detector: Detector, tmp_path: Path
) -> None:
    for file in ("store", "full"):
        (tmp_path / file).mkdir()
    token = canary("access token")
    (tmp_path / "full" / "x").write_text(token)
    (tmp_path / "store" / "access").mkdir()
    (tmp_path / "store" / "access" / token.replace("/", "%2F")).write_text("")
    for file in ("a.csv", "acme.json"):
        (tmp_path / file).write_text(token)
    _tables(tmp_path, token)
    assert "access token" in detector.found(SURFACES[name].look(replace(drama, folder=tmp_path)))


def _tables(folder: Path, token: str) -> None:
    import pyarrow as pa
    import pyarrow.ipc
    import pyarrow.parquet

    table = pa.table({"a": [1]}).replace_schema_metadata({"token": token})
    pyarrow.parquet.write_table(table, folder / "a.parquet")
    with pyarrow.ipc.new_file(str(folder / "a.ipc"), table.schema) as file:
        file.write_table(table)


# -- what is promised besides ----------------------------------------------------------------------


def test_a_token_is_in_the_store_which_its_owner_alone_can_read(drama: Drama, detector: Detector) -> None:
    files = list((drama.folder / "store").glob("*.json"))
    assert [it.name for it in files] == [f"{drama.objects['object: account'].key}.json"]
    assert "access token" in detector.found(files[0].read_text())


def test_what_is_sent_to_sign_in_stands_in_headers_and_bodies_alone(drama: Drama, detector: Detector) -> None:
    addresses = " ".join(str(line[1]) for line in json.loads(drama.sent))
    assert set(detector.found(addresses)) == {
        "key in the query",
        "secret of a declaration",
        "variable in a path",
    }


def test_a_configuration_is_pickled_only_without_secrets() -> None:
    plain = ConnectorConfig("acme", auth_type="none", base_url="https://acme.example")
    assert pickle.loads(pickle.dumps(plain)) == plain
    with pytest.raises(TypeError, match="a secret is not pickled"):
        pickle.dumps(ConnectorConfig("acme", access_token=canary("access token")))
    settings = pickle.loads(pickle.dumps(ConnectorConfig("acme", access_token="abc").to_dict()))
    assert ConnectorConfig.from_dict(settings, access_token="abc") == ConnectorConfig(
        "acme", access_token="abc"
    )
