"""A table that has been described but not fetched yet.

What writes files is imported where one is written: a first table does not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import aclosing, closing, contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import pyarrow as pa

from . import blocking, words
from .arrow.frame import to_pandas
from .arrow.schema import Misfit, changes, conform, unify
from .connector import BaseConnector
from .entity import Query, counted
from .errors import ConfigurationError, DecodeError, ValidationError
from .plan import Plan
from .progress import chosen, given
from .runs import Run, say
from .shown import Shown
from .taking import PLAIN, Terms, source_of

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars

    from .arrow.quality import Quality
    from .arrow.sink import Sink
    from .observers.running import Act

T = TypeVar("T")


class Fetch(Shown):
    """The recipe for a table: a query on a connection. Each `to_…` call, and each loop, asks anew.

    Nothing is kept from one run to the next but `partial`: after a `to_…` that failed or was stopped it holds
    what had arrived. A loop hands over what arrives, and keeps nothing.

    `progress`: False to show none of this run, True to show it whatever else was said; without it, what the
    connection says.
    """

    def __init__(
        self,
        connector: Callable[[], BaseConnector],
        query: Query,
        progress: bool | None = None,
        terms: Terms = PLAIN,
    ) -> None:
        self._connector, self._progress, self._terms = connector, progress, terms
        self.query = query
        self.partial: pa.Table | None = None
        """What had arrived when the last `to_…` failed or was stopped; None when it did neither.

        None after a loop too: what arrived before it failed was handed over, and is kept nowhere else.
        """

    def __repr__(self) -> str:
        entity, *wishes = self._terms.told(self.query).items()
        said = "".join(
            f", {name}={wish!r}" for name, wish in wishes if wish is not None and wish is not False
        )
        return f"<Fetch {entity[1]!r}{said}>"

    @property
    def is_increment(self) -> bool:
        """Whether it gives what has come or changed since its last run: `since="last"`."""
        return self._terms.is_increment

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a fetch asks a connection, which holds credentials and sockets and cannot be copied or sent to"
            " another process: connect again there"
        )

    # -- tables ---------------------------------------------------------------------------------------

    def to_arrow(self, *, progress: bool | None = None) -> pa.Table:
        """Fetch everything into a `pyarrow.Table`, in the service's types and one chunk a page."""
        return self._made(_as_it_is, self._run(progress))

    def to_pandas(self, *, progress: bool | None = None) -> pandas.DataFrame:
        """Fetch everything into a `pandas.DataFrame`.

        The dtypes follow from the columns' types, not from the values of the day: integers are `Int64` and
        stay integers where some are missing, booleans `boolean`, dates and times `datetime64` (times in UTC),
        decimals, structs and lists `ArrowDtype`.
        """
        run = self._run(progress)
        frame = self._made(to_pandas, run)
        frame.attrs.update(run.taking.attributes)
        return frame

    def to_polars(self, *, progress: bool | None = None) -> polars.DataFrame:
        """Fetch everything into a `polars.DataFrame`; needs the extra `polars`."""
        return cast("polars.DataFrame", self._made(_extra("polars").from_arrow, self._run(progress)))

    def to_duckdb(
        self, connection: duckdb.DuckDBPyConnection | None = None, *, progress: bool | None = None
    ) -> duckdb.DuckDBPyRelation:
        """Fetch everything into a relation of `connection` or the default one; needs the extra `duckdb`."""
        library = _extra("duckdb")
        if not isinstance(connection, library.DuckDBPyConnection | None):
            raise ValidationError(
                f"connection={connection!r} cannot be: it must be a DuckDB connection, or left out",
                "connection",
                connection,
            )
        made = self._made((connection or library).from_arrow, self._run(progress))
        return cast("duckdb.DuckDBPyRelation", made)

    def to_parquet(
        self,
        path: str | PathLike[str],
        *,
        partition_by: str | Sequence[str] | None = None,
        compression: str = "zstd",
        row_group_rows: int = 50_000,
        resume: bool = False,
        progress: bool | None = None,
    ) -> int:
        """Fetch everything into a Parquet file, as it arrives and in bounded memory; return its rows.

        The file appears under its name when it is complete, and replaces an older one then; `ExportError`
        where it cannot be written, before anything is asked of the service. Its metadata say where it comes
        from: `spyro.source`, `spyro.entity`, `spyro.query`, `spyro.api`, `spyro.started`, `spyro.rows`.

        `partition_by`: one or more columns of texts, whole numbers, days, or true and false. `path` is then a
        folder of files such as `country=DE/part-0.parquet`, in Hive's way, which appears as a whole; only an
        earlier export or an empty folder is replaced. At most 10,000 combinations of values, since a folder
        for each of more helps nobody. Needs space for the rows twice while it writes.

        `compression`: `zstd` (its level 1), `snappy`, `lz4`, `gzip`, `brotli` or `none`. `zstd` makes half
        the file that `snappy` makes, and is faster than any service.

        `row_group_rows`: rows, at least 1, in each row group but the last. With more the file is a little
        smaller; two row groups are in memory at once, so that 50,000 of 1 kB need some 100 MB.

        `resume`: go on where the last run of the same export ended, however that ended, and read at most one
        page again. What has come is kept beside the file until that is in its place, in `.NAME.resume`, which
        only its owner can read: room for the records up to three times. `spyro.started` is then when the
        first run began, and `spyro.resumed` when this one went on.

        Raises `ValidationError` for an option that makes no sense, or a column that is not there.
        """
        from .arrow.draft import check_writable
        from .arrow.folder import check_folder
        from .arrow.hive import asked
        from .arrow.parquet import Parquet
        from .arrow.partition import PartitionedSink
        from .arrow.sink import Sink

        self.partial = None
        form = Parquet(compression, row_group_rows)
        if partition_by is None:
            target = check_writable(path)
            return self._export(partial(Sink, path, form), target, resume, progress)
        columns = asked(partition_by)
        target = check_folder(path)
        return self._export(partial(PartitionedSink, path, form, columns), target, resume, progress)

    def to_csv(
        self,
        path: str | PathLike[str],
        *,
        compression: str | None = None,
        delimiter: str = ",",
        formulas: str = "keep",
        resume: bool = False,
        progress: bool | None = None,
    ) -> int:
        """Fetch everything into a CSV file, as it arrives and in bounded memory; return its rows.

        It appears when it is complete, as a Parquet file does. UTF-8, with a header. Null is nothing, an
        empty text `""`; moments are ISO 8601, in UTC where they end in `Z`; structs and lists their JSON;
        numbers have all their digits. In a table of one column null is `""` too, for a line of nothing is
        none to most readers. Types are not in it: `to_parquet` keeps them. Needs space for the rows twice
        while it writes.

        `compression`: `gzip`, `zstd` or `none`; left out, by the name: `.gz` and `.zst`.

        `delimiter`: one ASCII character; `;` for an Excel whose numbers have a decimal comma.

        `formulas`: `keep` leaves texts as they are; `escape` puts `'` before those that begin with `=`, `+`,
        `-`, `@`, a tab or a carriage return, which a spreadsheet might run. For files that people open there.

        `resume`: go on where the last run of the same export ended, as `to_parquet` does.
        """
        from .arrow.csv import Csv, CsvSink
        from .arrow.draft import check_writable

        self.partial = None
        csv = Csv(compression, delimiter, formulas)
        target = check_writable(path)
        return self._export(partial(CsvSink, path, csv), target, resume, progress)

    def to_ipc(
        self,
        path: str | PathLike[str],
        *,
        compression: str = "lz4",
        resume: bool = False,
        progress: bool | None = None,
    ) -> int:
        """Fetch everything into an Arrow IPC file, as it arrives and in bounded memory; return its rows.

        It is what pandas calls Feather (`pandas.read_feather`) and Polars IPC (`polars.read_ipc`): the
        batches as they lie in memory, every type kept. It appears when it is complete, as a Parquet file
        does; its schema's metadata say where it comes from.

        `compression`: `lz4`, as pandas writes Feather, `zstd` or `none`; only a file without can be used
        in place, by mapping it into memory.

        `resume`: go on where the last run of the same export ended, as `to_parquet` does.
        """
        from .arrow.draft import check_writable
        from .arrow.ipc import Ipc
        from .arrow.sink import Sink

        self.partial = None
        form = Ipc(compression)
        target = check_writable(path)
        return self._export(partial(Sink, path, form), target, resume, progress)

    def __arrow_c_schema__(self) -> object:
        """Arrow PyCapsule schema: duckdb asks for it before the rows, and would fetch them twice without."""
        run = self._run(None)
        _, schema = blocking.run(run.prepared)
        return (self._table(run).schema if schema is None else schema).__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Arrow PyCapsule stream: polars, duckdb, pyarrow and pandas take a Fetch as it is.

        Where the columns are known beforehand, batches are fetched while the stream is read, and what is read
        stays nowhere else: a failure comes before the first batch as it is, and after it as an error of the
        library that reads, in which ours is quoted. A stream cannot change its columns: should a page need
        wider ones, it ends with such an error; `to_arrow` widens them. Else everything is fetched first.
        """
        run = self._run(None)
        query, schema = blocking.run(run.prepared)
        if schema is None:
            return self.to_arrow().__arrow_c_stream__(requested_schema)
        self.partial = None
        batches = _conforming(run.taken(query), schema, query.entity)
        first = list(islice(batches, 1))
        reader = pa.RecordBatchReader.from_batches(schema, chain(first, batches))
        return reader.__arrow_c_stream__(requested_schema)

    # -- pieces ---------------------------------------------------------------------------------------

    def batches(self, *, progress: bool | None = None) -> Iterator[pa.RecordBatch]:
        """Yield a record batch a page, in the service's order, while the next page is on its way.

        Leaving the loop stops the traffic; what it was given is not kept in `partial`. Where the service does
        not declare its types, these may widen from one batch to the next.
        """
        self.partial = None
        return self._run(progress).taken(self.query)

    __iter__ = batches

    def records(self, *, progress: bool | None = None) -> Iterator[dict[str, Any]]:
        """Yield the records one by one, as dicts of Python values."""
        for batch in self.batches(progress=progress):
            yield from batch.to_pylist()

    def head(self, n: int = 5, *, progress: bool | None = None) -> pandas.DataFrame:
        """The first `n` records as a `pandas.DataFrame`; the service is asked for no more than these.

        A notebook shows it as a card. Whatever is made of it is an ordinary DataFrame.
        """
        from .arrow.head import head_of

        most = counted("n", n)
        limit = most if self.query.limit is None else min(most, self.query.limit)
        first = Fetch(self._connector, replace(self.query, limit=limit), self._progress, self._terms)
        run = first._run(progress, "head")
        try:
            head = head_of(first._table(run), self.query.entity)
        finally:
            self.partial = first.partial
        head.attrs.update(run.taking.attributes)
        run.taking.warn()
        return head

    def profile(self, *, progress: bool | None = None) -> Quality:
        """Fetch everything, and tell what its values are like, column by column, in bounded memory.

        How many are missing, how many different ones there are, from where to where they go, and whether a
        key comes twice. No record is kept.
        """
        from .arrow.profiling import Profile

        self.partial = None
        with self._run(progress) as run:
            profile = Profile(self.query.entity, *run.call(_described, run))
            with closing(run.iterate(lambda: run.source.batches(self.query))) as batches:
                for batch in batches:
                    profile.add(batch)
        return profile.quality()

    # -- before ---------------------------------------------------------------------------------------

    def count(self, *, progress: bool | None = None) -> int:
        """How many records the service has for this; one request where it can count them itself."""
        with self._run(progress, "count") as run:
            rows = run.call(run.source.count, self.query)
            run.give(rows)
        return rows

    def explain(self, *, count: bool = True) -> Plan:
        """The request that would be sent, the pages, and the calls against what is left of the quota.

        No record is fetched. Telling the pages takes one call that counts; `count=False` leaves it out.
        """
        connector = self._connector()
        source = source_of(connector, self.query, self._terms)

        async def explained() -> Plan:
            with connector.deadline(self.query).around():
                query = await source.prepare(self.query) if self.is_increment else self.query
                return await connector.explain(query, count=count)

        return blocking.run(explained)

    # -- inside ---------------------------------------------------------------------------------------

    def _run(self, progress: bool | None, act: Act = "fetch") -> Run:
        """One run of this, shown as the call wishes, or else the connection."""
        wish = chosen(given(progress, self._progress))
        return Run(self._connector(), self.query, wish, act, self._terms)

    def _made(self, make: Callable[[pa.Table], T], run: Run) -> T:
        """What is made of the table of a run; then it is safe."""
        made = make(self._table(run))
        run.settle()
        return made

    def _table(self, run: Run) -> pa.Table:
        kept: list[pa.RecordBatch] = []
        with run, self._keeping(run, lambda: unify(kept, None), lambda: len(kept)):
            schema = run.call(_collected, run, kept)
        return run.taking.marked(unify(kept, schema))

    def _export(self, make: Callable[..., Sink], target: Path, resume: bool, progress: bool | None) -> int:
        """Pour everything into the sink that `make` makes; return the rows."""
        from .exporting import Export, check_resume

        self.partial = None
        check_resume(resume, is_increment=self.is_increment)
        return Export(self._run(progress), make, self._keeping).into(target, resume=resume)

    @contextmanager
    def _keeping(
        self,
        run: Run,
        kept: Callable[[], pa.Table | None],
        pages: Callable[[], int],
        rows: Callable[[], int] = lambda: 0,
    ) -> Iterator[None]:
        """Remember what had arrived, and say so in the error, when the body fails or is stopped.

        `rows` may be more than are kept: what is in a file that a full disk has cut short cannot be read.
        """
        self.partial = None
        try:
            yield
        except BaseException as error:
            self.partial = kept()
            if pages() and self.partial is not None:
                has, came = self.partial.num_rows, max(rows(), self.partial.num_rows)
                run.keep(has)
                which = "them" if has == came else f"the last {has:,}"
                came_in = f"{words.counted(came, 'record')} in {words.counted(pages(), 'page')}"
                say(error, f"{came_in} had arrived: fetch.partial has {which}")
            raise


async def _collected(run: Run, kept: list[pa.RecordBatch]) -> pa.Schema | None:
    """Append the batches to `kept` as they come; return the schema the connector promises."""
    query, schema = await run.prepared()
    async with aclosing(run.taking.batches(query)) as batches:
        async for batch in batches:
            kept.append(batch)
    return schema


async def _described(run: Run) -> tuple[str | None, pa.Schema | None]:
    """The key of the records, and the columns that they will have."""
    query, schema = await run.prepared()
    return await run.source.key_of(query), schema


def _conforming(
    taken: Generator[pa.RecordBatch, None, None], schema: pa.Schema, entity: str
) -> Iterator[pa.RecordBatch]:
    """The batches of a run in the columns of `schema`; `DecodeError` for one that needs wider ones."""
    try:
        with closing(taken) as batches:
            for batch in batches:
                yield conform(batch, schema)
    except KeyboardInterrupt as stop:
        stop.args = ("KeyboardInterrupt: the fetch was stopped",)  # readers pass on the words, not the type
        raise
    except Misfit as misfit:
        wider = ", ".join(f"{name} {now}, not {was}" for name, was, now in changes(schema, misfit.schema))
        raise DecodeError(
            f"a page of {entity} needs other columns than described: {wider};"
            " a stream cannot change them: take to_arrow(), or a file",
            entity,
            hint="take to_arrow(), which makes columns wider",
        ) from None


def _as_it_is(table: pa.Table) -> pa.Table:
    return table


def _extra(name: str) -> Any:
    """The library of an extra."""
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise ConfigurationError(f"{name} is not installed: pip install 'spyro-sdk[{name}]'") from None
