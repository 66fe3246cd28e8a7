"""A captured side → the shapes that its records can be seen in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from capture_forwarder.inspection.fields import Field, fields_of, path_to
from capture_forwarder.parser import RejectedError, Side
from capture_forwarder.parser.formats.csv_text import csv_readings
from capture_forwarder.parser.formats.decode import Format, decode_side
from capture_forwarder.parser.formats.json_document import (
    NOTHING,
    decode_documents,
    is_failure,
    json_readings,
    values_of,
)
from capture_forwarder.parser.formats.npy import read_npy
from capture_forwarder.parser.mapping.casts import infer

WIDEST = 2000
"""Records of more values than this are images and the like: nobody lists their columns."""

_RECORDS_LOOKED_AT = 50
_DEEPEST_PATH = 3
_MOST_PATHS = 8


@dataclass(frozen=True)
class Shape:
    """What the records of a side look like when it is read one way.

    Parameters
    ----------
    width
        The number of values of a positional record; 0 for a named one.
    fields
        What a named record offers.
    level
        Tells a document that is the record from records inside the document.
    path
        JMESPath that selects the records.
    header
        Whether the first row of CSV is a header.
    weak
        Only to be taken where nothing else fits.
    """

    width: int = 0
    fields: tuple[Field, ...] = ()
    level: str = ""
    path: str | None = None
    header: bool = False
    weak: bool = False


@dataclass(frozen=True)
class SideView:
    """What one side of one call looks like.

    `form` is a format, a reason why there is none, "empty" or "not captured"; the first of
    `shapes` is the likeliest.
    """

    content_type: str
    encoding: str
    form: str
    shapes: tuple[Shape, ...] = ()


def view_side(side: Side | None, *, inputs: bool) -> SideView:
    """Look at one side of a call; never raises, whatever it holds.

    Parameters
    ----------
    side
        The captured side, if it was captured.
    inputs
        Whether it is the request.
    """
    if side is None or side.data is None:
        return SideView("", "", "not captured")
    content_type = (side.observed_content_type or "").strip()
    encoding = side.encoding or ""
    if not side.data.strip():
        return SideView(content_type, encoding, "empty")
    name = "request" if inputs else "response"
    try:
        form, content = decode_side(side, name)
        shapes = tuple(_shapes(form, content, name, inputs=inputs))
    except RejectedError as rejected:
        return SideView(content_type, encoding, rejected.reason.value)
    except RecursionError:
        return SideView(content_type, encoding, "nested too deeply")
    return SideView(content_type, encoding, form.value, tuple(dict.fromkeys(shapes)))


def _shapes(form: Format, content: str | bytes, name: str, *, inputs: bool) -> Iterator[Shape]:
    if isinstance(content, bytes):
        yield from _json_shapes(read_npy(content, name), inputs=inputs)
    elif form is Format.CSV:
        yield from _csv_shapes(content, name, inputs=inputs)
    elif (document := decode_documents(content)) is NOTHING:
        # Some containers answer `[0.1, 0.7],[0.8, 0.1]` as JSON, which it is not.
        yield from (shape for shape in _csv_shapes(content, name, inputs=inputs) if shape.width)
    elif not is_failure(document):
        yield from _json_shapes(document, inputs=inputs)


def _csv_shapes(text: str, name: str, *, inputs: bool) -> Iterator[Shape]:
    readings = list(csv_readings(text, name, (), header=False, optional_header=False))
    structured = [reading for reading in readings if not reading.text]
    if structured:
        # JSON under the content type of CSV.
        if not any(is_failure(record) for record in structured[0].records[:1]):
            for reading in structured:
                yield from _record_shapes(reading.records, inputs=inputs)
        return
    rows = [[str(cell) for cell in row] for row in readings[0].records if isinstance(row, list)]
    if not rows:
        return
    names = rows.pop(0)
    header = Shape(fields=tuple(Field((cell.strip(),)) for cell in names), header=True)
    may_be = bool(rows) and _is_header(names)
    if may_be and any(_is_number(cell) for row in rows for cell in row):
        yield header
    for reading in readings:
        yield from _record_shapes(reading.records, inputs=inputs)
    if not inputs:
        return  # the parser takes a response with or without a header, by the request's records
    if may_be:
        yield dataclasses.replace(header, weak=True)
    elif rows and len(names) <= WIDEST:
        yield Shape(width=len(names), header=True, weak=True)


def _json_shapes(document: object, *, inputs: bool) -> Iterator[Shape]:
    columns = _keys_of_columns(document)
    for reading in json_readings(document, columns):
        alone = len(reading.records) == 1 and reading.records[0] is document
        if alone and isinstance(document, dict) and _without_containers(document) != document:
            continue  # its records lie inside; what stands beside them is no record
        level = "document" if alone else ""
        yield from _record_shapes(reading.records, inputs=inputs, level=level)
    if isinstance(document, dict):
        # A list of lists is sooner a list of records than a list of names is.
        lists = sorted(_lists_below(document), key=lambda found: not isinstance(found[1][0], list))
        for keys, held in lists[:_MOST_PATHS]:
            for reading in json_readings(held, ()):
                for found in _record_shapes(reading.records, inputs=inputs):
                    yield dataclasses.replace(found, path=path_to(keys), weak=True)
    if _is_ranking(document):
        # One call, several labels with their scores: the first is the best.
        path = "[0]" if isinstance(document, list) and isinstance(document[0], dict) else "[0][0]"
        fields = tuple(Field((key,)) for key in ("label", "score"))
        yield Shape(fields=fields, path=path, weak=True)


def _record_shapes(records: Sequence[object], *, inputs: bool, level: str = "") -> Iterator[Shape]:
    looked_at = records[:_RECORDS_LOOKED_AT]
    named = [record for record in looked_at if isinstance(record, dict)]
    listed = [record for record in looked_at if isinstance(record, list)]
    if not looked_at:
        return
    if len(named) == len(looked_at):
        yield from _named_shapes(named, inputs=inputs, level=level)
    elif len(listed) == len(looked_at):
        width = len(listed[0])
        nested = any(isinstance(value, (list, dict)) for value in listed[0])
        if 0 < width <= WIDEST:
            yield Shape(width=width, level=level, weak=nested)
    elif not named and not listed:
        yield Shape(width=1, level=level)


def _named_shapes(
    records: Sequence[Mapping[str, object]], *, inputs: bool, level: str
) -> Iterator[Shape]:
    fields = tuple(dict.fromkeys(field for record in records for field in fields_of(record)))
    held = values_of(records[0])
    lists = [
        field
        for field in fields
        if len(field.keys) == 1 and isinstance(records[0].get(field.keys[0]), list)
    ]
    by_name = Shape(fields=fields, level=level)
    by_place = Shape(width=len(held), level=level) if held and len(held) <= WIDEST else None
    # `{"features": [...]}` is a list in disguise; `{"predicted_label": 1, "probabilities":
    # [...]}` is not. One single list by name is a last resort.
    disguised = by_place is not None and (inputs or len(fields) == 1)
    if fields and not disguised:
        yield dataclasses.replace(by_name, weak=len(fields) == len(lists) == 1)
    if by_place is not None:
        yield by_place
    if fields and disguised:
        yield dataclasses.replace(by_name, weak=True)


def _without_containers(document: Mapping[str, object]) -> dict[str, object]:
    """Leave out what holds records: it is no column."""
    lists = [key for key, value in document.items() if isinstance(value, list)]
    return {
        key: value
        for key, value in document.items()
        if not _is_container(key, value, alone=lists == [key])
    }


def _is_container(key: str, value: object, *, alone: bool = True) -> bool:
    if isinstance(value, list):
        held = any(isinstance(item, (list, dict)) for item in value) or alone
    else:
        held = isinstance(value, dict)
    return held and len(list(json_readings({key: value}, ()))) > 1


def _keys_of_columns(document: object) -> tuple[str, ...]:
    """The keys of a dictionary of columns; none if the document is not one."""
    if not isinstance(document, dict):
        return ()
    columns = _without_containers(document)
    lists = [column for column in columns.values() if isinstance(column, list)]
    if not lists or len(lists) != len(columns) or len({len(column) for column in lists}) != 1:
        return ()
    held = [key for key in columns if values_of({key: columns[key]}) is not None]
    return () if held == list(columns) else tuple(columns)


def _lists_below(
    document: Mapping[str, object], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], list[object]]]:
    for key, value in document.items():
        keys = (*above, key)
        if isinstance(value, dict) and len(keys) < _DEEPEST_PATH:
            yield from _lists_below(value, keys)
        elif isinstance(value, list) and value and (above or not _is_container(key, value)):
            yield keys, value


def _is_ranking(document: object) -> bool:
    if isinstance(document, list) and len(document) == 1 and isinstance(document[0], list):
        document = document[0]
    if not isinstance(document, list) or not document or not isinstance(document[0], dict):
        return False
    return set(document[0]) == {"label", "score"}


def _is_header(names: Sequence[str]) -> bool:
    stripped = [name.strip() for name in names]
    texts = all(name and not _is_number(name) for name in stripped)
    return texts and len(set(stripped)) == len(stripped) and len(stripped) <= WIDEST


def _is_number(cell: str) -> bool:
    return not isinstance(infer(cell), str)
