"""One module a service; none knows another. Called, this package lists the connectors that are installed."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

GROUP = "spyro_sdk.connectors"


def installed() -> dict[str, EntryPoint]:
    """The connectors by name: ours, and those that packages bring by an entry point in `GROUP`."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.value.startswith("spyro_sdk."))
    return dict(sorted((point.name, point) for point in points))


class _Gallery(ModuleType):
    """A package that can be called: `spyro.connectors()` beside `spyro.connectors.salesforce`."""

    def __call__(self) -> list[str]:
        """The names that `spyro_sdk.connect` takes."""
        return list(installed())


sys.modules[__name__].__class__ = _Gallery
