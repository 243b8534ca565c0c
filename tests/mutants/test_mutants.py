"""The mistakes that are put into modules, and how it is told whether tests notice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .__main__ import Score
from .apart import SIGN, command, go_apart
from .judged import JUDGED
from .mutations import Mutant, mutants
from .running import Instead, name_of, passes
from .units import APART, UNITS

ROOT = Path(__file__).parents[2]
SOURCE = '''"""Says nothing."""
from typing import Literal
Kind = Literal["a"]
MOST: int = 3

def least(values: list[int], *, is_open: bool = False) -> int | None:
    """The least."""
    if not values or len(values) > MOST:
        raise ValueError(f"{len(values)} values")
    return min(it for it in values if it >= 0)
'''


def test_each_mistake_is_made_once_and_where_it_can_matter() -> None:
    places = [(it.mistake.line, it.mistake.what) for it in mutants(SOURCE, "m.py")]
    assert len(set(places)) == len(places)
    assert sorted(places) == [
        *((4, "3 is 4"), (6, "False is True")),
        *((8, what) for what in ("Gt is GtE", "Gt is LtE", "Or is And", "always", "never", "without not")),
        (9, "nothing is raised"),
        *((10, what) for what in ("0 is 1", "GtE is Gt", "GtE is Lt", "min is max", "returns None")),
        (10, "without its if"),
    ]


@pytest.mark.parametrize(
    ("line", "mistakes"),
    [
        ("a = b + c", ["Add is Sub"]),
        ("a = 'x' + c", ["'x' is 'XXx'"]),
        ("a = f'{b} x'", []),
        ("a = 'some words'", []),
        ("a = b'x'", ["b'x' is b'XXx'"]),
        ("a = -b", ["without minus"]),
        ("a.b = c", ["left out"]),
        ("a += b", ["left out", "Add is Sub"]),
        ("del a", ["left out"]),
        ("f()", ["left out"]),
        ("a = any(b)", ["any is all"]),
        ("a = b is None", ["Is is IsNot"]),
        ("a = True", ["True is False"]),
        ("while a: break", ["never", "break is continue"]),
        ("for a in b: continue", ["continue is break"]),
        ("import a", []),
        ("__all__ = ['a']", []),
        ("if TYPE_CHECKING: f()", []),
        ("A: TypeAlias = 3", []),
        ("T = TypeVar('T', 3)", []),
        ("class A(Protocol): a = 3", []),
        ("def f(): return False", ["False is True"]),
        ("def f(): return", []),
    ],
)
def test_what_is_done_to_a_line(line: str, mistakes: list[str]) -> None:
    assert [it.mistake.what for it in mutants(line, "m.py")] == mistakes


def test_a_mutant_does_what_it_says_and_leaves_the_next_as_it_was() -> None:
    def least(mutant: Mutant) -> object:
        namespace: dict[str, object] = {}
        exec(mutant.code, namespace)
        return namespace["least"]([-1, 2, 1])  # type: ignore[operator]

    told = {it.mistake.what: least(it) for it in mutants(SOURCE, "m.py") if it.mistake.line == 10}
    assert told == {
        "returns None": None,
        "min is max": 2,
        "without its if": -1,
        "GtE is Gt": 1,
        "GtE is Lt": -1,
        "0 is 1": 1,
    }


@pytest.mark.parametrize(
    ("body", "result"),
    [("a = 1", True), ("a = 2", False), ("raise ValueError", False), ("while True: pass", None)],
)
def test_tests_notice_fail_or_do_not_end(
    body: str, result: bool | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mutated.py").write_text("a = 1")
    (tmp_path / "test_it.py").write_text("import mutated\n\ndef test_it():\n    assert mutated.a == 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    limit = 3.0 if result is None else 60.0
    assert (
        passes("mutated", compile(body, "mutated.py", "exec"), ["--rootdir=.", "test_it.py"], limit) is result
    )


def test_a_mutant_finds_no_file_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    precious = tmp_path / "home" / "precious"
    precious.parent.mkdir()
    precious.touch()
    body = (
        "import pathlib, tempfile\n"
        "for it in pathlib.Path.home().iterdir(): it.unlink()\n"
        "a = tempfile.gettempdir()"
    )
    (tmp_path / "homeless.py").write_text("a = None")
    (tmp_path / "test_it.py").write_text(
        "import pathlib, homeless\n\ndef test_it(tmp_path):\n"
        "    home = pathlib.Path.home()\n"
        f"    assert home != pathlib.Path({str(precious.parent)!r})\n"
        "    assert homeless.a == str(home) and tmp_path.is_relative_to(home.resolve())\n"
    )
    monkeypatch.setenv("HOME", str(precious.parent))
    monkeypatch.setenv("XDG_DATA_HOME", str(precious.parent))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    code = compile(body, "homeless.py", "exec")
    assert passes("homeless", code, ["--rootdir=.", "test_it.py"], 60.0)
    assert precious.exists()


def test_only_the_one_module_is_another() -> None:
    instead = Instead("colorsys", compile("a = 7", "colorsys.py", "exec"))
    assert instead.find_spec("json", None) is None
    assert instead.find_spec("no_such_module", None) is None
    known = sys.modules.pop("colorsys", None)
    sys.meta_path.insert(0, instead)
    try:
        import colorsys

        assert colorsys.a == 7  # type: ignore[attr-defined]
    finally:
        sys.meta_path.remove(instead)
        sys.modules.pop("colorsys", None)
        if known is not None:
            sys.modules["colorsys"] = known


def test_a_score_says_what_is_left_to_judge() -> None:
    mistake = next(mutants("a = 1", "m.py")).mistake
    assert str(mistake) == "1: a = 1  [1 is 2]"
    score = Score("m.py", 9, [mistake], 3.0)
    assert score.unjudged == [mistake]
    assert (
        " ".join(str(score).split()) == "m.py 9 of 10 noticed, 90.0%; 1 survived, 1 of them not judged; 3 s"
    )


def test_modules_and_tests_that_are_named_are_there() -> None:
    for file, tests in UNITS.items():
        assert all((ROOT / it).is_file() for it in (file, *tests)), file
    for apart in APART:
        file, _, name = apart.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")
    assert name_of(Path("spyro_sdk/guards/retry.py")) == "spyro_sdk.guards.retry"
    assert name_of(Path("spyro_sdk/guards/__init__.py")) == "spyro_sdk.guards"


def test_what_is_judged_is_still_there() -> None:
    for file, lines in JUDGED.items():
        source = [line.strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
        assert lines.keys() <= set(source), file


def test_a_run_can_write_temporary_files_alone() -> None:
    view = command("bwrap", ["--jobs", "2"])
    assert view[:4] == ["bwrap", "--ro-bind", "/", "/"]
    assert [view[place + 1] for place, it in enumerate(view) if it in ("--bind", "--tmpfs")] == ["/tmp"]
    assert view[-4:] == ["-m", "tests.mutants", "--jobs", "2"]


def test_the_project_is_in_view_even_where_it_is_among_temporary_files() -> None:
    view = command("bwrap", [])
    (hidden,) = [place for place, it in enumerate(view) if it == "--tmpfs"]
    assert view[hidden + 2 : hidden + 7] == ["--ro-bind", str(ROOT), str(ROOT), "--chdir", str(ROOT)]


def test_who_says_to_be_apart_and_can_write_here_is_not_believed() -> None:
    with pytest.raises(SystemExit, match="can be written here"):
        go_apart([], {SIGN: "1"})
