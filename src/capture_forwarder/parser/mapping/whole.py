"""A line → its records whole, for routes that name no columns.

Each inference has two values: what was asked, under `input`, and what was answered, under
`output`. A record is a list (positional), a dictionary (named) or a single value.
"""

from __future__ import annotations

from collections.abc import Sequence

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.conversation import RECORDS
from capture_forwarder.core.inference import Inference, ParsedLine
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.parser.call import CapturedPayload, read_call
from capture_forwarder.parser.formats.reading import Reading
from capture_forwarder.parser.line import ParseChunk, ParseLine
from capture_forwarder.parser.mapping.casts import infer
from capture_forwarder.parser.mapping.natural import natural_readings
from capture_forwarder.parser.rejected import RejectedError

NAMES = RECORDS
"""The names of an inference's two values."""

# Neither variables nor keys are named: the parser does not know which of them its reader writes.
_NAME_THE_COLUMNS = "name the columns of the request and of the response in the mapping"


class WholeLineParser:
    """Turns lines into pairs of records, as their payloads look.

    Without columns only the numbers of records can decide between two ways to read a payload:
    the most natural ones that agree on both sides are taken. Two that are as natural as each
    other and disagree are a rejection.
    """

    def for_file(self, capture_file: CaptureFile) -> ParseLine:
        """Return what parses the lines of an object; see `LineParser.for_file`."""
        del capture_file
        return _parse

    def for_chunks(self, capture_file: CaptureFile) -> ParseChunk:
        """Return what reads no line of a chunk: these lines are parsed one by one."""
        del capture_file
        return lambda _chunk: ()


def _parse(line: bytes) -> ParsedLine | Rejection:
    try:
        data, metadata, identity = read_call(line)
        inputs, outputs = _agreeing(
            _readings(data.endpoint_input, "request", Reason.MISSING_INPUT),
            _readings(data.endpoint_output, "response", Reason.MISSING_OUTPUT),
        )
    except RejectedError as rejected:
        return Rejection(rejected.reason, rejected.detail)
    count = len(inputs.records)
    ids = (identity,) if count == 1 else [f"{identity}_{n}" for n in range(count)]
    values = zip(_records(inputs), _records(outputs), strict=True)
    inferences = [Inference(name, NAMES, pair) for name, pair in zip(ids, values, strict=True)]
    return ParsedLine(inferences, metadata.inference_time, calls=(identity,))


def _readings(side: CapturedPayload | None, name: str, missing: Reason) -> list[Reading]:
    if side is None or side.data is None:
        detail = f"The {name} was not captured, but this route forwards both sides of a call."
        raise RejectedError(missing, detail)
    if not side.data:
        return [Reading([])]
    return natural_readings(side, name, answer=missing is Reason.MISSING_OUTPUT)


def _agreeing(inputs: Sequence[Reading], outputs: Sequence[Reading]) -> tuple[Reading, Reading]:
    """Find the most natural readings whose numbers of records are equal.

    Raises
    ------
    RejectedError
        With `record-count-mismatch`: there are none, or several.
    """
    pairs = [
        (left, right)
        for left in inputs
        for right in outputs
        if len(left.records) == len(right.records)
    ]
    if not pairs:
        left, right = _counts(inputs), _counts(outputs)
        detail = (
            f"The request holds {left} record(s), the response {right}; if a payload can be read "
            f"in another way, {_NAME_THE_COLUMNS}."
        )
        raise RejectedError(Reason.RECORD_COUNT_MISMATCH, detail)
    least = min(_doubt(pair) for pair in pairs)
    chosen, *others = (pair for pair in pairs if _doubt(pair) == least)
    if others:
        counts = _counts([chosen[0], *(left for left, _ in others)])
        detail = f"The line holds {counts} inference(s), which nothing in it decides; "
        raise RejectedError(Reason.RECORD_COUNT_MISMATCH, f"{detail}{_NAME_THE_COLUMNS}.")
    return chosen


def _doubt(pair: tuple[Reading, Reading]) -> int:
    return pair[0].doubt + pair[1].doubt


def _counts(readings: Sequence[Reading]) -> str:
    return " or ".join(map(str, sorted({len(reading.records) for reading in readings})))


def _records(reading: Reading) -> Sequence[object]:
    if not reading.text:
        return reading.records
    return [_typed(record) for record in reading.records]


def _typed(record: object) -> object:
    cells = record if isinstance(record, list) else [record]
    return [infer(cell) if isinstance(cell, str) else cell for cell in cells]
