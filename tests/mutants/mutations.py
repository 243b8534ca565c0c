"""Small mistakes that are put into a module, one at a time, for its tests to notice.

Left alone are imports, annotations, docstrings, the words of messages, what a repr leaves out (tests/leaks
looks at that) and what only a type checker reads: no test of the module can notice, or should.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import Any, Final

COMPARED: Final[dict[type, tuple[type, ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
COUNTED: Final[dict[type, type]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
TURNED: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
UNREAD: Final = ("annotation", "returns", "type_comment", "type_params")
"""Fields of a node that nobody reads while the program runs."""


@dataclass(frozen=True)
class Mistake:
    """What was done to a line."""

    line: int
    source: str
    """The line as it was, without what it is indented by."""
    what: str

    def __str__(self) -> str:
        return f"{self.line}: {self.source}  [{self.what}]"


@dataclass(frozen=True)
class Mutant:
    """A module with one mistake."""

    mistake: Mistake
    code: CodeType


@dataclass(frozen=True)
class _Change:
    """A field of a node, what is put there, and the mistake in few words."""

    node: Any
    field: str
    value: Any
    what: str
    line: int

    @contextmanager
    def made(self) -> Iterator[None]:
        before = getattr(self.node, self.field)
        setattr(self.node, self.field, self.value)
        try:
            yield
        finally:
            setattr(self.node, self.field, before)


def mutants(source: str, file: str) -> Iterator[Mutant]:
    """Every mutant of a module, one after the other."""
    tree, lines = ast.parse(source), source.splitlines()
    for node in (tree, *_read(tree)):
        for change in _changes(node):
            with change.made():
                code = compile(ast.fix_missing_locations(tree), file, "exec", dont_inherit=True)
            yield Mutant(Mistake(change.line, lines[change.line - 1].strip(), change.what), code)


def _read(node: ast.AST) -> Iterator[Any]:
    """All below a node that has an effect while the program runs."""
    for name, value in ast.iter_fields(node):
        for it in value if isinstance(value, list) else [value]:
            if isinstance(it, ast.AST) and name not in UNREAD and not _is_silent(it):
                yield it
                yield from _read(it)


def _is_silent(node: ast.AST) -> bool:
    """Whether it is an import, a message, or there for a type checker alone."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr() | ast.Expr(value=ast.Constant()):
            return True
        case ast.ClassDef(bases=[*_, ast.Name(id="Protocol")]) | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Call(func=ast.Name(id="TypeVar" | "cast" | "getLogger")):
            return True
        case (
            ast.AnnAssign(annotation=ast.Name(id="TypeAlias")) | ast.keyword(arg="frozen" | "slots" | "repr")
        ):
            return True
        case ast.Assign(value=ast.Subscript(value=ast.Name(id="Literal" | "Callable"))):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__" | "__slots__" | "T" | "logger")]):
            return True
    return False


def _changes(node: Any) -> Iterator[_Change]:
    """Everything that can be done wrong at a node itself."""
    line = getattr(getattr(node, "target", node), "lineno", 1)  # a comprehension has none itself
    for field, value, what in _mistakes(node):
        yield _Change(node, field, value, what, line)
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        for at, it in enumerate(block if isinstance(block, list) else ()):
            for other, what in _left_out(it):
                less = [*block[:at], ast.copy_location(other, it), *block[at + 1 :]]
                yield _Change(node, field, less, what, it.lineno)


def _mistakes(node: Any) -> Iterator[tuple[str, Any, str]]:
    """A field, what is put there, and what is done by that."""
    match node:
        case ast.Compare(ops=[op]):
            for other in COMPARED[type(op)]:
                yield "ops", [other()], f"{type(op).__name__} is {other.__name__}"
        case ast.BoolOp(op=op):
            other = ast.Or if isinstance(op, ast.And) else ast.And
            yield "op", other(), f"{type(op).__name__} is {other.__name__}"
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in COUNTED and not _is_text(node):
            yield "op", COUNTED[type(op)](), f"{type(op).__name__} is {COUNTED[type(op)].__name__}"
        case ast.UnaryOp(op=ast.Not()):
            yield "operand", ast.UnaryOp(ast.Not(), node.operand), "without not"
        case ast.UnaryOp(op=ast.USub()):
            yield "op", ast.UAdd(), "without minus"
        case ast.Constant(value=value):
            yield from _constants(value)
        case ast.Name(id=name, ctx=ast.Load()) if name in TURNED:
            yield "id", TURNED[name], f"{name} is {TURNED[name]}"
        case ast.If() | ast.IfExp():
            yield "test", ast.Constant(True), "always"
            yield "test", ast.Constant(False), "never"
        case ast.While():
            yield "test", ast.Constant(False), "never"
        case ast.comprehension(ifs=[_, *others]):
            yield "ifs", others, "without its if"


def _is_text(node: Any) -> bool:
    """Whether texts or types are put together."""
    sides = [getattr(node, name, None) for name in ("left", "right", "value")]
    return any(
        isinstance(it, ast.JoinedStr)
        or (isinstance(it, ast.Constant) and isinstance(it.value, str | bytes | None))
        for it in sides
    )


def _constants(value: Any) -> Iterator[tuple[str, Any, str]]:
    if isinstance(value, bool):
        yield "value", not value, f"{value} is {not value}"
    elif isinstance(value, int | float):
        yield "value", value + 1, f"{value} is {value + 1}"
    elif isinstance(value, bytes) or (isinstance(value, str) and " " not in value.strip()):
        other = b"XX" + value if isinstance(value, bytes) else f"XX{value}"
        yield "value", other, f"{value!r:.20} is {other!r:.20}"


def _left_out(it: ast.stmt) -> Iterator[tuple[ast.stmt, str]]:
    """What may stand in the place of a statement."""
    match it:
        case ast.Return(value=ast.Constant(value=None | False)):
            pass  # which are as good as each other
        case ast.Return(value=ast.expr()):
            yield ast.Return(ast.Constant(None)), "returns None"
        case ast.Raise():
            yield ast.Pass(), "nothing is raised"
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Delete() | ast.AugAssign():
            yield ast.Pass(), "left out"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass(), "left out"
        case ast.Continue():
            yield ast.Break(), "continue is break"
        case ast.Break():
            yield ast.Continue(), "break is continue"
