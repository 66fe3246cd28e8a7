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
    """A baseline at a folder or an address; without statistics it has no drift to judge by."""

    source: str
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
    return Baseline(str(folder), constraints, statistics_of(profile), profile.notes)


def write_baseline(baseline: Baseline, address: str | None = None, *, replace: bool) -> None:
    """Write a baseline's files into its folder.

    Parameters
    ----------
    baseline
        The baseline.
    address
        How its user names the folder, if not by its path.
    replace
        Whether one that is there already is replaced.

    Raises
    ------
    UsageError
        There is a baseline already, whose constraints may have been edited.
    DataError
        The folder cannot be written to.
    """
    folder = Path(baseline.source)
    there = folder / CONSTRAINTS
    if there.exists() and not replace:
        named = f"{address or folder}/{CONSTRAINTS}"
        problem = f"{named} is there already, and may have been edited."
        raise UsageError(problem, "Name another folder, or add: --replace")
    files = {CONSTRAINTS: write_constraints(baseline.constraints)}
    if baseline.statistics is not None:
        files[STATISTICS] = write_statistics(baseline.statistics)
    write_files(folder, files)


def read_baseline(folder: Path, address: str | None = None) -> Baseline:
    """Read a baseline of ours or of Model Monitor's.

    Parameters
    ----------
    folder
        Where it is.
    address
        How its user names the folder, if not by its path.

    Raises
    ------
    UsageError
        The folder has no `constraints.json`.
    MonitorFileError
        A file is not what its name says.
    """
    named = address or str(folder)
    there = folder / CONSTRAINTS
    if not there.is_file():
        problem = f"{named} holds no baseline: there is no {CONSTRAINTS}."
        advice = f"Make one with: capture-forwarder monitor baseline DATA --to {named}"
        raise UsageError(problem, advice)
    constraints = read_constraints(read_file(there), f"{named}/{CONSTRAINTS}")
    numbers = folder / STATISTICS
    statistics = None
    if numbers.is_file():
        statistics = read_statistics(read_file(numbers), f"{named}/{STATISTICS}")
    return Baseline(named, constraints, statistics)
