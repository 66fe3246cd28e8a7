"""Baselines and executions at addresses, in the order of Model Monitor's folders."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.ports import FileStore
from capture_forwarder.monitor.baseline import Baseline
from capture_forwarder.monitor.constraints.constraints import read_constraints
from capture_forwarder.monitor.errors import MonitorFileError
from capture_forwarder.monitor.executions.execution import Execution, read_execution
from capture_forwarder.monitor.executions.folder import CONSTRAINTS, EXECUTION, STATISTICS
from capture_forwarder.monitor.profile.statistics import read_statistics
from capture_forwarder.monitor.quality import QualityBaseline
from capture_forwarder.monitor.quality.run import document_of
from capture_forwarder.monitor.scheduled.alert import has_judged

_MOST_MONTHS = 12
_MOST_READ = 300


def baseline_at(store: FileStore, address: str) -> Baseline:
    """Read the baseline in a folder.

    Raises
    ------
    UsageError
        There is no `constraints.json`.
    MonitorFileError
        A file is not what its name says.
    FileStoreError
        The folder cannot be read.
    """
    constraints, statistics = _files_of(store, address, "monitor baseline DATA")
    asked = read_constraints(store.read(constraints), constraints)
    if statistics is None:
        return Baseline(address, asked)
    return Baseline(address, asked, read_statistics(store.read(statistics), statistics))


def quality_baseline_at(store: FileStore, address: str) -> QualityBaseline:
    """Read the baseline of model quality in a folder.

    Raises
    ------
    UsageError
        There is no `constraints.json`, or a file is not JSON.
    FileStoreError
        The folder cannot be read.
    """
    constraints, statistics = _files_of(store, address, "monitor quality DATA ...")
    asked = document_of(store.read(constraints), constraints)
    found = None if statistics is None else document_of(store.read(statistics), statistics)
    return QualityBaseline(address, asked, found)


def _files_of(store: FileStore, address: str, command: str) -> tuple[str, str | None]:
    """The addresses of a baseline's files: constraints, and statistics if they are there."""
    constraints, statistics = f"{address}/{CONSTRAINTS}", f"{address}/{STATISTICS}"
    there = {file.address for file in store.files(address)}
    if constraints not in there:
        problem = f"There is no baseline: {constraints} does not exist."
        advice = f"Make one with: capture-forwarder {command} --to {address}"
        raise UsageError(problem, advice)
    return constraints, statistics if statistics in there else None


def executions_before(
    store: FileStore, address: str, most: int, judged: int
) -> tuple[Execution, ...]:
    """Read the executions of a schedule that came before one.

    Parameters
    ----------
    store
        Where they are.
    address
        The folder of that one, which ends with `yyyy/mm/dd/hh`.
    most
        How many executions are wanted.
    judged
        How many are wanted that have judged rows, even if that takes more in all.

    Returns
    -------
    tuple of Execution
        The oldest first, of the last twelve months. Those that cannot be read are passed over.

    Raises
    ------
    FileStoreError
        The folders cannot be read.
    """
    found: list[Execution] = []
    for one in islice(_addresses_before(store, address), _MOST_READ):
        enough = len(found) >= most and sum(map(has_judged, found)) >= judged
        if enough:
            break
        if execution := _read(store, one):
            found.append(execution)
    return tuple(reversed(found))


def _addresses_before(store: FileStore, address: str) -> Iterator[str]:
    """The addresses of earlier executions, the newest first."""
    schedule, year, month, _, _ = address.rsplit("/", 4)
    for start in _months_back(int(year), int(month)):
        files = (file.address for file in store.files(f"{schedule}/{start}"))
        before = [one for one in files if one.endswith(f"/{EXECUTION}") and one < address]
        yield from sorted(before, reverse=True)


def _months_back(year: int, month: int) -> Iterator[str]:
    for count in range(year * 12 + month - 1, year * 12 + month - 1 - _MOST_MONTHS, -1):
        yield f"{count // 12:04}/{count % 12 + 1:02}"


def _read(store: FileStore, address: str) -> Execution | None:
    try:
        return read_execution(store.read(address), address)
    except MonitorFileError:
        return None


def history_documents(executions: tuple[Execution, ...]) -> list[dict[str, object]]:
    """Executions as the report reads them."""
    documents: list[dict[str, object]] = msgspec.to_builtins(list(executions))
    return documents
