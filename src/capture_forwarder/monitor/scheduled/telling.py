"""What is told of an execution: to other programs, and to people."""

from __future__ import annotations

from capture_forwarder.monitor.constraints.check import Checked
from capture_forwarder.monitor.executions.execution import Execution
from capture_forwarder.monitor.scheduled.alert import AlertRule, AlertStatus

REPORT = "report.html"
_MOST_NAMED = 20
_LONGEST_SUBJECT = 100  # Amazon SNS, Publish


def detail_of(
    execution: Execution, checked: Checked, address: str, status: AlertStatus
) -> dict[str, object]:
    """What an event says; it holds names of columns, and no values."""
    features = list(dict.fromkeys(one.feature_name for one in checked.violations))
    return {
        "endpoint": execution.endpoint,
        "schedule": execution.schedule,
        "status": execution.status.value,
        "window_start": execution.window_start,
        "window_end": execution.window_end,
        "rows": execution.rows,
        "violations": execution.violations,
        "features": features[:_MOST_NAMED],
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
    execution: Execution, checked: Checked, address: str, status: AlertStatus, rule: AlertRule
) -> str:
    """The text of a message."""
    lines = [
        f"Endpoint {execution.endpoint}, schedule {execution.schedule}.",
        f"Window: {execution.window_start} to {execution.window_end}, {execution.rows} rows.",
        execution.message,
        "",
    ]
    if status is AlertStatus.IN_ALERT:
        lines += [
            f"At least {rule.runs} of the last {rule.of} checks had violations. Those of this one:"
        ]
        shown = checked.violations[:_MOST_NAMED]
        lines += [f"- {one.feature_name}: {one.description.strip()}" for one in shown]
        if (more := len(checked.violations) - len(shown)) > 0:
            lines.append(f"- and {more} more")
    else:
        lines.append(f"Fewer than {rule.runs} of the last {rule.of} checks had violations.")
    lines += ["", "The report:", f"aws s3 cp {address}/{REPORT} ."]
    return "\n".join(lines)
