"""A request to the data API, taken apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spyro_sdk.demo.http import Request, Response


@dataclass(frozen=True)
class Call:
    """A request, the API version in its path, and the rest of that path."""

    request: Request
    version: str
    rest: str

    def url(self, rest: str) -> str:
        return f"/services/data/v{self.version}/{rest}"


Handler = Callable[..., Response]
