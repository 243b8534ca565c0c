"""What the values of a table are like: how many are missing, how many differ, from where to where they go."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from unicodedata import east_asian_width

import pyarrow as pa

from ..entity import unknown_column
from ..shown import Shown
from ..words import counted, legible, percent
from .bins import Histogram

if TYPE_CHECKING:
    import pandas as pd

MOST_VALUES: Final = 10_000
"""Different values of a column that are told apart; of more it is said that there are more."""
MOST_KEYS: Final = 1_000_000
"""Different keys of which it is known whether one comes again."""
FREQUENT: Final = 5  # values that are named
LONG: Final = 100  # characters of a text that are kept

NAMED: Final = 3  # columns in a finding
CELL: Final = 24  # characters of a value in the table
RARE: Final = 0.01  # share of the records in which a value is not common


@dataclass(frozen=True, slots=True)
class Frequent:
    """A value, and in how many records it stands."""

    value: str | bool
    count: int


@dataclass(frozen=True, slots=True)
class ColumnQuality:
    """What the values of one column are like. Of objects and lists only the missing ones are counted."""

    name: str
    type: pa.DataType
    rows: int
    """Of the table, so that each column can say its shares."""
    nulls: int
    nans: int = 0
    """Floats that are no number. They are not null, and in nothing that follows."""
    empty: int = 0
    """Texts of no character."""
    padded: int = 0
    """Texts with white space before or after them, or of nothing else."""
    distinct: int | None = None
    """Different values; None where there are too many to count, or where they are not compared."""
    has_more: bool = False
    """Whether there are more than 10,000 different values."""
    min: Any = None
    """The smallest, exact, or the earliest; of texts by their UTF-8, and cut with a `…` after 100 characters.

    None where there is no value, or where they are not compared. That is also so in a column that turned into
    texts after more than 10,000 different numbers or moments had come.
    """
    max: Any = None
    mean: float | None = None
    """Of numbers, unless one is infinite."""
    frequent: tuple[Frequent, ...] = ()
    """The commonest texts, or true and false, the commonest first; () where there are too many to count."""
    histogram: Histogram | None = None
    """Of finite numbers and of moments."""

    @property
    def null_share(self) -> float:
        """Missing values, from 0 to 1."""
        return self.nulls / self.rows if self.rows else 0.0

    @property
    def is_empty(self) -> bool:
        """Whether there are records, and none has a value."""
        return 0 < self.rows == self.nulls

    @property
    def is_constant(self) -> bool:
        """Whether all records have the same value, of which there are several."""
        return self.rows > 1 and self.distinct == 1 and not self.nulls and not self.nans

    def to_dict(self) -> dict[str, Any]:
        """All of it in what JSON knows: decimals, moments and infinite numbers as texts."""
        return asdict(self) | {"type": str(self.type), "min": _plain(self.min), "max": _plain(self.max)}


@dataclass(frozen=True, slots=True, repr=False)
class Quality(Shown):
    """What the values of a table are like, column by column."""

    entity: str
    rows: int
    columns: tuple[ColumnQuality, ...]
    key: str | None = None
    """The column by which records are told apart, if it is one of these and its values can be compared."""
    duplicates: int | None = None
    """Records whose key had come before; None where there is no key, or a million different ones and more."""

    def __iter__(self) -> Iterator[ColumnQuality]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

    def __getitem__(self, name: str) -> ColumnQuality:
        """The column called `name`; `ValidationError` with the nearest name where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise unknown_column(self.entity, name, self.names)

    @property
    def is_keyed(self) -> bool:
        """Whether each record has a key, and no two the same."""
        return self.key is not None and self.rows > 0 == self.duplicates == self[self.key].nulls

    @property
    def findings(self) -> list[str]:
        """What deserves a look, in words; [] where nothing does."""
        if not self.rows:
            return ["no records"]
        told = [_of_keys(self), *(find(self.columns) for find in FINDINGS)]
        return [finding for finding in told if finding]

    def to_dict(self) -> dict[str, Any]:
        """All of it in what JSON knows."""
        return {
            "entity": self.entity,
            "rows": self.rows,
            "key": self.key,
            "duplicates": self.duplicates,
            "findings": self.findings,
            "columns": [column.to_dict() for column in self.columns],
        }

    def to_pandas(self) -> pd.DataFrame:
        """One row for each column; `min` and `max` in the column's own type."""
        import pandas as pd

        numbers = ("rows", "nulls", "nans", "empty", "padded", "distinct")
        table: dict[str, Any] = {
            "column": pd.Series(self.names, dtype="str"),
            "type": pd.Series([str(it.type) for it in self], dtype="str"),
        }
        table |= {name: pd.Series([getattr(it, name) for it in self], dtype="Int64") for name in numbers}
        table |= {
            name: pd.Series([getattr(it, name) for it in self], dtype=object) for name in ("min", "max")
        }
        return pd.DataFrame({**table, "mean": pd.Series([it.mean for it in self], dtype="float64")})

    def __str__(self) -> str:
        rows = [HEADINGS, *map(_cells, self)]
        widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
        lines = [f"  {finding}" for finding in self.findings]
        return "\n".join([title_of(self), *lines, *(_line(row, widths) for row in rows)])

    __repr__ = __str__


HEADINGS: Final = ("column", "type", "null", "distinct", "min", "max", "mean", "most frequent")
NUMBERS: Final = (2, 3, 4, 5, 6)
"""The places of the cells that stand at the right."""


def title_of(quality: Quality) -> str:
    """What it is about, in a line: how many records and columns, and that each key came once."""
    name = legible(quality.entity, CELL * 2)
    said = f"{name}: {counted(quality.rows, 'record')}, {counted(len(quality), 'column')}"
    return f"{said}, each {legible(quality.key or '', CELL)} once" if quality.is_keyed else said


def value_text(value: Any, most: int = CELL) -> str:
    """A value as people read it, in one line; a text of at most so many characters."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal):
        whole, dot, rest = f"{value:,f}".partition(".")
        return whole + (dot + rest).rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds").replace("+00:00", "Z")
    return legible(str(value), most)


def mean_text(mean: float | None) -> str:
    """A mean, rounded; '' where there is none."""
    if mean is None:
        return ""
    return f"{mean:,.2f}" if not mean or 1 <= abs(mean) < 1e12 else f"{mean:.3g}"


def distinct_text(column: ColumnQuality) -> str:
    """How many different values there are; '' where they are not compared."""
    if column.has_more:
        return f"> {MOST_VALUES:,}"
    return "" if column.distinct is None else f"{column.distinct:,}"


def common(column: ColumnQuality, most: int = 2) -> list[tuple[str, str]]:
    """The commonest values and their shares of the records; [] where none is common."""
    found = [it for it in column.frequent[:most] if it.count > max(1, column.rows * RARE)]
    return [(value_text(it.value) or repr(""), percent(it.count / column.rows)) for it in found]


def _cells(column: ColumnQuality) -> tuple[str, ...]:
    ends = ["" if it is None else value_text(it) for it in (column.min, column.max)]
    return (
        legible(column.name, CELL * 2),
        legible(str(column.type), CELL),
        percent(column.null_share) if column.nulls else "",
        distinct_text(column),
        *ends,
        mean_text(column.mean),
        ", ".join(f"{value} {share}" for value, share in common(column)),
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        " " * (width - _width(cell)) + cell if place in NUMBERS else cell + " " * (width - _width(cell))
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """The columns that a text takes in a terminal, where Chinese characters take two."""
    return len(text) + sum(east_asian_width(it) in "WF" for it in text)


def _of_keys(quality: Quality) -> str:
    """What is wrong with the key."""
    if quality.key is None:
        return ""
    nulls, key = quality[quality.key].nulls, legible(quality.key, CELL)
    said = [f"{counted(nulls, 'record')} without {key}"] if nulls else []
    if quality.duplicates:
        said.append(f"{counted(quality.duplicates, 'record')} with the {key} of an earlier one")
    if quality.duplicates is None:
        said.append(f"more than {MOST_KEYS:,} different {key}: whether one comes twice is not known")
    return ", ".join(said)


def _of_some(
    what: str, wrong: Callable[[ColumnQuality], object], tell: Callable[[ColumnQuality], str]
) -> Callable[[Sequence[ColumnQuality]], str]:
    """What finds the columns with which something is wrong: how many, and the first by their names."""

    def find(columns: Sequence[ColumnQuality]) -> str:
        found = [column for column in columns if wrong(column)]
        if not found:
            return ""
        first = ", ".join(tell(column) for column in found[:NAMED])
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        return f"{what.format(counted(len(found), 'column'))}: {first}{more}"

    return find


def _name(column: ColumnQuality) -> str:
    return legible(column.name, CELL)


def _with(count: Callable[[ColumnQuality], int]) -> Callable[[ColumnQuality], str]:
    return lambda column: f"{_name(column)} ({count(column):,})"


FINDINGS: Final = (
    _of_some("{} without any value", lambda it: it.is_empty, _name),
    _of_some("{} of one value throughout", lambda it: it.is_constant, _name),
    _of_some("white space around texts in {}", lambda it: it.padded, _with(lambda it: it.padded)),
    _of_some(
        "empty texts beside missing ones in {}", lambda it: it.empty and it.nulls, _with(lambda it: it.empty)
    ),
    _of_some("NaN in {}", lambda it: it.nans, _with(lambda it: it.nans)),
    _of_some("infinite numbers in {}", lambda it: _is_infinite(it.min) or _is_infinite(it.max), _name),
)
"""What finds something that deserves a look."""


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and math.isinf(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) or _is_infinite(value) else value
