"""A mapping and sampled lines → how well it maps them, by the parser itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jmespath.exceptions import JMESPathError

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.parser import ColumnMapping, LineParser


@dataclass(frozen=True, order=True)
class Trial:
    """What a mapping makes of lines; of two, the greater is the better.

    Parameters
    ----------
    clean
        Lines with inferences in which every value can stand in a column.
    mapped
        Lines with inferences.
    strong
        Whether the mapping reads the lines in a way that needs no excuse.
    present
        Minus the number of columns without a value.
    """

    clean: int
    mapped: int
    strong: bool
    present: int


def try_mapping(
    mapping: ColumnMapping, lines: Sequence[tuple[CaptureFile, bytes]], *, strong: bool = True
) -> tuple[Trial, int]:
    """Map lines.

    Parameters
    ----------
    mapping
        What to try.
    lines
        Lines with the objects that they are from.
    strong
        Passed on.

    Returns
    -------
    tuple
        The outcome, and the number of inferences.
    """
    try:
        parser = LineParser(mapping)
    except (JMESPathError, ValueError):
        return Trial(0, 0, strong, 0), 0
    names = [column.name for column in (*mapping.inputs, *mapping.outputs)]
    clean = mapped = missing = inferences = 0
    for capture_file, line in lines:
        parsed = parser.for_file(capture_file)(line)
        if not isinstance(parsed, ParsedLine) or not parsed.inferences:
            continue
        mapped += 1
        inferences += len(parsed.inferences)
        values = [inference.row[name] for inference in parsed.inferences for name in names]
        missing += values.count(None)
        clean += not any(_holds_records(value) for value in values)
    return Trial(clean, mapped, strong, -missing), inferences


def _holds_records(value: object) -> bool:
    """Whether no column can hold a value; lists of plain values, such as boxes, may be one."""
    if isinstance(value, list):
        return any(map(_holds_records, value))
    return isinstance(value, dict)
