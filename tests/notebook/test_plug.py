"""How the notebook's wing plugs itself in."""

import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from spyro_sdk import notebook, shown
from spyro_sdk.notebook import cards
from spyro_sdk.notebook.card import Card


def python(*lines):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(lines)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_plain_script_has_no_wing_and_loads_nothing_of_it():
    loaded = python(
        "import sys, spyro_sdk, spyro_sdk.shown",
        "print(spyro_sdk.shown.wing(), *{'spyro_sdk.notebook', 'htpy', 'IPython'} & set(sys.modules))",
    )
    assert loaded == ["None"]


def test_importing_it_beside_a_running_shell_plugs_it_in():
    told = python(
        "import sys",
        "from IPython.core.interactiveshell import InteractiveShell",
        "InteractiveShell.instance()",
        "import spyro_sdk, spyro_sdk.shown",
        "print(type(spyro_sdk.shown.wing()).__name__, 'ipywidgets' in sys.modules, 'htpy' in sys.modules)",
    )
    assert told == ["NotebookWing", "False", "False"]


def test_a_running_shell_completes_names():
    told = python(
        "from IPython.core.interactiveshell import InteractiveShell",
        "shell = InteractiveShell.instance()",
        "import spyro_sdk",
        "shell.run_line_magic('load_ext', 'spyro_sdk')",
        "print(*(it.matcher_identifier for it in shell.Completer.custom_matchers))",
    )
    assert told == ["spyro_sdk"]


def test_load_ext_plugs_it_in_where_ipython_came_later():
    told = python(
        "import spyro_sdk, spyro_sdk.shown",
        "from IPython.core.interactiveshell import InteractiveShell",
        "shell = InteractiveShell.instance()",
        "print(spyro_sdk.shown.wing())",
        "shell.run_line_magic('load_ext', 'spyro_sdk')",
        "print(type(spyro_sdk.shown.wing()).__name__)",
    )
    assert told == ["None", "NotebookWing"]


def test_marimo_is_a_notebook_too():
    told = python(
        "import sys, types",
        "sys.modules['marimo'] = types.ModuleType('marimo')",
        "import spyro_sdk, spyro_sdk.shown",
        "print(type(spyro_sdk.shown.wing()).__name__)",
    )
    assert told == ["NotebookWing"]


def test_marimo_gets_the_cards_without_ipython():
    told = python(
        "import sys, types",
        "sys.modules.update(marimo=types.ModuleType('marimo'), IPython=None, ipywidgets=None)",
        "import spyro_sdk as spyro",
        "sf = spyro.connect('salesforce', demo={'records': 20}, progress=False)",
        "sf.fetch('Customer').to_arrow()",
        "things = [sf, sf.entities(), sf.describe('Customer'), sf.fetch('Customer'), spyro.connectors()]",
        "things += [sf.fetch('Customer').explain(), sf.stats, sf.rate_limit, sf.fetch('Customer').profile()]",
        "print(*(sorted(it._repr_mimebundle_()) == ['text/html', 'text/plain'] for it in things))",
    )
    assert told == ["True"] * 9


class Drawn:
    pass


class Kind(Drawn):
    pass


@pytest.fixture
def homes(monkeypatch):
    monkeypatch.setitem(cards.HOMES, f"{Drawn.__module__}.Drawn", "test_plug_drawn")
    module = type(sys)("spyro_sdk.notebook.cards.test_plug_drawn")
    module.card = lambda thing: Card(type(thing).__name__)
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.usefixtures("homes")
def test_a_thing_has_the_card_of_what_it_is_a_kind_of():
    assert cards.card_of(Kind()) == Card("Kind")
    assert ">Kind<" in notebook.NotebookWing().draw(Kind())


def test_what_has_no_card_is_left_to_its_words():
    wing: shown.Wing = notebook.NotebookWing()
    assert wing.draw(object()) is None
    assert wing.person() is None
    assert wing.progress() is None


def test_where_no_notebook_is_nothing_is_plugged_in():
    before = shown.wing()
    shown.plug(None)
    notebook.plug()
    assert shown.wing() is None
    shown.plug(before)


@pytest.mark.parametrize(
    ("shell", "library", "was", "now"),
    [
        ("kernel", "pandas", 0, 20),
        ("kernel", "pandas", 7, 7),
        ("kernel", "aiohttp", 0, 0),
        ("terminal", "pandas", 0, 0),
    ],
)
def test_pandas_alone_is_told_that_it_is_in_a_notebook(monkeypatch, shell, library, was, now):
    options = {"display.max_columns": was}
    there = SimpleNamespace(kernel=None) if shell == "kernel" else SimpleNamespace()
    monkeypatch.setattr(notebook, "shell", lambda: there)
    module = ModuleType(library)
    module.get_option, module.set_option = options.get, options.__setitem__
    notebook.NotebookWing().imported(module)
    assert options == {"display.max_columns": now}
