import importlib
import subprocess
import sys
from textwrap import dedent

import pytest

import spyro_sdk
from spyro_sdk import registry
from spyro_sdk.connector import BaseConnector
from spyro_sdk.connectors import GROUP, installed
from spyro_sdk.connectors.salesforce import Salesforce
from spyro_sdk.errors import ConfigurationError, UnknownConnectorError

MODULE = """
from spyro_sdk.connector import BaseConnector

class Acme(BaseConnector):
    async def connect(self): ...
    def fetch_data(self, entity_type, since=None, filters=None): ...

def make(): ...

number = 5
"""


@pytest.fixture
def install(tmp_path):
    """Install a package `acme_of_test` with these entry points; gone after the test."""

    def installs(module=MODULE, **points):
        (tmp_path / "acme_of_test.py").write_text(module)
        info = tmp_path / "acme_of_test-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-of-test\nVersion: 1.0\n")
        lines = [f"{name} = {value}" for name, value in points.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
        importlib.invalidate_caches()

    sys.path.insert(0, str(tmp_path))
    yield installs
    sys.path.remove(str(tmp_path))
    sys.modules.pop("acme_of_test", None)
    importlib.invalidate_caches()


# what is found


def test_salesforce_is_among_the_connectors():
    assert registry.find("salesforce") is Salesforce


def test_another_package_may_bring_a_connector(install):
    install(acme="acme_of_test:Acme")
    found = registry.find("acme")
    assert issubclass(found, BaseConnector)
    assert found.name == "acme"
    assert {"acme", "salesforce"} <= set(installed())
    assert "acme" in spyro_sdk.connectors()


def test_the_connectors_are_listed_by_name(install):
    install(zebra="acme_of_test:Acme", abacus="acme_of_test:Acme")
    names = spyro_sdk.connectors()
    assert names == sorted(names)
    assert names[0] == "abacus"


def test_listing_the_connectors_imports_none(install):
    install("raise SystemExit", acme="acme_of_test:Acme")
    assert "acme" in spyro_sdk.connectors()
    assert "acme_of_test" not in sys.modules


def test_a_package_cannot_take_the_name_of_one_of_ours(install):
    install(salesforce="acme_of_test:Acme")
    assert registry.find("salesforce") is Salesforce
    assert installed()["salesforce"].load() is Salesforce


def test_ours_is_found_without_a_look_through_all_that_is_installed():
    class Finder:
        """A way in which Python finds what is installed."""

        asked = 0

        @staticmethod
        def find_spec(name, path=None, target=None):
            return None

        @classmethod
        def find_distributions(cls, context):
            cls.asked += 1
            return ()

    sys.meta_path.append(Finder)
    try:
        registry.find("salesforce")
        assert Finder.asked == 0
        installed()
        assert Finder.asked == 1
    finally:
        sys.meta_path.remove(Finder)


# what is not


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("salesfroce", "did you mean 'salesforce'?"),
        ("SalesForce", "did you mean 'salesforce'?"),
        ("zzz", None),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name, hint):
    with pytest.raises(UnknownConnectorError) as caught:
        registry.find(name)
    error = caught.value
    assert isinstance(error, ValueError)
    assert isinstance(error, LookupError)
    assert (error.field, error.hint) == ("name", hint)
    assert f"there is no connector {name!r}; installed are " in str(error)
    assert "salesforce" in str(error)
    assert hint is None or hint in str(error)


@pytest.mark.parametrize(
    ("module", "target", "said"),
    [
        ("import a_module_that_nobody_has", "acme_of_test:Acme", "ModuleNotFoundError"),
        ("1 / 0", "acme_of_test:Acme", "ZeroDivisionError"),
        ("class", "acme_of_test:Acme", "SyntaxError"),
        (MODULE, "acme_of_test:Gone", "AttributeError"),
        (MODULE, "acme_of_tset:Acme", "ModuleNotFoundError"),
        (MODULE, "acme_of_test:make", "is no BaseConnector"),
        (MODULE, "acme_of_test:number", "is no BaseConnector"),
        (MODULE, "builtins:dict", "is no BaseConnector"),
    ],
)
def test_a_broken_package_is_named(install, module, target, said):
    install(module, acme=target)
    with pytest.raises(ConfigurationError) as caught:
        registry.find("acme")
    assert not isinstance(caught.value, UnknownConnectorError)
    assert f"the connector 'acme' ({target})" in str(caught.value)
    assert said in str(caught.value)


def test_a_failed_import_is_kept_as_the_cause(install):
    install("1 / 0", acme="acme_of_test:Acme")
    with pytest.raises(ConfigurationError) as caught:
        registry.find("acme")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_broken_package_does_no_harm_to_the_others(install):
    install("1 / 0", acme="acme_of_test:Acme")
    assert registry.find("salesforce") is Salesforce


# the package that can be called


@pytest.mark.parametrize(
    "imports",
    [
        "import spyro_sdk",
        "import spyro_sdk.connectors",
        "import spyro_sdk.connectors.salesforce",
        "from spyro_sdk import connectors; import spyro_sdk",
        "import spyro_sdk; spyro_sdk.connectors(); import spyro_sdk.connectors.salesforce",
    ],
)
def test_the_connectors_can_be_listed_however_they_were_imported(imports):
    program = dedent(f"""
        {imports}
        assert "salesforce" in spyro_sdk.connectors(), spyro_sdk.connectors
        import spyro_sdk.connectors.salesforce as module
        assert spyro_sdk.connectors.salesforce is module
    """)
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)
