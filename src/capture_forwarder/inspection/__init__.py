"""What capture files hold and which settings map them. Pure: no I/O, no terminal."""

from capture_forwarder.inspection.proposals import Given
from capture_forwarder.inspection.report import (
    FileFacts,
    Inspection,
    Refused,
    Sample,
    inspect_files,
)
from capture_forwarder.inspection.suggest import assignments, write_types

__all__ = [
    "FileFacts",
    "Given",
    "Inspection",
    "Refused",
    "Sample",
    "assignments",
    "inspect_files",
    "write_types",
]
