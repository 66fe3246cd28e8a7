"""The documents of an execution → what the page is made of."""

from __future__ import annotations

import json
from pathlib import Path

from capture_forwarder.monitor.errors import MonitorFileError
from capture_forwarder.monitor.executions.folder import (
    CONSTRAINTS,
    DRIFT,
    EXECUTION,
    STATISTICS,
    VIOLATIONS,
)
from capture_forwarder.monitor.report.documents import Document, Documents


def documents_in(folder: Path) -> Documents:
    """Read the files of an execution; those that are not there are empty.

    Raises
    ------
    MonitorFileError
        A file is not what its name says.
    """
    return Documents(
        execution=read_document(folder / EXECUTION),
        statistics=read_document(folder / STATISTICS),
        constraints=read_document(folder / CONSTRAINTS),
        violations=read_document(folder / VIOLATIONS),
        baseline=read_document(folder / "baseline" / STATISTICS),
        drift=read_document(folder / DRIFT),
    )


def read_document(path: Path, *, needed: bool = False) -> Document:
    """Read a JSON object; an empty one where there is no file and none is needed.

    Raises
    ------
    MonitorFileError
        It cannot be read, or is no JSON object.
    """
    if not needed and not path.is_file():
        return {}
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise MonitorFileError(message, "Check the path and the file's permissions.") from error
    except (ValueError, RecursionError) as error:
        raise MonitorFileError(f"{path} is not JSON.", "Run the check again.") from error
    if not isinstance(found, dict):
        raise MonitorFileError(f"{path} is not a JSON object.", "Run the check again.")
    return found
