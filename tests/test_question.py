"""A query knows what is read for it, and what its author sees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from spyro_sdk.arrow.select import column_at
from spyro_sdk.canonical import VOCABULARY, Translation, constant, made, same
from spyro_sdk.entity import Entity, Query
from spyro_sdk.errors import UnknownEntityError, ValidationError
from spyro_sdk.http import Request, Response
from spyro_sdk.question import Question, listed
from spyro_sdk.rest import RestConnector
from spyro_sdk.where import IsNull, Where

SCHEMA = pa.schema({"id": pa.int64(), "title": pa.string(), "by": pa.struct([("id", pa.int64())])})
OWN = Entity("tasks", "/tasks", key="id", schema=SCHEMA, label="A task")
TICKET = Translation(
    "Ticket", "tasks", {"id": same("id"), "source": constant("acme"), "subject": same("title")}
)
BODY = b'[{"id": 1, "title": "a", "by": {"id": 7}}, {"id": 2, "title": null, "extra": true}]'


def question(**wishes: Any) -> Question:
    return Question(Query.ask("Ticket", **wishes), OWN, SCHEMA, TICKET)


@pytest.mark.parametrize(
    ("wishes", "names"),
    [
        ({"columns": ["source"]}, ["id"]),
        ({"columns": ["subject"]}, ["id", "title"]),
        ({"columns": ["id"], "where": "subject = 'a'"}, ["id", "title"]),
        ({}, ["id", "title"]),
    ],
)
def test_what_is_needed_is_all_that_is_read(wishes: dict[str, Any], names: list[str]) -> None:
    schema, is_closed = question(**wishes).needed
    assert schema is not None
    assert (schema.names, is_closed) == (names, True)


def test_an_object_that_the_caller_sees_is_read_with_all_that_may_be_in_it() -> None:
    assert question(columns=["id"], native=["by"]).needed == (SCHEMA, False)


def test_what_tells_an_entitys_records_is_read_too() -> None:
    only = Where("by.id is null", IsNull("by.id"))
    asked = Question(Query.ask("Ticket", columns=["id"]), replace(OWN, only=only), SCHEMA, TICKET)
    schema, _ = asked.needed
    assert schema is not None
    assert schema.names == ["id", "by"]


def test_columns_that_only_the_records_can_tell_are_not_promised() -> None:
    undeclared = replace(OWN, schema=None)
    asked = Question(Query.ask("Ticket"), undeclared, None, TICKET)
    assert asked.visible == VOCABULARY["Ticket"]
    assert asked.needed == (None, False)
    beside = Question(Query.ask("Ticket", native=["extra"]), undeclared, None, TICKET)
    assert beside.visible is None


def test_an_entity_under_its_own_name_is_left_as_it_is() -> None:
    batch = pa.record_batch({"id": [1]})
    own = Question(Query.ask("tasks"), OWN, SCHEMA)
    assert own.visible == SCHEMA
    assert own.shaped({}, batch) is batch


def test_a_canonical_name_wins_and_is_there_only_where_its_entity_is() -> None:
    user = Translation("User", "people", {"id": same("id")})
    changed = Translation("Ticket", "tasks", {**TICKET.columns, "updated_at": same("changed")})
    names = {"User": user, "Ticket": changed}
    own = [Entity("Ticket"), replace(OWN, cursor="changed")]
    found = listed(own, names)
    assert [entity.name for entity in found] == ["Ticket", "tasks"]
    assert (found[0].key, found[0].cursor, found[0].label) == ("id", "updated_at", "A task")
    assert listed([OWN], names)[0].cursor is None


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("id", [1, 2]),
        ("by.id", [7, None]),
        ("no", None),
        ("id.no", None),
        ("by.no", None),
        ("a.b", ["x", "y"]),
    ],
)
def test_a_column_may_stand_in_another(path: str, values: list[Any] | None) -> None:
    batch = pa.record_batch({"id": [1, 2], "by": [{"id": 7}, None], "a.b": ["x", "y"]})
    found = column_at(batch, path)
    assert values == (None if found is None else found.to_pylist())


# -- in a connector -----------------------------------------------------------------------------------


class Acme(RestConnector):
    name = "acme"
    offers = (replace(OWN, schema=None), Entity("User", "/people", key="id"))
    translations: ClassVar = {
        "Ticket": TICKET,
        "User": Translation("User", "User", {"id": same("id"), "name": made(lambda title: title, "title")}),
    }


async def answer(request: Request) -> Response:
    return Response(200, {}, BODY)


@pytest.fixture
def acme() -> Acme:
    return Acme(Acme.configure(base_url="https://acme.example", auth_type="none"), transport=answer)


async def records(connector: Acme, entity: str, **wishes: Any) -> list[dict[str, Any]]:
    batches = connector.batches(Query.ask(entity, **wishes))
    return [row async for batch in batches for row in batch.to_pylist()]


@pytest.mark.anyio
async def test_entities_that_declare_nothing_are_translated_too(acme: Acme) -> None:
    async with acme.connection_context():
        columns = ["id", "source", "subject", "priority"]
        assert await records(acme, "Ticket", columns=columns) == [
            {"id": "1", "source": "acme", "subject": "a", "priority": None},
            {"id": "2", "source": "acme", "subject": None, "priority": None},
        ]
        beside = await records(acme, "Ticket", columns=["id"], native=["extra"], where="extra is not null")
        assert beside == [{"id": "2", "extra": True}]
        with pytest.raises(ValidationError, match="Ticket has no column 'nowhere'"):
            await records(acme, "Ticket", columns=["id"], native=["nowhere"])


@pytest.mark.anyio
async def test_its_own_entity_is_there_where_a_canonical_one_has_its_name(acme: Acme) -> None:
    async with acme.connection_context():
        assert [it.name for it in await acme.entities()] == ["Ticket", "User", "tasks"]
        assert (await records(acme, "User"))[0]["name"] == "a"
        own = await records(acme, "User", native=True)
        assert own[0] == {"id": 1, "title": "a", "by": {"id": 7}, "extra": None}
        with pytest.raises(UnknownEntityError, match="no entity of its own that is called 'Ticket'; it has"):
            await records(acme, "Ticket", native=True)
        with pytest.raises(UnknownEntityError, match="did you mean 'Ticket'"):
            await records(acme, "Tickt")
        with pytest.raises(UnknownEntityError, match="did you mean 'tasks'"):
            await records(acme, "task", native=True)


@pytest.mark.anyio
async def test_a_canonical_entity_is_described_by_what_it_is_made_of(acme: Acme) -> None:
    async with acme.connection_context():
        told = await acme.discover_schema("Ticket")
        assert told["subject"].source == ("title",)
        assert told.to_arrow() == VOCABULARY["Ticket"]
        assert (await acme.discover_schema("tasks")).names == ["id", "title", "by", "extra"]
