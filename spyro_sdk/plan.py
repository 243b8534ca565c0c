"""What a fetch would do, told before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from .entity import Query
from .shown import Shown


@dataclass(frozen=True, slots=True)
class Road:
    """One way to fetch the same records, and what it is thought to cost."""

    api: str
    """What `fetch` calls it, such as `rest`."""
    calls: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.calls:,} {'call' if self.calls == 1 else 'calls'}, about {ceil(self.seconds):,} s"


@dataclass(frozen=True, slots=True)
class Plan(Shown):
    """The requests of a fetch: what is asked, how often, and what that leaves of the quota."""

    connector: str
    query: Query
    request: str
    """The first request, readable: method, address and question."""
    page_size: int  # records
    rows: int | None = None
    """Records the service will send; None where it was not asked."""
    local: str | None = None
    """The part of `where` that the service cannot answer exactly; it is applied here, on what arrives."""
    quota_left: int | None = None
    """Requests left in the service's present window; None where it did not say."""
    calls_a_page: int = 1
    """Requests that each page takes, where one address cannot hold all its columns."""
    api: str | None = None
    """Which of the roads is taken; None where there is one, or where only the first page can tell."""
    why: str = ""
    """Why that one, in words."""
    roads: tuple[Road, ...] = ()
    """The ways to fetch the records, where the service has several and their number is known."""
    notes: tuple[str, ...] = ()
    """What was found out of the entity, and by what evidence."""

    watched: str = ""
    """How it is noticed that records are added or removed while they are read; '' where that is no matter."""

    @property
    def pages(self) -> int | None:
        """Pages of the fetch; None where the number of records is unknown."""
        return None if self.rows is None else max(1, ceil(self.rows / self.page_size))

    @property
    def calls(self) -> int | None:
        """Requests the fetch will take; None where the number of records is unknown."""
        for road in self.roads:
            if road.api == self.api:
                return road.calls
        return None if self.pages is None else self.pages * self.calls_a_page

    def __str__(self) -> str:
        lines = [f"{self.connector}.{self.query.entity}", f"  asks     {self.request}"]
        if self.local:
            lines.append(f"  filters  {self.local} (here, on what arrives)")
        if self.rows is None:
            lines.append(f"  pages    unknown, {self.page_size:,} records each")
        else:
            lines.append(f"  pages    {self.pages:,} of {self.page_size:,} for {self.rows:,} records")
        if self.local and self.query.limit is not None:
            lines.append(f"           no more are asked for once {self.query.limit:,} are found")
        lines += [f"  {road.api:8} {road}" for road in self.roads]
        if self.why:
            lines.append(f"  takes    {self.api}: {self.why}" if self.api else f"  takes    {self.why}")
        if self.watched:
            lines.append(f"  changes  are noticed {self.watched}")
        if self.quota_left is not None:
            cost = f", this fetch takes {self.calls:,}" if self.calls is not None else ""
            lines.append(f"  quota    {self.quota_left:,} requests left{cost}")
        lines += [f"  found    {note}" for note in self.notes]
        return "\n".join(lines)

    __repr__ = __str__
