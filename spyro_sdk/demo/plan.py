"""How a SOQL syntax tree becomes SQLite statements that answer it in JSON."""

# ruff: noqa: S608 - names come from the schema, values are bound
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from spyro_sdk.demo.errors import ApiError, bad_request
from spyro_sdk.demo.ids import to_18
from spyro_sdk.demo.schema import ADDRESS_PARTS, BARE, NUMBERS, Field, SObject
from spyro_sdk.demo.soql import Comparison, Condition, Junction, Name, Not, Ordering, Select, Value, complain

ARGUMENTS = 90  # SQLite lets a function have 127
DEEPEST = 5  # relationships in one path
MOST_FIELDS_ALL = 200  # records, with FIELDS(ALL)
MOST_OFFSET = 2000
SOAP_TYPES = {"datetime": "dateTime"}
HINT = "Please reference your WSDL or the describe call for the appropriate names."
NO_COLUMN = (
    "No such column '{}' on entity '{}'. If you are attempting to use a custom field, be sure to append the "
    f"'__c' after the custom field name. {HINT}"
)
NO_KIND = (
    "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append the "
    f"'__c' after the entity name. {HINT}"
)
NO_RELATIONSHIP = (
    "Didn't understand relationship '{}' in field path. If you are attempting to use a custom relationship, "
    f"be sure to append the '__r' after the custom relationship name. {HINT}"
)


@dataclass(frozen=True)
class Column:
    """A field that was selected by its name: how it is called, and where SQLite finds its value."""

    title: str
    sql: str
    field: Field
    nillable: bool


@dataclass(frozen=True)
class Plan:
    """One query, ready to run.

    `ids_sql` lists the rowids of all its records in order; `page_sql` turns a JSON array of such rowids
    into the text of a page's records, in the same order. `page_source` is what such a statement selects
    from, `columns` are in the order asked for; FIELDS() and COUNT() have none.
    """

    tables: tuple[str, ...]
    ids_sql: str
    params: tuple[str | float | None, ...]
    page_sql: str
    page_source: str
    columns: tuple[Column, ...]
    is_count: bool


@dataclass
class _Node:
    """A table of the query, reached from its parent by the reference `via`; `items` is what is selected.

    `path` leads there from the root: `Account.Owner.`
    """

    kind: SObject
    alias: str
    via: str = ""
    path: str = ""
    nodes: dict[str, _Node] = field(default_factory=dict)
    items: dict[str, Field | _Node] = field(default_factory=dict)

    def walk(self) -> Iterator[_Node]:
        yield self
        for node in self.nodes.values():
            yield from node.walk()


def make_plan(select: Select, kinds: dict[str, SObject], version: str, with_deleted: bool) -> Plan:
    """Translate a query against these objects; raises what Salesforce would."""
    return _Planner(select, kinds, version).plan(with_deleted)


def quote(name: str) -> str:
    """Write a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


class _Planner:
    def __init__(self, select: Select, kinds: dict[str, SObject], version: str) -> None:
        self.select = select
        self.kinds = kinds
        self.version = version
        self.params: list[str | float | None] = []
        self.aliases = 1
        self.columns: list[Column] = []
        self.root = _Node(self.source(), "t0")

    def plan(self, with_deleted: bool) -> Plan:
        self.choose()
        where = [self.condition(self.select.where)] if self.select.where else []
        if self.root.kind.has("IsDeleted") and not with_deleted:
            where.append('t0."IsDeleted" = 0')
        order = ", ".join([self.ordering(item) for item in self.select.order] + ["t0.rowid"])
        joins = self.joins()
        condition = f" WHERE {' AND '.join(where)}" if where else ""
        table = f"{quote(self.root.kind.name)} AS t0"
        record = _record(self.root, self.version)
        page = f"json_each(?) AS page CROSS JOIN {table} ON t0.rowid = page.value{joins}"
        return Plan(
            tables=tuple(node.kind.name for node in self.root.walk()),
            ids_sql=f"SELECT t0.rowid FROM {table}{joins}{condition} ORDER BY {order}{self.window()}",
            params=tuple(self.params),
            page_sql=f"SELECT CAST(group_concat({record}, ',') AS BLOB) FROM {page}",
            page_source=page,
            columns=tuple(self.columns),
            is_count=self.select.is_count,
        )

    def source(self) -> SObject:
        name = self.select.source
        kind = self.kinds.get(".".join(name.path).lower())
        if kind is None:
            message = NO_KIND.format(".".join(name.path))
            raise complain(self.select.text, name.at, message, "INVALID_TYPE")
        return kind

    def choose(self) -> None:
        """Hang the selected fields into the tree."""
        if self.select.group:
            self.choose_group(self.select.group)
        for name in self.select.fields:
            node, chosen = self.resolve(name, chosen=True)
            if chosen.name in node.items:
                raise complain(
                    self.select.text,
                    name.at,
                    f"duplicate field selected: {'.'.join(name.path)}",
                    "INVALID_FIELD",
                )
            node.items[chosen.name] = chosen
            self.columns.append(_chosen(node, chosen))

    def choose_group(self, group: str) -> None:
        limit = self.select.limit
        if group != "standard" and (limit is None or limit > MOST_FIELDS_ALL):
            raise bad_request(
                "MALFORMED_QUERY", f"The SOQL FIELDS function must have a LIMIT of at most {MOST_FIELDS_ALL}"
            )
        wanted = [
            item for item in self.root.kind.fields if group == "all" or item.custom == (group == "custom")
        ]
        self.root.items.update({item.name: item for item in wanted})

    def resolve(self, name: Name, chosen: bool = False) -> tuple[_Node, Field]:
        """Find a field and the table it stands in; relationships on the way become joins."""
        node, path = self.root, list(name.path)
        if len(path) > 1 and path[0].lower() in (
            self.root.kind.name.lower(),
            (self.select.alias or "").lower(),
        ):
            path.pop(0)
        if len(path) > DEEPEST + 1:
            raise complain(
                self.select.text,
                name.at,
                f"Only {DEEPEST} levels of relationships are allowed",
                "INVALID_FIELD",
            )
        for step in path[:-1]:
            node = self.follow(node, step, name, chosen)
        found = node.kind.by_name.get(path[-1].lower())
        if found is None:
            raise self.no_field(name, NO_COLUMN.format(path[-1], node.kind.name))
        return node, found

    def follow(self, node: _Node, step: str, name: Name, chosen: bool) -> _Node:
        via = node.kind.by_relationship.get(step.lower())
        if via is None or via.target is None or via.relationship is None:
            raise self.no_field(name, NO_RELATIONSHIP.format(step))
        if via.name not in node.nodes:
            path = f"{node.path}{via.relationship}."
            node.nodes[via.name] = _Node(self.kinds[via.target.lower()], f"t{self.aliases}", via.name, path)
            self.aliases += 1
        if chosen:
            node.items[via.relationship] = node.nodes[via.name]
        return node.nodes[via.name]

    def no_field(self, name: Name, message: str) -> ApiError:
        return complain(self.select.text, name.at, message, "INVALID_FIELD")

    def joins(self) -> str:
        edges = [(node.alias, child) for node in self.root.walk() for child in node.nodes.values()]
        return "".join(
            f" LEFT JOIN {quote(child.kind.name)} AS {child.alias}"
            f' ON {child.alias}."Id" = {alias}.{quote(child.via)}'
            for alias, child in edges
        )

    def window(self) -> str:
        """Write LIMIT and OFFSET."""
        if self.select.offset > MOST_OFFSET:
            raise bad_request("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MOST_OFFSET}")
        limit = -1 if self.select.limit is None else self.select.limit
        return f" LIMIT {limit:d} OFFSET {self.select.offset:d}"

    def ordering(self, item: Ordering) -> str:
        node, found = self.resolve(item.field)
        if not found.sortable:
            raise self.no_field(item.field, f"field '{found.name}' can not be sorted in a query call")
        nulls = f" NULLS {'LAST' if item.nulls_last else 'FIRST'}" if found.nillable or node.via else ""
        return f"{_column(node, found)}{_collation(found)} {'DESC' if item.descending else 'ASC'}{nulls}"

    def condition(self, condition: Condition) -> str:
        """Write a condition. SQL's third truth value is stamped out wherever something is negated."""
        if isinstance(condition, Not):
            return f"(({self.condition(condition.condition)}) IS NOT TRUE)"
        if isinstance(condition, Junction):
            return "(" + f" {condition.word.upper()} ".join(map(self.condition, condition.conditions)) + ")"
        return self.comparison(condition)

    def comparison(self, comparison: Comparison) -> str:
        node, found = self.resolve(comparison.field)
        self.check(comparison, found)
        column = _column(node, found)
        if comparison.operator in ("includes", "excludes"):
            return self.inclusion(comparison, column)
        if comparison.operator.endswith("in"):
            return self.membership(comparison, found, column)
        return self.single(comparison, found, column)

    def check(self, comparison: Comparison, found: Field) -> None:
        """Refuse what the field's type does not allow."""
        if not found.filterable:
            raise self.no_field(comparison.field, f"field '{found.name}' can not be filtered in a query call")
        stringy = found.type not in NUMBERS | {"boolean", "date", "datetime"}
        wanted = "number" if found.type in NUMBERS else "string" if stringy else found.type
        for value in comparison.values:
            if value.kind not in (wanted, "null"):
                raise self.no_field(comparison.field, _mistyped(found, stringy))
        is_text = stringy and found.type not in ("id", "reference")
        if comparison.operator == "like" and not is_text:
            raise self.no_field(
                comparison.field, f"invalid operator on {SOAP_TYPES.get(found.type, found.type)} field"
            )
        if comparison.operator in ("includes", "excludes") and found.type != "multipicklist":
            raise self.no_field(comparison.field, f"invalid operator on {found.type} field")

    def single(self, comparison: Comparison, found: Field, column: str) -> str:
        """Write one of = != < <= > >= LIKE. `!=` holds where the field is null, too."""
        operator, value = comparison.operator, comparison.values[0]
        if value.kind == "null":
            return self.nullness(comparison, column)
        if operator == "like":
            folded = not value.pattern.isascii()
            self.params.append(value.pattern.casefold() if folded else value.pattern)
            return f"({_folded(column, folded)} LIKE ? ESCAPE '\\')"
        folded = _needs_folding(found, value)
        self.params.append(self.bind(found, value, folded))
        operator = "IS NOT" if operator == "!=" else operator
        return f"({_folded(column, folded)}{_collation(found)} {operator} ?)"

    def nullness(self, comparison: Comparison, column: str) -> str:
        if comparison.operator not in ("=", "!="):
            raise complain(self.select.text, comparison.field.at, "unexpected token: 'null'")
        return f"({column} IS {'NOT ' if comparison.operator == '!=' else ''}NULL)"

    def membership(self, comparison: Comparison, found: Field, column: str) -> str:
        """Write IN and NOT IN; a null in the list matches null."""
        values = [value for value in comparison.values if value.kind != "null"]
        folded = any(_needs_folding(found, value) for value in values)
        self.params += [self.bind(found, value, folded) for value in values]
        inside = f"{_folded(column, folded)}{_collation(found)} IN ({', '.join('?' * len(values))})"
        if len(values) < len(comparison.values):
            inside = f"({inside} OR {column} IS NULL)"
        return f"({inside} IS NOT TRUE)" if comparison.operator == "not in" else f"({inside})"

    def inclusion(self, comparison: Comparison, column: str) -> str:
        """Write INCLUDES and EXCLUDES: any of the lists, all of the items in it."""
        lists = [str(value.value or "").casefold().split(";") for value in comparison.values]
        self.params += [f";{item};" for items in lists for item in items]
        has = f"instr(';' || fold({column}) || ';', ?)"
        either = " OR ".join("(" + " AND ".join([has] * len(items)) + ")" for items in lists)
        return f"(({either}) IS NOT TRUE)" if comparison.operator == "excludes" else f"({either})"

    def bind(self, found: Field, value: Value, folded: bool) -> str | float | None:
        """Turn a literal into the parameter that SQLite compares with."""
        if found.type in ("id", "reference"):
            completed = to_18(str(value.value))
            if completed is None:
                raise bad_request("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value.value}")
            return completed
        return value.value.casefold() if folded and isinstance(value.value, str) else value.value


def _chosen(node: _Node, item: Field) -> Column:
    sql = f"{node.alias}.{quote(item.name)}"
    return Column(node.path + item.name, sql, item, nillable=item.nillable or bool(node.via))


def _mistyped(found: Field, stringy: bool) -> str:
    quotes = "should be enclosed in quotes" if stringy else "should not be enclosed in quotes"
    kind = "string" if stringy else SOAP_TYPES.get(found.type, found.type)
    return f"value of filter criterion for field '{found.name}' must be of type {kind} and {quotes}"


def _column(node: _Node, found: Field) -> str:
    column = f"{node.alias}.{quote(found.name)}"
    return f"coalesce({column}, 0)" if found.type == "boolean" and node.via else column


def _collation(found: Field) -> str:
    """SOQL compares text without regard to case, ids and times as they are."""
    return "" if found.type in BARE | NUMBERS | {"boolean"} else " COLLATE NOCASE"


def _needs_folding(found: Field, value: Value) -> bool:
    # NOCASE knows ASCII alone; a literal beyond it is compared by Unicode's rules, more slowly
    return bool(_collation(found)) and isinstance(value.value, str) and not value.value.isascii()


def _folded(column: str, folded: bool) -> str:
    return f"fold({column})" if folded else column


def _record(node: _Node, version: str) -> str:
    """Write the SQL that renders a table's row as a JSON object.

    `format()` with the keys in its template is faster than `json_object()`, and lifts its limit of 63 keys.
    """
    url = f"/services/data/v{version}/sobjects/{node.kind.name}/%s"
    start = f'{{"attributes":{{"type":"{node.kind.name}","url":"{url}"}}'
    pieces = [
        (start, f'{node.alias}."Id"'),
        *(_piece(node, key, item, version) for key, item in node.items.items()),
    ]
    pieces[-1] = (pieces[-1][0] + "}", pieces[-1][1])
    return formatted(pieces)


def _piece(node: _Node, key: str, item: Field | _Node, version: str) -> tuple[str, str]:
    """Give the template and the argument of one key."""
    if isinstance(item, _Node):
        return f',"{key}":%s', f"iif({item.alias}.rowid IS NULL, 'null', {_record(item, version)})"
    if item.type in BARE and item.required:
        return f',"{key}":"%s"', f"{node.alias}.{quote(key)}"
    return f',"{key}":%s', _address(node, item) if item.parts else _json(node, item)


def _json(node: _Node, item: Field) -> str:
    column = f"{node.alias}.{quote(item.name)}"
    if item.type == "boolean":
        return f"iif({column}, 'true', 'false')"
    return f"coalesce({column}, 'null')" if item.type in NUMBERS else f"json_quote({column})"


def _address(node: _Node, item: Field) -> str:
    """Nest an address; it is null when all its parts are."""
    columns = [f"{node.alias}.{quote(part)}" for part in item.parts]
    keys = [part[0].lower() + part[1:] for part in ADDRESS_PARTS]
    pieces = [(f'{"," if i else "{"}"{key}":%s', f"json_quote({columns[i]})") for i, key in enumerate(keys)]
    pieces[-1] = (pieces[-1][0] + "}", pieces[-1][1])
    return f"iif(coalesce({', '.join(columns)}) IS NULL, 'null', {formatted(pieces)})"


def formatted(pieces: list[tuple[str, str]]) -> str:
    """Write the SQL that fills templates with their arguments, one after the other."""
    chunks = [pieces[i : i + ARGUMENTS] for i in range(0, len(pieces), ARGUMENTS)]
    calls = [
        "format('{}', {})".format("".join(t for t, _ in chunk), ", ".join(a for _, a in chunk))
        for chunk in chunks
    ]
    return " || ".join(calls)
