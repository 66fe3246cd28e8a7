"""What `doctor` shows."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence

from capture_forwarder.cli.terminal.console import OUT, plain, say, say_json
from capture_forwarder.cli.terminal.tables import add, new_table
from capture_forwarder.setup.findings import Finding, Status
from capture_forwarder.setup.funnel import Funnel

_STYLES = {
    Status.OK: "green",
    Status.WARNING: "yellow",
    Status.FAILURE: "red",
    Status.UNKNOWN: "magenta",
}


def show_examination(
    stack: str, findings: Sequence[Finding], funnel: Funnel | None, *, as_json: bool
) -> None:
    """Show what was found.

    Parameters
    ----------
    stack
        The stack's name.
    findings
        What the checks found, in their order.
    funnel
        The last day's numbers, if they could be had.
    as_json
        Whether to print one JSON object.
    """
    if as_json:
        say_json(
            {
                "stack": stack,
                "findings": [_finding_json(finding) for finding in findings],
                "funnel": None if funnel is None else _funnel_json(funnel),
            }
        )
        return
    table = new_table(f"Stack {stack}", "", "check", "finding", unbroken=("", "check"))
    for finding in findings:
        text = plain(finding.says) + (f"\n→ {plain(finding.todo)}" if finding.todo else "")
        add(table, finding.status.value, finding.check, text, style=_STYLES[finding.status])
    OUT.print(table)
    if funnel is not None:
        _show_funnel(funnel)
    counts = Counter(finding.status for finding in findings)
    say(", ".join(f"{counts[status]} {status.value}" for status in Status))


def _show_funnel(funnel: Funnel) -> None:
    table = new_table("The last 24 hours", "step", "files", numbers=("files",))
    for step in funnel.steps:
        add(table, step.name, step.count)
    add(table, "waiting in the queue now", funnel.waiting)
    OUT.print(table)


def _finding_json(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "status": finding.status.value,
        "finding": finding.says,
        "advice": finding.todo,
    }


def _funnel_json(funnel: Funnel) -> dict[str, object]:
    return {
        "steps": [dataclasses.asdict(step) for step in funnel.steps],
        "waiting": funnel.waiting,
        **funnel.details,
    }
