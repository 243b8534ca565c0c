"""How the records of a plan become CSV, as the Bulk API writes it."""

# ruff: noqa: S608 - names come from the schema
from __future__ import annotations

from dataclasses import dataclass

from spyro_sdk.demo.plan import Column, Plan, formatted
from spyro_sdk.demo.schema import BARE, NUMBERS

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
UNQUOTED = BARE | NUMBERS | {"boolean"}  # types whose values have no quotes within
FRACTIONS = NUMBERS - {"int"}
LINE_ENDINGS = {"CRLF": "\r\n", "LF": "\n"}


@dataclass(frozen=True)
class Layout:
    """What stands between values and rows, and how null is told."""

    delimiter: str = ","
    line_ending: str = "\n"
    quotes_nulls: bool = True


def header(plan: Plan, layout: Layout) -> bytes:
    """Write the row of names."""
    names = (f'"{column.title}"' for column in plan.columns)
    return (layout.delimiter.join(names) + layout.line_ending).encode()


def rows_sql(plan: Plan, layout: Layout) -> str:
    """Write the SQL that turns a JSON array of rowids into the text of their rows, in the same order."""
    value = _quoted if layout.quotes_nulls else _bare
    pieces = [value(column) for column in plan.columns]
    pieces[1:] = [(layout.delimiter + template, argument) for template, argument in pieces[1:]]
    ending = " || ".join(f"char({ord(character)})" for character in layout.line_ending)
    row = f"{formatted(pieces)} || {ending}"
    return f"SELECT CAST(group_concat({row}, '') AS BLOB) FROM {plan.page_source}"


def _quoted(column: Column) -> tuple[str, str]:
    """Give the template and the argument of a value that always has quotes; `%s` makes nothing of null."""
    kind = column.field.type
    if kind == "datetime" and not column.nillable:
        return '"%.23sZ"', column.sql
    if kind in UNQUOTED:
        return '"%s"', _plain(column)
    return '"%w"', f"coalesce({column.sql}, '')"  # %w doubles the quotes within


def _bare(column: Column) -> tuple[str, str]:
    """Give the template and the argument of a value that has quotes unless it is null."""
    if not column.nillable:
        return _quoted(column)
    return "%s", f"""'"' || replace({_plain(column)}, '"', '""') || '"'"""


def _plain(column: Column) -> str:
    """Write the SQL of a value's text, or null; times are in UTC and say so with a Z."""
    kind = column.field.type
    if kind == "boolean":
        return f"CASE {column.sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    if kind in FRACTIONS:
        return _fraction(column.sql)
    return f"substr({column.sql}, 1, 23) || 'Z'" if kind == "datetime" else column.sql


def _fraction(sql: str) -> str:
    """Write the SQL of a number as Java's Double does: 9999999.0, but 1.0E7 and 1.0E-4.

    https://github.com/forcedotcom/cli/issues/3367 shows such values, of whole numbers, too.
    """
    digits, sign = f"format('%.14e', {sql})", f"({sql} < 0)"
    mantissa = f"rtrim(substr({digits}, 1, 16 + {sign}), '0')"
    exponent = f"CAST(substr({digits}, 18 + {sign}) AS INTEGER)"
    is_small = f"{sql} > -1e-3 AND {sql} < 1e-3 AND {sql} != 0"
    scientific = f"replace({mantissa} || 'E', '.E', '.0E') || {exponent}"
    return f"CASE WHEN {sql} >= 1e7 OR {sql} <= -1e7 OR ({is_small}) THEN {scientific} ELSE {sql} END"
