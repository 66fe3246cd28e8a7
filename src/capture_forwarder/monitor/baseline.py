"""Data → a baseline: `statistics.json` and `constraints.json`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.constraints.constraints import (
    Constraints,
    read_constraints,
    write_constraints,
)
from capture_forwarder.monitor.constraints.suggest import suggest
from capture_forwarder.monitor.data.relation import Relation
from capture_forwarder.monitor.engines.port import Engine
from capture_forwarder.monitor.executions.folder import (
    CONSTRAINTS,
    STATISTICS,
    read_file,
    write_files,
)
from capture_forwarder.monitor.profile.profiling import profile_of, statistics_of
from capture_forwarder.monitor.profile.statistics import (
    Statistics,
    read_statistics,
    write_statistics,
)


class Baseline(msgspec.Struct, frozen=True):
    """A baseline; without statistics it has no drift to judge by."""

    source: Path
    constraints: Constraints
    statistics: Statistics | None = None
    notes: tuple[str, ...] = ()


def make_baseline(
    engine: Engine, relation: Relation, folder: Path, *, completeness_slack: float = 0.0
) -> Baseline:
    """Make a baseline of data; `write_baseline` writes it.

    Parameters
    ----------
    engine, relation
        The data.
    folder
        Where the baseline will be.
    completeness_slack
        See `suggest`.

    Raises
    ------
    UsageError
        There are no rows.
    """
    profile = profile_of(engine, relation)
    if not profile.rows:
        raise UsageError("The data has no rows, so that there is nothing to make a baseline of.")
    constraints = suggest(profile, completeness_slack=completeness_slack)
    return Baseline(folder, constraints, statistics_of(profile), profile.notes)


def write_baseline(baseline: Baseline, *, replace: bool) -> None:
    """Write a baseline's files into its folder.

    Raises
    ------
    UsageError
        There is a baseline already, whose constraints may have been edited.
    DataError
        The folder cannot be written to.
    """
    there = baseline.source / CONSTRAINTS
    if there.exists() and not replace:
        problem = f"{there} is there already, and may have been edited."
        raise UsageError(problem, "Name another folder, or add: --replace")
    files = {CONSTRAINTS: write_constraints(baseline.constraints)}
    if baseline.statistics is not None:
        files[STATISTICS] = write_statistics(baseline.statistics)
    write_files(baseline.source, files)


def read_baseline(folder: Path) -> Baseline:
    """Read a baseline of ours or of Model Monitor's.

    Raises
    ------
    UsageError
        The folder has no `constraints.json`.
    MonitorFileError
        A file is not what its name says.
    """
    there = folder / CONSTRAINTS
    if not there.is_file():
        problem = f"{folder} holds no baseline: there is no {CONSTRAINTS}."
        advice = f"Make one with: capture-forwarder monitor baseline DATA --to {folder}"
        raise UsageError(problem, advice)
    constraints = read_constraints(read_file(there), str(there))
    numbers = folder / STATISTICS
    statistics = read_statistics(read_file(numbers), str(numbers)) if numbers.is_file() else None
    return Baseline(folder, constraints, statistics)
