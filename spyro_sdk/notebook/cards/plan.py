"""The card of what a fetch would do."""

from __future__ import annotations

from typing import Final

from ...plan import Plan
from ...words import counted, lasting, percent
from ..card import Card, Node, bar, code, details, facts, line, listing, muted, pill
from ..theme import Tone

REQUEST: Final = 400  # characters of a request; its text has all
DEAR: Final = 0.5  # of the quota that is left
SEEN: Final = 0.01  # of a bar


def card(plan: Plan) -> Card:
    """The request, the pages, the ways to fetch them, and what they leave of the quota."""
    return Card(
        f"{plan.connector}.{plan.query.entity}",
        "waiting" if _share(plan) > DEAR else "plain",
        aside="nothing is fetched",
        body=[facts(_told(plan)), _roads(plan), _quota(plan), _notes(plan)],
    )


def _told(plan: Plan) -> dict[str, Node]:
    rest = len(plan.request) - REQUEST
    more = muted(f" and {counted(rest, 'more character')}: str(plan) has all") if rest > 0 else ""
    told: dict[str, Node] = {
        "asks": [code(plan.request[:REQUEST]), more],
        "pages": _pages(plan),
        "filters here": [code(plan.local), muted(" on what arrives")] if plan.local else "",
        "takes": f"{plan.api}: {plan.why}" if plan.api and plan.why else plan.why,
        "changes": f"are noticed {plan.watched}" if plan.watched else "",
    }
    return {name: said for name, said in told.items() if said}


def _pages(plan: Plan) -> str:
    if plan.rows is None or plan.pages is None:
        return f"not known, {counted(plan.page_size, 'record')} each"
    return f"{plan.pages:,} of {plan.page_size:,} for {counted(plan.rows, 'record')}"


def _roads(plan: Plan) -> Node:
    """The ways to fetch the same, where there are several."""
    rows = [
        (it.api, f"{it.calls:,}", f"about {lasting(it.seconds)}", pill("taken") if it.api == plan.api else "")
        for it in plan.roads
    ]
    return listing(["road", "calls", "takes", ""], rows, right=[1]) if rows else None


def _share(plan: Plan) -> float:
    """How much of the quota that is left the fetch takes; more than 1 for more than is left."""
    if not plan.quota_left or plan.calls is None:
        return 0.0 if plan.quota_left is None or plan.calls is None else 2.0
    return plan.calls / plan.quota_left


def _quota(plan: Plan) -> Node:
    if plan.quota_left is None:
        return None
    left = f"{counted(plan.quota_left, 'request')} left of the quota"
    if plan.calls is None:
        return line(muted(left))
    share = _share(plan)
    taken = "more than there is" if share > 1 else percent(share)
    tone: Tone = "waiting" if share > DEAR else "plain"
    said = line(f"this fetch takes {plan.calls:,}, {taken} of {left}")
    return [said, bar(share, tone, height=4) if share >= SEEN else None]


def _notes(plan: Plan) -> Node:
    return details("found out", [line(it) for it in plan.notes]) if plan.notes else None
