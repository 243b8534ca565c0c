"""Questions in SOQL, built so that no value can break out of its place.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select.htm
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EARLIEST, LATEST = datetime(1700, 1, 1, tzinfo=UTC), datetime(4000, 12, 31, tzinfo=UTC)
"""The moments that Salesforce can say."""
ESCAPES = str.maketrans(
    {"\\": r"\\", "'": r"\'", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"}
)


@dataclass(frozen=True)
class Condition:
    """A SOQL condition; '' for none. Where it is not `exact`, it lets more records through than was asked."""

    text: str
    exact: bool


def select(
    columns: Iterable[str],
    entity: str,
    conditions: Iterable[str],
    *,
    order: str = "Id",
    limit: int | None = None,
) -> str:
    """A SELECT statement; empty conditions are left out."""
    wanted = [f"({text})" for text in conditions if text]
    chosen = ", ".join(columns)
    return (
        f"SELECT {chosen} FROM {entity}"  # noqa: S608  # values come as literals that `_literal` made
        + (f" WHERE {' AND '.join(wanted)}" if wanted else "")
        + (f" ORDER BY {order}" if order else "")
        + (f" LIMIT {limit}" if limit is not None else "")
    )


def between(after: str, up_to: str) -> list[str]:
    """The conditions for keys after one, up to another; '' is no bound."""
    bounds = [f"Id > {quoted(after)}"] if after else []
    return bounds + ([f"Id <= {quoted(up_to)}"] if up_to else [])


def quoted(text: str) -> str:
    r"""A string literal.

    >>> quoted("O'Brien\\")
    "'O\\'Brien\\\\'"
    """
    return f"'{text.translate(ESCAPES)}'"


def moment(value: datetime) -> str:
    """A datetime literal, in UTC, as fine as Salesforce keeps it (milliseconds)."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def at_or_after(column: str, value: datetime) -> str:
    """The condition for moments from `value` on; Salesforce keeps none between two milliseconds."""
    value = min(max(value, EARLIEST), LATEST)
    return f"{column} >= {moment(value + timedelta(microseconds=-value.microsecond % 1000))}"
