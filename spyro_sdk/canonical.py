"""One vocabulary for many services: what a Customer is, whichever service it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from .entity import Column, EntitySchema
from .errors import DecodeError, some

MONEY = pa.decimal128(38, 6)
MOMENT = pa.timestamp("us", tz="UTC")
ADDRESS = pa.struct(
    [(part, pa.string()) for part in ("line1", "line2", "city", "region", "postal_code", "country")]
)


def _schema(**columns: pa.DataType) -> pa.Schema:
    """The columns of an entity between those that all entities have."""
    key = [pa.field("id", pa.string(), False), pa.field("source", pa.string(), False)]
    rest = {
        "native_entity": pa.string(),
        **columns,
        "owner_id": pa.string(),
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "deleted": pa.bool_(),
        "url": pa.string(),
    }
    return pa.schema(key + [pa.field(name, type_) for name, type_ in rest.items()])


VOCABULARY: Mapping[str, pa.Schema] = {
    "Customer": _schema(
        kind=pa.string(),  # organisation or person
        name=pa.string(),
        legal_name=pa.string(),
        domain=pa.string(),
        website=pa.string(),
        email=pa.string(),
        phone=pa.string(),
        industry=pa.string(),
        employee_count=pa.int64(),
        annual_revenue=MONEY,
        currency=pa.string(),  # ISO 4217
        status=pa.string(),
        status_raw=pa.string(),
        description=pa.string(),
        parent_id=pa.string(),
        billing_address=ADDRESS,
        shipping_address=ADDRESS,
        tags=pa.list_(pa.string()),
    ),
    "Contact": _schema(
        customer_id=pa.string(),
        first_name=pa.string(),
        last_name=pa.string(),
        name=pa.string(),
        email=pa.string(),
        phone=pa.string(),
        mobile=pa.string(),
        title=pa.string(),
        department=pa.string(),
        address=ADDRESS,
        last_activity_at=MOMENT,
    ),
    "Opportunity": _schema(
        name=pa.string(),
        customer_id=pa.string(),
        amount=MONEY,
        currency=pa.string(),  # ISO 4217
        stage=pa.string(),
        status=pa.string(),  # open, won or lost
        probability=pa.float64(),  # percent
        close_date=pa.date32(),
        forecast_category=pa.string(),
    ),
    "Ticket": _schema(
        number=pa.string(),
        subject=pa.string(),
        description=pa.string(),
        status=pa.string(),  # open, pending, in_progress, on_hold, solved or closed
        status_raw=pa.string(),
        priority=pa.string(),
        type=pa.string(),
        customer_id=pa.string(),
        requester_id=pa.string(),
        assignee_id=pa.string(),
        tags=pa.list_(pa.string()),
        due_at=MOMENT,
        resolved_at=MOMENT,
        channel=pa.string(),
    ),
    "User": _schema(
        name=pa.string(),
        email=pa.string(),
        active=pa.bool_(),
        role=pa.string(),
        team_id=pa.string(),
    ),
    "Team": _schema(
        name=pa.string(),
        description=pa.string(),
        manager_id=pa.string(),
    ),
    "Project": _schema(
        name=pa.string(),
        key=pa.string(),  # by which people call it
        status=pa.string(),  # open or closed
        status_raw=pa.string(),
        lead_id=pa.string(),
        team_id=pa.string(),
        started_at=MOMENT,
        ends_at=MOMENT,
        budget=MONEY,
        currency=pa.string(),  # ISO 4217
    ),
}
"""The columns of each canonical entity, in their order. Every one may be null but `id` and `source`."""

Context: TypeAlias = Mapping[str, str]
"""What is the same for all records of a fetch, such as the service's address."""


@dataclass(frozen=True)
class Source:
    """Where a canonical column comes from: native columns, and what is made of them."""

    columns: tuple[str, ...]
    make: Callable[[pa.RecordBatch, Context], pa.Array]
    native: str | None = None
    """The native column that means just the same, so that the service can filter by it."""


def same(name: str) -> Source:
    """The native column as it is."""
    return Source((name,), lambda batch, _: batch.column(name), native=name)


def constant(value: str) -> Source:
    """One value for all records."""
    return Source((), lambda batch, _: pa.repeat(pa.scalar(value), batch.num_rows))


def made(function: Callable[..., pa.Array], *columns: str) -> Source:
    """What `function` makes of native columns, given as arrays."""
    return Source(columns, lambda batch, _: function(*(batch.column(name) for name in columns)))


def part(path: str) -> Source:
    """What stands at a dotted path in a native column that is a struct: `user.id`."""
    column, *steps = path.split(".")
    return made(lambda whole: pc.struct_field(whole, steps), column)


def parts(path: str) -> Source:
    """The same part of each item in a native column that is a list of structs: `labels.name`."""
    column, *steps = path.split(".")

    def make(lists: pa.Array) -> pa.Array:
        items = pc.struct_field(lists.values, steps)
        return pa.ListArray.from_arrays(_offsets(lists), items)

    return made(make, column)


def first(path: str) -> Source:
    """The part of the first item in a native column that is a list of structs: `assignees.id`."""
    column, *steps = path.split(".")

    def make(lists: pa.Array) -> pa.Array:
        begins = lists.offsets[: len(lists)]
        has_one = pc.greater(pc.list_value_length(lists), 0)
        places = pc.if_else(has_one, begins, pa.scalar(None, begins.type))
        return pc.struct_field(lists.values.take(places), steps)

    return made(make, column)


def _offsets(lists: pa.Array) -> pa.Array:
    """Where each list begins among the values of all; null where the list is null."""
    begins = lists.offsets
    mask = pa.concat_arrays([lists.is_null(), pa.array([False])])
    return pc.if_else(mask, pa.scalar(None, begins.type), begins)


def struct(**parts: str) -> Source:
    """A struct of native columns; null where all of them are."""

    def make(batch: pa.RecordBatch, _: Context) -> pa.Array:
        arrays = [batch.column(name).cast(pa.string()) for name in parts.values()]
        is_empty = [array.is_null() for array in arrays]
        mask = is_empty[0]
        for other in is_empty[1:]:
            mask = pc.and_(mask, other)
        return pa.StructArray.from_arrays(arrays, names=list(parts), mask=mask)

    return Source(tuple(parts.values()), make)


def address_of(path: str, column: str) -> Source:
    """The page of a record at the service: `path`, with the context's names in braces, and the key."""

    def make(batch: pa.RecordBatch, context: Context) -> pa.Array:
        key = batch.column(column).cast(pa.string())
        return pc.binary_join_element_wise(path.format(**context), key, "")

    return Source((column,), make)


@dataclass(frozen=True)
class Translation:
    """How one service's own entity becomes a canonical one, a line a column."""

    entity: str
    native: str
    columns: Mapping[str, Source]

    @property
    def schema(self) -> pa.Schema:
        """The canonical columns."""
        return VOCABULARY[self.entity]

    def needed(self, names: Iterable[str], offered: Sequence[str]) -> list[str]:
        """The native columns of which canonical ones are made, those that the service has."""
        wanted = dict.fromkeys(c for name in names if (s := self._source(name, offered)) for c in s.columns)
        return list(wanted)

    def native_name(self, name: str) -> str | None:
        """The native column that means the same as the canonical one, if there is one."""
        source = self.columns.get(name)
        return source.native if source else None

    def target(self, native: str) -> pa.DataType | None:
        """The type in which a native column is best read: that of the canonical column which is the same."""
        for name, source in self.columns.items():
            if source.native == native:
                return self.schema.field(name).type
        return None

    def translated(self, batch: pa.RecordBatch, names: Sequence[str], context: Context) -> pa.RecordBatch:
        """The canonical columns called `names`, made of a native batch; null where the service has none."""
        fields = [self.schema.field(name) for name in names]
        arrays = [self._column(field, batch, context) for field in fields]
        fitted = [field.with_type(array.type) for field, array in zip(fields, arrays, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fitted))

    def describe(self, offered: Sequence[str], label: str = "") -> EntitySchema:
        """The canonical columns, each with the native ones it is made of."""
        columns = []
        for field in self.schema:
            source = self._source(field.name, offered)
            columns.append(
                Column(
                    field.name,
                    field.type,
                    nullable=field.nullable,
                    filterable=bool(source and source.native),
                    source=source.columns if source else (),
                    is_empty=source is None,
                )
            )
        return EntitySchema(self.entity, tuple(columns), label, "id", "updated_at", self.native)

    def _source(self, name: str, offered: Sequence[str]) -> Source | None:
        source = self.columns.get(name)
        return source if source and set(source.columns) <= set(offered) else None

    def _column(self, field: pa.Field, batch: pa.RecordBatch, context: Context) -> pa.Array:
        source = self._source(field.name, batch.schema.names)
        if source is None:
            return pa.nulls(batch.num_rows, field.type)
        try:
            return _fitted(source.make(batch, context), field.type)
        except pa.ArrowException as error:
            raise DecodeError(
                f"{self.entity}.{field.name} cannot be made of {some(source.columns)}, as {self.native} has"
                f" it now: {str(error).splitlines()[0]}",
                self.entity,
            ) from None


def _fitted(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """The array in the canonical type; in its own where a value would be lost or rounded."""
    try:
        fitted = array.cast(type_)
        return fitted if _is_exact(fitted, array) else array
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return array


def _is_exact(fitted: pa.Array, array: pa.Array) -> bool:
    """Whether a cast lost nothing: Arrow's check rounds floats to decimals, and cuts times off."""
    if fitted.type == array.type or not pa.types.is_primitive(array.type):
        return True
    if pa.types.is_decimal(fitted.type) and pa.types.is_floating(array.type):
        fitted = fitted.cast(pa.string())  # on its own way from decimal to float Arrow is an ulp off
    return bool(fitted.cast(array.type).equals(array))
