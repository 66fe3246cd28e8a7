"""What CloudWatch knows of a deployment: metrics, alarms and failures in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Metric:
    """One metric, and how it is summed up.

    Parameters
    ----------
    namespace, name
        The metric.
    dimensions
        Its dimensions, as name and value.
    statistic
        Sum, Maximum, or a percentile such as p50.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str = "Sum"


@dataclass(frozen=True)
class Alarm:
    """An alarm: its state with CloudWatch's reason, and whom it notifies."""

    name: str
    state: str
    reason: str = ""
    actions: tuple[str, ...] = ()
    actions_enabled: bool = True


@dataclass(frozen=True)
class LoggedFailure:
    """An entry `delivery failed` of the function's log; it never holds a row."""

    time: datetime
    route: str
    error: str
    problem: str
    advice: str
