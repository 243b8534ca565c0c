"""A service whose records change while they are read, in the same process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from spyro_sdk import BaseConnector, Entity
from spyro_sdk.errors import ConnectionError
from spyro_sdk.events import Received

START = datetime(2026, 1, 1, tzinfo=UTC)
OVERLAP = 10  # seconds
LATE = 6  # seconds that a change may be seen later than it is dated
SKEW = 2  # seconds that the service's clock may differ from that of its records
SETTINGS: dict[str, Any] = {"auth_type": "none", "overlap": OVERLAP, "page_size": 2, "progress": False}


class Model:
    """A service: records that are dated by the second, and changes that happen while it is read."""

    def __init__(self) -> None:
        self.now, self.skew = 0, 0
        self.rows: dict[int, dict[str, Any]] = {}
        self.meanwhile: list[Callable[[], None]] = []
        """What happens while the next records are read, one after each."""
        self.asked: list[datetime | None] = []
        self.breaks = False
        self.tells_time = True
        self.count = 0

    def put(self, key: int, late: int = 0) -> None:
        """Add or change a record, dated some seconds ago."""
        self.count += 1
        self.rows[key] = {"id": key, "version": self.count, "changed": self.at(self.now - late)}

    @staticmethod
    def at(second: int) -> str:
        return (START + timedelta(seconds=second)).isoformat()


class Shop(BaseConnector):
    name = "shop"
    model = Model()

    async def connect(self) -> None:
        pass

    async def entities(self) -> list[Entity]:
        return [
            Entity("Order", key="id", cursor="changed"),
            Entity("Keyless", cursor="changed"),
            Entity("Undated", key="id"),
        ]

    async def fetch_data(
        self, entity_type: str, since: Any = None, filters: Mapping[str, Any] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        model = self.model
        model.asked.append(since)
        now = (START + timedelta(seconds=model.now + model.skew)).timestamp()
        self._emit(Received("shop", 200, 0, 0.0, entity_type, now if model.tells_time else None))
        for key in sorted(model.rows):
            row = dict(model.rows[key])
            dated = row.get("changed")
            if since is None or (isinstance(dated, str) and datetime.fromisoformat(dated) >= since):
                yield row
            if model.meanwhile:
                model.meanwhile.pop(0)()
        if model.breaks:
            raise ConnectionError("the line broke")
