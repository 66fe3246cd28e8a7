"""The short way for many lines at once: calls of one record of plain numbers, all alike.

Each step is one call of C code for all of the lines. Whatever does not fit in one of them sends
them all the long way, one by one; both ways give the same inferences for what fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from operator import add
from types import GenericAlias
from typing import Generic, Literal, TypeVar

import msgspec

from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.inferences import Inferences, WrittenInferences
from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.fast.numbers import CELL_TYPES, plain_base64
from capture_forwarder.parser.mapping.tails import Constants, Tails
from capture_forwarder.parser.record import EventMetadata

Values = tuple[object, ...]
ReadAlike = Callable[[Chunk, Constants], ParsedLine | None]
WriteAlike = Callable[[Chunk, str, str, Iterable[Values], Constants], WrittenInferences | None]
"""Takes a chunk, the CSV of both sides, and what stands behind each row; see `JsonWriter`."""


Encoding = TypeVar("Encoding")


class _Side(msgspec.Struct, Generic[Encoding], rename="camel", gc=False):
    """A side that was captured as CSV, as nearly all are that hold numbers."""

    data: str
    encoding: Encoding
    observed_content_type: Literal["text/csv"] | None = None


class _Data(msgspec.Struct, Generic[Encoding], rename="camel", gc=False):
    endpoint_input: _Side[Encoding]
    endpoint_output: _Side[Encoding]


class _Call(msgspec.Struct, Generic[Encoding], rename="camel", gc=False):
    capture_data: _Data[Encoding]
    event_metadata: EventMetadata


_Plain = _Call[Literal["CSV"]]
_Encoded = _Call[Literal["BASE64"]]


# Below that there is nothing to gain: long lines hold many records or other formats.
_FEWEST_LINES = 8

# An escaped newline inside a text parts two records; behind the last one it only ends it.
_SEVERAL = re.compile(rb'\\n(?!")')
_OPENING, _CLOSING = set(b"{"), set(b"}")
_decode_plain = msgspec.json.Decoder(_Plain).decode_lines
_decode_encoded = msgspec.json.Decoder(_Encoded).decode_lines


def no_alike(_chunk: Chunk, _constants: Constants) -> None:
    """The short way of a route that has none."""


def alike_reader(
    names: tuple[str, ...],
    inputs: Sequence[DataType | None],
    outputs: Sequence[DataType | None],
    tails: Tails,
    *,
    write: WriteAlike | None = None,
) -> ReadAlike:
    """Compile the short way for many lines of a route.

    Parameters
    ----------
    names
        The columns of a row.
    inputs, outputs
        The types of the columns of the request and of the response, in order; None where they
        are inferred.
    tails
        What stands behind the captured values.
    write
        Writes rows of plain numbers as JSON, where that is wanted.

    Returns
    -------
    Callable
        Takes a chunk, and what is known of all lines of its object; returns an inference for
        each line of it, or None.
    """
    types = [*inputs, *outputs]
    if not inputs or not outputs or any(known not in CELL_TYPES for known in types):
        return no_alike
    read_rows = _row_reader(types, len(outputs) - 1)

    def read(chunk: Chunk, constants: Constants) -> ParsedLine | None:
        found = _calls(chunk)
        if found is None:
            return None
        sent, answered, about = found
        ids = [known.inference_id or known.event_id or "" for known in about]
        if not all(ids):
            return None
        last = next(filter(None, (known.inference_time for known in reversed(about))), None)
        behind = list(tails.of_calls(ids, about, constants))
        if (
            write is not None
            and (text := _on_lines(sent))
            and (scores := _on_lines(answered))
            and (written := write(chunk, text, scores, behind, constants))
        ):
            return ParsedLine(written, last, calls=ids)
        rows = read_rows(sent, answered)
        if rows is None:
            return None
        whole = list(map(add, rows, behind))
        return ParsedLine(Inferences(ids, names, whole), last, calls=ids)

    return read


def _row_reader(
    types: Sequence[DataType | None], commas: int
) -> Callable[[Sequence[str], Sequence[str]], list[Values] | None]:
    """Compile what reads the values of calls with as many commas in each answer."""
    row = GenericAlias(tuple, tuple(CELL_TYPES[known] for known in types))
    decode: Callable[[str], list[Values]] = msgspec.json.Decoder(GenericAlias(list, row)).decode

    def read(sent: Sequence[str], answered: Sequence[str]) -> list[Values] | None:
        text = _joined(sent, answered)
        if "\n" in text:
            # Behind a side's record a newline ends it; elsewhere it would part two.
            sent = [left.removesuffix("\n") for left in sent]
            answered = [right.removesuffix("\n") for right in answered]
            text = _joined(sent, answered)
        # A row has so many values in all; what the answer has no more of, the request has.
        # A carriage return alone, white space to JSON, ends a row of CSV.
        if "\n" in text or "\r" in text or not _all_have(answered, commas):
            return None
        try:
            rows = decode(f"[[{text}]]")
        except msgspec.MsgspecError:
            return None
        # A bracket of a line's own can only have made more rows of it.
        return rows if len(rows) == len(sent) else None

    return read


def _on_lines(texts: Sequence[str]) -> str | None:
    """Put texts on a line each; None if one of them has more than one."""
    text = "\n".join(texts)
    if text.count("\n") >= len(texts):
        text = "\n".join([one.removesuffix("\n") for one in texts])
    return text if text.count("\n") < len(texts) else None


def _joined(sent: Sequence[str], answered: Sequence[str]) -> str:
    """The values of both sides as the inside of a JSON array of arrays."""
    count = len(sent)
    parts = [","] * (4 * count)
    parts[0::4], parts[2::4] = sent, answered
    parts[3::4] = ["],["] * count
    parts.pop()
    return "".join(parts)


def _all_have(texts: Sequence[str], commas: int) -> bool:
    if not commas:
        return "," not in "".join(texts)
    return {text.count(",") for text in texts} == {commas}


def _calls(chunk: Chunk) -> tuple[list[str], list[str], list[EventMetadata]] | None:
    """What was sent and answered, and the metadata, where each line is a call of plain CSV."""
    data, ends = chunk.data, chunk.ends
    if len(ends) < _FEWEST_LINES:
        return None
    # Only so is each line surely a document: none ends or begins inside of one.
    if {data[0], *[data[end + 1] for end in ends[:-1]]} != _OPENING:
        return None
    first = data[: ends[0]]
    if {data[end - 1] for end in ends} != _CLOSING or _SEVERAL.search(first):
        return None
    encoded = b'"BASE64"' in first
    calls: Sequence[_Plain | _Encoded]
    try:
        calls = _decode_encoded(data) if encoded else _decode_plain(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if len(calls) != len(ends):
        return None
    sent = [call.capture_data.endpoint_input.data for call in calls]
    answered = [call.capture_data.endpoint_output.data for call in calls]
    if encoded:
        sent = [plain_base64(text) or "" for text in sent]
        answered = [plain_base64(text) or "" for text in answered]
    return sent, answered, [call.event_metadata for call in calls]
