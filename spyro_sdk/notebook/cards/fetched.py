"""What came of the fetches of a cell."""

from __future__ import annotations

from typing import Final

from ...observers.running import Running
from ...words import counted, lasting, size
from ..card import Card, Node, aside, bar, code, details, line, muted, pill, strong, table
from ..cell import CellRuns
from ..theme import Tone
from .fetching import requests

TONES: Final[dict[str, Tone]] = {
    "running": "plain",
    "done": "good",
    "left": "plain",
    "stopped": "waiting",
    "incomplete": "waiting",
    "failed": "bad",
}
SAID: Final = {"running": "goes on", "left": "left early"}
TITLES: Final = {
    "done": "{} fetched",
    "left": "{} read in part",
    "stopped": "{} stopped",
    "incomplete": "{} is incomplete",
    "failed": "{} failed",
    "running": "{} is being read",
}


def card(cell: CellRuns) -> Card:
    """The only fetch of a cell, or all of them, summed up."""
    runs = [*cell.last, *cell.running]
    return of_one(runs[0]) if len(runs) == 1 and cell.ended < 2 else _of_many(cell, runs)


def of_one(run: Running) -> Card:
    """What came of a fetch."""
    tone = TONES[run.outcome]
    done = run.outcome == "done"
    title = "{} counted" if done and run.asked.act == "count" else TITLES[run.outcome]
    return Card(
        title.format(run.asked.entity),
        tone,
        f"{run.asked.connector} · {lasting(run.seconds)}",
        SAID.get(run.outcome, run.outcome),
        [
            line(_cause(run)) if run.error else None,
            None if run.share is None else bar(1.0 if done else run.share, tone),
            aside(*_numbers(run), picture=requests(run, tone)),
            _kept(run),
            _troubles(run),
            *_remarks(run),
        ],
    )


def _numbers(run: Running) -> list[Node]:
    """Records, pages, pace and bytes, in words."""
    done, rows = run.outcome == "done", run.rows if run.given is None else run.given
    total = run.total
    said = [counted(run.pages, "page")] if run.pages else []
    said += [f"{run.pace:,.0f} records/s"] if run.rows else []
    said += [size(run.received)] if run.received else []
    if done and rows != run.rows and run.rows:
        said.insert(0, f"{run.rows:,} read")
    of = "" if done or total is None else f" of {total:,}"
    return [
        strong(f"{rows:,}"),
        " · ".join([f"{of} {'record' if rows == 1 and not of else 'records'}", *said]),
    ]


def _cause(run: Running) -> str:
    """Why it failed; what was kept is told for itself."""
    cause, _, last = run.error.rpartition("; ")
    return cause if "fetch.partial" in last else run.error


def _kept(run: Running) -> Node:
    """What there is of a fetch that did not come to its end, and how to go on."""
    if run.outcome in ("done", "running"):
        return None
    if run.outcome == "incomplete":
        return line("What came before is right, and was handed over. Run the cell again for all.")
    if run.kept:
        kept = f"What had arrived is kept, {counted(run.kept, 'record')}: "
        return line(kept, code("fetch.partial.to_pandas()"), ". Run the cell again for all.")
    if run.outcome == "left" or run.given:
        return line("What the loop was given is all that came. Run it again for the rest.")
    return line("Nothing had arrived. Run the cell again to try again.")


def _troubles(run: Running) -> Node:
    """What held it up, with the reasons folded away."""
    if not run.troubles:
        return None
    said = ", ".join(run.troubles)
    reasons = [line(muted(f"after {lasting(it.at)}: "), it.reason, gap=2) for it in run.reasons]
    return details(said, reasons) if reasons else line(muted(said))


def _remarks(run: Running) -> list[Node]:
    """What else may matter to who looks at the records."""
    more = run.remarked - len(run.remarks)
    drawn: list[Node] = [line(muted(remark)) for remark in run.remarks]
    return [*drawn, line(muted(f"and {more:,} more of this kind, in the log"))] if more else drawn


def _of_many(cell: CellRuns, runs: list[Running]) -> Card:
    """The sums, and the last few one by one."""
    tone = max((TONES[run.outcome] for run in runs), key=["good", "plain", "waiting", "bad"].index)
    tone = "bad" if cell.failed else "waiting" if cell.stopped or cell.incomplete else tone
    sums = [
        f" {'record' if cell.rows == 1 else 'records'}",
        counted(cell.requests, "request"),
        size(cell.received),
    ]
    before = cell.ended - len(cell.last)
    return Card(
        f"{cell.ended + len(cell.running):,} fetches",
        tone,
        lasting(cell.seconds),
        _state(cell),
        [
            line(strong(f"{cell.rows:,}"), " · ".join(sums)),
            table(["entity", "records", "took", ""], [_row(run) for run in runs], right=[1, 2]),
            line(muted(f"and {before:,} before")) if before else None,
        ],
    )


def _state(cell: CellRuns) -> str:
    """How they ended, taken together."""
    if cell.running:
        return f"{len(cell.running):,} still running"
    if cell.failed:
        return f"{cell.failed:,} failed"
    if cell.stopped:
        return f"{cell.stopped:,} stopped"
    return f"{cell.incomplete:,} incomplete" if cell.incomplete else "done"


def _row(run: Running) -> list[Node]:
    rows = run.rows if run.given is None else run.given
    state = SAID.get(run.outcome, run.outcome)
    badge: Node = state if run.outcome == "done" else pill(state, TONES[run.outcome])
    return [run.asked.entity, f"{rows:,}", lasting(run.seconds), badge]
