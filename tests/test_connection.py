"""`connect`, the synchronous face, and what a process may do with it."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import spyro_sdk as spyro
from spyro_sdk import blocking
from spyro_sdk import demo as demo_services
from spyro_sdk.config import ConnectorConfig
from spyro_sdk.connection import _leave_to_parent, _named
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.demo.server import Service, serve
from spyro_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionError,
    SignInNeeded,
    UnknownConnectorError,
    UnknownEntityError,
    ValidationError,
)
from spyro_sdk.events import Connected, Event, PageArrived
from spyro_sdk.settings import check_variables
from spyro_sdk.settings import configured as settings_of

from .org import calls, connected, data_calls, ids, truth

ROOT = Path(__file__).parents[1]
fork_only = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture(scope="module")
def org() -> Iterator[Service]:
    with serve(records=600, seed=5, batch_limit=200) as service:
        yield service


@pytest.fixture(scope="module")
def everyone(org: Service) -> list[str]:
    return [record["Id"] for record in truth(org, "Account")]


def keys(sf: spyro.Connection) -> list[str]:
    return ids(sf.fetch("Account", columns=["Id"]).to_arrow())


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own, in which every warning is an error."""
    quiet = "import logging; logging.getLogger('asyncio').setLevel(logging.ERROR)  # not: this was slow\n"
    known = {name: text for name, text in os.environ.items() if not name.startswith("SPYRO_")}
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", quiet + textwrap.dedent(script)],
        env={**known, "PYTHONPATH": str(ROOT), "SPYRO_PROGRESS": "off", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def account(service: Service) -> dict[str, str]:
    return {
        "SPYRO_SALESFORCE_BASE_URL": service.base_url,
        "SPYRO_SALESFORCE_ACCESS_TOKEN": service.credentials["access_token"],
    }


# --- connecting


def test_the_demo_needs_no_account() -> None:
    options = {"records": 40, "wide_records": 1}
    with spyro.connect("salesforce", demo=options, page_size=500) as sf:
        assert len(sf.fetch("Customer").to_pandas()) == 40
        again = spyro.connect("salesforce", demo=options)
        assert (
            again.fetch("Customer", limit=1).to_arrow()["url"]
            == sf.fetch("Customer", limit=1).to_arrow()["url"]
        )
        again.close()
    demo_services.start("salesforce", **options).stop()  # type: ignore[arg-type]


class Mine(spyro.BaseConnector):
    """A connector of somebody's own."""

    async def connect(self) -> None:
        """There is nothing to open."""

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        yield {"name": entity_type}


def test_a_class_of_ones_own_may_stand_for_the_name() -> None:
    with spyro.connect(Mine, auth_type="none") as mine:
        assert list(mine.fetch("Thing").records()) == [{"name": "Thing"}]
        assert mine.entities() == ()
        assert str(mine.rate_limit) == "10 of 10 at once, 0 of 100 a minute"


class Plain(Mine):
    """A connector that takes what the guide says, and no more."""

    def __init__(self, config: ConnectorConfig) -> None:
        super().__init__(config)


def test_a_connector_that_takes_its_configuration_alone_is_observed_all_the_same() -> None:
    heard: list[Event] = []
    with spyro.connect(Plain, auth_type="none", observers=[heard.append]) as plain:
        assert list(plain.fetch("Thing").records()) == [{"name": "Thing"}]
    assert isinstance(heard[0], Connected)


@pytest.mark.parametrize("demo", [None, False])
def test_no_demo_is_asked_for_by_saying_so(demo: Any) -> None:
    with spyro.connect(Mine, demo=demo, auth_type="none") as mine:
        assert mine.fetch("Thing").count() == 1


def test_a_configuration_may_be_given_whole(org: Service) -> None:
    config = Salesforce.configure(base_url=org.base_url, access_token=org.credentials["access_token"])
    with spyro.connect("salesforce", config=config) as sf:
        assert sf["Account"].count() == 600
    for settings in ({"page_size": 5}, {"demo": True}):
        with pytest.raises(ConfigurationError, match="give one of the two") as caught:
            spyro.connect("salesforce", config=config, **settings)  # type: ignore[arg-type]
        assert caught.value.field == "config"


@pytest.mark.parametrize(
    ("arguments", "settings", "error", "message"),
    [
        (
            ("salesfroce",),
            {},
            UnknownConnectorError,
            r"no connector 'salesfroce'.*did you mean 'salesforce'\?",
        ),
        ((5,), {}, UnknownConnectorError, "no connector 5"),
        (
            ("salesforce",),
            {"acces_token": "x"},
            ConfigurationError,
            r"no setting 'acces_token'.*'access_token'",
        ),
        (("salesforce",), {"colour": "x"}, ConfigurationError, "no setting 'colour'$"),
        (
            ("salesforce",),
            {"base_url": "http://acme.example", "access_token": "x"},
            ConfigurationError,
            "https",
        ),
        (
            ("salesforce",),
            {"base_url": "https://acme.example", "access_token": "x", "page_size": 0},
            ConfigurationError,
            "page_size=0 cannot be",
        ),
        (
            ("salesforce",),
            {"demo": {"recods": 5}},
            ConfigurationError,
            "no such demo of salesforce.*--recods",
        ),
        ((Mine,), {"demo": True}, ConfigurationError, "no such demo of mine.*'mine'"),
        *(
            (("salesforce",), {"demo": {"records": amount}}, ConfigurationError, "no such demo.*whole number")
            for amount in (-3, [3], 1.5, None)
        ),
        (("salesforce",), {"demo": {"service": "x"}}, ConfigurationError, "no such demo.*invalid choice"),
        *(
            (("salesforce",), {"demo": demo}, ConfigurationError, "demo=.* cannot be: it must be True")
            for demo in (0, 1, "yes", [1], 3000, {3: 4})
        ),
        ((["salesforce"],), {}, UnknownConnectorError, r"no connector \['salesforce'\]: give"),
        ((dict,), {}, ConfigurationError, "dict is no connector: give a name, or a class"),
        (
            (Mine(ConnectorConfig("mine", auth_type="none")),),
            {},
            ConfigurationError,
            "made already: give its class, Mine",
        ),
        ((Mine,), {"config": {"a": 1}}, ConfigurationError, "config is a dict: give a ConnectorConfig"),
        ((Mine,), {"custom_params": [1]}, ConfigurationError, "custom_params is a list: give a mapping"),
        *(
            ((Mine,), {"observers": them}, ConfigurationError, "observers=.* cannot be: it must be a list of")
            for them in (print, None, [5], [print, None])
        ),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(
    arguments: tuple[Any, ...], settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        spyro.connect(*arguments, **settings)
    assert "\n" not in str(caught.value)


def test_a_script_without_credentials_is_told_which_variables_to_set() -> None:
    done = run(
        """
        import spyro_sdk as spyro
        try:
            spyro.connect("salesforce")
        except spyro.ConnectorError as error:
            print(type(error).__name__, error, error.hint, sep="|")
        """
    )
    kind, message, hint = done.stdout.split("|")
    assert kind == SignInNeeded.__name__
    for name in ("BASE_URL", "ACCESS_TOKEN", "CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "PRIVATE_KEY"):
        assert f"SPYRO_SALESFORCE_{name}" in message
    assert "demo=True" in hint
    assert done.stderr == ""


def test_settings_come_from_the_environment_in_their_types(org: Service) -> None:
    done = run(
        """
        import spyro_sdk as spyro
        with spyro.connect("salesforce", page_size=300) as sf:
            config = sf._config.to_dict()
            print(*(config[name] for name in ("page_size", "rate_limit", "burst_size", "verify_ssl")))
            print(config["allow_http"], sorted(config["custom_params"].items()), config["headers"])
            print(sf["Account"].count(), sf.describe("Account")["AnnualRevenue"].type)
        """,
        **account(org),
        SPYRO_SALESFORCE_PAGE_SIZE="500",
        SPYRO_SALESFORCE_RATE_LIMIT="600.5",
        SPYRO_SALESFORCE_BURST_SIZE="7",
        SPYRO_SALESFORCE_VERIFY_SSL="False",
        SPYRO_SALESFORCE_ALLOW_HTTP="true",
        SPYRO_SALESFORCE_DECIMALS="false",
        SPYRO_SALESFORCE_API_VERSION="66.0",
        SPYRO_SALESFORCE_TIMEOUT="",
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "300 600.5 7 False",
        "True [('api_version', '66.0'), ('decimals', False)] {}",
        "600 double",
    ]


def test_one_account_is_never_mixed_with_another(org: Service) -> None:
    """The environment's secrets do not go to an address which came with credentials of its own."""
    script = """
        import os
        import spyro_sdk as spyro
        settings = dict(base_url=os.environ["WHERE"], access_token=os.environ["WITH"])
        with spyro.connect("salesforce", **settings) as sf:
            print(sf._config.client_id, sf._config.refresh_token, sf._config.token_url, sf._config.page_size)
        with spyro.connect("salesforce", demo=dict(records=5, wide_records=1)) as sf:
            print(sf._config.token_url, sf._config.page_size)
    """
    done = run(
        script,
        WHERE=org.base_url,
        WITH=org.credentials["access_token"],
        SPYRO_SALESFORCE_CLIENT_ID="theirs",
        SPYRO_SALESFORCE_REFRESH_TOKEN="theirs",
        SPYRO_SALESFORCE_TOKEN_URL="https://login.example/token",
        SPYRO_SALESFORCE_PAGE_SIZE="250",
    )
    assert done.stdout.splitlines() == ["None None None 250", "None 2000"]
    assert done.stderr == ""


def configured(environment: dict[str, str], **settings: Any) -> ConnectorConfig:
    named = {f"SPYRO_SALESFORCE_{name.upper()}": text for name, text in environment.items()}
    return settings_of(Salesforce, settings, named)


def test_each_variable_has_the_type_of_its_setting() -> None:
    given = {"base_url": "https://acme.example", "access_token": "x", "decimals": "TRUE"}
    more = {"page_size": "5", "burst_size": "6", "timeout": "7.5", "verify_ssl": "certificates.pem"}
    config = configured({**given, **more})
    assert (config.page_size, config.burst_size, config.timeout) == (5, 6, 7.5)
    assert (config.verify_ssl, config.custom_params) == ("certificates.pem", {"decimals": True})
    for name, text, wanted in (("timeout", "soon", "a number"), ("allow_http", "1", "true or false")):
        with pytest.raises(ConfigurationError, match=f"must be {wanted}") as caught:
            configured({**given, name: text})
        assert caught.value.field == f"SPYRO_SALESFORCE_{name.upper()}"


def test_what_is_given_goes_before_the_environment() -> None:
    theirs = {"base_url": "https://them.example", "client_id": "them", "refresh_token": "x", "page_size": "5"}
    config = configured(theirs, page_size=6)
    assert (config.client_id, config.page_size) == ("them", 6)
    config = configured(theirs, base_url="https://us.example", access_token="y")
    assert (config.base_url, config.client_id, config.page_size) == ("https://us.example", None, 5)
    with pytest.raises(ConfigurationError, match="client_id given to connect and SPYRO_SALESFORCE_CLIENT_ID"):
        configured(theirs, client_id="us")
    with pytest.raises(SignInNeeded, match="SPYRO_SALESFORCE_REFRESH_TOKEN"):
        configured({}, base_url="https://us.example")


def test_a_variable_that_names_no_setting_is_refused_with_the_nearest() -> None:
    account = {"base_url": "https://acme.example", "access_token": "x"}
    with pytest.raises(ConfigurationError, match="SALESFORCE_RATE_LIMT names no setting of sales") as caught:
        configured({**account, "rate_limt": "300"})
    assert caught.value.field == "SPYRO_SALESFORCE_RATE_LIMT"
    assert caught.value.hint == "did you mean 'rate_limit'?"
    assert caught.value.hint in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"SPYRO_SALESFORCE_ZZZ names no setting of salesforce$"):
        configured({**account, "zzz": "1"})
    for name in ("headers", "custom_params"):
        with pytest.raises(ConfigurationError, match=f"{name} is a mapping.*: give it to connect"):
            configured({**account, name: "x"})
    others = {"SPYRO_HOME": "x", "SPYRO_OTHER_RATE_LIMT": "5", "SPYRO_SALESFORCE_RATE_LIMT": ""}
    named = {f"SPYRO_SALESFORCE_{name.upper()}": text for name, text in account.items()}
    assert settings_of(Salesforce, {}, {**named, **others}).rate_limit == 1200


def test_a_connector_whose_name_begins_with_anothers_has_variables_of_its_own() -> None:
    given = {"SPYRO_MINE_TOO_API_KEY": "x"}
    check_variables(Mine, {"api_key"}, given, lambda: ["mine", "mine_too"])
    with pytest.raises(ConfigurationError, match="SPYRO_MINE_TOO_API_KEY names no setting of mine"):
        check_variables(Mine, {"api_key"}, given, lambda: ["mine", "other"])


def test_the_other_connectors_are_listed_only_where_a_variable_is_called_like_ours() -> None:
    listed: list[str] = []

    def names() -> list[str]:
        listed.append("once")
        return ["mine"]

    check_variables(Mine, {"api_key"}, {"SPYRO_OTHER_API_KEY": "x", "SPYRO_MINE_API_KEY": ""}, names)
    assert listed == []
    check_variables(Mine, {"api_key"}, {"SPYRO_MINE_API_KEY": "x"}, names)
    assert listed == ["once"]


# --- using it


def test_a_connection_is_a_collection_of_its_entities(org: Service) -> None:
    with connected(org) as sf:
        assert list(sf) == sf.entities().names
        assert "Customer" in sf
        assert "Custmer" not in sf
        assert 5 not in sf
        assert sf.entities()["Customer"].label == "Account"
        with pytest.raises(UnknownEntityError, match="did you mean 'Customer'"):
            sf.entities()["Custmer"]


def test_either_of_two_entities_with_one_name_is_described(org: Service) -> None:
    with connected(org) as sf:
        assert sf.describe("Contact").names[:2] == ["id", "source"]
        assert sf.describe("Contact", native=True).names[:2] == ["Id", "IsDeleted"]
    with spyro.connect(Mine, auth_type="none") as mine:
        assert mine.describe("Thing", native=True).names == mine.describe("Thing").names == ["name"]


def test_a_sample_is_described_with_the_columns(org: Service) -> None:
    with connected(org) as sf:
        assert sf.describe("Contact").sample is sf.describe("Contact", sample=False).sample is None
        before = len(org.requests)
        schema = sf.describe("Contact", sample=30)
        assert len(data_calls(org, before)) == 1
        assert schema.sample is not None
        assert (schema.sample.rows, schema.sample.names) == (30, schema.names)
        assert (schema.sample.key, schema.sample.duplicates) == ("id", 0)
        native = sf.describe("Contact", native=True, sample=True).sample
        assert native is not None
        assert native.key == "Id"
        assert native.names == sf.describe("Contact", native=True).names
        told = repr(schema)
        assert told.startswith(f"Contact: {len(schema)} columns, of which ")
        assert "\n\nSample of Contact: 30 records, " in told
    with spyro.connect(Mine, auth_type="none") as mine:
        sample = mine.describe("Thing", native=True, sample=3).sample
        assert sample is not None
        assert sample.names == ["name"]


@pytest.mark.parametrize(
    ("arguments", "wishes", "message"),
    [
        (("Contact",), {"sample": 0}, "sample=0 cannot be: it must be a whole number from 1"),
        (("Contact",), {"sample": -1}, "sample=-1 cannot be"),
        (("Contact",), {"sample": 1.5}, "sample=1.5 cannot be"),
        (("Contact",), {"sample": "all"}, "sample='all' cannot be"),
        ((None,), {}, "entity=None cannot be: it must be a name"),
        (("",), {}, "entity='' cannot be"),
        (("Contact",), {"native": "yes"}, "native='yes' cannot be: it must be True or False"),
    ],
)
def test_what_cannot_be_described_is_refused(
    org: Service, arguments: tuple[Any], wishes: dict[str, Any], message: str
) -> None:
    with connected(org) as sf, pytest.raises(ValidationError, match=message):
        sf.describe(*arguments, **wishes)


def test_a_connection_stays_in_its_process(org: Service) -> None:
    with connected(org) as sf:
        for ours in (sf, sf["Account"]):
            for taken in (pickle.dumps, copy.copy):
                with pytest.raises(TypeError, match=r"credentials and sockets.*: connect again") as caught:
                    taken(ours)
                assert "\n" not in str(caught.value)


def test_observers_hear_of_every_page(org: Service) -> None:
    heard: list[Event] = []
    with connected(org, observers=[heard.append]) as sf:
        keys(sf)
        assert [event.rows for event in heard if isinstance(event, PageArrived)] == [200, 200, 200]
        assert (sf.stats.pages, sf.stats.rows) == (3, 600)


def test_progress_is_shown_where_asked(org: Service, capsys: pytest.CaptureFixture[str]) -> None:
    with connected(org, progress=True) as sf:
        keys(sf)
    assert "600 records" in capsys.readouterr().err
    with connected(org, progress=None) as sf:
        keys(sf)
    assert capsys.readouterr().err == ""  # the environment of the tests says so


@pytest.mark.parametrize("wish", ["no", 1, "auto"])
def test_progress_that_makes_no_sense_is_refused(wish: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"progress=.* cannot be") as caught:
        spyro.connect("salesforce", demo=True, progress=wish)
    assert caught.value.field == "progress"


def test_an_environment_that_makes_no_sense_is_told_before_anything_is_asked() -> None:
    done = run(
        """
        import spyro_sdk as spyro
        try:
            spyro.connect("salesforce", demo=True)
        except spyro.ConnectorError as error:
            print(type(error).__name__, error)
        """,
        SPYRO_PROGRESS="loud",
    )
    said = "ConfigurationError SPYRO_PROGRESS='loud' cannot be: it must be on or off, or not be set\n"
    assert (done.stdout, done.stderr) == (said, "")


def test_a_closed_connection_says_so(org: Service) -> None:
    with connected(org) as sf:
        fetch = sf["Account"]
        assert "connected" in repr(sf)
    sf.close()
    assert repr(sf) == "<Connection 'salesforce' closed>"
    uses: list[Any] = [
        sf.entities,
        lambda: sf.describe("Account"),
        fetch.to_arrow,
        fetch.count,
        fetch.explain,
        fetch.batches,
        lambda: next(fetch.records()),
    ]
    for use in uses:
        with pytest.raises(ConnectionError, match="this connection to salesforce is closed: connect again"):
            use()
    assert sf.stats.requests > 0


def test_closing_ends_what_is_on_its_way() -> None:
    with serve(records=600, batch_limit=200) as service, connected(service) as sf:
        sf.describe("Account")
        batches = sf.fetch("Account", columns=["Id"]).batches()
        next(batches)
        service.delay(0.5)
        with ThreadPoolExecutor(1) as threads:
            late = threads.submit(keys, sf)
            time.sleep(0.05)  # the request is on its way
            sf.close()
            with pytest.raises(ConnectionError, match="salesforce was closed"):
                late.result(0.4)
        assert sf.stats.retries == 0
        batches.close()


def test_a_connection_that_nobody_holds_closes_itself(org: Service) -> None:
    sf = spyro.connect("salesforce", base_url=org.base_url, access_token=org.credentials["access_token"])
    sf["Account"].count()
    connector = sf._connector
    gone = weakref.ref(sf)
    del sf
    gc.collect()
    assert gone() is None
    assert not connector.is_connected


def test_a_failed_connect_leaves_nothing_behind(org: Service) -> None:
    with pytest.raises(AuthenticationError):
        spyro.connect("salesforce", base_url=org.base_url, client_id="x", client_secret="y")
    gc.collect()


def test_it_works_inside_a_running_loop(org: Service, everyone: list[str]) -> None:
    async def cell() -> list[str]:
        with connected(org) as sf:
            return keys(sf)

    assert asyncio.run(cell()) == everyone


def test_it_works_in_threads_and_eight_may_share_it(org: Service, everyone: list[str]) -> None:
    with connected(org) as sf, ThreadPoolExecutor(8) as threads:
        assert all(found == everyone for found in threads.map(lambda _: keys(sf), range(16)))


def test_several_connections_stand_side_by_side(org: Service, everyone: list[str]) -> None:
    with connected(org) as one, connected(org) as two, closing(one["Account"].batches()) as batches:
        first = next(batches)["Id"].to_pylist()
        assert keys(two) == everyone
        rest = [key for batch in batches for key in batch["Id"].to_pylist()]
        assert first + rest == everyone
        two.close()
        assert keys(one) == everyone


def test_connections_of_one_account_share_its_sockets_and_its_pace(org: Service) -> None:
    mine = {"rate_limit": 77_777}  # like nobody else in this process
    with connected(org, **mine) as one, connected(org, **mine, page_size=200) as two, connected(org) as other:
        one["Account"].count()
        asked = one.stats.requests + two.stats.requests
        assert one.rate_limit.current_rate == two.rate_limit.current_rate == asked
        assert other._connector.limiter is not one._connector.limiter
        assert len({sf._connector._session._pool for sf in (one, two, other)}) == 1


def test_eight_threads_renew_a_token_once() -> None:
    with serve(records=300, batch_limit=100) as service:
        known = {name: service.credentials[name] for name in ("client_id", "client_secret")}
        with connected(service, **known) as sf:
            sf.describe("Account")
            service.expire_tokens()
            start = threading.Barrier(8)

            def read(_: int) -> int:
                start.wait()
                return len(keys(sf))

            with ThreadPoolExecutor(8) as threads:
                assert list(threads.map(read, range(8))) == [300] * 8
            assert calls(service)["/services/oauth2/token"] == 1


# --- processes


@fork_only
def test_a_forked_child_connects_anew_and_leaves_its_parent_alone(org: Service) -> None:
    done = run(
        """
        import os, sys
        import spyro_sdk as spyro
        sf = spyro.connect("salesforce")
        closed = spyro.connect("salesforce")
        closed.close()
        batches = sf.fetch("Account", columns=["Id"]).batches()
        first = next(batches).num_rows
        for way in ("use", "close", "nothing"):
            child = os.fork()
            if child == 0:
                if way == "use":
                    assert sf["Account"].to_arrow().num_rows == 600
                if way == "close":
                    sf.close()
                    for each in (sf, closed):
                        try:
                            each.entities()
                        except spyro.ConnectorError as error:
                            assert "is closed" in str(error)
                        else:
                            raise AssertionError
                sys.exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, way
        assert first + sum(batch.num_rows for batch in batches) == 600
        assert sf["Account"].to_arrow().num_rows == 600
        print("well")
        """,
        **account(org),
    )
    assert (done.stdout, done.stderr) == ("well\n", "")


def test_what_a_child_inherited_is_kept_and_not_used(org: Service, everyone: list[str]) -> None:
    with connected(org) as sf:
        inherited = sf._connector
        sf._process = 0  # as a child finds it
        assert keys(sf) == everyone
        assert sf._connector is not inherited
        assert inherited.is_connected
        blocking.run(inherited.disconnect)


def test_what_a_child_inherited_is_never_freed(org: Service) -> None:
    with connected(org) as sf:
        before = sys.getrefcount(sf._connector)
        _leave_to_parent()
        after = sys.getrefcount(sf._connector)  # outside the assertion, which holds what it compares
        assert after == before + 1


@fork_only
@pytest.mark.parametrize("use", ["pass", "sf['Account'].to_arrow()", "sf.close()", "del sf, batches"])
def test_a_child_says_nothing_at_its_end_of_what_it_inherited(use: str) -> None:
    done = run(
        f"""
        import os, sys
        import spyro_sdk as spyro
        org = dict(records=600, batch_limit=200, wide_records=1)
        sf = spyro.connect("salesforce", demo=org, page_size=200)
        batches = sf.fetch("Account", columns=["Id"]).batches()
        next(batches)
        child = os.fork()
        if child == 0:
            {use}
            sys.exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert sum(batch.num_rows for batch in batches) == 400
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "ending",
    [
        "sf.close()",
        "pass",
        "sf['Account'].to_arrow()",
        "batches = sf['Account'].batches(); next(batches)",
        "import threading; threading.Thread(target=lambda: list(sf['Account'])).start()",
        "sf.me = sf",
    ],
)
def test_nothing_is_left_when_the_interpreter_ends(org: Service, ending: str) -> None:
    done = run(f"import spyro_sdk as spyro\nsf = spyro.connect('salesforce')\n{ending}\n", **account(org))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- who we are there


def test_who_we_are_is_asked_for_once_and_only_when_it_is_looked_at(org: Service) -> None:
    asked: list[str] = []

    class Named(Salesforce):
        async def whoami(self) -> str | None:
            asked.append("whoami")
            return "Ana"

    settings = {"base_url": org.base_url, "access_token": org.credentials["access_token"]}
    with spyro.connect(Named, **settings) as sf:
        assert repr(sf) == "<Connection 'salesforce' connected>"
        assert asked == []
        found = sf.identity
        assert (found.who, found.base_url) == ("Ana", org.base_url)
        assert (found.by, found.api) == ("access token", "67.0")
        assert sf.identity == found
        assert asked == ["whoami"]
        assert sf.is_open
    assert not sf.is_open
    assert sf.identity.who == "Ana"


def test_who_does_not_tell_is_asked_no_more() -> None:
    asked: list[str] = []

    class Failing(Mine):
        async def whoami(self) -> str | None:
            asked.append("whoami")
            raise RuntimeError("a secret")

    with spyro.connect(Failing, auth_type="none", base_url="https://acme.example/a") as mine:
        for _ in range(2):
            assert mine.identity.who is None
        assert mine.identity.base_url == "https://acme.example/a"
        assert asked == ["whoami"]
    with spyro.connect(Mine, auth_type="none") as mine:
        assert mine.identity.who is None


def test_a_closed_connection_asks_nobody_who_we_are() -> None:
    class Named(Mine):
        async def whoami(self) -> str | None:
            raise AssertionError

    with spyro.connect(Named, auth_type="none") as mine:
        pass
    assert mine.identity.who is None


def test_a_name_that_does_not_come_is_not_waited_for() -> None:
    class Slow(Mine):
        async def whoami(self) -> str | None:
            await asyncio.Event().wait()
            return "nobody"

    with spyro.connect(Slow, auth_type="none") as mine:
        started = time.monotonic()
        assert blocking.run(_named, mine._connector, 0.02) is None
        assert time.monotonic() - started < 1


# --- what is offered


def test_what_is_offered_is_searched(org: Service) -> None:
    with connected(org) as sf:
        assert sf.entities("CUST").names == ["Customer"]
        assert sf.entities("custmer", counts=True).counts == {"Customer": 600}
        assert sf.entities("zzz", counts=True) == ()
        for word in ("", 5):
            with pytest.raises(ValidationError, match="word="):
                sf.entities(word)  # type: ignore[arg-type]
        with pytest.raises(ValidationError, match="counts="):
            sf.entities(counts="yes")  # type: ignore[arg-type]
