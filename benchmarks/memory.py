"""The most memory that a function's process has had, for files of two sizes."""

from __future__ import annotations

from statistics import median

from benchmarks.captures import ROWS
from benchmarks.lab import Lab, say
from benchmarks.processes import Code, Function
from benchmarks.report import Row

LATENCY = 0.05
_TIMES_LARGER = 10
_MOST = 110.0
_GROWTH = 1.1


def measure(lab: Lab) -> tuple[list[Row], dict[str, float]]:
    """Measure in fresh processes, with all requests that may be in flight being so.

    Returns
    -------
    tuple
        The rows and the figures by name.
    """
    say("memory")
    tries = range(min(3, lab.rounds))
    guide = _peak(lab, lab.guide, "single", ROWS)
    small = median(_peak(lab, lab.ours, "single", ROWS) for _ in tries)
    large = median(_peak(lab, lab.ours, "large", ROWS * _TIMES_LARGER) for _ in tries[:2])
    form = "{:.0f} MB"
    rows = [
        Row("peak memory, 50 MB file", small, guide, _MOST, higher=False, absolute=True, form=form),
        Row("peak memory, 500 MB file", large, None, _MOST, higher=False, absolute=True, form=form),
        Row(
            "peak memory, the larger to the smaller",
            large / small,
            None,
            _GROWTH,
            higher=False,
            absolute=True,
            form="{:.2f}",
        ),
    ]
    return rows, {"memory": max(small, large)}


def _peak(lab: Lab, code: Code, name: str, rows: int) -> float:
    with Function(code, lab.servers) as function:
        return lab.call(function, name, rows=rows, latency=LATENCY).peak / 1e6
