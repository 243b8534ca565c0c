"""One module a service; none knows another. Called, this package lists the connectors that are installed."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

GROUP = "spyro_sdk.connectors"
HOMES = {"github": "github:GitHub", "rest": "declared:Declared", "salesforce": "salesforce:Salesforce"}
OURS = {name: EntryPoint(name, f"spyro_sdk.connectors.{home}", GROUP) for name, home in HOMES.items()}
"""Those in this package. To find one of them, nothing has to be looked for among all that is installed."""


def installed() -> dict[str, EntryPoint]:
    """The connectors by name: ours, and those that packages bring by an entry point in `GROUP`."""
    brought = {point.name: point for point in entry_points(group=GROUP)}
    return dict(sorted({**brought, **OURS}.items()))


class _Callable(ModuleType):
    """A package that can be called: `spyro.connectors()` beside `spyro.connectors.salesforce`."""

    def __call__(self) -> list[str]:
        """The names that `spyro_sdk.connect` takes; shown with what each of them is, and takes."""
        gallery = import_module("spyro_sdk.gallery")  # above us, as the face is whose call this is
        names: list[str] = gallery.Gallery(installed())
        return names


sys.modules[__name__].__class__ = _Callable
