"""Forward SageMaker Data Capture files to a model monitoring platform.

For notebooks and scripts: a mapping of captured values to columns, and a reader that turns a
capture file into inferences and rejections.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capture_forwarder.core.inference import Inference
    from capture_forwarder.core.rejection import Reason
    from capture_forwarder.inspection import Inspection
    from capture_forwarder.parser import ColumnMapping
    from capture_forwarder.parser.captures import Captures, RejectedLine
    from capture_forwarder.wiring.notebooks import CapturedRows, inspect_captures, read_captures

__all__ = [
    "CapturedRows",
    "Captures",
    "ColumnMapping",
    "Inference",
    "Inspection",
    "Reason",
    "RejectedLine",
    "inspect_captures",
    "read_captures",
]

__version__ = "0.1.0"

_HOMES = {
    "CapturedRows": "wiring.notebooks",
    "Captures": "parser.captures",
    "ColumnMapping": "parser",
    "Inference": "core.inference",
    "Inspection": "inspection",
    "Reason": "core.rejection",
    "RejectedLine": "parser.captures",
    "inspect_captures": "wiring.notebooks",
    "read_captures": "wiring.notebooks",
}

if not TYPE_CHECKING:  # else every name would count as there

    def __getattr__(name: str) -> object:
        """Import what notebooks use when they ask for it, so that the function need not.

        Raises
        ------
        AttributeError
            There is nothing of that name.
        """
        if name not in _HOMES:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """What tab completion shows."""
    return sorted({*globals(), *__all__})
