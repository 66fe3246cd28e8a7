"""The file `constraint_violations.json` of model quality."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from capture_forwarder.monitor.quality.constraints import Constraint
from capture_forwarder.monitor.quality.problem import Operator, ProblemType

# Two programs that add up the same numbers in another order differ by no more than this.
_EQUAL = 1e-12


class Names(StrEnum):
    """How violations name a metric."""

    FILE = "file"
    """As `statistics.json` names it: `true_positive_rate`."""
    MODEL_MONITOR = "model-monitor"
    """As Model Monitor's violations name it: `truePositiveRate`."""


@dataclass(frozen=True)
class Checked:
    """What a check of metrics found.

    Parameters
    ----------
    violations
        The entries of `constraint_violations.json`.
    violated
        The metrics that violate their constraints, as `statistics.json` names them.
    not_judged
        Those that have a constraint, but no value that could meet or violate it.
    """

    violations: tuple[dict[str, str], ...]
    violated: tuple[str, ...]
    not_judged: tuple[str, ...]


def check_quality(
    statistics: Mapping[str, Any],
    constraints: Mapping[str, Constraint],
    problem: ProblemType,
    names: Names = Names.FILE,
) -> Checked:
    """Hold metrics against constraints: value against threshold; deviations play no part.

    Values that differ by no more than 1e-12 are equal: the same data never violates the constraints
    that another program made of it.

    Parameters
    ----------
    statistics
        `statistics.json` of the rows in question.
    constraints
        Metric → constraint.
    problem
        What the model predicts.
    names
        How violations name a metric.
    """
    violations, violated, not_judged = [], [], []
    for name, constraint in constraints.items():
        measured = statistics[problem.metrics].get(name)
        value = float(measured["value"]) if measured else math.nan
        if math.isnan(value):
            not_judged.append(name)
        elif _violates(value, constraint):
            violated.append(name)
            called = name if names is Names.FILE else _camel_case(name)
            deviation = float(measured["standard_deviation"])
            violations.append(
                {
                    "constraint_check_type": constraint.comparison_operator.value,
                    "description": f"Metric {called} with {java_double(value)} +/- "
                    f"{java_double(deviation)} was {constraint.comparison_operator} "
                    f"'{java_double(constraint.threshold)}'",
                    "metric_name": called,
                }
            )
    return Checked(tuple(violations), tuple(violated), tuple(not_judged))


def _violates(value: float, constraint: Constraint) -> bool:
    threshold = constraint.threshold
    if math.isclose(value, threshold, rel_tol=_EQUAL, abs_tol=_EQUAL):
        return False
    if constraint.comparison_operator is Operator.GREATER:
        return value > threshold
    return value < threshold


def _camel_case(name: str) -> str:
    """`true_positive_rate` → `truePositiveRate`; `f0_5`, whose underscore is a point, stays."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def java_double(value: float) -> str:
    """Write a number as Java does, and so Model Monitor: `8.08E-4`, `1.0E7`, `0.001`."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    plain = repr(value)
    if value == 0 or 1e-3 <= abs(value) < 1e7:  # noqa: PLR2004 - Java's own limits
        return plain
    sign, digits, exponent = Decimal(plain).normalize().as_tuple()
    written = "".join(map(str, digits))
    power = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{written[0]}.{written[1:] or '0'}E{power}"
