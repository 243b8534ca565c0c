"""Both shapes of a declaration brought to one: what each says of an entity, defaults included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...errors import ConfigurationError
from .since import Since, format_of

LONG = {
    "path": "endpoint.path",
    "params": "endpoint.params",
    "body": "endpoint.json",
    "headers": "endpoint.headers",
    "paging": "endpoint.paginator",
    "records": "endpoint.data_selector",
    "cursor": "endpoint.incremental.cursor_path",
    "key": "primary_key",
    "include": "include_from_parent",
}
"""What the shape of dlt calls the same things."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is said of one entity, whichever shape it is said in."""

    name: str
    place: str
    """Where it is said, such as `resources[0]`."""
    path: str = field(repr=False)
    method: str = "GET"
    params: Mapping[str, Any] | None = field(default=None, repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    records: str | None = None
    is_single: bool = False
    paging: Any = None
    keys: tuple[str, ...] = ()
    total: str | None = None
    said: frozenset[str] = frozenset()
    """Which of `key` and `total` are said, if only to say that there is none."""
    since: Since | None = None
    include: tuple[str, ...] = ()
    ignored: tuple[Any, ...] = ()
    columns: Any = None
    nested: str = "struct"
    children: Mapping[str, str] | None = None
    label: str = ""
    is_short: bool = True
    paging_place: str = ""
    """Where its paging is said, if for others too."""

    def at(self, key: str) -> str:
        """Where its author wrote what we call `key`."""
        head, dot, rest = key.partition(".")
        if head == "paging" and self.paging_place:
            return self.paging_place + dot + rest
        return f"{self.place}.{head if self.is_short else LONG.get(head, head)}{dot}{rest}"

    def wrong(self, key: str, why: str, hint: str | None = None) -> ConfigurationError:
        """The error for what is said under `key`."""
        aside = f" ({hint})" if hint else ""
        return ConfigurationError(f"{self.at(key)} {why}{aside}", field=self.at(key), hint=hint)


def drafts(declaration: Any) -> Iterator[Draft]:
    """All entities that a declaration has, in its order."""
    client = declaration.client
    paging = declaration.paging or (client and client.paginator)
    at = "paging" if declaration.paging else "client.paginator"
    for name, entity in (declaration.entities or {}).items():
        own = None if isinstance(entity, str) else entity.paging
        draft = replace(_short(name, entity), paging=own or paging, paging_place="" if own else at)
        yield draft if "total" in draft.said else replace(draft, **_told_with(draft.paging, draft))
    for number, resource in enumerate(declaration.resources or ()):
        draft = _long(f"resources[{number}]", resource, declaration.resource_defaults)
        yield draft if draft.paging else _paged(draft, paging, at)


def _paged(draft: Draft, paging: Any, place: str) -> Draft:
    """The draft of a resource that says nothing of paging."""
    return replace(draft, paging=paging, paging_place=place, **_told_with(paging, draft))


def _told_with(paging: Any, draft: Draft) -> dict[str, Any]:
    """What a paging says beside how the next page is asked for: where the total is."""
    total = paging.total_path if getattr(paging, "type", "") == "offset" else None
    is_said = getattr(paging, "type", "") == "offset" and "total_path" in paging.model_fields_set
    return {"total": total, "said": draft.said | ({"total"} if is_said else set())}


def _short(name: str, entity: Any) -> Draft:
    place = f"entities.{name}"
    if isinstance(entity, str):
        return Draft(name, place, entity)
    return Draft(
        name,
        place,
        entity.path or name,
        entity.method.upper(),
        entity.params,
        entity.body,
        entity.headers,
        entity.records,
        entity.single,
        entity.paging,
        _listed(entity.key),
        entity.total,
        frozenset({"key", "total"} & entity.model_fields_set),
        _since(place, entity),
        tuple(entity.include or ()),
        tuple(_Status(status) for status in entity.ignore or ()),
        entity.columns,
        entity.nested or "struct",
        entity.children,
        entity.label or "",
    )


@dataclass(frozen=True, slots=True)
class _Status:
    """An answer with this status means that there are no records."""

    status_code: int
    content: str | None = None


def _since(place: str, entity: Any) -> Since | None:
    it = entity.since
    if entity.cursor is None:
        if it is not None:
            raise ConfigurationError(
                f"{place}.cursor is missing: since needs the column that says when a record changed",
                field=f"{place}.cursor",
            )
        return None
    if it is None or isinstance(it, str):
        return Since(entity.cursor, it)
    return Since(entity.cursor, it.param, None, it.format or format_of(it.initial), it.initial)


def _long(place: str, resource: Any, defaults: Any) -> Draft:
    name = resource if isinstance(resource, str) else resource.name
    own = {} if isinstance(resource, str) else _said(resource)
    endpoint = _endpoint(own.get("endpoint"))
    usual = _said(defaults) if defaults is not None else {}
    below = _endpoint(usual.get("endpoint"))
    said = {**usual, **own}
    asked = {**below, **endpoint}
    for key in ("params", "json_"):
        asked[key] = {**(below.get(key) or {}), **(endpoint.get(key) or {})} or None
    draft = Draft(
        name,
        place,
        endpoint.get("path") or name,
        asked.get("method", "GET").upper(),
        asked["params"],
        asked["json_"],
        asked.get("headers"),
        asked.get("data_selector"),
        paging=asked.get("paginator"),
        keys=_listed(said.get("primary_key")),
        said=frozenset({"key"} if "primary_key" in said else ()),
        since=incremental_of(asked.get("incremental"), None),
        include=tuple(said.get("include_from_parent") or ()),
        ignored=tuple(asked.get("response_actions") or ()),
        columns=said.get("columns"),
        nested=said.get("nested") or "struct",
        children=said.get("children"),
        label=said.get("label") or "",
        is_short=False,
        paging_place="resource_defaults.endpoint.paginator" if "paginator" not in endpoint else "",
    )
    return replace(draft, **_told_with(draft.paging, draft))


def incremental_of(declared: Any, param: str | None) -> Since | None:
    """What dlt calls incremental: for an endpoint, or for one of its parameters."""
    if declared is None:
        return None
    return Since(
        declared.cursor_path,
        param or declared.start_param,
        declared.end_param,
        declared.format or format_of(declared.initial_value),
        declared.initial_value,
        declared.end_value,
    )


def _said(shape: Any) -> dict[str, Any]:
    return {name: getattr(shape, name) for name in shape.model_fields_set}


def _endpoint(declared: Any) -> dict[str, Any]:
    if declared is None:
        return {}
    return {"path": declared} if isinstance(declared, str) else _said(declared)


def _listed(keys: Any) -> tuple[str, ...]:
    if keys is None:
        return ()
    return (keys,) if isinstance(keys, str) else tuple(keys)
