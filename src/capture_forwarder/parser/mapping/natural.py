"""One side of a call without columns: what its payload holds when taken as what it looks like.

CSV is one record a line, JSON Lines are one a line, the lists of `instances`, `predictions` and
the like are opened, and a dictionary without such a list is one record. A bare list of plain
values can be one record or several. So can a dictionary of columns.
"""

from __future__ import annotations

from collections.abc import Mapping

from capture_forwarder.parser.call import CapturedPayload
from capture_forwarder.parser.formats.csv_text import csv_readings
from capture_forwarder.parser.formats.decode import Format, decode_payload
from capture_forwarder.parser.formats.events import are_events, joined
from capture_forwarder.parser.formats.json_document import (
    CONTAINERS,
    split_frame,
    tensor_columns,
    transposed,
)
from capture_forwarder.parser.formats.json_text import (
    NOTHING,
    JsonLines,
    decode_inside,
    is_failure,
)
from capture_forwarder.parser.formats.npy import read_npy
from capture_forwarder.parser.formats.payload import (
    bracketed_readings,
    document_in,
    failed_call,
)
from capture_forwarder.parser.formats.plain_text import is_numeric
from capture_forwarder.parser.formats.reading import Reading

_DEEPEST = 4


def natural_readings(side: CapturedPayload, name: str, *, answer: bool) -> list[Reading]:
    """Read a side in the ways that its looks allow.

    Parameters
    ----------
    side
        A captured payload whose `data` is not None.
    name
        What to call it in a rejection: "request" or "response".
    answer
        Whether it is the response, which can tell of a failure, and can hold the scores of all
        records on one line.

    Returns
    -------
    list
        Readings without `strict`; those with less `doubt` are meant unless only another one
        agrees with the other side.

    Raises
    ------
    RejectedError
        It cannot be decoded, or tells of a failure.
    """
    form, content = decode_payload(side, name)
    if isinstance(content, bytes):
        return document_readings(read_npy(content, name))
    if not content.strip():
        return [Reading([])]
    if form is Format.EVENTS or (form is not Format.CSV and are_events(content)):
        return [Reading([joined(content, name)])]
    document = document_in(form, content)
    if document is NOTHING or (isinstance(document, JsonLines) and form is Format.CSV):
        return _text_readings(form, content, name, answer=answer)
    if answer and is_failure(document):
        raise failed_call(name)
    return document_readings(document)


def document_readings(document: object, depth: int = 0) -> list[Reading]:
    """Read decoded JSON in the ways that its looks allow; see `natural_readings`.

    Parameters
    ----------
    document
        Decoded JSON.
    depth
        How many containers were opened already.
    """
    if isinstance(document, str) and (inside := decode_inside(document)) is not NOTHING:
        document = inside
    if isinstance(document, JsonLines):
        return [Reading(document)]
    if isinstance(document, list):
        return _bare_list(document)
    if not isinstance(document, dict):
        return [Reading([document])]
    return _of_dictionary(document, depth)


def _of_dictionary(document: dict[str, object], depth: int) -> list[Reading]:
    if (rows := split_frame(document)) is not None:
        return [Reading(rows)]
    alone = len(document) == 1
    for key in CONTAINERS:
        held = document.get(key)
        if isinstance(held, list):
            opened = _opened(held, 1 if alone else 2)
            return opened if alone else [*opened, Reading([document], doubt=1)]
        if isinstance(held, dict) and alone and depth < _DEEPEST:
            return document_readings(held, depth + 1)
    return [Reading([document]), *_transposed(document)]


def _text_readings(form: Format, content: str, name: str, *, answer: bool) -> list[Reading]:
    """Text is one value; a page, or text of an unknown kind, is no answer but an error."""
    if form in {Format.JSON, Format.JSON_LINES}:
        return [Reading(lists.records) for lists in bracketed_readings(content, name)]
    if form is Format.CSV or is_numeric(content):
        return _csv_readings(content, name, answer=answer)
    if answer and (content.lstrip()[:1] == "<" or form is Format.UNKNOWN):
        raise failed_call(name)
    if form is Format.UNKNOWN:
        return _csv_readings(content, name, answer=answer)
    return [Reading([content])]


def _csv_readings(text: str, name: str, *, answer: bool) -> list[Reading]:
    """Take each line for a record.

    A space before a quote belongs to the cell (RFC 4180), and a quoted list is one cell: the
    other ways to read these change no number of records, so nothing here can speak for them.
    """
    found = list(csv_readings(text, name))
    lists = [Reading(reading.records) for reading in found if not reading.text]
    texts = [reading for reading in found if reading.text]
    if not texts:
        return lists
    lines, *others = texts
    readings = [*lists, Reading(lines.records, text=True, doubt=len(lists))]
    for other in others:
        on_one_line = len(lines.records) == 1 < len(other.records) and not other.doubt
        if other.doubt or (answer and on_one_line):
            readings.append(Reading(other.records, text=True, doubt=1 + other.doubt))
    return readings


def _bare_list(items: list[object]) -> list[Reading]:
    """Read a list that nothing says more of.

    `[1.9e-06, 0.99]` may be two classes of one record as well as the scores of two, and
    `[1, [0.4, 0.6]]` a label with the probabilities of its classes.
    """
    if items and all(_is_nested(item) for item in items):
        return [Reading(items)]
    if len(items) == 1:
        return [Reading([items])]
    return [Reading(items), Reading([items])] if items else [Reading([])]


def _opened(held: list[object], doubt: int) -> list[Reading]:
    if (arrays := tensor_columns(held)) is not None:
        if len(arrays) == 1:
            # A tensor of rows is called what the server calls it, which names no column.
            (array,) = arrays.values()
            return document_readings(array)
        if records := transposed({name: _flat(array) for name, array in arrays.items()}):
            return [Reading(records)]
    if len(held) > 1 and not all(_is_nested(item) for item in held):
        return [Reading(held), Reading([held], doubt=doubt)]
    return [Reading(held)]


def _flat(array: object) -> object:
    """A column of shape [n, 1] holds n values, not n lists."""
    rows = array if isinstance(array, list) else []
    if rows and all(isinstance(row, list) and len(row) == 1 for row in rows):
        return [row[0] for row in rows]
    return array


def _transposed(document: Mapping[str, object]) -> list[Reading]:
    """Read a dictionary of columns as records: plain values in lists of one length."""
    columns = [column for column in document.values() if isinstance(column, list)]
    lengths = {len(column) for column in columns}
    if len(columns) < len(document) or len(lengths) != 1 or lengths <= {0, 1}:
        return []
    if any(_is_nested(cell) for column in columns for cell in column):
        return []
    return [Reading([dict(zip(document, row, strict=True)) for row in zip(*columns, strict=True)])]


def _is_nested(item: object) -> bool:
    return isinstance(item, (list, dict))
