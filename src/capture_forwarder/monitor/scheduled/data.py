"""A scheduled check of data: the rows of a window against the baseline of a training set."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.monitor.data.relation import Relation
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine
from capture_forwarder.monitor.scheduled.event import ScheduledCheck
from capture_forwarder.monitor.scheduled.found import Finding, Found
from capture_forwarder.monitor.scheduled.metrics import metrics_of, totals_of
from capture_forwarder.monitor.scheduled.places import Places
from capture_forwarder.monitor.scheduled.reports import baseline_at
from capture_forwarder.monitor.scheduled.rows import Wanted, rows_of_window
from capture_forwarder.monitor.scheduled.surroundings import Surroundings
from capture_forwarder.monitor.window import Run, run_check


def check_data(
    check: ScheduledCheck, root: Path, started: datetime, places: Places, world: Surroundings
) -> Found:
    """Check the rows of a window, and write the execution's folder below `root`.

    Raises
    ------
    ForwarderError
        Something cannot be read; an execution with the status Failed is written before.
    """
    window = check.window(started)
    run = Run(root, check.schedule, check.endpoint, window, check.strictness, check.exclude)
    source = check.baseline_address(places)
    try:
        baseline = baseline_at(world.store, source)
    except ForwarderError as error:
        run.subject.write_failed(source, error, started, world.now())
        raise
    with ExitStack() as stack:

        def opened() -> tuple[DuckDBEngine, Relation]:
            engine = stack.enter_context(world.engine())
            wanted = Wanted(check.rows_address(places), window, check.exclude)
            return engine, rows_of_window(engine, world.store, wanted, world.room(engine))

        finished = run_check(run, baseline, opened, world.now)
    checked, statistics = finished.checked, finished.statistics
    names = (check.endpoint, check.schedule)
    return Found(
        finished.kept,
        tuple(Finding(one.feature_name, one.description) for one in checked.violations),
        (
            metrics_of(checked, statistics, check.wanted_metrics, *names),
            totals_of(finished.kept.execution, world.service),
        ),
    )
