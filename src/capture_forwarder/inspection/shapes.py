"""A captured payload → the shapes that its records can be seen in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from capture_forwarder.inspection.fields import Field, fields_of, path_to
from capture_forwarder.parser import (
    CapturedPayload,
    Looks,
    Reading,
    RejectedError,
    infer,
    is_container,
    is_frame,
    is_line,
    json_readings,
    look_at,
    values_of,
)

WIDEST = 2000
"""Records of more values than this are images and the like: nobody lists their columns."""

_RECORDS_LOOKED_AT = 50
_DEEPEST_PATH = 3
_TEXT_ANSWERS = frozenset({"text/plain", "application/x-text"})
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
    text
        Whether the record is a text as a whole.
    """

    width: int = 0
    fields: tuple[Field, ...] = ()
    level: str = ""
    path: str | None = None
    header: bool = False
    weak: bool = False
    text: bool = False


@dataclass(frozen=True)
class PayloadView:
    """What one side of one call looks like.

    `form` is a format, a reason why there is none, "empty" or "not captured"; the first of
    `shapes` is the likeliest.
    """

    content_type: str
    encoding: str
    form: str
    shapes: tuple[Shape, ...] = ()


def view_payload(side: CapturedPayload | None, *, inputs: bool) -> PayloadView:
    """Look at one side of a call; never raises, whatever it holds.

    Parameters
    ----------
    side
        The captured side, if it was captured.
    inputs
        Whether it is the request.
    """
    if side is None or side.data is None:
        return PayloadView("", "", "not captured")
    content_type = (side.observed_content_type or "").strip()
    encoding = side.encoding or ""
    if not side.data.strip():
        return PayloadView(content_type, encoding, "empty")
    name = "request" if inputs else "response"
    try:
        looks = look_at(side, name)
        shapes = tuple(_shapes(looks, inputs=inputs))
    except RejectedError as rejected:
        return PayloadView(content_type, encoding, rejected.reason.value)
    except RecursionError:
        return PayloadView(content_type, encoding, "nested too deeply")
    if not inputs and content_type.partition(";")[0].strip().lower() not in _TEXT_ANSWERS:
        # Other text is what servers and proxies answer when a call fails.
        shapes = tuple(shape for shape in shapes if not shape.text)
    return PayloadView(content_type, encoding, looks.form, tuple(dict.fromkeys(shapes)))


def _shapes(looks: Looks, *, inputs: bool) -> Iterator[Shape]:
    if looks.text:
        yield Shape(width=1, text=True, weak=not inputs)
    elif looks.readings:
        yield from _csv_shapes(looks.readings, inputs=inputs)
    elif looks.document is not None:
        yield from _json_shapes(looks.document, inputs=inputs)


def _csv_shapes(readings: Sequence[Reading], *, inputs: bool) -> Iterator[Shape]:
    structured = [reading for reading in readings if not reading.text]
    if structured:
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
    if isinstance(document, dict) and not is_frame(document):
        # A list of lists is sooner a list of records than a list of names is.
        lists = sorted(_lists_below(document), key=lambda found: not isinstance(found[1][0], list))
        for keys, held in lists[:_MOST_PATHS]:
            for reading in json_readings(held, ()):
                for found in _record_shapes(reading.records, inputs=inputs):
                    yield dataclasses.replace(found, path=path_to(keys), weak=True)
    yield from _ranking_shapes(document)


def _ranking_shapes(document: object) -> Iterator[Shape]:
    """One text, several labels with their scores: the first is the best.

    A path to the first of each list keeps every text of a batch; a list for one text alone has
    only the path to its first.
    """
    if not isinstance(document, list) or is_line(document) or not document:
        return
    first = document[0]
    if isinstance(first, list) and first and _is_ranked(first[0]):
        fields = tuple(Field((key,)) for key in first[0])
        yield Shape(fields=fields, path="[*][0]", weak=True)
    elif _is_ranked(first):
        yield Shape(fields=tuple(Field((key,)) for key in first), path="[0]", weak=True)


def _is_ranked(item: object) -> bool:
    return isinstance(item, dict) and set(item) == {"label", "score"}


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
    embedded = len(fields) == 1 and fields[0].keys[-1] in {"embedding", "embeddings"}
    disguised = by_place is not None and not embedded and (inputs or len(fields) == 1)
    if len(fields) == len(lists) == 1 and _is_matrix(records[0][lists[0].keys[0]], embedded):
        return  # its rows are the records, under a path
    if fields and not disguised:
        yield dataclasses.replace(by_name, weak=len(fields) == len(lists) == 1 and not embedded)
    if by_place is not None:
        yield by_place
    if fields and disguised:
        yield dataclasses.replace(by_name, weak=True)


def _is_matrix(held: object, embedded: bool) -> bool:  # noqa: FBT001
    return not embedded and isinstance(held, list) and all(isinstance(row, list) for row in held)


def _without_containers(document: Mapping[str, object]) -> dict[str, object]:
    """Leave out what holds records: it is no column."""
    alone = len(document) == 1
    return {
        key: value for key, value in document.items() if not is_container(key, value, alone=alone)
    }


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
        elif isinstance(value, list) and value and (above or not is_container(key, value)):
            yield keys, value


def _is_header(names: Sequence[str]) -> bool:
    stripped = [name.strip() for name in names]
    texts = all(name and not _is_number(name) for name in stripped)
    return texts and len(set(stripped)) == len(stripped) and len(stripped) <= WIDEST


def _is_number(cell: str) -> bool:
    return not isinstance(infer(cell), str)
