"""A captured line → what Arthur's data-capture endpoint takes: its own bytes, or written anew.

A line goes as it is only if Arthur's reading of it gives the very values that were parsed from
it. One that is written anew keeps the text of its CSV where that gives them. Partner ids are as
in Arthur's guide: inferenceId, else eventId, with `_{index}` if there are several.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from itertools import islice
from operator import eq

import msgspec

from capture_forwarder.core.batch import Batch, LineSlice
from capture_forwarder.core.inference import Inference
from capture_forwarder.parser import CaptureData, CapturedPayload, ColumnMapping
from capture_forwarder.publishers.arthur.payloads import (
    REQUEST,
    RESPONSE,
    Words,
    csv_lines,
    is_even,
    read_csv,
    read_records,
    write_csv,
    write_json,
)


class SentLine(msgspec.Struct, frozen=True):
    """One line of a request.

    Parameters
    ----------
    data
        Its bytes, without a newline.
    event_id, call_id
        What Arthur may call it: its eventId, and its inferenceId if it has one.
    positions
        Where its inferences stand in the batch.
    """

    data: bytes
    event_id: str
    call_id: str
    positions: range


class _Captured(msgspec.Struct, frozen=True, rename="camel"):
    """A capture record whose metadata are kept as they were written."""

    capture_data: CaptureData
    event_metadata: dict[str, msgspec.Raw]
    event_version: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_read = msgspec.json.Decoder(_Captured).decode
_read_text = msgspec.json.Decoder(str | None).decode
_encode = msgspec.json.Encoder().encode


class LineWriter:
    """Writes the lines of a route.

    Parameters
    ----------
    mapping
        The route's columns. Without any, the values of an inference are the two records of its
        call, whole.
    """

    def __init__(self, mapping: ColumnMapping) -> None:
        self._inputs = [column.name for column in mapping.inputs]
        self._outputs = [column.name for column in mapping.outputs]
        self._by_columns = bool(self._inputs or self._outputs)

    def lines(self, batch: Batch) -> list[SentLine]:
        """Write a batch: one line for each of the capture file's, or one for each inference.

        The latter where the batch holds only some inferences of a line, or where they are not
        alike, so that one that Arthur cannot read spoils no other: each then is a call of its
        own with the id that it has within the whole line, `{id}_{index}`.
        """
        written: list[SentLine] = []
        first = 0
        for slice_, inferences in batch.lines():
            written += self._lines(slice_, inferences, first)
            first += slice_.count
        return written

    def _lines(
        self, slice_: LineSlice, inferences: Sequence[Inference], first: int
    ) -> list[SentLine]:
        captured = _captured(slice_.line.data)
        inputs, outputs = self._records(inferences)
        even = is_even(inputs) and is_even(outputs)
        if captured is None or slice_.count < slice_.total or not even:
            return [
                self._alone(captured, inference, slice_.first + index, first + index)
                for index, inference in enumerate(inferences)
            ]
        metadata = captured.event_metadata
        event_id, inference_id = (_id(metadata, name) for name in ("eventId", "inferenceId"))
        call_id = inference_id or event_id
        data = slice_.line.data
        if data.startswith(BOM_UTF8) or not self._is_taken(captured, inputs, outputs):
            ids = {"eventId": event_id or call_id}
            if inference_id:
                ids["inferenceId"] = inference_id
            data = self._write(captured, ids, inputs, outputs)
        positions = range(first, first + slice_.count)
        return [SentLine(data, event_id or call_id, call_id, positions)]

    def _alone(
        self, captured: _Captured | None, inference: Inference, index: int, position: int
    ) -> SentLine:
        """Write one inference, the one at an index of its call, as a call of its own."""
        name = inference.id
        ids = {"eventId": name, "inferenceId": name}
        data = self._write(captured, ids, *self._records([inference]), index)
        return SentLine(data, name, name, range(position, position + 1))

    def _records(self, inferences: Sequence[Inference]) -> tuple[list[object], list[object]]:
        """The records of the request and those of the response."""
        if not self._by_columns:
            inputs, outputs = zip(*(inference.values for inference in inferences), strict=True)
            return list(inputs), list(outputs)
        both: tuple[list[object], list[object]] = ([], [])
        for inference in inferences:
            values = iter(inference.values)
            for records, names in zip(both, (self._inputs, self._outputs), strict=True):
                records.append(dict(zip(names, islice(values, len(names)), strict=True)))
        return both

    def _is_taken(
        self, captured: _Captured, inputs: Sequence[object], outputs: Sequence[object]
    ) -> bool:
        """Whether Arthur takes the line as it is, and for the same inferences."""
        metadata, data = captured.event_metadata, captured.capture_data
        if not _id(metadata, "eventId"):
            return False
        if "inferenceId" in metadata and not _id(metadata, "inferenceId"):
            return False
        pairs = ((data.endpoint_input, inputs, REQUEST), (data.endpoint_output, outputs, RESPONSE))
        return all(
            self._are_same(read_records(side, words), records, words)
            for side, records, words in pairs
        )

    def _are_same(
        self, items: Sequence[object] | None, records: Sequence[object], words: Words
    ) -> bool:
        """Whether what Arthur reads are the values that were parsed."""
        if items is None or len(items) != len(records):
            return False
        if not self._by_columns:
            return all(map(eq, items, records))
        return all(
            isinstance(record, dict) and _holds(item, record, words.cells)
            for item, record in zip(items, records, strict=True)
        )

    def _write(
        self,
        captured: _Captured | None,
        ids: Mapping[str, str],
        inputs: Sequence[object],
        outputs: Sequence[object],
        index: int | None = None,
    ) -> bytes:
        """Write a line, with the metadata of the one that it was.

        `index` is that of a single inference among those of its call; None for all of them.
        """
        metadata: dict[str, object] = {}
        record: dict[str, object] = {}
        data = CaptureData()
        if captured is not None:
            data = captured.capture_data
            metadata = {
                name: held for name, held in captured.event_metadata.items() if name not in ids
            }
            metadata.pop("inferenceId", None)
            if captured.event_version is not msgspec.UNSET:
                record["eventVersion"] = captured.event_version
        payloads = {
            REQUEST.payload: self._payload(data.endpoint_input, inputs, REQUEST, index),
            RESPONSE.payload: self._payload(data.endpoint_output, outputs, RESPONSE, index),
        }
        return _encode({"captureData": payloads, "eventMetadata": {**ids, **metadata}, **record})

    def _payload(
        self,
        side: CapturedPayload | None,
        records: Sequence[object],
        words: Words,
        index: int | None,
    ) -> dict[str, str]:
        """Write a payload: its own CSV if that means these records, else JSON."""
        lines = csv_lines(side) or []
        if index is not None:
            lines = lines[index : index + 1]
        if self._are_same(read_csv(lines), records, words):
            return write_csv(lines, words)
        return write_json(records, words)


def _captured(data: bytes) -> _Captured | None:
    """Read a line; None for one that is no capture record at all, such as an empty one."""
    try:
        return _read(data.removeprefix(BOM_UTF8))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _id(metadata: Mapping[str, msgspec.Raw], name: str) -> str:
    raw = metadata.get(name)
    return (_read_text(raw) or "") if raw is not None else ""


def _holds(item: object, record: Mapping[str, object], cells: str) -> bool:
    """Whether an item that Arthur reads has a row's values, in order or under its columns."""
    if isinstance(item, dict):
        if cells not in item:
            return all(item.get(name) == value for name, value in record.items())
        item = item[cells]
    return item == list(record.values())
