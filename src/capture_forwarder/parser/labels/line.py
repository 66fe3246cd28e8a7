"""A line of bytes → the id that it labels, and its labels as they stand.

Three forms are read: ground truth as SageMaker takes it, alone or merged with its capture by
Model Monitor (AWS, "Ingest ground truth labels and merge them with predictions" in the SageMaker
developer guide); a JSON object with a column for the id; and such an object from a row of CSV,
under `csv`, whose values are texts that are still to be typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.bounds import line_holds_too_much, too_much
from capture_forwarder.parser.labels.data import Values, records_in
from capture_forwarder.parser.rejected import RejectedError

CSV_ROW = "csv"
"""The key of what a row of CSV became: an object, or a list where it does not fit the header."""

CSV_HEADER = "csv_header"
"""The key of what the first row of CSV became: the names of the columns, if it is a header."""

_GROUND_TRUTH = "groundTruthData"
_BOM = b"\xef\xbb\xbf"
_decode = msgspec.json.Decoder().decode


class LabelLine(msgspec.Struct, frozen=True):
    """A line with labels.

    Parameters
    ----------
    id
        What it labels: an inference, or a call with one or several of them.
    records
        Its labels: one for each row, as a list in the order of the columns, or by name. A header
        has none, and no id.
    text
        Whether values that are texts are still to be typed, as those of CSV.
    merged
        Whether the capture of the call stands in the line, too.
    table
        Whether it is a row of a table, whose values have names of the user's own.
    """

    id: str
    records: Sequence[Values]
    text: bool = False
    merged: bool = False
    table: bool = False


def is_label(line: bytes) -> bool:
    """Whether a line is ground truth in SageMaker's format, alone or merged with its capture."""
    try:
        document = _decode(line.removeprefix(_BOM))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(document, dict) and document.get(_GROUND_TRUTH) is not None


def read_label(line: bytes, id_column: str) -> LabelLine:
    """Read a line.

    Parameters
    ----------
    line
        Its bytes, without the line end.
    id_column
        The column with the id, in a table.

    Raises
    ------
    RejectedError
        With `invalid-json`, `not-a-label` or `too-many-values`.
    """
    if line_holds_too_much(line):
        raise too_much("line")
    document = _document(line)
    if _GROUND_TRUTH in document:
        records, text = records_in(document[_GROUND_TRUTH])
        merged = document.get("captureData") is not None
        return LabelLine(_id_of_call(document), records, text, merged=merged)
    if "captureData" in document:
        raise _none("This is the capture of a call without a label.")
    if isinstance(header := document.get(CSV_HEADER), list):
        if id_column in header and len(set(map(str, header))) == len(header):
            return LabelLine("", ())
        raise _none(
            f"The first row of the CSV has no column {id_column!r}, or one name twice: it is no "
            "header that fits."
        )
    text = CSV_ROW in document and isinstance(document[CSV_ROW], dict | list | str)
    row = document[CSV_ROW] if text else document
    if isinstance(row, str):
        raise _none("The line of CSV cannot be read: look at its quotes.")
    if isinstance(row, list):
        raise _none(
            "The row of CSV has another number of values than the header, or there is no header: "
            "the first row must name the columns, each once."
        )
    if id_column not in row:
        raise _none(f"The row has no column {id_column!r} with an id.")
    name = _as_id(row[id_column])
    if name is None:
        raise _none(f"The column {id_column!r} holds no id.")
    return LabelLine(name, [row], text, table=True)


def _document(line: bytes) -> dict[str, Any]:
    try:
        document = _decode(line.removeprefix(_BOM))
    except RecursionError:
        raise RejectedError(Reason.INVALID_JSON, "The JSON is nested too deeply.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        what = "is not valid JSON; it may have been cut" if _is_text(line) else "is not UTF-8"
        detail = f"The line {what}."
        raise RejectedError(Reason.INVALID_JSON, detail) from None
    if not isinstance(document, dict):
        raise _none("The line is no JSON object.")
    return document


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _id_of_call(document: Mapping[str, Any]) -> str:
    metadata = document.get("eventMetadata")
    facts = metadata if isinstance(metadata, dict) else {}
    name = _as_id(facts.get("inferenceId")) or _as_id(facts.get("eventId"))
    if name is None:
        raise _none("The line has no eventMetadata with an eventId.")
    return name


def _as_id(value: object) -> str | None:
    """An id as text; tables may hold whole numbers as such."""
    if isinstance(value, str):
        return value or None
    return str(value) if type(value) is int else None


def _none(detail: str) -> RejectedError:
    return RejectedError(Reason.NOT_A_LABEL, detail)
