"""How SOQL text becomes a syntax tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from spyro_sdk.demo.errors import ApiError, bad_request

TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
  | (?P<date>\d{4}-\d\d-\d\d(?![\w:]))
  | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w:-]))
  | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
  | (?P<symbol><=|>=|<>|!=|[=<>(),])
  | (?P<end>$)
  | (?P<other>.)
)""",
    re.VERBOSE | re.DOTALL,
)
ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}
RESERVED = frozenset(
    {"from", "where", "order", "limit", "offset", "and", "or", "not", "group", "having", "for", "with"}
)


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    at: int

    def says(self, *words: str) -> bool:
        """Tell whether it is one of these words or symbols, whatever its case."""
        return self.kind in ("name", "symbol") and self.text.lower() in words


@dataclass(frozen=True)
class Name:
    """A field, possibly reached through relationships: `Account.Owner.Name`."""

    path: tuple[str, ...]
    at: int


@dataclass(frozen=True)
class Value:
    """A literal. Of a string, `pattern` is its text with SQL's escapes, for LIKE."""

    kind: str
    value: str | float | bool | None
    pattern: str = ""


@dataclass(frozen=True)
class Comparison:
    field: Name
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Not:
    condition: Condition


@dataclass(frozen=True)
class Junction:
    """Conditions that must all hold (AND), or one of which must (OR)."""

    word: str
    conditions: tuple[Condition, ...]


Condition = Comparison | Not | Junction


@dataclass(frozen=True)
class Ordering:
    field: Name
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Select:
    """One query; `group` is FIELDS(ALL)'s word, `fields` are empty for COUNT()."""

    text: str
    fields: tuple[Name, ...]
    is_count: bool
    group: str | None
    source: Name
    alias: str | None
    where: Condition | None
    order: tuple[Ordering, ...]
    limit: int | None
    offset: int


def tokens(text: str) -> list[Token]:
    """Cut a query into its words, literals and symbols; the last token is its end."""
    return [_token(match) for match in TOKEN.finditer(text)]


def parse(text: str) -> Select:
    """Read one SELECT; raises MALFORMED_QUERY where the grammar is broken."""
    return _Parser(text).select()


def complain(text: str, at: int, message: str, code: str = "MALFORMED_QUERY") -> ApiError:
    """Refuse a query as Salesforce does: with the line, a caret below the place, its row and column."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[max(start, at - 40) : min(len(text) if end < 0 else end, at + 40)]
    caret = " " * min(at - start, 40) + "^"
    place = f"ERROR at Row:{text.count(chr(10), 0, at) + 1}:Column:{at - start + 1}"
    return bad_request(code, f"\n{line}\n{caret}\n{place}\n{message}")


class _Parser:
    """Recursive descent over the tokens; each method reads what it is named after."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.index = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.next
        self.index += token.kind != "end"
        return token

    def took(self, *words: str) -> bool:
        """Step over one of these words if it stands here."""
        found = self.next.says(*words)
        self.index += found
        return found

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.took(word):
                raise self.unexpected(f", expecting '{word}'" if word in "()" else "")

    def unexpected(self, hint: str = "") -> ApiError:
        what = f"'{self.next.text}'" if self.next.kind != "end" else "<EOF>"
        return complain(self.text, self.next.at, f"unexpected token: {what}{hint}")

    def select(self) -> Select:
        self.expect("select")
        is_count, group, fields = self.columns()
        self.expect("from")
        source = self.name()
        alias = None if self.next.kind != "name" or self.next.says(*RESERVED) else self.take().text
        select = Select(
            text=self.text,
            fields=fields,
            is_count=is_count,
            group=group,
            source=source,
            alias=alias,
            where=self.condition() if self.took("where") else None,
            order=self.ordering(),
            limit=self.count() if self.took("limit") else None,
            offset=self.count() if self.took("offset") else 0,
        )
        if self.next.kind != "end":
            raise self.unexpected()
        return select

    def columns(self) -> tuple[bool, str | None, tuple[Name, ...]]:
        """Read what stands between SELECT and FROM."""
        if self.call("count"):
            self.expect("(", ")")
            return True, None, ()
        if self.call("fields"):
            return False, self.group(), ()
        fields = [self.name()]
        while self.took(","):
            fields.append(self.name())
        return False, None, tuple(fields)

    def call(self, word: str) -> bool:
        """Step over the word if a parenthesis follows: a field may be called `Fields`, too."""
        is_call = self.next.says(word) and self.tokens[self.index + 1].says("(")
        self.index += is_call
        return is_call

    def group(self) -> str:
        self.expect("(")
        if not self.next.says("all", "standard", "custom"):
            raise self.unexpected()
        word = self.take().text.lower()
        self.expect(")")
        return word

    def name(self) -> Name:
        if self.next.kind != "name" or self.next.says(*RESERVED):
            raise self.unexpected()
        token = self.take()
        return Name(tuple(token.text.split(".")), token.at)

    def condition(self) -> Condition:
        first = self.term()
        if not self.next.says("and", "or"):
            return first
        word = self.next.text.lower()
        terms = [first]
        while self.took(word):
            terms.append(self.term())
        if self.next.says("and", "or"):  # SOQL wants parentheses where both are used
            raise self.unexpected()
        return Junction(word, tuple(terms))

    def term(self) -> Condition:
        if self.took("not"):
            return Not(self.term())
        if self.took("("):
            inside = self.condition()
            self.expect(")")
            return inside
        return self.comparison()

    def comparison(self) -> Comparison:
        field = self.name()
        negated = self.took("not")
        if negated and not self.next.says("in"):
            raise self.unexpected()
        if self.next.says("in", "includes", "excludes"):
            word = self.take().text.lower()
            return Comparison(field, f"not {word}" if negated else word, self.values())
        if not self.next.says("=", "!=", "<>", "<", "<=", ">", ">=", "like"):
            raise self.unexpected()
        operator = self.take().text.lower()
        return Comparison(field, "!=" if operator == "<>" else operator, (self.value(),))

    def values(self) -> tuple[Value, ...]:
        self.expect("(")
        values = [self.value()]
        while self.took(","):
            values.append(self.value())
        self.expect(")")
        return tuple(values)

    def value(self) -> Value:
        token = self.next
        if token.kind == "string":
            value = self.string(token)
        elif token.kind in ("date", "datetime"):
            value = Value(token.kind, self.time(token))
        elif token.kind == "number":
            value = Value("number", float(token.text) if re.search("[.eE]", token.text) else int(token.text))
        elif token.says("true", "false"):
            value = Value("boolean", token.says("true"))
        elif token.says("null"):
            value = Value("null", None)
        else:
            raise self.unexpected()
        self.take()
        return value

    def string(self, token: Token) -> Value:
        """Undo SOQL's escapes; the empty string is null, as in Salesforce."""
        body = token.text[1:-1]
        for match in ESCAPE.finditer(body):
            if not (match[1] in CONTROLS or match[1] in ("%", "_") or len(match[1]) == 5):
                wrong = f"Illegal character sequence '{match[0]}' in string literal."
                raise complain(self.text, token.at, f"Invalid string literal '{body}'. {wrong}")
        plain = ESCAPE.sub(lambda match: _unescaped(match[1]), body)
        pattern = ESCAPE.sub(lambda match: match[0] if match[1] in "%_\\" else _unescaped(match[1]), body)
        return Value("string", plain, pattern) if plain else Value("null", None)

    def time(self, token: Token) -> str:
        """Write a date or datetime literal as the demo stores it."""
        try:
            if token.kind == "date":
                return date.fromisoformat(token.text).isoformat()
            moment = datetime.fromisoformat(token.text).astimezone(UTC)
        except ValueError:
            raise complain(self.text, token.at, f"Invalid {token.kind}: {token.text}") from None
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"

    def ordering(self) -> tuple[Ordering, ...]:
        if not self.took("order"):
            return ()
        self.expect("by")
        orderings = [self.sorting()]
        while self.took(","):
            orderings.append(self.sorting())
        return tuple(orderings)

    def sorting(self) -> Ordering:
        field = self.name()
        descending = self.next.says("desc")
        self.took("asc", "desc")
        nulls_last = False
        if self.took("nulls"):
            nulls_last = self.next.says("last")
            if not self.took("first", "last"):
                raise self.unexpected()
        return Ordering(field, descending, nulls_last)

    def count(self) -> int:
        if self.next.kind != "number" or not self.next.text.isdigit():
            raise self.unexpected()
        return int(self.take().text)


def _token(match: re.Match[str]) -> Token:
    kind = match.lastgroup or "other"
    return Token(kind, match[kind], match.start(kind))


def _unescaped(code: str) -> str:
    return chr(int(code[1:], 16)) if len(code) == 5 else CONTROLS.get(code, code)
