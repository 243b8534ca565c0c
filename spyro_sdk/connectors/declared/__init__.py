"""Any JSON API over HTTP, as it is declared: `connect("rest", base_url=…, entities=…)`, `connect("my_api.yaml")`."""

from .connector import Declared

__all__ = ["Declared"]
