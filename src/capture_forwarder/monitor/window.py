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
    Status,
    message_of,
    write_execution,
)
from capture_forwarder.monitor.executions.folder import (
    CONSTRAINTS,
    DRIFT,
    EXECUTION,
    STATISTICS,
    VIOLATIONS,
    Kept,
    write_files,
)
from capture_forwarder.monitor.executions.subject import Subject
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

    @property
    def subject(self) -> Subject:
        """What stands in the execution's own file."""
        measure = self.strictness.measure.value
        return Subject(self.root, self.schedule, self.endpoint, self.window, measure)


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
    folder = run.subject.folder(started)
    try:
        engine, relation = opened()
        statistics, checked = _looked_at(run, baseline, engine, relation)
    except ForwarderError as error:
        run.subject.write_failed(baseline.source, error, started, now())
        raise
    count, rows = len(checked.violations), statistics.dataset.item_count
    status = Status.WITH_VIOLATIONS if count else Status.COMPLETED
    message = message_of(status, count, nothing_captured=not rows)
    against = BaselineFiles(
        baseline.source, statistics="baseline/statistics.json" if baseline.statistics else None
    )
    execution = msgspec.structs.replace(
        run.subject.execution(against, (started, now()), status, message),
        rows=rows,
        violations=count,
        notes=checked.notes,
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
