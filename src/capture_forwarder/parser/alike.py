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

from capture_forwarder.block import Block
from capture_forwarder.inferences import Inferences
from capture_forwarder.model import DataType, ParsedLine
from capture_forwarder.parser.numbers import CELL_TYPES, plain_base64
from capture_forwarder.parser.record import EventMetadata

Values = tuple[object, ...]
ReadAlike = Callable[[Block], ParsedLine | None]


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


def no_alike(_block: Block) -> None:
    """The short way of a route that has none."""


def alike_reader(
    names: tuple[str, ...],
    inputs: Sequence[DataType | None],
    outputs: Sequence[DataType | None],
    *,
    time: bool,
    identity: bool,
) -> ReadAlike:
    """Compile the short way for many lines of a route.

    Parameters
    ----------
    names
        The columns of a row.
    inputs, outputs
        The types of the columns of the request and of the response, in order; None where they
        are inferred.
    time, identity
        Whether the time and the id of the inference stand behind the captured values.

    Returns
    -------
    Callable
        Takes a block; returns an inference for each of its lines, or None.
    """
    types = [*inputs, *outputs]
    if not inputs or not outputs or any(known not in CELL_TYPES for known in types):
        return no_alike
    row = GenericAlias(tuple, tuple(CELL_TYPES[known] for known in types))
    decode: Callable[[str], list[Values]] = msgspec.json.Decoder(GenericAlias(list, row)).decode
    commas = len(outputs) - 1

    def read(block: Block) -> ParsedLine | None:
        found = _calls(block)
        if found is None:
            return None
        sent, answered, about = found
        text = _joined(sent, answered)
        if "\n" in text:
            # Behind the answer a newline ends it; elsewhere it would part two records.
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
        ids = [known.inference_id or known.event_id or "" for known in about]
        # A bracket of a line's own can only have made more rows of it.
        if len(rows) != len(about) or not all(ids):
            return None
        times = [known.inference_time for known in about]
        tails = _tails(times if time else None, ids if identity else None)
        whole = rows if tails is None else list(map(add, rows, tails))
        return ParsedLine(Inferences(ids, names, whole), next(filter(None, reversed(times)), None))

    return read


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


def _tails(
    times: Sequence[str | None] | None, ids: Sequence[str] | None
) -> Iterable[Values] | None:
    """What stands behind the captured values of each row; None if nothing does."""
    behind = [column for column in (times, ids) if column is not None]
    return zip(*behind, strict=True) if behind else None


def _calls(block: Block) -> tuple[list[str], list[str], list[EventMetadata]] | None:
    """What was sent and answered, and the metadata, where each line is a call of plain CSV."""
    data, ends = block.data, block.ends
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
