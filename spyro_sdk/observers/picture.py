"""The totals of a connection, drawn with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from ..words import lasting
from .history import SECONDS, copied

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .stats import Stats

BARS = 30  # of the latencies
BLUE, RED = "#3d82c4", "#d9534f"


def draw(stats: Stats) -> Figure:
    """Requests a second at the left, latencies at the right; `ConfigurationError` without matplotlib."""
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError:
        raise ConfigurationError(
            "drawing statistics needs matplotlib: pip install 'spyro-sdk[plot]'"
        ) from None
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3), layout="constrained")
    pyplot.close(figure)  # else a notebook shows it twice, and a script that draws each hour keeps them all
    _requests(left, stats)
    _latencies(right, copied(stats.latencies), stats)
    if stats.connector:
        figure.suptitle(stats.connector)
    return figure


def _requests(axes: Axes, stats: Stats) -> None:
    ago = range(1 - SECONDS, 1)
    axes.fill_between(ago, stats.history, step="mid", color=BLUE, alpha=0.4)
    if stats.limit is not None:
        axes.axhline(stats.limit, color=RED, linestyle="--", label=f"limit {stats.limit:g} a second")
        axes.legend(loc="upper left")
    axes.set(title="Requests a second", xlabel="seconds ago", xlim=(1 - SECONDS, 0))
    axes.set_ylim(bottom=0)


def _latencies(axes: Axes, seconds: list[float], stats: Stats) -> None:
    axes.hist([it * 1e3 for it in seconds], bins=BARS, color=BLUE)
    for share, line in ((0.5, "-"), (0.95, "--")):
        latency = stats.latency(share)
        if latency is not None:
            name = f"p{share * 100:.0f} {lasting(latency)}"
            axes.axvline(latency * 1e3, color=RED, linestyle=line, label=name)
    if seconds:
        axes.legend(loc="upper right")
    axes.set(title="Latency of the last calls", xlabel="milliseconds", ylabel="calls")
