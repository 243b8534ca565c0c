"""What a service said of its columns, kept for the next run."""

import json
import os
import stat
import time

import pyarrow as pa
import pytest

from spyro_sdk.config import ConnectorConfig
from spyro_sdk.demo.server import serve
from spyro_sdk.entity import Column, EntitySchema
from spyro_sdk.errors import ConfigurationError, ValidationError
from spyro_sdk.private import PrivateFolder
from spyro_sdk.schema_cache import FORSAKEN, SCHEMAS, VARIABLE, SchemaCache, cache_of

from .org import calls, connected

SCHEMA = EntitySchema(
    "Account",
    (
        Column("Id", pa.string(), "Account ID", nullable=False, native_type="id"),
        Column("OwnerId", pa.string(), references=("User", "Group"), relationship="Owner"),
        Column("Rating", pa.string(), values=("Hot", "Cold"), filterable=False),
        Column("Revenue", pa.decimal128(18, 2), source=("AnnualRevenue", "CurrencyIsoCode")),
        Column("Changed", pa.timestamp("us", "UTC")),
        Column("Where", pa.struct([("city", pa.string()), ("tags", pa.list_(pa.int64()))])),
        Column("<ключ>", pa.null()),
    ),
    "Accounts",
    "Id",
    "Changed",
)


@pytest.fixture
def clock():
    class Clock:
        now = float(round(time.time()))

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def folder(tmp_path):
    return PrivateFolder(tmp_path / "schemas", purpose=SCHEMAS)


@pytest.fixture
def cache(folder, clock):
    return SchemaCache(folder, "a" * 32, 60.0, clock)


def files(folder):
    return [folder.path / name for name in folder.names(".json")]


def test_what_was_described_is_known_again(cache, folder, clock):
    cache.write("Account", SCHEMA)
    again = SchemaCache(PrivateFolder(folder.path, purpose=SCHEMAS), "a" * 32, 60.0, clock)
    assert again.read("Account") == SCHEMA
    assert again.read("Contact") is None


def test_the_file_is_for_its_owner_alone(cache, folder):
    cache.write("Account", SCHEMA)
    assert {stat.S_IMODE(it.stat().st_mode) for it in files(folder)} == {0o600}


def test_it_grows_old(cache, clock):
    cache.write("Account", SCHEMA)
    clock.now += 60.0
    assert cache.read("Account") == SCHEMA
    clock.now += 0.1
    assert cache.read("Account") is None


def test_what_was_written_in_the_future_is_not_believed(cache, clock):
    cache.write("Account", SCHEMA)
    clock.now -= 1.0
    assert cache.read("Account") is None


def test_nobody_reads_what_another_was_told(cache, folder, clock):
    cache.write("Account", SCHEMA)
    other = SchemaCache(folder, "b" * 32, 60.0, clock)
    assert other.read("Account") is None
    (mine,) = files(folder)
    mine.rename(folder.path / other._name("Account"))  # a file put in the place of another
    assert other.read("Account") is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: b"",
        lambda kept: b"\xff\x00 no JSON",
        lambda kept: b"[1, 2]",
        lambda kept: json.dumps(kept).encode()[:-40],
        lambda kept: json.dumps({**kept, "form": 0}).encode(),
        lambda kept: json.dumps({**kept, "written": "today"}).encode(),
        lambda kept: json.dumps({**kept, "types": "AAAA"}).encode(),
        lambda kept: json.dumps({**kept, "types": "no base64!"}).encode(),
        lambda kept: json.dumps({**kept, "columns": kept["columns"][1:]}).encode(),
        lambda kept: json.dumps({**kept, "columns": [{}] * len(kept["columns"])}).encode(),
        lambda kept: json.dumps({it: kept[it] for it in kept if it != "key"}).encode(),
    ],
)
def test_a_damaged_file_is_ignored_and_written_anew(cache, folder, damage):
    cache.write("Account", SCHEMA)
    (file,) = files(folder)
    file.write_bytes(damage(json.loads(file.read_bytes())))
    assert cache.read("Account") is None
    cache.write("Account", SCHEMA)
    assert cache.read("Account") == SCHEMA


def test_a_file_that_others_can_write_is_ignored(cache, folder):
    cache.write("Account", SCHEMA)
    (file,) = files(folder)
    file.chmod(0o666)
    assert cache.read("Account") is None


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path, clock):
    (tmp_path / "file").write_text("")
    cache = SchemaCache(PrivateFolder(tmp_path / "file" / "in it", purpose=SCHEMAS), "a" * 32, 60.0, clock)
    cache.write("Account", SCHEMA)
    cache.forget()
    assert cache.read("Account") is None


def test_forgetting_leaves_other_accounts_alone(cache, folder, clock):
    other = SchemaCache(folder, "b" * 32, 60.0, clock)
    for it in (cache, other):
        it.write("Account", SCHEMA)
        it.write("Contact", SCHEMA)
    cache.forget()
    assert (cache.read("Account"), cache.read("Contact")) == (None, None)
    assert (other.read("Account"), other.read("Contact")) == (SCHEMA, SCHEMA)


def test_what_nobody_renewed_for_a_month_is_removed(cache, folder, clock):
    cache.write("Account", SCHEMA)
    (old,) = files(folder)
    long_ago = clock.now - FORSAKEN - 1
    os.utime(old, (long_ago, long_ago))
    cache.write("Contact", SCHEMA)
    assert not old.exists()
    assert cache.read("Contact") == SCHEMA


def test_a_file_that_vanishes_meanwhile_is_no_matter(cache, folder, clock):
    cache.write("Account", SCHEMA)
    (folder.path / "gone.json").symlink_to(folder.path / "nowhere" / "at all")
    cache.write("Contact", SCHEMA)
    assert cache.read("Contact") == SCHEMA


# which cache


def config(**settings):
    return ConnectorConfig(**{"name": "acme", "base_url": "https://acme.example", "api_key": "k", **settings})


def test_a_folder_can_be_named(tmp_path):
    cache = cache_of(config(), environ={VARIABLE: str(tmp_path / "mine")})
    assert cache.folder.path == tmp_path / "mine"
    assert cache.age == 86_400.0


def test_the_usual_folder_is_the_users_own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    cache = cache_of(config(), environ={})
    assert cache.folder.path.name == "schemas"
    assert tmp_path in cache.folder.path.parents


@pytest.mark.parametrize(
    ("settings", "wish"),
    [
        ({}, "none"),
        ({"base_url": "http://127.0.0.1:8000"}, ""),
        ({"base_url": "http://localhost"}, " "),
    ],
)
def test_nothing_is_kept_where_nobody_wants_it(settings, wish):
    assert cache_of(config(**settings), environ={VARIABLE: wish}) is None


def test_no_age_is_no_cache(tmp_path):
    assert cache_of(config(schema_age=None), environ={VARIABLE: str(tmp_path)}) is None


def test_a_folder_of_no_use_is_no_cache(tmp_path):
    (tmp_path / "file").write_text("")
    assert cache_of(config(), environ={VARIABLE: str(tmp_path / "file")}) is None


def test_a_folder_must_be_told_whole():
    with pytest.raises(ConfigurationError, match="SPYRO_SCHEMA_CACHE='schemas' cannot be") as caught:
        cache_of(config(), environ={VARIABLE: "schemas"})
    assert caught.value.field == VARIABLE


def test_an_age_must_be_a_time():
    with pytest.raises(ConfigurationError, match="schema_age=0 cannot be"):
        config(schema_age=0)


def test_each_account_has_a_name_of_its_own_which_tells_nothing(tmp_path):
    environ = {VARIABLE: str(tmp_path)}
    one, again = cache_of(config(), environ=environ), cache_of(config(), environ=environ)
    assert one.account == again.account
    others = [
        cache_of(config(api_key="l"), environ=environ),
        cache_of(config(), "somebody", environ=environ),
        cache_of(config(base_url="https://other.example"), environ=environ),
        cache_of(config(), environ={VARIABLE: str(tmp_path / "with another key")}),
    ]
    assert len({one.account, *(it.account for it in others)}) == 5


# with a service


@pytest.fixture
def service():
    with serve(records=20, seed=5) as service:
        yield service


@pytest.fixture
def kept(tmp_path, monkeypatch):
    folder = tmp_path / "schemas"
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


def descriptions(service):
    return sum(number for path, number in calls(service).items() if path.endswith("/describe"))


@pytest.mark.usefixtures("kept")
def test_a_new_kernel_describes_without_a_request(service):
    with connected(service) as sf:
        first = sf.describe("Customer"), sf.describe("Account"), sf.describe("Contact", native=True)
    asked = descriptions(service)
    assert asked == 2
    with connected(service) as sf:
        before = len(service.requests)
        again = sf.describe("Customer"), sf.describe("Account"), sf.describe("Contact", native=True)
        assert len(service.requests) == before
    assert again == first
    assert again[0] != again[1]


@pytest.mark.usefixtures("kept")
def test_a_canonical_entity_is_told_from_a_native_one_of_its_name(service):
    with connected(service) as sf:
        own = sf.describe("Contact", native=True)
    with connected(service) as sf:
        assert sf.describe("Contact").names != own.names
        assert sf.describe("Contact", native=True) == own


@pytest.mark.usefixtures("kept")
def test_a_fetch_asks_which_columns_there_are_today(service):
    with connected(service) as sf:
        sf.describe("Account")
    asked = descriptions(service)
    with connected(service) as sf:
        sf.describe("Account")
        sf.fetch("Account").to_arrow()
    assert descriptions(service) == asked + 1


@pytest.mark.usefixtures("kept")
def test_a_column_that_the_service_does_not_know_any_more_drops_what_was_kept(service):
    with connected(service) as sf:
        sf.describe("Account")
        words = "No such column 'Rating' on entity 'Account'."
        service.fail(1, 400, [{"errorCode": "INVALID_FIELD", "message": words}], path="/query")
        with pytest.raises(ValidationError, match="Rating"):
            sf.fetch("Account", columns=["Id"]).to_arrow()
        asked = descriptions(service)
        sf.describe("Account")
        assert descriptions(service) == asked + 1


@pytest.mark.usefixtures("kept")
def test_refreshing_asks_anew(service):
    with connected(service) as sf:
        sf.describe("Account")
        sf.refresh()
        sf.describe("Account")
    assert descriptions(service) == 2


@pytest.mark.usefixtures("kept")
def test_another_account_asks_for_itself(service):
    with connected(service) as sf:
        sf.describe("Account")
    with connected(service, headers={"X-Of": "no account"}) as sf:
        sf.describe("Account")
    assert descriptions(service) == 1
    with connected(service, decimals=True) as sf:
        sf.describe("Account")
    assert descriptions(service) == 2


def test_without_a_folder_a_service_on_this_machine_is_asked_each_time(service, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    for _ in range(2):
        with connected(service) as sf:
            sf.describe("Account")
            sf.refresh()
    assert descriptions(service) == 2
