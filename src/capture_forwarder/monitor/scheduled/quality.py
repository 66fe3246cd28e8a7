"""A scheduled check of model quality: predictions of a window, with the labels that came since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.ports import ListedFile
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine
from capture_forwarder.monitor.quality import Judged, QualityRun, Source, judge, run_quality
from capture_forwarder.monitor.scheduled.copies import Copies
from capture_forwarder.monitor.scheduled.event import ScheduledQuality, keys_for_options
from capture_forwarder.monitor.scheduled.found import Finding, Found
from capture_forwarder.monitor.scheduled.labels import label_files
from capture_forwarder.monitor.scheduled.metrics import quality_metrics_of, quality_totals_of
from capture_forwarder.monitor.scheduled.places import Places
from capture_forwarder.monitor.scheduled.reports import quality_baseline_at
from capture_forwarder.monitor.scheduled.rows import files_of_window
from capture_forwarder.monitor.scheduled.surroundings import Surroundings


def check_quality(
    check: ScheduledQuality, root: Path, started: datetime, places: Places, world: Surroundings
) -> Found:
    """Judge the predictions of a window, and write the execution's folder below `root`.

    Raises
    ------
    ForwarderError
        Something cannot be read; an execution with the status Failed is written before.
    """
    window = check.window(started)
    run = QualityRun(root, check.schedule, check.endpoint, window, check.problem_type, check.names)
    source = check.baseline_address(places)
    try:
        baseline = quality_baseline_at(world.store, source)
    except ForwarderError as error:
        run.subject.write_failed(source, error, started, world.now())
        raise
    with ExitStack() as stack:

        def judged() -> Judged:
            return _judged(stack.enter_context(world.engine()), check, started, places, world)

        finished = run_quality(run, baseline, judged, world.now)
    checked, statistics = finished.checked, finished.statistics
    names = (check.endpoint, check.schedule)
    measured = statistics[check.problem_type.metrics]
    return Found(
        finished.kept,
        tuple(Finding(one["metric_name"], one["description"]) for one in checked.violations),
        (
            quality_metrics_of(measured, checked.violated, check.wanted_metrics, *names),
            quality_totals_of(finished.kept.execution, statistics, world.service),
        ),
    )


def _judged(
    engine: DuckDBEngine,
    check: ScheduledQuality,
    started: datetime,
    places: Places,
    world: Surroundings,
) -> Judged:
    copies = Copies(world.store, engine.folder / "copies", world.room(engine))

    def sources(name: str, files: Iterable[ListedFile]) -> Iterator[Source]:
        for paths in copies.in_turn(files):
            yield Source(name, paths, header=check.header)

    window, rows = check.window(started), check.rows_address(places)
    place = check.labels_address(places)
    predictions = sources(rows, files_of_window(world.store, rows, window))
    labels = None if place is None else sources(place, label_files(world.store, place, window))
    try:
        return judge(engine, check.question, predictions, labels)
    except ForwarderError as error:
        error.message = keys_for_options(error.message)
        error.reword(keys_for_options)
        copies.explain(error)
        raise
