"""The documents are true: their code runs, their links lead somewhere, their tables match the code."""

from __future__ import annotations

import configparser
import contextlib
import dataclasses
import doctest
import importlib
import importlib.util
import io
import logging
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from prometheus_client import CollectorRegistry

import spyro_sdk as spyro
from spyro_sdk import errors, events
from spyro_sdk.canonical import VOCABULARY, Source, Translation
from spyro_sdk.connectors.github.vocabulary import TRANSLATIONS as OF_GITHUB
from spyro_sdk.connectors.salesforce.describe import TYPES
from spyro_sdk.connectors.salesforce.vocabulary import TRANSLATIONS
from spyro_sdk.observers.prometheus import Prometheus
from spyro_sdk.observers.stats import Stats

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
EXAMPLE = DOCS / "examples" / "customers.py"
WRITE_A_CONNECTOR = DOCS / "write-a-connector.md"
SAMPLE = DOCS / "examples" / "corner-shop"

FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
TARGET = re.compile(r"^([\w-]+):", re.MULTILINE)

document = pytest.mark.parametrize("path", DOCUMENTS, ids=[str(p.relative_to(ROOT)) for p in DOCUMENTS])


@dataclass(frozen=True)
class Block:
    """One fenced block, with what stands just before it."""

    language: str
    words: str
    text: str
    line: int  # of its first line of text
    before: str

    @property
    def file(self) -> str | None:
        """The name of the file that the block is; None for what is typed."""
        return next((word[5:] for word in self.words.split() if word.startswith("file=")), None)


def blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    found, end = [], 0
    for fence in FENCE.finditer(text):
        line = text.count("\n", 0, fence.start(3)) + 1
        found.append(Block(fence[1], fence[2].strip(), fence[3], line, text[end : fence.start()].strip("\n")))
        end = fence.end()
    return found


def section(path: Path, heading: str) -> str:
    """The text under a heading, up to the next one as high."""
    text = path.read_text(encoding="utf-8")
    start = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert start, f"{path.name} has no heading {heading!r}"
    end = re.search(rf"^#{{1,{len(start[1])}}} ", text[start.end() :], re.MULTILINE)
    return text[start.end() : start.end() + end.start()] if end else text[start.end() :]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table in a text, without its head."""
    table = re.search(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE)
    assert table, "there is no table"
    lines = table[0].strip().split("\n")[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


# -- what is written runs -----------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Path]:
    """A folder of one's own with its modules, and an environment and a logger as they were afterwards."""
    environment, logger = dict(os.environ), logging.getLogger("spyro_sdk")
    handlers, level, propagates = list(logger.handlers), logger.level, logger.propagate
    sys.path.insert(0, str(tmp_path))
    with contextlib.chdir(tmp_path):
        yield tmp_path
    sys.path.remove(str(tmp_path))
    for name in [it.stem for it in tmp_path.glob("*.py")]:
        sys.modules.pop(name, None)
    os.environ.clear()
    os.environ.update(environment)
    logger.handlers[:] = handlers
    logger.setLevel(level)
    logger.propagate = propagates


@document
def test_every_python_block_runs_and_prints_what_stands_under_it(path: Path, desk: Path) -> None:
    write_key(desk / "server.key")
    namespace: dict[str, Any] = {"__name__": f"document {path.name}"}
    for block, after in pairwise([*blocks(path), None]):
        if block and block.file:
            write(desk, block)
        elif block and block.language == "python" and "no-run" not in block.words:
            printed = run(block, path, namespace)
            if after and after.language == "text" and not after.before:
                assert_prints(after.text, printed, f"{path.name}, line {after.line}")


def write(folder: Path, block: Block) -> None:
    """Put a block that is a file where its name says."""
    assert block.file
    (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
    (folder / block.file).write_text(block.text, encoding="utf-8")


def test_the_files_of_the_document_are_those_of_the_sample() -> None:
    shown = {block.file: block.text for block in blocks(WRITE_A_CONNECTOR) if block.file}
    there = [it for it in SAMPLE.rglob("*") if it.suffix in (".py", ".toml")]
    assert shown == {it.relative_to(SAMPLE).as_posix(): it.read_text(encoding="utf-8") for it in there}


def test_what_the_document_shows_of_the_recording_is_in_it() -> None:
    (shown,) = [block.text for block in blocks(WRITE_A_CONNECTOR) if block.language == "json"]
    assert shown in (SAMPLE / "tests" / "orders.json").read_text(encoding="utf-8")


CLAIMS = """
from functools import partial
import pytest
from spyro_sdk.testing import ConnectorContract

class TestTenLines(ConnectorContract):
    entity, rows, key = "orders", 250, "id"

    @pytest.fixture
    def make(self):
        return partial(TenLines, TenLines.configure(base_url=SHOP, api_key=KEY, rate_limit=60_000))
"""


def test_the_ten_lines_of_the_document_pass_the_contract(tmp_path: Path) -> None:
    service, *typed = [block for block in blocks(WRITE_A_CONNECTOR) if block.language == "python"][:3]
    write(tmp_path, service)
    code = "\n".join(block.text for block in typed)
    (tmp_path / "test_ten.py").write_text(code + CLAIMS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_ten.py"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^2\d passed, 1 skipped", done.stdout, re.MULTILINE)  # it heeds no `since`


def run(block: Block, path: Path, namespace: dict[str, Any]) -> str:
    """Run a block where it stands, so that a traceback shows its line; return what it printed."""
    code = compile("\n" * (block.line - 1) + block.text, str(path), "exec", dont_inherit=True)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, namespace)
    return out.getvalue()


def assert_prints(promised: str, printed: str, where: str) -> None:
    checker, flags = doctest.OutputChecker(), doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if not checker.check_output(promised, printed, flags):
        difference = checker.output_difference(doctest.Example("", promised), printed, flags)
        pytest.fail(f"{where}: {difference}")


def write_key(path: Path) -> None:
    """What `openssl genrsa` makes."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(*kinds))


@document
def test_a_block_that_does_not_run_says_why(path: Path) -> None:
    for block in blocks(path):
        if "no-run" in block.words:
            assert block.before.endswith("-->"), f"{path.name}, line {block.line}: no reason beside it"


def test_hardly_any_block_does_not_run() -> None:
    words = [block.words for path in DOCUMENTS for block in blocks(path) if block.language == "python"]
    assert len(words) > 30
    assert sum("no-run" in each for each in words) <= 4


@document
def test_every_block_says_its_language(path: Path) -> None:
    known = {"python", "text", "console", "toml", "json", "yaml"}
    assert {block.language for block in blocks(path)} <= known


@pytest.mark.parametrize(
    "name",
    [m.name for m in pkgutil.walk_packages(spyro.__path__, "spyro_sdk.") if not m.name.endswith("__main__")],
)
def test_doctests_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


# -- the main job -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the example prints with few records, and no more than that on a bad day."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLE), "--records", "3000"],
        cwd=tmp_path_factory.mktemp("example"),
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    assert "salesforce: Customer fetched: 3,000 records" in done.stderr  # where there is no terminal
    return done.stdout


def test_the_example_does_the_whole_job(told: str) -> None:
    assert "FAILED" not in told
    for words in ("7 entities", "3,000 rows × 26 columns", "Int64", "every value in the file", "requests ("):
        assert words in told


def test_the_picture_shows_what_the_example_prints(told: str) -> None:
    picture = (DOCS / "pictures" / "demo.svg").read_text(encoding="utf-8")
    steps = [line for line in told.splitlines() if line.startswith(("── ", "  ok"))]
    assert len(steps) == 11
    for step in steps:
        words = step.strip("─ ").replace("3,000", "50,000")
        assert words in picture


def test_the_example_notices_what_is_wrong(desk: Path) -> None:
    example = load(EXAMPLE)
    with spyro.connect("salesforce", demo={"records": 2000}) as sf:
        frame = sf.fetch("Customer").to_pandas()
        sf.fetch("Customer").to_parquet(example.FILE)
        assert all(holds for _, holds in example._checks(sf, frame, 2000))
        twice = frame.assign(id=frame["id"].iloc[0])
        assert failed(example._checks(sf, twice, 2000)) == ["no id comes twice", "every value"]
        assert failed(example._checks(sf, frame.iloc[1:], 2000)) == ["the service counts", "every value"]
        pq.write_table(pq.read_table(example.FILE).slice(1), example.FILE)
        assert failed(example._checks(sf, frame, 2000))[0] == "the demo was"


def failed(checks: Iterator[tuple[str, bool]]) -> list[str]:
    """The first words of the checks that failed; a file without its own count ends them."""
    names = ("the service counts", "the demo was", "no id comes twice", "the file has", "every value", "")
    found = []
    with contextlib.suppress(KeyError):
        for claim, holds in checks:
            if not holds:
                found.append(next(name for name in names if claim.startswith(name)))
    return found


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- what is named is there ---------------------------------------------------------------------------


@document
def test_links_lead_somewhere(path: Path) -> None:
    prose = FENCE.sub("", path.read_text(encoding="utf-8"))
    for link in LINK.findall(prose):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), f"{path.name} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{path.name} links to {link}"


def anchors(path: Path) -> set[str]:
    """The headings of a document as GitHub names them in an address."""
    headings = HEADING.findall(FENCE.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@document
def test_make_has_every_target_that_is_named(path: Path) -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"(?:^\$ |`)make ([a-z]+)", text, re.MULTILINE)
    assert set(named) <= targets


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        reached.add(path)
        links = {link.partition("#")[0] for link in LINK.findall(path.read_text(encoding="utf-8"))}
        targets = {(path.parent / link).resolve() for link in links if link.endswith(".md")}
        waiting += targets - reached
    assert reached == set(DOCUMENTS)


def test_the_readme_names_the_test_command() -> None:
    assert "this is the test command" in (ROOT / "README.md").read_text(encoding="utf-8")


# -- what is listed is complete -----------------------------------------------------------------------

ERRORS = [
    it for it in vars(errors).values() if isinstance(it, type) and issubclass(it, errors.ConnectorError)
]
EVENTS = [it for it in vars(events).values() if isinstance(it, type) and issubclass(it, events.Event)]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_is_explained_with_its_attributes(error: type[errors.ConnectorError]) -> None:
    text = section(DOCS / "errors.md", f"`{error.__name__}`")
    for words in ("**When.**", "**What to do.**"):
        assert words in text
    base = error.__mro__[1]
    for name in set(vars(error())) - set(vars(base())):
        assert f"`{name}`" in text


def test_the_tree_of_errors_is_that_of_the_code() -> None:
    assert errors.__doc__
    tree = re.search(r"^ConnectorError .*?^└[^\n]*$", errors.__doc__, re.MULTILINE | re.DOTALL)
    assert tree
    assert tree[0] in (DOCS / "errors.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_event_is_listed_with_its_fields(event: type[events.Event]) -> None:
    text = section(DOCS / "events.md", f"`{event.__name__}`" if event is not events.Event else "Every event")
    own = {field.name for field in dataclasses.fields(event)} - (
        {"connector", "fetch", "call"} if event is not events.Event else set()
    )
    assert {row[0].strip("`") for row in (rows(text) if own else [])} == own


def test_every_setting_is_listed_with_its_default() -> None:
    listed = {
        row[0].strip("`"): row[1].strip("`")
        for row in rows(section(DOCS / "run-on-a-schedule.md", "Settings"))
    }
    expected = {}
    for field in dataclasses.fields(spyro.ConnectorConfig):
        if field.name == "name":
            continue
        factory = field.default_factory
        expected[field.name] = repr(factory() if factory is not dataclasses.MISSING else field.default)
    assert listed == expected


# -- Salesforce ---------------------------------------------------------------------------------------


def test_every_total_is_listed() -> None:
    table = rows(section(DOCS / "run-on-a-schedule.md", "Figures for your monitoring"))
    assert {name for row in table for name in re.findall(r"`(\w+)`", row[0])} == set(Stats().to_dict())


def test_every_metric_is_listed() -> None:
    table = rows(section(DOCS / "run-on-a-schedule.md", "Prometheus"))
    listed = {
        (name.removesuffix("_total"), row[1].partition(",")[0])
        for row in table
        for name in re.findall(r"`(\w+)`", row[0])
    }
    registry = CollectorRegistry()
    Prometheus(registry)
    assert listed == {(it.name, it.type) for it in registry.collect()}


def test_every_attribute_of_a_span_is_listed() -> None:
    table = rows(section(DOCS / "run-on-a-schedule.md", "OpenTelemetry"))
    listed = {name for row in table for name in re.findall(r"`([\w.]+)`", row[0])}
    code = (ROOT / "spyro_sdk" / "observers" / "opentelemetry.py").read_text(encoding="utf-8")
    assert listed == set(re.findall(r'"((?:spyro|http|server|error)\.[\w.]+)"', code))


SALESFORCE = DOCS / "connectors" / "salesforce.md"


GITHUB = DOCS / "connectors" / "github.md"
COVERAGE = [
    (path, it) for path, of in ((SALESFORCE, TRANSLATIONS), (GITHUB, OF_GITHUB)) for it in of.values()
]


@pytest.mark.parametrize(("path", "it"), COVERAGE, ids=lambda it: getattr(it, "stem", None) or it.entity)
def test_the_coverage_of_canonical_columns_is_that_of_the_code(path: Path, it: Translation) -> None:
    listed = [(row[0].strip("`"), row[1]) for row in rows(section(path, f"`{it.entity}`"))]
    assert listed == [(name, origin(it.columns.get(name))) for name in VOCABULARY[it.entity].names]


def origin(source: Source | None) -> str:
    """What a canonical column is made of, as the document words it."""
    if source is None:
        return "not available"
    if not source.columns:
        value = source.make(pa.record_batch({"Id": ["1"]}), {})[0].as_py()
        return f"always `{value}`"
    names = ", ".join(f"`{name}`" for name in source.columns)
    return names if source.native else f"made of {names}"


def test_what_an_org_lacks_is_null_and_described_so() -> None:
    with spyro.connect("salesforce", demo={"records": 2000}) as sf:
        for entity, translation in TRANSLATIONS.items():
            table, schema = sf.fetch(entity, limit=50).to_arrow(), sf.describe(entity)
            for column in schema:
                source = translation.columns.get(column.name)
                is_constant = source is not None and not source.columns
                if not column.source and not is_constant:
                    assert table[column.name].null_count == table.num_rows, f"{entity}.{column.name}"


def test_salesforce_filters_what_the_table_says() -> None:
    heading = "What Salesforce filters, and what is filtered here"
    with spyro.connect("salesforce", demo={"records": 2000}) as sf:
        for where, soql, here in rows(section(SALESFORCE, heading)):
            plan = sf.fetch("Customer", where=where.strip("`")).explain(count=False)
            sent = re.search(r"WHERE \((.*)\) ORDER BY", plan.request)
            assert (f"`{sent[1]}`" if sent else "nothing") == soql, where
            assert ("no" if plan.local is None else "yes") == here[:3].strip(":"), where


def test_every_salesforce_type_is_listed() -> None:
    text = section(SALESFORCE, "Types")
    listed = {kind for row in rows(text) for kind in re.findall(r"`(\w+)`", row[0])}
    assert listed >= set(TYPES)


def test_each_action_costs_the_calls_that_are_listed() -> None:
    listed = {row[0]: row[1] for row in rows(section(SALESFORCE, "What each action costs"))}
    with spyro.connect("salesforce", demo={"records": 4100}) as sf:
        assert sf.stats.quota
        assert listed.pop("`connect()`") == str(sf.stats.quota.limit - sf.stats.quota.remaining)
        fetch = sf.fetch("Customer")
        actions = {
            "`entities()`": sf.entities,
            "`entities(counts=True)`": lambda: sf.entities(counts=True),
            "`describe()` of an object, the first time": lambda: sf.describe("Account"),
            "`describe()` of it again": lambda: sf.describe("Customer"),
            "`count()`": fetch.count,
            "`explain()`": fetch.explain,
            "`explain(count=False)`": lambda: fetch.explain(count=False),
            "`head(5)`": fetch.head,
        }
        for name, action in actions.items():
            assert (name, listed.pop(name)) == (name, str(cost(sf, action)))
        assert cost(sf, fetch.to_arrow) == 3
        assert listed.pop("a fetch by REST") == "1 for each 2,000 records, at least 1"
        looks = 2  # with the demo, which is as quick as it can be
        assert cost(sf, sf.fetch("Customer", api="bulk").to_arrow) == 2 + 1 + 1 + looks
        assert listed.pop("a fetch by a job").startswith(
            "2 to create and to delete it, 1 for each chunk, 1 for"
        )
        assert listed.pop("a fetch by a job that was not asked for").startswith("1 more")
        by_name = sf.fetch("Customer", where="name like 'A%'")
        assert cost(sf, by_name.count) == 1  # read, since Salesforce cannot count it: one page here
        assert listed.pop("`count()` where part of `where` is applied here") == "as many as the fetch"
        related = sf.fetch("Account", columns=["Owner.Name"], limit=1)
        assert (cost(sf, related.to_arrow), cost(sf, related.to_arrow)) == (2, 1)
        assert listed.pop("a column of a related object, such as `Owner.Name`") == "1 more, the first time"
    assert listed == {}


def cost(sf: spyro.Connection, action: Any) -> int:
    """How many calls an action takes off the service's quota."""
    before = sf.stats.quota.remaining if sf.stats.quota else 100_000
    action()
    assert sf.stats.quota
    return before - sf.stats.quota.remaining


def test_the_floors_are_those_that_import_linter_holds() -> None:
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    floors = rules["importlinter:contract:floors"]["layers"].strip()
    assert f"```text\n{floors}\n```" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
