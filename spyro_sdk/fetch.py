"""A table that has been described but not fetched yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pyarrow as pa

from . import blocking
from .arrow.background import Background
from .arrow.draft import check_writable
from .arrow.frame import to_pandas
from .arrow.parquet import Parquet
from .arrow.schema import unify
from .arrow.sink import Sink
from .connector import BaseConnector
from .entity import Query, counted
from .errors import ConfigurationError, ConnectorError, ValidationError
from .plan import Plan

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars


class Fetch:
    """The recipe for a table: a query on a connection. Each `to_…` call, and each loop, asks anew.

    Nothing is kept from one run to the next but `partial`: after a `to_…` that failed or was stopped it holds
    what had arrived. A loop hands over what arrives, and keeps nothing.
    """

    def __init__(self, connector: Callable[[], BaseConnector], query: Query) -> None:
        self._connector = connector
        self.query = query
        self.partial: pa.Table | None = None
        """What had arrived when the last `to_…` failed or was stopped; None when it did neither.

        None after a loop too: what arrived before it failed was handed over, and is kept nowhere else.
        """

    def __repr__(self) -> str:
        entity, *wishes = _words(self.query).items()
        said = "".join(
            f", {name}={wish!r}" for name, wish in wishes if wish is not None and wish is not False
        )
        return f"<Fetch {entity[1]!r}{said}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a fetch asks a connection, which holds credentials and sockets and cannot be copied or sent to"
            " another process: connect again there"
        )

    # -- tables ---------------------------------------------------------------------------------------

    def to_arrow(self) -> pa.Table:
        """Fetch everything into a `pyarrow.Table`, in the service's types and one chunk a page."""
        kept: list[pa.RecordBatch] = []
        with self._keeping(lambda: unify(kept, None), lambda: len(kept)):
            schema = blocking.run(_collected, self._connector(), self.query, kept)
        return unify(kept, schema)

    def to_pandas(self) -> pandas.DataFrame:
        """Fetch everything into a `pandas.DataFrame`.

        The dtypes follow from the columns' types, not from the values of the day: integers are `Int64` and
        stay integers where some are missing, booleans `boolean`, dates and times `datetime64` (times in UTC),
        decimals, structs and lists `ArrowDtype`.
        """
        return to_pandas(self.to_arrow(), self_destruct=True)

    def to_polars(self) -> polars.DataFrame:
        """Fetch everything into a `polars.DataFrame`; needs the extra `polars`."""
        return cast("polars.DataFrame", _extra("polars").from_arrow(self.to_arrow()))

    def to_duckdb(self, connection: duckdb.DuckDBPyConnection | None = None) -> duckdb.DuckDBPyRelation:
        """Fetch everything into a relation of `connection` or the default one; needs the extra `duckdb`."""
        library = _extra("duckdb")
        if not isinstance(connection, library.DuckDBPyConnection | None):
            raise ValidationError(
                f"connection={connection!r} cannot be: it must be a DuckDB connection, or left out",
                "connection",
                connection,
            )
        return cast("duckdb.DuckDBPyRelation", (connection or library).from_arrow(self.to_arrow()))

    def to_parquet(
        self, path: str | PathLike[str], *, compression: str = "zstd", row_group_rows: int = 50_000
    ) -> int:
        """X."""
        self.partial = None
        form = Parquet(compression, row_group_rows)
        check_writable(path)
        return self._export(partial(Sink, path, form))

    def __arrow_c_schema__(self) -> object:
        """Arrow PyCapsule schema: duckdb asks for it before the rows, and would fetch them twice without."""
        _, schema = blocking.run(_prepared, self._connector(), self.query)
        return (self.to_arrow().schema if schema is None else schema).__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Arrow PyCapsule stream: polars, duckdb, pyarrow and pandas take a Fetch as it is."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    # -- pieces ---------------------------------------------------------------------------------------

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield a record batch a page, in the service's order, while the next page is on its way.

        Leaving the loop stops the traffic; what it was given is not kept in `partial`. Where the service does
        not declare its types, these may widen from one batch to the next.
        """
        self.partial = None
        connector = self._connector()
        return blocking.iterate(lambda: connector.batches(self.query))

    __iter__ = batches

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records one by one, as dicts of Python values."""
        for batch in self.batches():
            yield from batch.to_pylist()

    def head(self, n: int = 5) -> pandas.DataFrame:
        """The first `n` records as a `pandas.DataFrame`; the service is asked for no more than these."""
        most = counted("n", n)
        limit = most if self.query.limit is None else min(most, self.query.limit)
        first = Fetch(self._connector, replace(self.query, limit=limit))
        try:
            return first.to_pandas()
        finally:
            self.partial = first.partial

    # -- before ---------------------------------------------------------------------------------------

    def count(self) -> int:
        """How many records the service has for this; one request where it can count them itself."""
        return blocking.run(self._connector().count, self.query)

    def explain(self, *, count: bool = True) -> Plan:
        """The request that would be sent, the pages, and the calls against what is left of the quota.

        No record is fetched. Telling the pages takes one call that counts; `count=False` leaves it out.
        """
        connector = self._connector()

        async def explained() -> Plan:
            return await connector.explain(self.query, count=count)

        return blocking.run(explained)

    # -- inside ---------------------------------------------------------------------------------------

    def _export(self, make: Callable[..., Sink]) -> int:
        """Pour everything into the sink that `make` makes; return the rows."""
        self.partial = None
        connector = self._connector()
        query, schema = blocking.run(_prepared, connector, self.query)
        sink = Background(make(schema=schema, metadata=_provenance(connector, self)))
        with self._keeping(sink.keep, lambda: sink.batches), sink:
            blocking.run(sink.pour, lambda: connector.batches(query))
        return sink.rows

    @contextmanager
    def _keeping(self, kept: Callable[[], pa.Table], pages: Callable[[], int]) -> Iterator[None]:
        """Remember what had arrived, and say so in the error, when the body fails or is stopped."""
        self.partial = None
        try:
            yield
        except BaseException as error:
            self.partial = kept()
            if pages():
                came = f"{_counted(self.partial.num_rows, 'record')} in {_counted(pages(), 'page')}"
                _say(error, f"{came} had arrived: fetch.partial has them")
            raise


async def _collected(connector: BaseConnector, query: Query, kept: list[pa.RecordBatch]) -> pa.Schema | None:
    """Append the batches to `kept` as they come; return the schema the connector promises."""
    query, schema = await _prepared(connector, query)
    async with aclosing(connector.batches(query)) as batches:
        async for batch in batches:
            kept.append(batch)
    return schema


async def _prepared(connector: BaseConnector, query: Query) -> tuple[Query, pa.Schema | None]:
    """The query, checked, and the columns that it will give."""
    query = await connector.prepare(query)
    return query, await connector.schema_of(query)


def _say(error: BaseException, words: str) -> None:
    """Add a sentence to our error's message, or as a note to any other."""
    if isinstance(error, ConnectorError):
        error.args = (f"{error}; {words}",)
    else:
        error.add_note(words)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _words(query: Query) -> dict[str, Any]:
    """The arguments of `fetch` that ask for it, in what JSON knows."""
    wishes = {f.name: getattr(query, f.name) for f in fields(query)}
    wishes |= {name: list(value) for name, value in wishes.items() if isinstance(value, tuple)}
    return {
        **wishes,
        "where": query.where and query.where.text,
        "since": query.since and query.since.isoformat(),
    }


def _provenance(connector: BaseConnector, fetch: Fetch) -> dict[str, str]:
    return {
        "source": connector.name,
        "entity": fetch.query.entity,
        "query": json.dumps(_words(fetch.query), ensure_ascii=False),
        "api": connector.api,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _extra(name: str) -> Any:
    """The library of an extra."""
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise ConfigurationError(f"{name} is not installed: pip install 'spyro-sdk[{name}]'") from None
