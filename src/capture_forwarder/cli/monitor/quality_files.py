"""The files of `monitor quality`: what it reads, and the folder that it writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from capture_forwarder.core.errors import UsageError
from capture_forwarder.local.whole_file import UNFINISHED, write_whole_file
from capture_forwarder.monitor.errors import DataError
from capture_forwarder.monitor.quality import Checked, Question, Source
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


def read_baseline(place: Path, output: Path) -> Baseline:
    """Read a baseline from its folder or from its `constraints.json`.

    Raises
    ------
    UsageError
        There is none, or it would be overwritten.
    """
    path = place / CONSTRAINTS if place.is_dir() else place
    if path.parent.resolve() == output.resolve():
        message = f"{output} is the folder of the baseline, which would be overwritten."
        raise UsageError(message, "Give another folder with --output.")
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


def write_baseline(
    output: Path, statistics: Mapping[str, Any], constraints: Mapping[str, Any]
) -> None:
    """Write the files of a baseline.

    Raises
    ------
    DataError
        They cannot be written.
    """
    _write(output, {STATISTICS: statistics, CONSTRAINTS: constraints})


def write_execution(  # noqa: PLR0913 - one parameter a fact
    output: Path,
    statistics: Mapping[str, Any],
    baseline: Baseline,
    checked: Checked,
    *,
    started: datetime,
    question: Question,
    endpoint: str | None,
    schedule: str,
) -> dict[str, Any]:
    """Write the files of an execution, and give what `execution.json` has.

    `execution.json` is written last: where it is, the others are whole.

    Raises
    ------
    DataError
        They cannot be written.
    """
    count = len(checked.violations)
    rows = statistics["dataset"]["item_count"]
    found = f"{count} violations" if count else "no violations"
    message = f"Job completed successfully with {found}."
    if not rows:
        message += " No prediction could be judged."
    if checked.not_judged:
        message += f" Not judged: {', '.join(checked.not_judged)}."
    window = question.window
    execution = {
        "schedule": schedule,
        "endpoint": endpoint,
        "monitoring_type": "ModelQuality",
        "start": _utc(window.since),
        "end": _utc(window.until),
        "status": "CompletedWithViolations" if count else "Completed",
        "message": message,
        "rows": rows,
        "started": _utc(started),
        "ended": _utc(datetime.now(UTC)),
        "baseline": str(baseline.place),
    }
    documents: dict[str, object] = {
        STATISTICS: statistics,
        CONSTRAINTS: baseline.constraints,
        VIOLATIONS: {"violations": checked.violations},
        f"baseline/{CONSTRAINTS}": baseline.constraints,
    }
    if baseline.statistics is not None:
        documents[f"baseline/{STATISTICS}"] = baseline.statistics
    _write(output, documents | {EXECUTION: execution})
    return execution


def _utc(time: datetime | None) -> str | None:
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _write(folder: Path, documents: Mapping[str, object]) -> None:
    for name, document in documents.items():
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
        try:
            write_whole_file(folder / name, f"{text}\n".encode())
        except OSError as error:
            message = f"{folder / name} cannot be written: {error.strerror}."
            raise DataError(message, "Give another folder with --output.") from error
