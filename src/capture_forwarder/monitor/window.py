"""A window of data against a baseline → an execution with its files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.monitor.baseline import Baseline
from capture_forwarder.monitor.constraints.check import (
    Checked,
    Strictness,
    check,
    watched,
)
from capture_forwarder.monitor.constraints.constraints import write_constraints
from capture_forwarder.monitor.constraints.shift import shift_note
from capture_forwarder.monitor.constraints.violations import write_violations
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.data.relation import Relation
from capture_forwarder.monitor.engines.port import Engine
from capture_forwarder.monitor.executions.execution import (
    BaselineFiles,
    Execution,
    Status,
    hour_of,
    message_of,
    write_execution,
    written,
)
from capture_forwarder.monitor.executions.folder import (
    CONSTRAINTS,
    DRIFT,
    EXECUTION,
    STATISTICS,
    VIOLATIONS,
    Kept,
    folder_of,
    write_files,
)
from capture_forwarder.monitor.profile.profiling import profile_of, statistics_of
from capture_forwarder.monitor.profile.statistics import Statistics, write_statistics


class Run(msgspec.Struct, frozen=True):
    """What an execution is of.

    Parameters
    ----------
    root
        Where executions are kept.
    schedule, endpoint
        What is monitored, by which name.
    window
        The limits of the rows' times.
    strictness
        How the check is made.
    exclude
        Columns of which nothing is asked.
    """

    root: Path
    schedule: str
    endpoint: str | None = None
    window: Window = Window()
    strictness: Strictness = Strictness()
    exclude: tuple[str, ...] = ()


class Finished(msgspec.Struct, frozen=True):
    """An execution in its folder, what it has found, and the window's statistics."""

    kept: Kept
    checked: Checked
    statistics: Statistics


def run_check(
    run: Run,
    baseline: Baseline,
    opened: Callable[[], tuple[Engine, Relation]],
    now: Callable[[], datetime],
) -> Finished:
    """Check a window, and write the execution's folder.

    Parameters
    ----------
    run
        What the execution is of.
    baseline
        What the window is held against.
    opened
        Opens the window's data.
    now
        Tells the time, in UTC.

    Raises
    ------
    ForwarderError
        The data cannot be read; an execution with the status Failed is written before.
    """
    started = now()
    folder = _folder(run, started)
    try:
        engine, relation = opened()
        statistics, checked = _looked_at(run, baseline, engine, relation)
    except ForwarderError as error:
        write_failure(run, baseline.source, error, started, now())
        raise
    count, rows = len(checked.violations), statistics.dataset.item_count
    status = Status.WITH_VIOLATIONS if count else Status.COMPLETED
    message = message_of(status, count, nothing_captured=not rows)
    against = BaselineFiles(
        baseline.source, statistics="baseline/statistics.json" if baseline.statistics else None
    )
    execution = _execution(
        run, against, (started, now()), status, message, rows=rows, checked=checked
    )
    files = {
        STATISTICS: write_statistics(statistics),
        CONSTRAINTS: write_constraints(baseline.constraints),
        VIOLATIONS: write_violations(checked.violations),
        DRIFT: msgspec.json.format(msgspec.json.encode({"features": checked.drifts})) + b"\n",
        execution.baseline.constraints: write_constraints(baseline.constraints),
    }
    if baseline.statistics and execution.baseline.statistics:
        files[execution.baseline.statistics] = write_statistics(baseline.statistics)
    # The last one says that all others are there.
    write_files(folder, {**files, EXECUTION: write_execution(execution)})
    return Finished(Kept(folder, execution), checked, statistics)


def write_failure(
    run: Run, baseline: str, error: ForwarderError, started: datetime, ended: datetime
) -> None:
    """Write the folder of an execution that found out nothing.

    Parameters
    ----------
    run
        What the execution is of.
    baseline
        Where the baseline is, or should be.
    error
        Why it failed.
    started, ended
        When, in UTC.

    Raises
    ------
    DataError
        The folder cannot be written to.
    """
    times = (started, ended)
    failed = _execution(run, BaselineFiles(baseline), times, Status.FAILED, error.message)
    write_files(_folder(run, started), {EXECUTION: write_execution(failed)})


def _folder(run: Run, started: datetime) -> Path:
    return folder_of(run.root, run.endpoint, run.schedule, hour_of(run.window, started))


def _looked_at(
    run: Run, baseline: Baseline, engine: Engine, relation: Relation
) -> tuple[Statistics, Checked]:
    constraints = baseline.constraints.without(run.exclude)
    names = [feature.name for feature in constraints.features]
    positional = relation.positional
    if positional:
        relation = relation.renamed(
            lambda index, name: names[index] if index < len(names) else name
        )
    relation = relation.without(run.exclude)
    profile = profile_of(engine, relation, watched(constraints, baseline.statistics))
    checked = check(profile, constraints, baseline.statistics, run.strictness)
    notes = [*profile.notes, *checked.notes]
    unnamed = positional or not {column.name for column in profile.columns} & set(names)
    if unnamed and profile.rows and (note := shift_note(profile.columns, constraints.features)):
        notes.append(note)
    return statistics_of(profile), msgspec.structs.replace(checked, notes=tuple(notes))


def _execution(  # noqa: PLR0913 - the fields of the file
    run: Run,
    against: BaselineFiles,
    times: tuple[datetime, datetime],
    status: Status,
    message: str,
    *,
    rows: int | None = None,
    checked: Checked | None = None,
) -> Execution:
    return Execution(
        schedule=run.schedule,
        endpoint=run.endpoint,
        window_start=written(run.window.since),
        window_end=written(run.window.until),
        status=status,
        message=message,
        rows=rows,
        violations=len(checked.violations) if checked else 0,
        started=written(times[0]) or "",
        ended=written(times[1]) or "",
        baseline=against,
        drift_method=run.strictness.measure.value,
        notes=checked.notes if checked else (),
    )
