"""Which queries the Bulk API does not take."""

from __future__ import annotations

from itertools import pairwise

from spyro_sdk.demo.errors import ApiError, bad_request
from spyro_sdk.demo.plan import Plan
from spyro_sdk.demo.soql import Token, tokens

UNSUPPORTED = frozenset({"LoginHistory"})  # objects that only the REST API can query
AGGREGATES = ("avg", "count", "count_distinct", "max", "min", "sum")


def check_text(soql: str) -> None:
    """Refuse a query for its clauses, before anyone asks whether its grammar is right."""
    for token, following in pairwise(tokens(soql)):
        _check_pair(token, following)


def check_plan(plan: Plan) -> None:
    """Refuse a query for its object or its fields."""
    if plan.tables[0] in UNSUPPORTED:
        raise bad_request("INVALIDENTITY", f"Entity '{plan.tables[0]}' is not supported by the Bulk API.")
    if not plan.columns or any(column.field.parts for column in plan.columns):  # FIELDS() has no columns
        raise bad_request("API_ERROR", "Selecting compound data not supported in Bulk Query")


def _check_pair(token: Token, following: Token) -> None:
    if token.says("(") and following.says("select"):
        raise _unsupported("Aggregate Relationships")
    if token.says(*AGGREGATES) and following.says("("):
        raise _unsupported("Aggregate functions")
    if token.says("group") and following.says("by"):
        raise _unsupported("GROUP BY")
    if token.says("typeof") and following.kind == "name":
        raise _unsupported("TYPEOF")
    if token.says("offset") and following.kind == "number":
        raise _unsupported("OFFSET")


def _unsupported(what: str) -> ApiError:
    return bad_request("API_ERROR", f"{what} not supported in Bulk V2 Query with CSV content type")
