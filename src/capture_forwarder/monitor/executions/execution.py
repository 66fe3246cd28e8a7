"""`execution.json`: when a check ran, over which window, against what, and how it ended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.errors import MonitorFileError


class Status(StrEnum):
    """How an execution ended, in Model Monitor's words (MonitoringExecutionStatus)."""

    COMPLETED = "Completed"
    WITH_VIOLATIONS = "CompletedWithViolations"
    FAILED = "Failed"


class MonitoringType(StrEnum):
    """What an execution looked at, in the words of SageMaker's API."""

    DATA_QUALITY = "DataQuality"
    MODEL_QUALITY = "ModelQuality"


class BaselineFiles(msgspec.Struct, frozen=True):
    """Where the baseline was, and its copies in the execution's folder."""

    source: str
    constraints: str = "baseline/constraints.json"
    statistics: str | None = None


class Execution(msgspec.Struct, frozen=True):
    """One run of a check; times are ISO 8601 in UTC.

    Parameters
    ----------
    schedule, endpoint
        What is monitored, by which name; the endpoint is None where none was named.
    window
        The limits of the rows' times.
    status
        How it ended.
    message
        What Model Monitor's exit message says, or what went wrong.
    rows
        How many rows there were; None of an execution that failed before it knew.
    violations
        How many there are.
    started, ended
        When the check itself ran.
    baseline
        What it was held against.
    drift_method
        How the distance of numbers was measured: `rows` or `model-monitor`; `none` of model
        quality.
    notes
        What was not judged, and why.
    monitoring_type
        Whether it is of data or of a model's quality.
    """

    schedule: str
    endpoint: str | None
    window_start: str | None
    window_end: str | None
    status: Status
    message: str
    rows: int | None
    violations: int
    started: str
    ended: str
    baseline: BaselineFiles
    drift_method: str
    notes: tuple[str, ...] = ()
    version: int = 1
    monitoring_type: MonitoringType = MonitoringType.DATA_QUALITY


def write_execution(execution: Execution) -> bytes:
    """Write the file's bytes: JSON in UTF-8."""
    return msgspec.json.format(msgspec.json.encode(execution), indent=2) + b"\n"


def read_execution(data: bytes, name: str) -> Execution:
    """Read the file.

    Raises
    ------
    MonitorFileError
        It is no such file; `name` is what the error calls it.
    """
    try:
        return msgspec.json.decode(data, type=Execution)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{name} is no execution.json."
        raise MonitorFileError(message, "Run the check again to write it anew.") from error


def message_of(status: Status, violations: int, *, nothing_captured: bool = False) -> str:
    """What Model Monitor says at the end of such an execution."""
    if status is Status.WITH_VIOLATIONS:
        return f"CompletedWithViolations: Job completed successfully with {violations} violations."
    nothing = " Nothing was captured in the window." if nothing_captured else ""
    return f"Completed: Job completed successfully with no violations.{nothing}"


def written(time: datetime | None) -> str | None:
    """A time as the file has it."""
    return None if time is None else time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def hour_of(window: Window, started: datetime) -> datetime:
    """The hour that an execution's folder is named by.

    It is the hour in which the window ends, as with Model Monitor, which runs behind it; without
    an end, the hour in which the check started.
    """
    time = started if window.until is None else window.until
    return time.replace(minute=0, second=0, microsecond=0)
