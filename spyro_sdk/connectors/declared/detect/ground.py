"""What is known of a service before its next page is asked for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ....http import Request
from .envelope import Leaf
from .names import is_camel
from .signs import Signs, asked


@dataclass(frozen=True)
class Dialect:
    """A family of services whose answers show to which they belong."""

    sizes: tuple[str, ...]
    page: str | None
    offset: str


USUAL = Dialect((), "page", "offset")
ELASTIC = Dialect(("size",), None, "from")
JSON_API = Dialect(("page[size]", "page[limit]"), "page[number]", "page[offset]")
ODATA = Dialect(("$top",), None, "$skip")
ODATA_LINKED = Dialect((), None, "$skip")  # with a link of its own, $top is the size of the whole answer


@dataclass(frozen=True)
class Ground:
    """What one answer, and the request for it, show."""

    signs: Signs
    request: Request
    names: tuple[str, ...]
    """Of what stands around the records, and of their columns."""
    records: str
    key: str | None
    """A column by which records can be told apart."""

    @property
    def given(self) -> list[Leaf]:
        """The whole numbers among the request's parameters."""
        return asked(self.request)

    @property
    def more(self) -> str | None:
        """Where the answer says whether there are more records."""
        return self.signs.more.path if self.signs.more is not None else None

    @property
    def into(self) -> Literal["query", "body"]:
        """Where parameters travel."""
        return "query" if self._body is None else "body"

    @property
    def is_graph(self) -> bool:
        """Whether it is GraphQL that was asked."""
        return self.records.startswith("data.") and isinstance((self._body or {}).get("query"), str)

    @property
    def is_camel(self) -> bool:
        """Whether the service spells names like `pageSize`."""
        return any(map(is_camel, self.names))

    @property
    def dialect(self) -> Dialect:
        """The names that the service's family has for parameters."""
        if self.records == "hits.hits":
            return ELASTIC
        if any(name.startswith("@odata") for name in self.names):
            return ODATA_LINKED if self.signs.links else ODATA
        return JSON_API if {"type", "id", "attributes"} <= set(self.names) else USUAL

    def variable(self, argument: str) -> str | None:
        """Where the variable of an argument of a GraphQL query stands in the body."""
        found = re.search(rf"\b{argument}\s*:\s*\$(\w+)", (self._body or {})["query"])
        return f"variables.{found[1]}" if found else None

    @cached_property
    def _body(self) -> dict[str, Any] | None:
        """The JSON that was sent, of a request that may have parameters in it."""
        if self.request.method == "GET":
            return None
        try:
            body = json.loads(self.request.body)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None
