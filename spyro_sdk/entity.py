"""What a service offers, and what a caller asks of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from .errors import UnknownEntityError, ValidationError, did_you_mean, some
from .paging import ONE_PAGE, Paging
from .shown import Shown
from .words import counted as counted_words

if TYPE_CHECKING:
    import pyarrow as pa

    from .arrow.quality import Quality
    from .resume import Resume
    from .where import Where


WIDE = 30  # characters of a type in a text; a longer one takes its room from what follows
APIS = ("rest", "bulk", "auto")
"""The interfaces that a service may have: page by page, by jobs, or whichever suits the fetch."""


@dataclass(frozen=True, slots=True)
class Parent:
    """The entity from whose records a child is asked for: one list of children for each of them."""

    entity: str
    fields: Mapping[str, str]
    """For each `{placeholder}` in the child's path, params and body a column of the parent, maybe dotted."""
    include: Mapping[str, str] = field(default_factory=dict)
    """Columns that each child is given, and those of its parent whose values they take."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of record that a service offers."""

    name: str
    path: str = ""
    """Where it is, below the connector's base URL."""
    records: str = ""
    """Dotted path to the list of records in an answer; '' when the answer is that list."""
    paging: Paging = ONE_PAGE
    key: str | None = None
    """The column that tells one record from another."""
    cursor: str | None = None
    """The column that grows with each change of a record; it makes `since` possible."""
    total: str | None = None
    """Dotted path to the number of records of the whole fetch."""
    schema: pa.Schema | None = None
    """The columns, where they are known beforehand."""
    label: str = ""
    """What people call it."""
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    """Query parameters of each request."""
    body: Mapping[str, Any] | None = None
    """The JSON that each request carries, where the service is asked by POST."""
    parent: Parent | None = None
    """Whose records its path is filled from; None where there is one list of it."""
    only: Where | None = None
    """Which of the records that come are this entity's, where a service lists others with them; None: all."""

    @property
    def telling(self) -> frozenset[str]:
        """The columns by which its records are told apart, and from others: they are always read."""
        names = {name for name in (self.key, self.cursor) if name} | (
            self.only.columns if self.only else set()
        )
        return frozenset(name.partition(".")[0] for name in names) | names


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an entity."""

    name: str
    type: pa.DataType
    label: str = ""
    nullable: bool = True
    filterable: bool = True
    """Whether the service itself can filter by it."""
    native_type: str = ""
    """What the service calls the type, such as `picklist`."""
    references: tuple[str, ...] = ()
    """Entities whose key this column holds."""
    relationship: str | None = None
    """Under which the referenced record's columns can be asked for: `Owner` for `Owner.Name`."""
    values: tuple[str, ...] = ()
    """The values the service offers for it."""
    source: tuple[str, ...] = ()
    """For a canonical column, or one that is compound: the service's own columns it is made of."""
    is_empty: bool = False
    """For a canonical column: whether the service has nothing for it, so that it is null in each record."""


@dataclass(frozen=True, slots=True)
class EntitySchema(Shown):
    """The columns of an entity, in the service's order."""

    entity: str
    columns: tuple[Column, ...]
    label: str = ""
    key: str | None = None
    cursor: str | None = None
    native: str = ""
    """For a canonical entity: the service's own one that it is made of."""
    sample: Quality | None = None
    """What the values of some records are like, where `describe` was asked for that."""

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

    def __getitem__(self, name: str) -> Column:
        """The column called `name`; `ValidationError` with the nearest name where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise unknown_column(self.entity, name, self.names)

    def to_arrow(self) -> pa.Schema:
        """The columns as an Arrow schema."""
        import pyarrow as pa

        return pa.schema([pa.field(c.name, c.type, c.nullable) for c in self.columns])

    @property
    def heading(self) -> str:
        """How many columns there are; of a canonical entity also how many the service has something for."""
        columns = counted_words(len(self), "column")
        if not self.native:
            return columns
        return f"{columns}, of which {self.native} fills {self.filled:,}"

    @property
    def filled(self) -> int:
        """How many of the columns the service has something for."""
        return sum(not column.is_empty for column in self)

    def told_of(self, column: Column) -> str:
        """What there is to say of a column beside its name and type."""
        roles = {self.key: "key", self.cursor: "changes"}
        label = column.label if column.label != column.name else ""
        source = f"from {some(column.source, 3)}" if column.source else ""
        points = f"refers to {some(column.references, 3)}" if column.references else ""
        nothing = "nothing here" if column.is_empty else ""
        return ", ".join(filter(None, [roles.get(column.name), label, source, points, nothing]))

    def _ipython_key_completions_(self) -> list[str]:
        return self.names

    def __repr__(self) -> str:
        rows = [(c.name, f"{c.type}{'' if c.nullable else ' not null'}", self.told_of(c)) for c in self]
        wide, room = (max((len(it[place]) for it in rows), default=0) for place in (0, 1))
        lines = (f"  {it[0]:{wide}}  {it[1]:{min(room, WIDE)}}  {it[2]}".rstrip() for it in rows)
        told = "\n".join([f"{self.entity}: {self.heading}", *lines])
        return told if self.sample is None else f"{told}\n\nSample of {self.sample}"


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of an entity. Make one with `ask`, which reads what people write."""

    entity: str
    columns: tuple[str, ...] | None = None
    """None for all."""
    where: Where | None = None
    since: datetime | None = None
    """Records created or changed at or after this moment, by the entity's cursor column."""
    limit: int | None = None  # records
    include_deleted: bool = False
    native: tuple[str, ...] | bool = False
    """True: the service's own entity of that name; names: its own columns beside the canonical ones."""
    api: str | None = None
    """Which of the service's interfaces to use, such as `bulk`; None for what the connection says."""
    concurrency: int | None = None  # requests at once; None for what the connection says
    deadline: float | None = None  # seconds for all of it; None for what the connection says
    resume: Resume | None = field(default=None, compare=False, repr=False)
    """Where to begin, and whom to tell how far it has come; None where nobody wants to go on later."""

    @classmethod
    def ask(cls, entity: str, **wishes: Any) -> Query:
        """A query from what a person writes: a list of columns, an expression, a day as text.

        Raises `ValidationError` naming the wish which makes no sense.
        """
        query = cls(named(entity), **wishes)
        return replace(
            query,
            columns=_columns("columns", query.columns),
            where=_where(query.where),
            since=_moment(query.since),
            limit=None if query.limit is None else counted("limit", query.limit),
            include_deleted=decided("include_deleted", query.include_deleted),
            native=query.native
            if isinstance(query.native, bool)
            else _columns("native", query.native) or False,
            api=_one_of(APIS, "api", query.api),
            concurrency=None
            if query.concurrency is None
            else counted("concurrency", query.concurrency, least=1),
            deadline=None if query.deadline is None else _seconds("deadline", query.deadline),
        )


def named(entity: Any) -> str:
    """The name of an entity; `ValidationError` where it cannot be one."""
    if not isinstance(entity, str) or not entity:
        raise ValidationError(f"entity={entity!r} cannot be: it must be a name", "entity", entity)
    return entity


def counted(field: str, number: Any, least: int = 0) -> int:
    """A whole number; `ValidationError` where it cannot be one, or is less than `least`."""
    if isinstance(number, bool) or not isinstance(number, Integral) or number < least:  # numpy's too
        raise ValidationError(
            f"{field}={number!r} cannot be: it must be a whole number from {least}", field, number
        )
    return int(number)


def _seconds(field: str, number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, Real) or not 0 < float(number) < math.inf:
        raise ValidationError(f"{field}={number!r} cannot be: it must be seconds over 0", field, number)
    return float(number)


def decided(field: str, answer: Any) -> bool:
    """A yes or no; `ValidationError` for what is neither, such as the text 'no', which counts as true."""
    if not isinstance(answer, bool):
        raise ValidationError(f"{field}={answer!r} cannot be: it must be True or False", field, answer)
    return answer


def _one_of(known: Sequence[str], field: str, wish: Any) -> str | None:
    if wish is None:
        return None
    if not isinstance(wish, str) or wish not in known:
        choice = ", ".join(map(repr, known))
        raise ValidationError(f"{field}={wish!r} cannot be: it must be one of {choice}", field, wish)
    return wish


def _columns(field: str, names: Any) -> tuple[str, ...] | None:
    if names is None:
        return None
    listed = list(names) if isinstance(names, Iterable) and not isinstance(names, str) else None
    if listed is None or not all(isinstance(name, str) for name in listed):
        raise ValidationError(f"{field}={names!r} cannot be: it must be a list of names", field, names)
    if not listed:
        raise ValidationError(f"{field}=[] asks for nothing; leave it out for all columns", field, names)
    return tuple(dict.fromkeys(listed))


def _where(where: Any) -> Where | None:
    if where is None:
        return None
    from .where import Where, parse

    if isinstance(where, Where):
        return where
    if not isinstance(where, str):
        raise ValidationError(f"where={where!r} cannot be: it must be a condition as text", "where", where)
    return parse(where)


def _moment(since: Any) -> datetime | None:
    """A moment from a text, a day or a datetime; without a zone it is taken as UTC."""
    if since is None:
        return None
    moment = since
    if isinstance(since, str):
        try:
            moment = datetime.fromisoformat(since)
        except ValueError:
            moment = None
    elif isinstance(since, date) and not isinstance(since, datetime):
        moment = datetime(since.year, since.month, since.day)
    if not isinstance(moment, datetime) or moment != moment:  # NaT is a datetime, and equals nothing
        raise ValidationError(
            f"since={since!r} is no moment: write it as '2026-01-31' or '2026-01-31T12:00:00+01:00'",
            "since",
            since,
        )
    moment = datetime.combine(moment.date(), moment.timetz())  # of a pandas.Timestamp the plain datetime
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def unknown_entity(
    said: str, name: str, known: Sequence[str], connector: str | None = None
) -> UnknownEntityError:
    """The error for an entity that there is not; `said` leads up to the list of those that there are."""
    hint = did_you_mean(name, known)
    return UnknownEntityError(
        f"{said} {some(known)}" + (f" ({hint})" if hint else ""),
        "entity",
        name,
        hint=hint,
        connector=connector,
    )


def unknown_column(entity: str, name: str, known: Sequence[str]) -> ValidationError:
    """The error for a column that an entity does not have."""
    hint = did_you_mean(name, known)
    return ValidationError(
        f"{entity} has no column {name!r}; it has {some(known)}" + (f" ({hint})" if hint else ""),
        "columns",
        name,
        entity_type=entity,
        hint=hint,
    )
