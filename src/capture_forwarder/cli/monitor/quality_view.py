"""What `monitor quality` shows."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from capture_forwarder.cli.terminal.console import ERR, OUT, number_of, say, say_json
from capture_forwarder.cli.terminal.tables import add, new_table
from capture_forwarder.monitor.quality import FinishedQuality, ProblemType
from capture_forwarder.monitor.quality.constraints import Constraint
from capture_forwarder.monitor.quality.problem import Operator

_NUMBERS = ("value", "deviation", "limit")


def show_baseline(
    folder: str,
    statistics: Mapping[str, Any],
    constraints: Mapping[str, Any],
    problem: ProblemType,
    *,
    as_json: bool,
) -> None:
    """Show what a baseline has, and what to type next."""
    if as_json:
        say_json({"folder": folder, "statistics": statistics, "constraints": constraints})
        return
    limits = {
        name: Constraint(one["threshold"], Operator(one["comparison_operator"]))
        for name, one in constraints[problem.constraints].items()
    }
    _show_metrics(statistics[problem.metrics], limits, ())
    _show_coverage(statistics["dataset"]["coverage"])
    say(f"The baseline is in {folder}. Check other predictions against it with:")
    say(f"  capture-forwarder monitor quality DATA ... --baseline {folder}")


def show_check(folder: str, finished: FinishedQuality, problem: ProblemType) -> None:
    """Show how predictions compare with a baseline, and what to type next."""
    statistics, checked = finished.statistics, finished.checked
    _show_metrics(statistics[problem.metrics], finished.constraints, checked.violated)
    _show_coverage(statistics["dataset"]["coverage"])
    if checked.not_judged:
        say(f"Note: not judged: {', '.join(checked.not_judged)}.", to=ERR, style="yellow")
    count = number_of(len(checked.violations), "violation", "violations")
    say(f"{count}. See them with: capture-forwarder monitor report {folder}")


def _show_metrics(
    metrics: Mapping[str, Any], limits: Mapping[str, Constraint], violated: Collection[str]
) -> None:
    table = new_table("Metrics", "metric", *_NUMBERS, "", numbers=_NUMBERS)
    for name, measured in metrics.items():
        if not isinstance(measured, Mapping) or "value" not in measured:
            continue
        limit = limits.get(name)
        sign = "≤" if limit and limit.comparison_operator is Operator.GREATER else "≥"
        is_violated = name in violated
        add(
            table,
            name,
            _written(measured["value"]),
            _written(measured["standard_deviation"]),
            f"{sign} {_written(limit.threshold)}" if limit else "",
            "violated" if is_violated else "",
            style="red" if is_violated else None,
        )
    OUT.print(table)


def _written(value: object) -> str:
    number = float(str(value))
    return f"{number:.6g}" if math.isfinite(number) else "-" if math.isnan(number) else str(value)


def _show_coverage(coverage: Mapping[str, int]) -> None:
    counts = number_of(coverage["predictions"], "prediction", "predictions")
    say(
        f"{counts}: {coverage['judged']} judged, {coverage['without_label']} without a label, "
        f"{coverage['unusable']} that cannot be judged."
    )
    others = {
        "labels_without_prediction": "labels belong to no prediction",
        "repeated_labels": "labels were replaced by a later one of the same id",
        "outside_window": "predictions are outside of the window",
    }
    for name, text in others.items():
        if coverage[name]:
            say(f"{coverage[name]} {text}.")
