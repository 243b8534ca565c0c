"""Any JSON API over HTTP, as it is declared: `connect("rest", …)`, `connect("my_api.yaml")`."""

from .connector import Declared

__all__ = ["Declared"]
