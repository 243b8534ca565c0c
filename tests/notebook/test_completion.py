"""Names are completed while they are typed, and nothing is asked or called for it."""

from types import SimpleNamespace

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import spyro_sdk as spyro
from spyro_sdk.entity import Column, EntitySchema
from spyro_sdk.notebook import completion
from spyro_sdk.notebook.completion import LONGEST, Place, named, offered, place_at


class Mine(spyro.BaseConnector):
    """A connector that knows what it offers."""

    asked = 0

    async def connect(self):
        pass

    def known(self):
        return [spyro.Entity(name) for name in ("Customer", "Contact", "custom things", "it's", "User")]

    def known_columns(self, entity, *, own=False):
        columns = {"Customer": ["id", "name", "Owner.Name"], "User": ["id", "email"]}.get(entity, ())
        return [f"own_{name}" for name in columns] if own else columns

    async def entities(self):
        type(self).asked += 1
        return self.known()

    async def discover_schema(self, entity_type):
        type(self).asked += 1
        return EntitySchema(entity_type, (Column("id", None),))

    def fetch_data(self, entity_type, since=None, filters=None):
        raise NotImplementedError


@pytest.fixture(scope="module")
def mine():
    with spyro.connect(Mine, auth_type="none") as connection:
        yield connection


@pytest.fixture
def shell(mine):
    made = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    made.user_ns.update(sf=mine, team=SimpleNamespace(sf=mine), other="text")
    completion.plug(made)
    return made


def completed(shell, line):
    with provisionalcompleter():
        return [it.text for it in shell.Completer.completions(line, len(line))]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ('sf.fetch("Cu', ["Customer", "custom things"]),
        ("sf.fetch('cus", ["Customer", "custom things"]),
        ('sf.fetch(entity="Con', ["Contact"]),
        ('sf.describe("U', ["User"]),
        ('frame = sf.fetch ( "U', ["User"]),
        ('team.sf.fetch("U', ["User"]),
        ('print(sf.fetch("Customer").count(), sf.fetch("U', ["User"]),
        ('print("a" + "b"); "c" + sf.fetch("U', ["User"]),
        ('"c" + sf.fetch("U', ["User"]),
        ('sf["Cu', ["Customer"]),
        ('sf.fetch("Customer", columns=["n', ["name"]),
        ('sf.fetch("Customer", columns=["Own', ["Owner.Name"]),
        ('sf.fetch("Customer", columns=["Owner.N', ["Owner.Name"]),
        ('sf.fetch("Customer", columns=("id", "n', ["name"]),
        ('sf.fetch(entity="User", columns = [ "e', ["email"]),
        ('sf.fetch("Customer", where="a in (\'(\', 1)", columns=["n', ["name"]),
        ('sf.fetch("Customer", columns=["id"], native=["own_n', ["own_name"]),
        ('sf.fetch("Customer", native=True, columns=["own_n', ["own_name"]),
    ],
)
def test_names_are_completed_in(shell, line, names):
    asked = Mine.asked
    assert completed(shell, line) == names
    assert Mine.asked == asked


@pytest.mark.parametrize(
    "line",
    [
        *('sf.count("Cu', 'nobody.fetch("Cu', 'other.fetch("Cu', 'other.sf.fetch("Cu', 'make().fetch("Cu'),
        *('sf.fetch("Customer", where="na', 'sf.fetch("Customer", "Cu', 'sf.fetch("Customer")', '"Cu'),
        *('columns=["na', 'f(columns=["na', 'sf.describe("Customer", columns=["na', '# sf.fetch("Cu'),
        *('sf.fetch("Customer", api="re', "sf.fetch(Cu", 'x = "sf.fetch(', "(]", 'sf.fetch([["na'),
        *("sf.fetch(", 'sf.fetch("Nothing", columns=["n', 'sf.fetch(columns=["n', 'sf.fetch("zzz'),
    ],
)
def test_nothing_is_offered_elsewhere(shell, line):
    assert offered(line, shell.user_ns)[1] == []


def test_a_call_may_go_over_several_lines(shell):
    code = 'sf.fetch(  # all of "them\n    "Customer",\n    columns=[\n        "id",\n        "na'
    with provisionalcompleter():
        found = list(shell.Completer.completions(code, len(code)))
    assert [(it.text, code[it.start : it.end]) for it in found] == [("name", "na")]
    with provisionalcompleter():
        found = list(shell.Completer.completions(f'{code}"]).count()\nprint(5)', len(code)))
    assert [it.text for it in found] == ["name"]


def test_a_text_that_was_never_ended_ends_with_its_line():
    assert place_at("it = don't\nsf.fetch('Cu") == Place("sf", "entity", "Cu")
    assert place_at('sf.fetch("Cu\n') is None


def test_only_what_stands_just_before_the_cursor_is_looked_at():
    line = 'sf.fetch("Cu'
    assert place_at("x" * LONGEST + f"\n{line}") == place_at(line)
    assert place_at(f"{line}{'u' * LONGEST}") is None


def test_the_shell_has_one_matcher_however_often_it_is_plugged_in(shell):
    before = len(shell.Completer.custom_matchers)
    shell.Completer.custom_matchers.append(lambda text: [])
    completion.plug(shell)
    assert len(shell.Completer.custom_matchers) == before + 1
    assert completed(shell, 'sf.fetch("Con') == ["Contact"]


def test_an_older_shell_is_left_alone():
    old = SimpleNamespace(Completer=SimpleNamespace())
    completion.plug(old)
    assert vars(old.Completer) == {}


class Trap:
    """Whatever is touched of it goes off."""

    __slots__ = ()

    @property
    def sf(self):
        raise AssertionError

    def __getattr__(self, name):
        raise AssertionError


def test_nothing_is_run_to_find_the_connection(mine):
    class Held:
        def __getattr__(self, name):
            raise AssertionError

        @property
        def computed(self):
            raise AssertionError

    held = Held()
    vars(held)["sf"] = mine
    space = {"trap": Trap(), "held": held, "sf": mine, "nothing": None}
    assert named("sf", space) is named("held.sf", space) is mine
    for name in ("trap.sf", "trap.sf.sf", "held.computed", "held.zzz", "nothing.sf", "nobody", "nobody.sf"):
        assert named(name, space) is None


def test_names_that_would_end_the_text_are_not_offered(mine):
    assert "it's" in mine.known.entities
    assert "it's" not in offered('sf.fetch("', {"sf": mine})[1]
