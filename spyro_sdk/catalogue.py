"""What a service offers, as a list that can be searched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, SupportsIndex, overload

from .entity import Entity, unknown_entity
from .errors import ValidationError
from .shown import Shown
from .words import counted

LINES: Final = 200  # of a text; a longer list says how to see the rest
NEAREST: Final = 8  # entities shown where none fits


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked for among the entities of a service."""

    word: str
    of: int
    """How many entities were looked through."""
    is_near: bool
    """Whether nothing fits, and what is there comes close at most."""


class Catalogue(Shown, tuple[Entity, ...]):
    """The entities of a service, in its order; shown as a list of names and labels."""

    search: Search | None
    """What was looked for; None where all entities are here."""
    counts: Mapping[str, int] | None
    """About how many records each has, where the service told; None where it was not asked."""

    def __new__(
        cls,
        entities: Iterable[Entity] = (),
        search: Search | None = None,
        counts: Mapping[str, int] | None = None,
    ) -> Catalogue:
        made = super().__new__(cls, entities)
        made.search, made.counts = search, counts
        return made

    @property
    def names(self) -> list[str]:
        """What `fetch` takes."""
        return [entity.name for entity in self]

    @overload
    def __getitem__(self, key: SupportsIndex | str, /) -> Entity: ...

    @overload
    def __getitem__(self, key: slice, /) -> tuple[Entity, ...]: ...

    def __getitem__(self, key: SupportsIndex | str | slice, /) -> Entity | tuple[Entity, ...]:
        """The entity at a place, or of a name; `UnknownEntityError` with the nearest where there is none."""
        if not isinstance(key, str):
            return super().__getitem__(key)
        for entity in self:
            if entity.name == key:
                return entity
        raise unknown_entity(f"there is no entity {key!r}; there are", key, self.names)

    def __contains__(self, key: object) -> bool:
        """Whether it has the entity, or one of that name."""
        return super().__contains__(key) or key in self.names

    def _ipython_key_completions_(self) -> list[str]:
        return self.names

    @property
    def heading(self) -> str:
        """How many there are, and of what."""
        if self.search is None:
            return f"{len(self):,} {'entity' if len(self) == 1 else 'entities'}"
        of, word = self.search.of, repr(self.search.word)
        if not self.search.is_near:
            return f"{len(self):,} of {of:,} entities with {word} in the name or label"
        return f"none of {of:,} entities has {word} in its name or label" + ("; near to it:" if self else "")

    def __repr__(self) -> str:
        rows = [(it.name, it.label, self.count_of(it.name)) for it in self]
        wide = [max((len(row[place]) for row in rows), default=0) for place in range(3)]
        lines = (
            f"  {name:{wide[0]}}  {label:{wide[1]}}  {count:>{wide[2]}}".rstrip()
            for name, label, count in rows
        )
        return "\n".join([self.heading, *cut(lines, len(self), "entities('word') finds them")])

    def count_of(self, name: str) -> str:
        """About how many records an entity has, in words; "" where that is not known."""
        count = (self.counts or {}).get(name)
        return "" if count is None else f"about {counted(count, 'record')}"


def cut(lines: Iterable[str], number: int, how: str) -> Iterator[str]:
    """The first `LINES` of so many lines, and how to see the others."""
    for place, line in enumerate(lines):
        if place == LINES:
            yield f"  and {number - LINES:,} more: {how}"
            return
        yield line


def matching(entities: Catalogue, word: Any) -> Catalogue:
    """Those with a word in their name or label, in whatever case; where there is none, what comes close."""
    if not isinstance(word, str) or not word.strip():
        raise ValidationError(f"word={word!r} cannot be: it must be a part of a name or label", "word", word)
    wanted = word.strip().lower()
    found = [it for it in entities if wanted in it.name.lower() or wanted in it.label.lower()]
    if found:
        return Catalogue(found, Search(word.strip(), len(entities), is_near=False))
    return Catalogue(_near(entities, wanted), Search(word.strip(), len(entities), is_near=True))


def _near(entities: Catalogue, wanted: str) -> list[Entity]:
    from difflib import get_close_matches

    spelt: dict[str, list[Entity]] = {}
    for it in entities:
        for called in {it.name.lower(), it.label.lower()}:
            spelt.setdefault(called, []).append(it)
    close = get_close_matches(wanted, spelt, n=NEAREST, cutoff=0.75)
    return list({it.name: it for called in close for it in spelt[called]}.values())[:NEAREST]
