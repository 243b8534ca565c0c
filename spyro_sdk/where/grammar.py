"""The grammar of a filter: from text to tree.

sqlglot tells the words apart; the sentence is read here. The language is a small corner of SQL where every
mistake has a place and a name. sqlglot's parser takes all of SQL, and what its tree means changes between
releases: `not like` is a `Not` in 26, and a flag of `Like` in 30.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal, NoReturn, TypeAlias

from ..errors import ValidationError
from .tree import RESERVED, And, Comparison, IsNull, Like, Membership, Node, Op, Or, joined, negation
from .values import Value, day, moment, number

LONGEST = 100_000  # characters of a filter
LONGEST_PATTERN = 1_000  # characters of a LIKE: there is an end to what a regular expression may be
DEEPEST = 50  # parentheses within each other: five calls each, of the 1000 that Python allows

OPS: dict[str, Op] = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
TURNED: dict[Op, Op] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""Each comparison from right to left: `1 < x` is `x > 1`."""

HINTS = {
    "==": "equality is written =, not ==",
    "(": "functions are no part of a filter",
    ";": "a filter is one expression",
    **dict.fromkeys("+-*/%^|&", "arithmetic is no part of a filter"),
}
"""What to say of a sign in a place where it cannot be."""

EXAMPLES = {"date": "2026-01-01", "timestamp": "2026-01-01 12:00:00Z"}

Kind: TypeAlias = Literal["word", "name", "text", "number", "sign", "end"]


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str  # a quoted text or name without its quotes; all else in lower case
    raw: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.raw)

    @property
    def is_name(self) -> bool:
        return self.kind == "name" or (self.kind == "word" and self.text not in RESERVED)


def read(text: str) -> Node:
    """The tree of a filter; raises `ValidationError`, and nothing else."""
    if not isinstance(text, str):
        _refuse(text, f"expected a text, not {type(text).__name__}")
    if len(text) > LONGEST:
        _refuse(text, f"a filter has at most {LONGEST} characters, not {len(text)}")
    if not text.strip():
        _refuse(text, "the filter is empty")
    if half := re.search("[\ud800-\udfff]", text):
        _refuse(text, f"half a character (a lone surrogate), {_near(text, half.start())}")
    return _Reader(text).whole()


def _refuse(text: object, message: str) -> NoReturn:
    raise ValidationError(f"where: {message}", field="where", value=text)


def _near(text: str, position: int) -> str:
    """`at position 24 in '…'`; of a long text only what is near."""
    first, last = max(position - 60, 0), position + 40
    shown = "…" * (first > 0) + text[first:last] + "…" * (last < len(text))
    return f"at position {position} in {shown!r}"


def _tokens(text: str) -> Iterator[Token]:
    """The words of a filter, closed by one of kind `end`."""
    end = 0
    for token in [*_split(text), Token("end", "", "", len(text))]:
        skipped = text[end : token.start].lstrip()  # sqlglot passes over {# … #}
        if skipped or token.raw in ("--", "/*"):
            _refuse(text, f"comments are no part of a filter, {_near(text, token.start - len(skipped))}")
        yield token
        end = token.end


def _split(text: str) -> Iterator[Token]:
    """What sqlglot sees in a text when key words mean nothing to it: a column may be called `order`."""
    from sqlglot import Tokenizer, TokenType
    from sqlglot.errors import SqlglotError

    class Words(Tokenizer):
        KEYWORDS = dict.fromkeys(("<=", ">=", "<>", "!=", "==", "--", "/*"), TokenType.EQ)
        COMMANDS: ClassVar[set[TokenType]] = set()
        COMMENTS: ClassVar[list[str | tuple[str, str]]] = []

    kinds: dict[TokenType, Kind] = {
        TokenType.VAR: "word",
        TokenType.IDENTIFIER: "name",
        TokenType.STRING: "text",
        TokenType.NUMBER: "number",
    }
    try:
        found = Words().tokenize(text)
    except SqlglotError:
        _refuse_unclosed(text)
    for each in found:
        yield _token(
            kinds.get(each.token_type, "sign"), each.text, text[each.start : each.end + 1], each.start
        )


def _token(kind: Kind, text: str, raw: str, start: int) -> Token:
    if (
        kind == "word" and not raw.isidentifier()
    ):  # sqlglot takes any character that it does not know for a letter
        kind = "sign"
    return Token(kind, text if kind in ("name", "text") else raw.lower(), raw, start)


def _refuse_unclosed(text: str) -> NoReturn:
    rest = re.sub(r"""'[^']*'|"[^"]*\"""", lambda closed: " " * len(closed[0]), text)
    opened = re.search(r"['\"]|\{#", rest)
    position = opened.start() if opened else 0
    _refuse(text, f"a quote or comment is never closed, {_near(text, position)}")


def _clip(raw: str) -> str:
    return repr(raw if len(raw) <= 40 else raw[:39] + "…")


class _Reader:
    """Reads a sentence from left to right; each method takes the tokens of what it is named after."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, *words: str) -> Token | None:
        """Take the next token if it is one of these words or signs."""
        return self.take() if self.token.kind in ("word", "sign") and self.token.text in words else None

    def expect(self, word: str) -> None:
        if not self.accept(word):
            self.expected(repr(word))

    def expected(self, what: str) -> NoReturn:
        token, before = self.token, self.tokens[self.at - 1]
        if token.kind == "end":
            _refuse(self.text, f"expected {what} after {_clip(before.raw)} {_near(self.text, before.end)}")
        if token.raw in HINTS and (token.raw != "(" or before.is_name):
            self.refuse(f"{HINTS[token.raw]}:")
        self.refuse(f"expected {what}, not {_clip(token.raw)},")

    def refuse(self, message: str, token: Token | None = None) -> NoReturn:
        _refuse(self.text, f"{message} {_near(self.text, (token or self.token).start)}")

    def whole(self) -> Node:
        node = self.disjunction()
        if self.token.kind != "end":
            self.expected("'and' or 'or'")
        return node

    def disjunction(self) -> Node:
        operands = [self.conjunction()]
        while self.accept("or"):
            operands.append(self.conjunction())
        return joined(Or, operands)

    def conjunction(self) -> Node:
        operands = [self.operand()]
        while self.accept("and"):
            operands.append(self.operand())
        return joined(And, operands)

    def operand(self) -> Node:
        negated = False
        while self.accept("not"):
            negated = not negated
        node = self.nested() if self.accept("(") else self.predicate()
        return negation(node) if negated else node

    def nested(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            self.refuse(f"more than {DEEPEST} parentheses within each other,")
        node = self.disjunction()
        self.expect(")")
        self.depth -= 1
        return node

    def predicate(self) -> Node:
        if self.token.is_name and not self.is_typed_literal:
            return self.test(self.column())
        value = self.value("an expression")
        op = self.comparison() or self.expected("a comparison")
        if not self.token.is_name:
            self.expected("a column")
        return Comparison(self.column(), TURNED[op], value)

    def column(self) -> str:
        parts = [self.take()]
        while self.accept("."):
            if self.token.kind not in ("word", "name"):
                self.expected("a name")
            parts.append(self.take())
        return ".".join(part.raw if part.kind == "word" else part.text for part in parts)

    def comparison(self) -> Op | None:
        return OPS[self.take().raw] if self.token.raw in OPS else None

    def test(self, column: str) -> Node:
        """What is said of a column; nothing if the column is itself true or false."""
        if op := self.comparison():
            return Comparison(column, op, self.value())
        if self.accept("is"):
            negated = self.accept("not") is not None
            self.expect("null")
            return IsNull(column, negated)
        if self.accept("not"):
            return negation(self.set_test(column) or self.expected("'in', 'between' or 'like'"))
        node = self.set_test(column)
        if not node and self.token.raw.lower() not in ("and", "or", ")", ""):
            self.expected("a comparison")
        return node or Comparison(column, "=", True)

    def set_test(self, column: str) -> Node | None:
        if self.accept("in"):
            return Membership(column, self.values())
        if self.accept("between"):
            low = self.value()
            self.expect("and")
            return And((Comparison(column, ">=", low), Comparison(column, "<=", self.value())))
        if like := self.accept("like", "ilike"):
            return Like(column, self.pattern(), case_sensitive=like.text == "like")
        return None

    def values(self) -> tuple[Value, ...]:
        self.expect("(")
        values = [self.value()]
        while self.accept(","):
            values.append(self.value())
        self.expect(")")
        return tuple(values)

    def value(self, what: str = "a value") -> Value:
        if self.token.kind == "number" or self.token.raw in ("-", "+", "."):
            return self.number()
        if self.is_typed_literal:
            return self.typed_literal()
        if word := self.accept("true", "false"):
            return word.text == "true"
        if self.token.kind != "text":
            self.refuse_value(what)
        return self.take().text

    def number(self) -> int | Decimal:
        first = self.token
        self.accept("-", "+")
        self.accept(".")
        if self.token.kind != "number":
            self.expected("a number")
        written = self.text[first.start : self.take().end]
        value = number("".join(written.split()))
        if value is None:
            self.refuse(f"{_clip(written)} is no number, or too long a one,", first)
        return value

    @property
    def is_typed_literal(self) -> bool:
        """Whether `date '2026-01-01'` comes next, rather than a column called `date`."""
        is_type = self.token.kind == "word" and self.token.text in ("date", "timestamp")
        return is_type and self.tokens[self.at + 1].kind == "text"

    def typed_literal(self) -> date:
        kind, quoted = self.take().text, self.take()
        value = day(quoted.text) if kind == "date" else moment(quoted.text)
        if value is None:
            self.refuse(f"{_clip(quoted.text)} is no {kind} such as {EXAMPLES[kind]!r},", quoted)
        return value

    def refuse_value(self, what: str) -> NoReturn:
        token = self.token
        if token.raw.lower() == "null":
            self.refuse("nothing equals null, write 'is null' or 'is not null':")
        if not token.is_name:
            self.expected(what)
        if self.tokens[self.at + 1].raw == "(":
            self.refuse(f"{HINTS['(']}:")
        if token.kind == "name":
            self.refuse(f"{_clip(token.raw)} is a column, a text stands in single quotes:")
        self.refuse(f"expected a value, not the column {_clip(token.raw)},")

    def pattern(self) -> str:
        """The pattern of a LIKE, with a backslash for whatever its escape character is."""
        pattern = self.quoted()
        if len(pattern.text) > LONGEST_PATTERN:
            self.refuse(
                f"a pattern has at most {LONGEST_PATTERN} characters, not {len(pattern.text)},", pattern
            )
        escape = self.quoted() if self.accept("escape") else None
        if escape and len(escape.text) != 1:
            self.refuse(f"expected one character after 'escape', not {_clip(escape.text)},", escape)
        settled = _backslashed(pattern.text, escape.text if escape else None)
        if settled is None:
            self.refuse("the pattern ends in the midst of an escape,", pattern)
        return settled

    def quoted(self) -> Token:
        if self.token.kind != "text":
            self.expected("a text in single quotes")
        return self.take()


def _backslashed(pattern: str, escape: str | None) -> str | None:
    """The pattern with backslashes as its escapes; None if its last escape escapes nothing."""
    settled, rest = "", iter(pattern)
    for char in rest:
        is_literal = char == escape
        literal = next(rest, None) if is_literal else char
        if literal is None:
            return None
        settled += "\\" + literal if literal == "\\" or (is_literal and literal in "%_") else literal
    return settled
