"""What the monitor's commands print."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from capture_forwarder.cli.terminal.console import (
    OUT,
    number_of,
    plain,
    say,
    say_json,
    show_warnings,
)
from capture_forwarder.cli.terminal.tables import add, new_table
from capture_forwarder.monitor.baseline import Baseline
from capture_forwarder.monitor.constraints.violations import MetricViolation, Violation
from capture_forwarder.monitor.drift.measure import Drift
from capture_forwarder.monitor.executions.execution import Execution, Status
from capture_forwarder.monitor.executions.folder import Kept
from capture_forwarder.monitor.profile.statistics import Dataset, FeatureStatistics, Statistics
from capture_forwarder.monitor.window import Finished
from capture_forwarder.wiring.monitor_executions import Executions

_MOST_SHOWN = 40
_WORDS = {
    Status.COMPLETED: "completed",
    Status.WITH_VIOLATIONS: "violated",
    Status.FAILED: "failed",
}
_STYLES = {Status.COMPLETED: "green", Status.WITH_VIOLATIONS: "yellow", Status.FAILED: "red"}


def show_baseline(baseline: Baseline, *, as_json: bool) -> None:
    """Print what a new baseline holds, and what to do with it."""
    statistics = baseline.statistics or Statistics(Dataset(0))
    if as_json:
        say_json(
            {
                "folder": baseline.source,
                "rows": statistics.dataset.item_count,
                "columns": len(statistics.features),
                "notes": list(baseline.notes),
            }
        )
        return
    table = new_table("Columns", "column", "type", "complete", numbers=("complete",))
    for feature in statistics.features[:_MOST_SHOWN]:
        add(table, plain(feature.name), feature.inferred_type.value, _complete(feature))
    if (more := len(statistics.features) - _MOST_SHOWN) > 0:
        add(table, f"... {more} more columns", "", "", style="dim")
    OUT.print(table)
    show_warnings(baseline.notes)
    rows = number_of(statistics.dataset.item_count, "row", "rows")
    say(f"{rows} became the baseline in {baseline.source}.")
    say("Check new data against it:", style="dim")
    say(f"  capture-forwarder monitor check DATA --baseline {baseline.source}", style="dim")


def _complete(feature: FeatureStatistics) -> str:
    common = feature.common
    rows = common.num_present + common.num_missing if common else 0
    return f"{common.num_present / rows:.1%}" if common and rows else "-"


def show_finished(finished: Finished, folder: str, *, as_json: bool) -> None:
    """Print what a check has found, and where its files are."""
    kept, checked = finished.kept, finished.checked
    if as_json:
        say_json(document_of(kept, checked.violations, folder))
        return
    _show_violations(checked.violations)
    _show_drifts(checked.drifts)
    _show_end(kept.execution, folder)


def show_execution(
    kept: Kept, violations: Sequence[Violation | MetricViolation], folder: str, *, as_json: bool
) -> None:
    """Print an execution that was kept."""
    if as_json:
        say_json(document_of(kept, violations, folder))
        return
    _show_violations(violations)
    _show_end(kept.execution, folder)


def show_executions(there: Executions, found: Sequence[Kept], limit: int, *, as_json: bool) -> None:
    """Print a line for each execution below a folder."""
    if as_json:
        described = [_described(one, there.address_of(one.folder)) for one in found[:limit]]
        say_json({"executions": described})
        return
    root = there.folder
    if not found:
        say("There are no executions.")
        return
    titles = ("window ends", "status", "rows", "violations", "folder")
    table = new_table(
        f"Executions in {there.address_of(root)}",
        *titles,
        numbers=("rows", "violations"),
        unbroken=titles[:2],
    )
    for kept in found[:limit]:
        one = kept.execution
        add(
            table,
            _minute(one.window_end or one.started),
            _WORDS[one.status],
            "-" if one.rows is None else one.rows,
            one.violations,
            kept.folder.relative_to(root) if kept.folder.is_relative_to(root) else kept.folder,
            style=_STYLES[one.status],
        )
    OUT.print(table)
    if (total := len(found) + there.others) > limit:
        say(f"{total - limit} more are not shown: add --limit {total}", style="dim")


def _minute(time: str) -> str:
    """A time in UTC without its seconds."""
    return f"{time[:16]}Z"


def _described(kept: Kept, folder: str) -> dict[str, object]:
    return {"folder": folder, **_fields(kept.execution)}


def _fields(execution: Execution) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(execution)
    return fields


def document_of(kept: Kept, violations: Sequence[object], folder: str) -> dict[str, object]:
    """An execution with its violations, as `--json` prints it; `folder` is its address."""
    listed: list[object] = msgspec.to_builtins(list(violations))
    return {**_described(kept, folder), "constraint_violations": listed}


def _show_violations(violations: Sequence[Violation | MetricViolation]) -> None:
    if not violations:
        return
    of_metrics = all(isinstance(one, MetricViolation) for one in violations)
    kind = "metric" if of_metrics else "feature"
    table = new_table("Violations", kind, "check", "what", unbroken=("check",))
    for one in violations[:_MOST_SHOWN]:
        texts = (one.subject, one.constraint_check_type, one.description.strip())
        add(table, *map(plain, texts))
    if (more := len(violations) - _MOST_SHOWN) > 0:
        add(table, f"... {more} more violations", "", "", style="dim")
    OUT.print(table)


def _show_drifts(drifts: Sequence[Drift]) -> None:
    blind = [
        plain(one.feature)
        for one in drifts
        if one.drifted
        and one.by_model_monitor is not None
        and one.by_model_monitor <= one.threshold
    ]
    if blind:
        listed = ", ".join(blind[:_MOST_SHOWN])
        say(f"Model Monitor would not have seen the drift of: {listed}", style="dim")


def _show_end(execution: Execution, folder: str) -> None:
    show_warnings(map(plain, execution.notes))
    rows = "" if execution.rows is None else f" {number_of(execution.rows, 'row', 'rows')}."
    say(f"{plain(execution.message)}{rows}", style=_STYLES[execution.status])
    say(f"Its files are in {folder}", style="dim")
