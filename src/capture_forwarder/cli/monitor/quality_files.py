"""The files of `monitor quality`: what it reads, and the folder that it writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from capture_forwarder.core.errors import UsageError
from capture_forwarder.local.whole_file import UNFINISHED, write_whole_file
from capture_forwarder.monitor.errors import DataError
from capture_forwarder.monitor.quality import Checked, Source, Window
from capture_forwarder.monitor.quality.sources import format_of

STATISTICS = "statistics.json"
CONSTRAINTS = "constraints.json"
VIOLATIONS = "constraint_violations.json"
EXECUTION = "execution.json"


@dataclass(frozen=True)
class Baseline:
    """What a window is compared with.

    Parameters
    ----------
    place
        Where it is.
    constraints
        `constraints.json`.
    statistics
        `statistics.json`, if it is there.
    """

    place: Path
    constraints: object
    statistics: object | None


@dataclass(frozen=True)
class Run:
    """What an execution is of, and where it is kept.

    Parameters
    ----------
    root
        Where executions are kept.
    schedule, endpoint
        What is monitored, by which name.
    window
        Which calls count.
    started
        When the check began.
    """

    root: Path
    schedule: str
    endpoint: str | None
    window: Window
    started: datetime

    @property
    def folder(self) -> Path:
        """`{endpoint}/{schedule}/yyyy/mm/dd/hh`, by the hour that the window ends in, in UTC."""
        hour = (self.window.until or self.started).astimezone(UTC)
        names = (_safe(self.endpoint or "none"), _safe(self.schedule))
        return self.root.joinpath(*names, *f"{hour:%Y/%m/%d/%H}".split("/"))


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".") or "none"


def find_source(addresses: Sequence[str], table: str | None, *, header: bool) -> Source:
    """Find the files of a source; those of a folder in the order of their paths.

    Raises
    ------
    UsageError
        Something is not there, or is not on this machine.
    """
    name = " ".join(addresses)
    paths = [path for address in addresses for path in _files(address)]
    if not paths:
        message = f"{name} holds no file whose name tells a format."
        raise UsageError(message, "Known are .csv, .json, .jsonl, .parquet and .duckdb.")
    return Source(name, tuple(paths), table, header)


def _files(address: str) -> Iterable[Path]:
    if "://" in address:
        message = f"{address} is not on this machine."
        raise UsageError(message, f"Copy it first: aws s3 cp --recursive {address} data")
    path = Path(address)
    if path.is_dir():
        return sorted(
            file
            for file in path.rglob("*")
            if file.is_file()
            and not file.name.startswith(".")
            and not file.name.endswith(UNFINISHED)
            and format_of(file)
        )
    if not path.exists():
        raise UsageError(f"{address} does not exist.", "Check the path.")
    return [path]


def read_baseline(place: Path) -> Baseline:
    """Read a baseline from its folder or from its `constraints.json`.

    Raises
    ------
    UsageError
        There is none.
    """
    path = place / CONSTRAINTS if place.is_dir() else place
    statistics = path.with_name(STATISTICS)
    return Baseline(place, _read(path), _read(statistics) if statistics.is_file() else None)


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise UsageError(message, "Give the folder that a baseline was written to.") from error
    except ValueError as error:
        raise UsageError(f"{path} is not JSON.", "Make the baseline again.") from error


def check_is_free(folder: Path) -> None:
    """Look whether a folder holds no baseline yet.

    Raises
    ------
    UsageError
        It does.
    """
    if (folder / CONSTRAINTS).exists():
        message = f"{folder} holds a baseline already."
        raise UsageError(message, "Give another folder with --to, or add --replace.")


def write_baseline(
    folder: Path, statistics: Mapping[str, Any], constraints: Mapping[str, Any]
) -> None:
    """Write the files of a baseline.

    Raises
    ------
    DataError
        They cannot be written.
    """
    _write(folder, {STATISTICS: statistics, CONSTRAINTS: constraints})


def write_execution(
    run: Run, statistics: Mapping[str, Any], baseline: Baseline, checked: Checked
) -> tuple[Path, dict[str, Any]]:
    """Write the files of an execution.

    `execution.json` is written last: where it is, the others are whole.

    Returns
    -------
    tuple
        The folder, and what `execution.json` has.

    Raises
    ------
    DataError
        They cannot be written.
    """
    count, rows = len(checked.violations), statistics["dataset"]["item_count"]
    status = "CompletedWithViolations" if count else "Completed"
    notes = [] if rows else ["No prediction could be judged."]
    if checked.not_judged:
        notes.append(f"Not judged, for want of a value: {', '.join(checked.not_judged)}.")
    has_statistics = baseline.statistics is not None
    execution = {
        "schedule": run.schedule,
        "endpoint": run.endpoint,
        "monitoring_type": "ModelQuality",
        "window_start": _utc(run.window.since),
        "window_end": _utc(run.window.until),
        "status": status,
        "message": f"{status}: Job completed successfully with {count or 'no'} violations.",
        "rows": rows,
        "violations": count,
        "started": _utc(run.started),
        "ended": _utc(datetime.now(UTC)),
        "baseline": {
            "source": str(baseline.place),
            "constraints": f"baseline/{CONSTRAINTS}",
            "statistics": f"baseline/{STATISTICS}" if has_statistics else None,
        },
        "drift_method": "none",
        "notes": notes,
        "version": 1,
    }
    documents: dict[str, object] = {
        STATISTICS: statistics,
        CONSTRAINTS: baseline.constraints,
        VIOLATIONS: {"violations": checked.violations},
        f"baseline/{CONSTRAINTS}": baseline.constraints,
    }
    if has_statistics:
        documents[f"baseline/{STATISTICS}"] = baseline.statistics
    folder = run.folder
    _write(folder, documents | {EXECUTION: execution})
    return folder, execution


def _utc(time: datetime | None) -> str | None:
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write(folder: Path, documents: Mapping[str, object]) -> None:
    for name, document in documents.items():
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
        try:
            write_whole_file(folder / name, f"{text}\n".encode())
        except OSError as error:
            message = f"{folder / name} cannot be written: {error.strerror}."
            raise DataError(message, "Give another folder with --to.") from error
