"""The last executions → whether somebody is told: only when n of m had violations."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from capture_forwarder.monitor.executions.execution import Execution, Status


class AlertStatus(StrEnum):
    """In the words of SageMaker's API (AlertStatus)."""

    IN_ALERT = "InAlert"
    OK = "OK"


class AlertRule(msgspec.Struct, frozen=True):
    """An alert is raised when `runs` of the last `of` executions that judged rows had violations.

    These are DatapointsToAlert and EvaluationPeriod of SageMaker's API.
    """

    runs: int = 1
    of: int = 1

    def status(self, executions: Sequence[Execution]) -> AlertStatus:
        """Say whether there is an alert.

        Parameters
        ----------
        executions
            In the order of their windows. Those that failed or had no rows are passed over: they
            tell nothing of the data.
        """
        judged = list(filter(has_judged, executions))
        violated = [one for one in judged[-self.of :] if one.status is Status.WITH_VIOLATIONS]
        return AlertStatus.IN_ALERT if len(violated) >= self.runs else AlertStatus.OK


def has_judged(execution: Execution) -> bool:
    """Whether an execution tells anything of the data."""
    return execution.status is not Status.FAILED and bool(execution.rows)
