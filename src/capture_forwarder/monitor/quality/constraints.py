"""The file `constraints.json` of model quality: how far each metric may fall or rise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.quality.problem import OPERATORS, Operator, ProblemType


@dataclass(frozen=True)
class Slack:
    """How much worse than the baseline a metric may be.

    Without slack, as in Model Monitor, half of all windows violate a constraint by chance alone.

    Parameters
    ----------
    absolute
        In the metric's own unit.
    deviations
        In standard deviations of the baseline.
    """

    absolute: float = 0.0
    deviations: float = 0.0


class Constraint(msgspec.Struct, frozen=True):
    """What a metric must not be: greater or less than a threshold."""

    threshold: float
    comparison_operator: Operator


def suggest_constraints(
    statistics: Mapping[str, Any], problem: ProblemType, slack: Slack = Slack()
) -> dict[str, Any]:
    """Propose constraints that the baseline itself meets.

    Parameters
    ----------
    statistics
        The baseline's `statistics.json`.
    problem
        What the model predicts.
    slack
        How much worse a metric may become.

    Returns
    -------
    dict
        The document. A metric that could not be measured gets no constraint.

    Raises
    ------
    UsageError
        The slack is in deviations, and the baseline is too small to have any.
    """
    found: dict[str, dict[str, object]] = {}
    for name, measured in statistics[problem.metrics].items():
        if name not in OPERATORS or not math.isfinite(value := float(measured["value"])):
            continue
        room = slack.absolute
        if slack.deviations:
            room += slack.deviations * _deviation(measured)
        worse = room if OPERATORS[name] is Operator.GREATER else -room
        found[name] = {"threshold": value + worse, "comparison_operator": OPERATORS[name].value}
    return {"version": 0.0, problem.constraints: found}


def _deviation(measured: Mapping[str, Any]) -> float:
    deviation = float(measured["standard_deviation"])
    if not math.isfinite(deviation):
        message = "The baseline has too few rows for standard deviations."
        raise UsageError(message, "Give --slack in the metrics' own unit instead.")
    return deviation


def read_constraints(document: object, problem: ProblemType, name: str) -> dict[str, Constraint]:
    """Read `constraints.json`, also one that Model Monitor wrote; keys that it may add are ignored.

    Parameters
    ----------
    document
        What the file holds.
    problem
        What the model predicts.
    name
        What the user calls the file.

    Raises
    ------
    UsageError
        It is not a file of constraints, or one for another kind of model.
    """
    found = document.get(problem.constraints) if isinstance(document, dict) else None
    if found is None:
        message = f"{name} has no {problem.constraints!r}."
        raise UsageError(message, f"Give the constraints of a baseline of {problem}.")
    try:
        return msgspec.convert(found, dict[str, Constraint], strict=False)
    except msgspec.ValidationError as error:
        message = f"{name}: {problem.constraints} cannot be read: {error}."
        advice = "Each metric needs a threshold and a comparison_operator."
        raise UsageError(message, advice) from error
