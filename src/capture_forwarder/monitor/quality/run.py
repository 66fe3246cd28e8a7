"""Predictions with labels against a baseline of model quality → an execution with its files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from capture_forwarder.core.errors import ForwarderError, UsageError
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.executions.execution import (
    BaselineFiles,
    Execution,
    MonitoringType,
    Status,
    message_of,
    write_execution,
)
from capture_forwarder.monitor.executions.folder import (
    CONSTRAINTS,
    EXECUTION,
    STATISTICS,
    VIOLATIONS,
    Kept,
    write_files,
)
from capture_forwarder.monitor.executions.subject import Subject
from capture_forwarder.monitor.quality.constraints import Constraint, read_constraints
from capture_forwarder.monitor.quality.judging import Judged
from capture_forwarder.monitor.quality.problem import ProblemType
from capture_forwarder.monitor.quality.statistics import quality_statistics
from capture_forwarder.monitor.quality.violations import Checked, Names, check_quality


class QualityBaseline(msgspec.Struct, frozen=True):
    """What the quality of a window is held against.

    Parameters
    ----------
    source
        The folder or address where it is.
    constraints
        The document `constraints.json`.
    statistics
        The document `statistics.json`, if it is there.
    """

    source: str
    constraints: object
    statistics: object | None = None


class QualityRun(msgspec.Struct, frozen=True):
    """What an execution is of.

    Parameters
    ----------
    root
        Where executions are kept.
    schedule, endpoint
        What is monitored, by which name.
    window
        Which calls count.
    problem
        What the model predicts.
    names
        How violations name a metric.
    """

    root: Path
    schedule: str
    endpoint: str | None
    window: Window
    problem: ProblemType
    names: Names = Names.FILE

    @property
    def subject(self) -> Subject:
        """What stands in the execution's own file."""
        return Subject(
            self.root,
            self.schedule,
            self.endpoint,
            self.window,
            monitoring_type=MonitoringType.MODEL_QUALITY,
        )


class FinishedQuality(msgspec.Struct, frozen=True):
    """An execution in its folder, and what it has found: constraints, violations, statistics."""

    kept: Kept
    constraints: Mapping[str, Constraint]
    checked: Checked
    statistics: Mapping[str, Any]


def document_of(data: bytes, name: str) -> object:
    """Read a baseline's file.

    Raises
    ------
    UsageError
        It is not JSON; `name` is what the error calls it.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not JSON.", "Make the baseline again.") from error


def run_quality(
    run: QualityRun,
    baseline: QualityBaseline,
    judged: Callable[[], Judged],
    now: Callable[[], datetime],
) -> FinishedQuality:
    """Measure a window, hold it against its baseline, and write the execution's folder.

    Parameters
    ----------
    run
        What the execution is of.
    baseline
        What the window is held against.
    judged
        Joins predictions and labels.
    now
        Tells the time, in UTC.

    Raises
    ------
    ForwarderError
        Something cannot be read; an execution with the status Failed is written before.
    """
    started = now()
    try:
        constraints = read_constraints(baseline.constraints, run.problem, baseline.source)
        statistics = quality_statistics(judged(), started)
    except ForwarderError as error:
        run.subject.write_failed(baseline.source, error, started, now())
        raise
    checked = check_quality(statistics, constraints, run.problem, run.names)
    execution = _execution(run, baseline, (started, now()), statistics, checked)
    folder = run.subject.folder(started)
    documents: dict[str, object] = {
        STATISTICS: statistics,
        CONSTRAINTS: baseline.constraints,
        VIOLATIONS: {"violations": checked.violations},
        execution.baseline.constraints: baseline.constraints,
    }
    if execution.baseline.statistics is not None:
        documents[execution.baseline.statistics] = baseline.statistics
    files = {name: write_document(document) for name, document in documents.items()}
    # The last one says that all others are there.
    write_files(folder, {**files, EXECUTION: write_execution(execution)})
    return FinishedQuality(Kept(folder, execution), constraints, checked, statistics)


def write_document(document: object) -> bytes:
    """Write a document's bytes: JSON in UTF-8, without NaN."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _execution(
    run: QualityRun,
    baseline: QualityBaseline,
    times: tuple[datetime, datetime],
    statistics: Mapping[str, Any],
    checked: Checked,
) -> Execution:
    count, rows = len(checked.violations), statistics["dataset"]["item_count"]
    status = Status.WITH_VIOLATIONS if count else Status.COMPLETED
    notes = [] if rows else ["No prediction could be judged."]
    coverage = statistics["dataset"]["coverage"]
    if without := coverage["without_label"]:
        notes.append(f"Without a label: {without} of {coverage['predictions']} predictions.")
    if missing := checked.not_judged:
        notes.append(f"Not judged, for want of a value: {', '.join(missing)}.")
    there = baseline.statistics is not None
    against = BaselineFiles(baseline.source, statistics=f"baseline/{STATISTICS}" if there else None)
    described = run.subject.execution(against, times, status, message_of(status, count))
    return msgspec.structs.replace(described, rows=rows, violations=count, notes=tuple(notes))
