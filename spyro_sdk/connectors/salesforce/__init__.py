"""Salesforce: SOQL over the REST API, and the Bulk API where a fetch is big.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, TypeVar

import pyarrow as pa

from ...auth import oauth
from ...config import ConnectorConfig
from ...entity import Column, Entity, EntitySchema, Query, unknown_column
from ...errors import (
    AuthenticationError,
    ConfigurationError,
    DataFetchError,
    DecodeError,
    RateLimitError,
    ValidationError,
)
from ...events import PageArrived, RoadTaken, SchemaChanged
from ...guards.quota import Quota
from ...http import Request, Response
from ...paging import Answer
from ...plan import Plan
from ...reading import Place, Reading
from ...rest import RestConnector
from . import describe, roads, sheet
from .address import LOGIN, audience, version
from .answers import Answers
from .bulk import Job, Jobs, Line
from .chunks import Results
from .question import Question, condition_of, native_columns, since_of
from .refusal import error_of, not_done_by_bulk, not_its_own, not_sent_by_bulk
from .vocabulary import TRANSLATIONS

T = TypeVar("T")

REFUSALS = (AuthenticationError, DataFetchError, RateLimitError, ValidationError)
"""What is raised where Salesforce takes no job, or cannot complete it."""
USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


class Salesforce(RestConnector):
    """Salesforce's objects under their own names, and Customer, Contact, Opportunity and User."""

    name = "salesforce"
    defaults: ClassVar = {"rate_limit": 1200, "burst_size": 20, "page_size": 2000, "timeout": 120.0}
    options: ClassVar = {
        "api_version": "such as '67.0'; without it the newest that the service has",
        "api": "'rest', 'bulk' or 'auto': whichever suits the fetch",
        "decimals": "True: numbers with a fraction as decimal128 instead of float64",
    }
    credentials = (
        ("base_url", "access_token"),
        ("client_id", "refresh_token"),
        ("base_url", "client_id", "client_secret"),
        ("client_id", "username", "private_key"),
    )

    def __init__(self, config: ConnectorConfig, **parts: Any) -> None:
        super().__init__(config, **parts)
        self._version = version(config.custom_params.get("api_version"))
        self._offered: dict[str, Entity] = {}
        self._described: dict[str, EntitySchema] = {}
        self._not_by_bulk: set[str] = set()

    # -- signing in -----------------------------------------------------------------------------------

    def auth(self) -> oauth.OAuth:
        """A token given to us, or one asked for; both are renewed where there is a way."""
        it = self.config
        token_url = it.token_url or f"{self.base_url or LOGIN}/services/oauth2/token"
        grant = oauth.grant(it, token_url, audience(token_url))
        # a token alone does not say where the data is: without an address another is asked for, which does
        given = oauth.Token(it.access_token) if it.access_token and self.base_url else None
        self._tokens = oauth.OAuth(grant, given, on_renewed=self._renewed)
        return self._tokens

    def validate_config(self) -> tuple[bool, str | None]:
        """Whether the configuration says where to sign in, and with what."""
        it, asked = self.config, self.config.custom_params
        if not any(all(getattr(it, name) for name in way) for way in self.credentials):
            return False, "give " + ", or ".join(" and ".join(way) for way in self.credentials)
        if asked.get("api_version") and not self._version:
            return False, f"api_version={asked['api_version']!r} is none, such as '67.0'"
        if (wish := asked.get("api", roads.AUTO)) not in roads.ROADS:
            return False, f"api={wish!r} is none of {', '.join(map(repr, roads.ROADS))}"
        if not isinstance(asked.get("decimals", False), bool):
            return False, f"decimals={asked['decimals']!r} is neither True nor False"
        return True, None

    async def connect(self) -> None:
        """Sign in, find where the data is (`instance_url`) and which API versions there are."""
        await super().connect()
        token = await self._execute_with_retry(self._tokens.fresh, self._session)
        instance = token.extra.get("instance_url")
        if instance:
            self.base_url = str(replace(self.config, base_url=instance).base_url).rstrip("/")
        self._version = self._version or await self._newest()
        await self._objects()  # the first request that a wrong token cannot have answered

    @property
    def api(self) -> str:
        """The version of the REST API, such as `67.0`."""
        return self._version

    async def _newest(self) -> str:
        try:
            return await self._json("/services/data/", describe.newest)
        except DecodeError:
            raise ConfigurationError(
                f"{self.base_url} does not answer like Salesforce: base_url must be that of your org,"
                " such as https://acme.my.salesforce.com",
                field="base_url",
                connector=self.name,
            ) from None

    # -- what there is --------------------------------------------------------------------------------

    async def entities(self) -> Sequence[Entity]:
        """The canonical entities, then every object that can be queried."""
        native = await self._objects()
        canonical = [
            Entity(name, key="id", cursor="updated_at", schema=it.schema, label=native[it.native].label)
            for name, it in TRANSLATIONS.items()
            if it.native in native
        ]
        return [*canonical, *(entity for name, entity in native.items() if name not in TRANSLATIONS)]

    async def discover_schema(self, entity_type: str, *, native: bool = False) -> EntitySchema:
        """The columns of an entity, as Salesforce describes them; asked for once.

        With `native` those of Salesforce's own object, where a canonical entity has its name.
        """
        await self.entity(entity_type)
        translation = TRANSLATIONS.get(entity_type)
        if translation and native and entity_type not in await self._objects():
            raise not_its_own(translation)
        if translation and not native:
            own = await self._describe(translation.native)
            return translation.describe(own.names, own.label)
        return await self._describe(entity_type)

    async def _objects(self) -> Mapping[str, Entity]:
        if not self._offered:
            self._offered = await self._json(self._path("sobjects"), describe.entities)
        return self._offered

    async def _describe(self, name: str) -> EntitySchema:
        if name not in self._described:
            decimals = bool(self.config.custom_params.get("decimals"))
            read = partial(describe.entity_schema, decimals=decimals)
            self._described[name] = await self._json(self._path(f"sobjects/{name}/describe"), read)
        return self._described[name]

    # -- what is asked --------------------------------------------------------------------------------

    async def prepare(self, query: Query) -> Query:
        """The query, checked, with every column that the caller will see named."""
        question = await self._question(query)
        extra = query.native if isinstance(query.native, tuple) else ()
        visible = [*query.columns, *extra] if query.columns else question.default
        where = query.where and question.fitted(query.where)
        if self._wish(query) == roads.BULK and (path := sheet.missing(question.columns)):
            raise not_sent_by_bulk(query.entity, path)
        return replace(query, columns=tuple(dict.fromkeys(visible)), where=where)

    async def schema_of(self, query: Query) -> pa.Schema:
        """The columns that `batches` gives for a prepared query."""
        question = await self._question(query)
        visible = question.visible
        return pa.schema([visible.field(name) for name in query.columns or visible.names])

    async def count(self, query: Query) -> int:
        """How many records `query` asks for; one request where Salesforce can tell exactly."""
        question = await self._question(await self.prepare(query))
        if not question.condition.exact:
            return await super().count(replace(query, columns=("id" if question.translation else "Id",)))
        rows = await self._counted(question)
        return rows if query.limit is None else min(rows, query.limit)

    async def explain(self, query: Query, *, count: bool = True) -> Plan:
        """What a fetch would do; with `count` one request asks for the number of records."""
        query = await self.prepare(query)
        question = await self._question(query)
        rows = await self._counted(question) if count else None
        if rows is not None and question.limit is not None:
            rows = min(rows, question.limit)
        case = self._case(question)
        choice = roads.chosen(case, rows)
        return Plan(
            self.name,
            query,
            self._first_request(question, case.wish),
            case.page_size,
            rows,
            None if question.condition.exact else str(query.where),
            case.left,
            case.calls_a_page,
            choice.api,
            choice.why,
            choice.roads,
        )

    def _first_request(self, question: Question, wish: str) -> str:
        """What is asked first, readable."""
        if wish == roads.BULK:
            return f"POST {self._path('jobs/query')} {sheet.statement(question)}"
        statement = question.statement(question.groups()[0], limit=question.limit)
        return f"GET {self._endpoint(question.query)}?q={statement}"

    async def _question(self, query: Query) -> Question:
        """The query resolved against the object's columns."""
        await self.entity(query.entity)
        translation = TRANSLATIONS.get(query.entity) if query.native is not True else None
        name = translation.native if translation else query.entity
        objects = await self._objects()
        if name not in objects:
            raise not_its_own(TRANSLATIONS[name])
        native = await self._describe(name)
        paths = native_columns(query, translation, native)
        plain = {column.name: column for column in native}
        columns = {path: plain.get(path) or await self._column(native, path) for path in paths}
        return Question(
            query,
            objects[name],
            columns,
            translation,
            condition_of(query, translation, columns),
            since_of(query, native),
        )

    async def _column(self, schema: EntitySchema, path: str) -> Column:
        """The column at a path such as `Name` or `Account.Owner.Name`."""
        head, dot, rest = path.partition(".")
        if not dot:
            return schema[path]
        related: list[str] = []
        for target in (t for column in schema if column.relationship == head for t in column.references):
            described = await self._describe(target)
            if rest.partition(".")[0] in {*described.names, *(c.relationship for c in described)}:
                return replace(await self._column(described, rest), name=path, nullable=True)
            related += [f"{head}.{name}" for name in described.names]
        relationships = [f"{column.relationship}.…" for column in schema if column.relationship]
        raise unknown_column(schema.entity, path, related or [*relationships, *schema.names])

    async def _counted(self, question: Question) -> int:
        return await self._json(self._endpoint(question.query), describe.total, q=question.counting())

    # -- how its pages travel -------------------------------------------------------------------------

    def check(self, response: Response, payload: Any) -> None:
        """Raise what Salesforce's error body says."""
        if not 200 <= response.status < 300:
            raise error_of(response, payload, self._described)

    def place(self, entity: Entity, request: Request, answer: Answer) -> Place:
        """Where the next page is; the answer must say how many records there are and whether more follow."""
        place = super().place(entity, request, answer)
        if place.total is None or answer.payload.get("done") is not (place.next is None):
            raise DecodeError(
                f"{self.name} sent {entity.name} without saying how many there are, or where the next are",
                entity.name,
                connector=self.name,
            )
        return place

    def quota(self, response: Response) -> Quota | None:
        """What is left of the last 24 hours' requests."""
        usage = USAGE.search(response.headers.get("sforce-limit-info", ""))
        return Quota(int(usage[2]), max(int(usage[2]) - int(usage[1]), 0), None) if usage else None

    async def _read(self, query: Query) -> AsyncGenerator[pa.RecordBatch, None]:
        question = await self._question(query)
        case, why = self._case(question), roads.ASKED
        if case.wish != roads.BULK:
            choice: roads.Choice | None = None

            def goes_on(rows: int) -> bool:
                return roads.chosen(case, rows).api != roads.BULK

            async with aclosing(self._answers(question).pages(goes_on)) as pages:
                async for page in pages:
                    choice = choice or roads.chosen(case, page.total or 0)
                    if choice.api == roads.BULK:
                        why = choice.why
                        break  # nothing was handed on yet: the job will send all records
                    self._emit(PageArrived(self.name, query.entity, page.rows, page.total))
                    yield page.batch
                else:
                    return
        async with aclosing(self._by_bulk(question, case, why)) as batches:
            async for batch in batches:
                yield batch

    def _answers(self, question: Question) -> Answers:
        return Answers(self, question, self.base_url + self._endpoint(question.query))

    async def _by_bulk(
        self, question: Question, case: roads.Case, why: str
    ) -> AsyncGenerator[pa.RecordBatch, None]:
        """The records by a job; by REST where Salesforce refuses one that nobody insists on."""
        async with AsyncExitStack() as stack:
            job = await self._job(stack, question, case, why)
            if job is not None:
                chunks = aclosing(self._chunks(question, job))
                async for batch in await stack.enter_async_context(chunks):
                    yield batch
                return
        async with aclosing(self._read(replace(question.query, api=roads.REST))) as batches:
            async for batch in batches:
                yield batch

    async def _job(self, stack: AsyncExitStack, question: Question, case: roads.Case, why: str) -> Job | None:
        """A complete job, deleted when the stack ends; None where Salesforce gives none and REST will do."""
        name = question.query.entity
        self._emit(RoadTaken(self.name, name, roads.BULK, why))
        run = Jobs(self._line).run(sheet.statement(question), with_deleted=question.query.include_deleted)
        try:
            return await stack.enter_async_context(run)
        except REFUSALS as error:
            if case.wish == roads.BULK:
                raise not_done_by_bulk(name, error) from error
            if getattr(error, "error_code", None) == "INVALIDENTITY":
                self._not_by_bulk.add(question.entity.name)
            self._emit(RoadTaken(self.name, name, roads.REST, f"the Bulk API would not: {error}"))
            return None

    async def _chunks(self, question: Question, job: Job) -> AsyncGenerator[pa.RecordBatch, None]:
        """The records of a complete job."""
        name = question.query.entity
        known = Reading(name, question.entity, question.schema)
        read = partial(sheet.rows, question, {"base_url": self.base_url})
        async with aclosing(Results(self._line, job, read).chunks()) as chunks:
            async for chunk in chunks:
                self._emit(PageArrived(self.name, name, chunk.count, job.rows))
                for change in known.learn(chunk.rows.schema):
                    self._emit(SchemaChanged(self.name, name, *change))
                for batch in chunk.rows.batches:
                    yield batch

    @property
    def _line(self) -> Line:
        return Line(self.base_url + self._path("").rstrip("/"), self._told, self._call)

    def _case(self, question: Question) -> roads.Case:
        """What is known before a road is chosen."""
        entity, closed = question.entity.name, sheet.closed(question)
        if entity in self._not_by_bulk:
            closed = f"the Bulk API does not know {entity}"
        answers = self._answers(question)
        return roads.Case(
            self._wish(question.query),
            closed,
            answers.page_size,
            len(question.groups()),
            answers.at_once,
            self.stats.quota.remaining if self.stats.quota else None,
        )

    def _wish(self, query: Query) -> str:
        return query.api or str(self.config.custom_params.get("api", roads.AUTO))

    def _endpoint(self, query: Query) -> str:
        return self._path("queryAll" if query.include_deleted else "query")

    def _path(self, rest: str) -> str:
        return f"/services/data/v{self._version}/{rest}"

    async def _json(self, path: str, read: Callable[[Any], T], **params: str) -> T:
        """What `read` makes of the answer at a path."""
        return await self._told(Request(self.base_url + path, params=params), read)

    async def _told(self, request: Request, read: Callable[[Any], T]) -> T:
        """What `read` makes of an answer; `DecodeError` where it finds something else than it should."""

        def understood(_: Request, answer: Answer) -> T:
            try:
                return read(answer.payload)
            except (KeyError, TypeError, ValueError, AttributeError):
                path = request.url.removeprefix(self.base_url)
                raise DecodeError(
                    f"{self.name} answered {path} with something else than it should", connector=self.name
                ) from None

        return await self._ask(request, understood)
