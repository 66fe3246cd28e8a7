"""`capture-forwarder monitor list` and `show`: executions that were kept."""

from __future__ import annotations

from typing import Annotated

import typer

from capture_forwarder.cli.monitor import options as ours
from capture_forwarder.cli.monitor.check import EXECUTIONS
from capture_forwarder.cli.monitor.view import show_execution, show_executions
from capture_forwarder.cli.terminal.console import user_errors
from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.constraints.violations import (
    MetricViolation,
    Violation,
    read_violations,
)
from capture_forwarder.monitor.executions.folder import (
    VIOLATIONS,
    Kept,
    list_executions,
    read_file,
)
from capture_forwarder.wiring.monitor_executions import opened_executions

LIST_HELP = """List executions, the newest first.

Examples:

- `capture-forwarder monitor list monitor-reports`

- `capture-forwarder monitor list s3://my-bucket/monitor-reports/churn --limit 7`

Exit code: 0; 1 when an execution cannot be read; 2 for wrong usage; 130 when interrupted.
"""
SHOW_HELP = """Show one execution with its violations: that of a folder, or the newest below it.

Examples:

- `capture-forwarder monitor show monitor-reports/churn/check/2026/03/01/10`

- `capture-forwarder monitor show s3://my-bucket/monitor-reports/churn/data-quality`

Exit code: 0; 1 when the execution cannot be read; 2 for wrong usage; 130 when interrupted.
"""

Folder = Annotated[
    str, typer.Argument(metavar="FOLDER", help="Where executions are kept, here or in S3.")
]


def list_them(
    folder: Folder = EXECUTIONS,
    *,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="The most executions to list.")
    ] = 30,
    as_json: ours.AsJson = False,
) -> None:
    """List executions."""
    with user_errors(), opened_executions(folder, limit) as there:
        found = list_executions(there.folder)
        show_executions(there, found, limit, as_json=as_json)


def show(folder: Folder = EXECUTIONS, *, as_json: ours.AsJson = False) -> None:
    """Show an execution."""
    with user_errors(), opened_executions(folder, 1) as there:
        found = list_executions(there.folder)
        if not found:
            problem = f"There are no executions below {folder}."
            raise UsageError(problem, "Make one with: capture-forwarder monitor check")
        kept = found[0]
        there.fetch(kept.folder)
        address = there.address_of(kept.folder)
        violations = _violations(kept, address)
    show_execution(kept, violations, address, as_json=as_json)


def _violations(kept: Kept, address: str) -> tuple[Violation | MetricViolation, ...]:
    path = kept.folder / VIOLATIONS
    if not path.is_file():  # it failed
        return ()
    return read_violations(read_file(path), f"{address}/{VIOLATIONS}")
