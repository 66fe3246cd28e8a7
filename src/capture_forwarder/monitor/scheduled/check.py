"""A scheduled check from its event to its end: checked, kept, told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.ports import Signals
from capture_forwarder.monitor.executions.execution import Execution, Status, hour_of
from capture_forwarder.monitor.executions.folder import folder_of
from capture_forwarder.monitor.executions.stored import write_folder
from capture_forwarder.monitor.report import render_report
from capture_forwarder.monitor.report.reading import documents_in
from capture_forwarder.monitor.report.runs import MOST
from capture_forwarder.monitor.scheduled.data import check_data
from capture_forwarder.monitor.scheduled.event import (
    Scheduled,
    ScheduledCheck,
    ScheduledQuality,
)
from capture_forwarder.monitor.scheduled.found import Found
from capture_forwarder.monitor.scheduled.places import Places
from capture_forwarder.monitor.scheduled.quality import check_quality
from capture_forwarder.monitor.scheduled.reports import executions_before, history_documents
from capture_forwarder.monitor.scheduled.surroundings import Surroundings
from capture_forwarder.monitor.scheduled.telling import (
    REPORT,
    detail_of,
    subject_of,
    text_of,
)


def run_scheduled(
    check: ScheduledCheck | ScheduledQuality, places: Places, world: Surroundings
) -> dict[str, object]:
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
        root = Path(name)
        hour = hour_of(check.window(started), started)
        folder = folder_of(root, check.endpoint, check.schedule, hour)
        address = f"{places.reports}/{folder.relative_to(root).as_posix()}"
        try:
            found = (
                check_quality(check, root, started, places, world)
                if isinstance(check, ScheduledQuality)
                else check_data(check, root, started, places, world)
            )
            return _kept_and_told(check, found, address, world)
        except ForwarderError as error:
            _log_failure(world.signals, check, error)
            _keep_failure(world, folder, address)
            raise


def _log_failure(signals: Signals, check: Scheduled, error: ForwarderError) -> None:
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
        write_folder(world.store, folder, address)
    except ForwarderError as error:  # the failure that led here says more
        world.signals.log("the failed execution cannot be kept", problem=error.message)


def _kept_and_told(
    check: Scheduled, found: Found, address: str, world: Surroundings
) -> dict[str, object]:
    execution, folder = found.kept.execution, found.kept.folder
    rule = check.alert_rule
    before = executions_before(world.store, address, MOST, rule.of)
    was, status = rule.status(before), rule.status([*before, execution])
    _write_report(folder, before, world.now())
    write_folder(world.store, folder, address)
    detail = detail_of(execution, found.findings, address, status)
    if execution.status is Status.WITH_VIOLATIONS:
        world.signals.announce(detail)
    if status is not was:
        text = text_of(execution, found.findings, address, status, rule)
        world.signals.alert(subject_of(execution, status), text)
    # Last, since what is measured twice counts twice.
    for metrics in found.metrics:
        if metrics.values:
            world.signals.measure(metrics)
    world.signals.log("check completed", **detail)
    return detail


def _write_report(folder: Path, before: tuple[Execution, ...], now: datetime) -> None:
    documents = replace(documents_in(folder), history=history_documents(before))
    page = render_report(documents, now)
    (folder / REPORT).write_bytes(page.encode("utf-8", "replace"))
