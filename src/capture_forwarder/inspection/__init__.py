"""What capture files hold and which settings map them. No terminal."""

from capture_forwarder.inspection.proposals import Given
from capture_forwarder.inspection.report import (
    FileFacts,
    Inspection,
    Refused,
    Sample,
    inspect_files,
)
from capture_forwarder.inspection.sampling import by_endpoint, take_samples
from capture_forwarder.inspection.suggest import assignments, write_types

__all__ = [
    "FileFacts",
    "Given",
    "Inspection",
    "Refused",
    "Sample",
    "assignments",
    "by_endpoint",
    "inspect_files",
    "take_samples",
    "write_types",
]
