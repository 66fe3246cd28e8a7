"""What is told of an execution: to other programs, and to people."""

from __future__ import annotations

from collections.abc import Sequence

from capture_forwarder.monitor.executions.execution import Execution, MonitoringType
from capture_forwarder.monitor.scheduled.alert import AlertRule, AlertStatus
from capture_forwarder.monitor.scheduled.found import Finding

REPORT = "report.html"
_MOST_NAMED = 20
_LONGEST_SUBJECT = 100  # Amazon SNS, Publish


def detail_of(
    execution: Execution, findings: Sequence[Finding], address: str, status: AlertStatus
) -> dict[str, object]:
    """What an event says; it holds names of columns or metrics, and no values."""
    names = list(dict.fromkeys(one.name for one in findings))
    of_model = execution.monitoring_type is MonitoringType.MODEL_QUALITY
    return {
        "monitoring_type": execution.monitoring_type.value,
        "endpoint": execution.endpoint,
        "schedule": execution.schedule,
        "status": execution.status.value,
        "window_start": execution.window_start,
        "window_end": execution.window_end,
        "rows": execution.rows,
        "violations": execution.violations,
        "metrics" if of_model else "features": names[:_MOST_NAMED],
        "alert": status.value,
        "report": f"{address}/{REPORT}",
    }


def subject_of(execution: Execution, status: AlertStatus) -> str:
    """The subject of a message: printable ASCII, since names of endpoints are."""
    what = (
        f"{execution.endpoint} violates its baseline"
        if status is AlertStatus.IN_ALERT
        else f"{execution.endpoint} fits its baseline again"
    )
    return f"Monitor: {what} ({execution.schedule})"[:_LONGEST_SUBJECT]


def text_of(
    execution: Execution,
    findings: Sequence[Finding],
    address: str,
    status: AlertStatus,
    rule: AlertRule,
) -> str:
    """The text of a message."""
    lines = [
        f"Endpoint {execution.endpoint}, schedule {execution.schedule}.",
        f"Window: {execution.window_start} to {execution.window_end}, {execution.rows} rows.",
        execution.message,
        *execution.notes,
        "",
    ]
    if status is AlertStatus.IN_ALERT:
        lines += [
            f"At least {rule.runs} of the last {rule.of} checks had violations. Those of this one:"
        ]
        shown = findings[:_MOST_NAMED]
        lines += [f"- {one.name}: {one.description.strip()}" for one in shown]
        if (more := len(findings) - len(shown)) > 0:
            lines.append(f"- and {more} more")
    else:
        lines.append(f"Fewer than {rule.runs} of the last {rule.of} checks had violations.")
    lines += ["", "The report:", f"aws s3 cp {address}/{REPORT} ."]
    return "\n".join(lines)
