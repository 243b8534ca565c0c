"""Placeholders in paths, parameters and bodies: `{posts.id}`, `{resources.posts.id}`, `{incremental.…}`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from ...errors import did_you_mean, some
from ...secret import Secret, hidden
from .drafts import Draft, incremental_of
from .since import END, START, Since

EXPRESSION = re.compile(r"(?<!\$)\{([\w.-]+)\}")
DOUBLED = re.compile(r"(?<!\$)\{\{|\}\}")
OPEN, CLOSE = "\0", "\1"  # what no declaration holds, for doubled braces until the others are read
INCREMENTAL: Mapping[str, str] = {
    "start_value": START,
    "initial_value": START,
    "last_value": START,
    "end_value": END,
}


@dataclass(slots=True)
class Asked:
    """What a request is made of, with placeholders as `Entity` and `Since` have them."""

    path: str = ""
    params: dict[str, str] = field(default_factory=dict, repr=False)
    body: dict[str, Any] | None = field(default=None, repr=False)
    since: Since | None = None
    parent: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    """For each placeholder the parent's column."""


def asked(draft: Draft, names: Collection[str]) -> Asked:
    """What is asked for an entity; `names`: those of all entities, among them the parent's.

    Raises `ConfigurationError` for a placeholder that stands for nothing, and for two parents.
    """
    return _Reader(draft, names).read()


class _Reader:
    """Reads the placeholders of one entity."""

    def __init__(self, draft: Draft, names: Collection[str]) -> None:
        self._draft, self._names = draft, names
        sent = hidden({"params": dict(draft.params or {}), "json": draft.body})
        self._params, self._json = sent["params"], sent["json"]
        self._asked = Asked(since=draft.since)

    def read(self) -> Asked:
        it = self._asked
        for name, value in list(self._params.items()):
            if getattr(value, "type", None) == "incremental":
                self._set_since(name, self._params.pop(name))
        it.path = self._text(self._draft.path, "path", self._of_path)
        repeated = []
        for name, value in self._params.items():
            if isinstance(value, list):
                repeated += [(name, self._sent(each)) for each in value]
            elif value is not None:
                it.params[name] = self._param(name, value)
        if repeated:
            it.path += ("&" if "?" in it.path else "?") + urlencode(repeated)
        it.body = self._body(self._json)
        return it

    def _set_since(self, name: str, declared: Any) -> None:
        if self._asked.since is not None:
            raise self._draft.wrong("params", f"has {name!r} incremental, and there is another: leave one")
        self._asked.since = incremental_of(declared, name)

    def _param(self, name: str, value: Any) -> str:
        if getattr(value, "type", None) == "resolve":
            return self._resolved(value.resource, value.field, f"params.{name}")
        return self._text(self._sent(value), f"params.{name}", self._as_it_is)

    def _body(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._body(it) for name, it in value.items()}
        if isinstance(value, list):
            return [self._body(it) for it in value]
        return self._text(value, "body", self._as_it_is) if isinstance(value, str) else value

    def _text(self, text: str, key: str, other: Callable[[str], str]) -> str:
        """The text with each placeholder replaced by ours; `other` has a say where it is a mere word."""

        def found(expression: re.Match[str]) -> str:
            context, dot, rest = expression[1].partition(".")
            if not dot:
                return other(context)
            return self._dotted(context, rest, key)

        done = self._replaced(found, text)
        return Secret(done) if isinstance(text, Secret) else done

    def _replaced(self, found: Callable[[re.Match[str]], str], text: str) -> str:
        if self._draft.is_short:
            return EXPRESSION.sub(found, text)
        single = DOUBLED.sub(lambda brace: OPEN if brace[0] == "{{" else CLOSE, text)
        return EXPRESSION.sub(found, single).replace(OPEN, "{").replace(CLOSE, "}")

    def _dotted(self, context: str, rest: str, key: str) -> str:
        if context == "incremental":
            return self._incremental(rest, key)
        if context == "resources":
            resource, _, column = rest.partition(".")
            return self._resolved(resource, column, key)
        if self._draft.is_short:
            return self._resolved(context, rest, key)
        raise self._draft.wrong(
            key,
            f"has the placeholder {{{context}.{rest}}}: there are {{resources.<name>.<field>}} and"
            " {incremental.start_value}",
        )

    def _incremental(self, value: str, key: str) -> str:
        if self._asked.since is None:
            raise self._draft.wrong(key, "asks for a value of incremental, and nothing here is incremental")
        if value not in INCREMENTAL:
            hint = did_you_mean(value, INCREMENTAL)
            raise self._draft.wrong(
                key, f"asks for {{incremental.{value}}}; there are {', '.join(INCREMENTAL)}", hint
            )
        return f"{{{INCREMENTAL[value]}}}"

    def _resolved(self, parent: str, column: str, key: str) -> str:
        it, draft = self._asked, self._draft
        if parent not in self._names:
            hint = did_you_mean(parent, self._names)
            raise draft.wrong(key, f"asks for a field of {parent!r}; there are {some(self._names)}", hint)
        if it.parent not in (None, parent):
            raise draft.wrong(
                key, f"asks for a field of {parent!r}, and another of {it.parent!r}: one parent each"
            )
        if not column:
            raise draft.wrong(key, f"asks for {parent!r} without a field, such as {{resources.{parent}.id}}")
        it.parent = parent
        name = "of_" + re.sub(r"\W", "_", column)
        it.fields[name] = column
        return f"{{{name}}}"

    def _of_path(self, word: str) -> str:
        """A word in a path: one of the parameters, which goes there and not into the query."""
        if word not in self._params:
            raise self._draft.wrong(
                "path",
                f"has the placeholder {{{word}}}, for which there is no parameter; {self._ways()}",
                did_you_mean(word, self._params),
            )
        value = self._params.pop(word)
        if getattr(value, "type", None) == "resolve":
            return self._resolved(value.resource, value.field, f"params.{word}")
        if value is None or isinstance(value, list):
            raise self._draft.wrong(f"params.{word}", "goes into the path: it must be a text or a number")
        return quote(self._sent(value))

    def _ways(self) -> str:
        other = "{<entity>.<field>}" if self._draft.is_short else "{resources.<name>.<field>}"
        return f"a field of another entity is written {other}"

    @staticmethod
    def _as_it_is(word: str) -> str:
        return f"{{{word}}}"

    @staticmethod
    def _sent(value: Any) -> str:
        if isinstance(value, str):
            return value
        return str(value).lower() if isinstance(value, bool) else str(value)
