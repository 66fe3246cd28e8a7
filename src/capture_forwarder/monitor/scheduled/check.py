"""A scheduled check from its event to its end: fetched, checked, kept, told."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from capture_forwarder.core.errors import ForwarderError, OutOfTimeError
from capture_forwarder.core.ports import FileStore, Signals
from capture_forwarder.monitor.data.relation import Relation
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine, open_duckdb
from capture_forwarder.monitor.executions.execution import Execution, Status, hour_of
from capture_forwarder.monitor.executions.folder import folder_of
from capture_forwarder.monitor.report import render_report
from capture_forwarder.monitor.report.reading import documents_in
from capture_forwarder.monitor.report.runs import MOST
from capture_forwarder.monitor.scheduled.event import Places, ScheduledCheck
from capture_forwarder.monitor.scheduled.metrics import metrics_of, totals_of
from capture_forwarder.monitor.scheduled.reports import (
    baseline_at,
    executions_before,
    history_documents,
    write_execution_folder,
)
from capture_forwarder.monitor.scheduled.rows import Room, Wanted, rows_of_window
from capture_forwarder.monitor.scheduled.telling import (
    REPORT,
    detail_of,
    subject_of,
    text_of,
)
from capture_forwarder.monitor.window import Finished, Run, run_check, write_failure

_SECONDS_FOR_THE_END = 15.0
"""Kept back for writing the execution and telling of it."""


class Surroundings(msgspec.Struct, frozen=True):
    """What a check needs of the world.

    Parameters
    ----------
    store, signals
        The ports.
    now
        Tells the time, in UTC.
    seconds_left
        Tells how long the check may go on; None where there is no limit.
    memory_megabytes
        The most memory for DuckDB; None for its own choice.
    service
        A dimension of the metrics, which tells deployments in one account apart.
    """

    store: FileStore
    signals: Signals
    now: Callable[[], datetime]
    seconds_left: Callable[[], float | None]
    memory_megabytes: int | None = None
    service: str = "capture-forwarder"


def run_scheduled(check: ScheduledCheck, places: Places, world: Surroundings) -> dict[str, object]:
    """Check a window, keep the execution, and tell of it.

    The same event gives the same folder, whose files are replaced.

    Returns
    -------
    dict
        Counts, and where the report is.

    Raises
    ------
    ForwarderError
        The check failed; its execution says so, and so does the log. Or nobody could be told.
    """
    started = world.now()
    with TemporaryDirectory(prefix="capture-forwarder-") as name:
        run = _run(check, Path(name), started)
        folder = folder_of(run.root, run.endpoint, run.schedule, hour_of(run.window, started))
        address = f"{places.reports}/{folder.relative_to(run.root).as_posix()}"
        try:
            finished = _checked(check, run, places, world)
            return _kept_and_told(check, run, finished, address, world)
        except ForwarderError as error:
            _log_failure(world.signals, check, error)
            _keep_failure(world, folder, address)
            raise


def _run(check: ScheduledCheck, root: Path, now: datetime) -> Run:
    window = check.window(now)
    return Run(root, check.schedule, check.endpoint, window, check.strictness, check.exclude)


def _checked(check: ScheduledCheck, run: Run, places: Places, world: Surroundings) -> Finished:
    started = world.now()
    source = check.baseline_address(places)
    try:
        baseline = baseline_at(world.store, source)
    except ForwarderError as error:
        write_failure(run, source, error, started, world.now())
        raise
    with ExitStack() as stack:

        def opened() -> tuple[DuckDBEngine, Relation]:
            engine = stack.enter_context(open_duckdb(world.memory_megabytes))
            stack.enter_context(_stopped_in_time(engine, world))
            return engine, _rows(engine, check, run, places, world)

        return run_check(run, baseline, opened, world.now)


def _rows(
    engine: DuckDBEngine, check: ScheduledCheck, run: Run, places: Places, world: Surroundings
) -> Relation:
    def check_time() -> None:
        left = world.seconds_left()
        if left is not None and left < _SECONDS_FOR_THE_END:
            raise _out_of_time()

    room = Room(lambda: shutil.disk_usage(engine.folder).free, check_time)
    wanted = Wanted(check.rows_address(places), run.window, check.exclude)
    return rows_of_window(engine, world.store, wanted, room)


@contextmanager
def _stopped_in_time(engine: DuckDBEngine, world: Surroundings) -> Iterator[None]:
    """Break off DuckDB's work when there is just time enough to write the end."""
    left = world.seconds_left()
    if left is None:
        yield
        return
    timer = threading.Timer(max(0.0, left - _SECONDS_FOR_THE_END), engine.stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    except OutOfTimeError as error:
        raise _out_of_time() from error
    finally:
        timer.cancel()


def _out_of_time() -> OutOfTimeError:
    return OutOfTimeError(
        "The time for the check was up before its end.",
        "Raise MonitorMemorySize, with which the CPU grows, or make the window shorter.",
    )


def _log_failure(signals: Signals, check: ScheduledCheck, error: ForwarderError) -> None:
    signals.log(
        "check failed",
        endpoint=check.endpoint,
        schedule=check.schedule,
        error=type(error).__name__,
        problem=error.message,
        advice=error.advice,
    )


def _keep_failure(world: Surroundings, folder: Path, address: str) -> None:
    """Write what there is of the execution, which says that it failed if it did."""
    try:
        write_execution_folder(world.store, folder, address)
    except ForwarderError as error:  # the failure that led here says more
        world.signals.log("the failed execution cannot be kept", problem=error.message)


def _kept_and_told(
    check: ScheduledCheck, run: Run, finished: Finished, address: str, world: Surroundings
) -> dict[str, object]:
    execution, checked, statistics = finished.kept.execution, finished.checked, finished.statistics
    rule = check.alert_rule
    before = executions_before(world.store, address, MOST, rule.of)
    was, status = rule.status(before), rule.status([*before, execution])
    _write_report(finished, before, world.now())
    write_execution_folder(world.store, finished.kept.folder, address)
    detail = detail_of(execution, checked, address, status)
    if execution.status is Status.WITH_VIOLATIONS:
        world.signals.announce(detail)
    if status is not was:
        text = text_of(execution, checked, address, status, rule)
        world.signals.alert(subject_of(execution, status), text)
    names = (run.endpoint or "", run.schedule)
    # Last, since what is measured twice counts twice.
    for metrics in (
        metrics_of(checked, statistics, check.wanted_metrics, *names),
        totals_of(checked, statistics, *names, world.service),
    ):
        if metrics.values:
            world.signals.measure(metrics)
    world.signals.log("check completed", **detail)
    return detail


def _write_report(finished: Finished, before: tuple[Execution, ...], now: datetime) -> None:
    documents = documents_in(finished.kept.folder)
    documents = replace(documents, history=history_documents(before))
    page = render_report(documents, now)
    (finished.kept.folder / REPORT).write_bytes(page.encode("utf-8", "replace"))
