"""A line → its inferences or a rejection: the parser's surface.

A route compiles its mapping once into a `LineParser`; what is constant for an object is bound
once an object. Lines whose captured sides are plain numbers take a short way through one call
of a C decoder; all others, and all in doubt, take the long way, which alone decides what a line
means. The two give the same rows for every line that the short way accepts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import repeat
from operator import add
from typing import TYPE_CHECKING

from capture_forwarder.block import Block
from capture_forwarder.columns import ColumnMapping, MetadataField
from capture_forwarder.inferences import Inferences, WrittenInferences
from capture_forwarder.model import (
    CaptureObject,
    Inference,
    ParsedLine,
    Reason,
    Rejection,
    Schema,
)
from capture_forwarder.parser.alike import WriteAlike, alike_reader, no_alike
from capture_forwarder.parser.candidates import best_pairs
from capture_forwarder.parser.numbers import number_reader, plain_csv
from capture_forwarder.parser.record import CaptureData, EventMetadata, Side, read_record
from capture_forwarder.parser.rejected import RejectedError
from capture_forwarder.parser.side import SidePlan, SideReader
from capture_forwarder.parser.typed_rows import RowTyper

if TYPE_CHECKING:
    from capture_forwarder.parser.json_writer import JsonWriter

ParseLine = Callable[[bytes], ParsedLine | Rejection]
Values = tuple[object, ...]
Rows = Collection[Values]


# Fewer are read sooner than compiled code is called.
_FEWEST_ROWS = 4

_NO_FAILURES: Mapping[str, int] = {}
# Written once, since nearly all calls with several records have no more.
_SUFFIXES = [f"_{n}" for n in range(1000)]


class LineParser:
    """Turns lines into rows on a route's columns.

    Parameters
    ----------
    mapping
        Which captured values become which columns.
    schema
        The platform's view of the model: types by column. Columns without a type are inferred
        value by value.
    as_json
        Whether rows of plain numbers are written as JSON without their values being read first;
        see `WrittenInferences`.
    """

    def __init__(
        self, mapping: ColumnMapping, schema: Schema | None = None, *, as_json: bool = False
    ) -> None:
        schema = schema or Schema()
        self._mapping = mapping
        self._names = mapping.names
        self._with_tail = _tail(time=bool(mapping.timestamp), identity=bool(mapping.event_id))
        types = dict(schema.types)
        header = mapping.csv_header
        plans = (
            SidePlan("request", Reason.MISSING_INPUT, mapping.inputs, mapping.input_path, header),
            SidePlan(
                "response",
                Reason.MISSING_OUTPUT,
                mapping.outputs,
                mapping.output_path,
                header,
                optional_header=header,
            ),
        )
        self._readers = [SideReader(plan, types) if plan.columns else None for plan in plans]
        self._numbers = number_reader(*plans, types)
        self._alike: Callable[[Block], ParsedLine | None] = no_alike
        self._write: JsonWriter | None = None
        inputs, outputs = ([types.get(one.name) for one in plan.columns] for plan in plans)
        if as_json and not header:
            from capture_forwarder.parser.json_writer import json_writer  # noqa: PLC0415

            self._write = json_writer(mapping.names, inputs, outputs)
        if not header and not mapping.metadata:
            self._alike = alike_reader(
                mapping.names,
                inputs,
                outputs,
                time=bool(mapping.timestamp),
                identity=bool(mapping.event_id),
                write=None if self._write is None else self._alike_writer(self._write),
            )
        self._typed = RowTyper(plans, schema)

    def for_object(self, source: CaptureObject) -> ParseLine:
        """Bind what all lines of an object share.

        Returns
        -------
        ParseLine
            Takes a line's bytes without the line end; returns its inferences or a rejection
            and raises nothing, whatever the bytes are.
        """
        constants: dict[MetadataField, object] = {
            MetadataField.ENDPOINT: source.endpoint,
            MetadataField.VARIANT: source.variant,
            MetadataField.CAPTURE_HOUR: source.capture_hour,
            MetadataField.BUCKET: source.bucket,
            MetadataField.KEY: source.key,
        }

        def parse(line: bytes) -> ParsedLine | Rejection:
            try:
                return self._parse(line, constants)
            except RejectedError as rejected:
                return Rejection(rejected.reason, rejected.detail)

        return parse

    def alike(self, block: Block) -> ParsedLine | None:
        """Parse a block of lines at once, each of which holds one inference; see `alike_reader`.

        Returns
        -------
        ParsedLine or None
            None if they have to be parsed one by one. What it gives is what that gives.
        """
        return self._alike(block)

    def _parse(self, line: bytes, constants: Mapping[MetadataField, object]) -> ParsedLine:
        data, metadata, identity = read_record(line)
        return self._written(data, metadata, identity, constants) or self._read(
            data, metadata, identity, constants
        )

    def _written(
        self,
        data: CaptureData,
        metadata: EventMetadata,
        identity: str,
        constants: Mapping[MetadataField, object],
    ) -> ParsedLine | None:
        """Write many rows as JSON; None if they are few, or have to be read."""
        if self._write is None:
            return None
        sent, answered = plain_csv(data.endpoint_input), plain_csv(data.endpoint_output)
        if not sent or not answered:
            return None
        count = sent.count("\n") + (not sent.endswith("\n"))
        if count < _FEWEST_ROWS:
            return None
        written = self._write(
            sent,
            answered,
            self._tails(_ids(identity, count), metadata, constants),
            count,
            lambda: self._read(data, metadata, identity, constants).inferences,
        )
        return ParsedLine(written, metadata.inference_time) if written else None

    def _read(
        self,
        data: CaptureData,
        metadata: EventMetadata,
        identity: str,
        constants: Mapping[MetadataField, object],
    ) -> ParsedLine:
        request, response = data.endpoint_input, data.endpoint_output
        rows: Rows | None = self._numbers(request, response)
        failures: Mapping[str, int] = _NO_FAILURES
        if rows is None:
            rows, failures = self._any_payload((request, response))
        time = metadata.inference_time
        count = len(rows)
        if count == 1 and not self._mapping.metadata:
            # The commonest line of all: one record, and nothing behind it but time and id.
            (values,) = rows
            inference = Inference(identity, self._names, self._with_tail(values, time, identity))
            return ParsedLine((inference,), time, failures)
        ids = [identity] if count == 1 else _ids(identity, count)
        whole = map(add, rows, self._tails(ids, metadata, constants))
        return ParsedLine(Inferences(ids, self._names, list(whole)), time, failures)

    def _alike_writer(self, write: JsonWriter) -> WriteAlike:
        def write_alike(
            block: Block,
            sent: str,
            answered: str,
            tails: Iterable[Values],
        ) -> WrittenInferences | None:
            def read() -> Sequence[Inference]:
                records = [read_record(block.line(index).data) for index in range(len(block))]
                return [one for record in records for one in self._read(*record, {}).inferences]

            return write(sent, answered, tails, len(block), read)

        return write_alike

    def _tails(
        self,
        ids: Sequence[str],
        metadata: EventMetadata,
        constants: Mapping[MetadataField, object],
    ) -> Iterable[tuple[object, ...]]:
        """What follows the captured values in each row: time, id and metadata."""
        mapping = self._mapping
        time = metadata.inference_time
        if mapping.timestamp and mapping.event_id and not mapping.metadata:
            return zip(repeat(time), ids)
        known = {
            **constants,
            MetadataField.EVENT_ID: metadata.event_id,
            MetadataField.INFERENCE_ID: metadata.inference_id,
            MetadataField.CUSTOM_ATTRIBUTES: metadata.custom_attributes,
        }
        fields = [column.field for column in mapping.metadata]
        tails = []
        for index, name in enumerate(ids):
            known[MetadataField.ROW_INDEX] = index
            own = [time] if mapping.timestamp else []
            if mapping.event_id:
                own.append(name)
            tails.append((*own, *map(known.__getitem__, fields)))
        return tails

    def _any_payload(self, sides: Sequence[Side | None]) -> tuple[Rows, Counter[str]]:
        inputs, outputs = (
            reader.candidates(side) if reader else [None]
            for side, reader in zip(sides, self._readers, strict=True)
        )
        chosen, *others = best_pairs(inputs, outputs)
        rows, failures = self._typed(chosen)
        if any(self._typed(other)[0] != rows for other in others):
            detail = "The payloads can be read in more than one way; select the records by a path."
            raise RejectedError(Reason.RECORD_COUNT_MISMATCH, detail)
        return rows, failures


def _ids(identity: str, count: int) -> list[str]:
    """The ids of the inferences of one call with several."""
    if count > len(_SUFFIXES):
        return [f"{identity}_{n}" for n in range(count)]
    return [identity + suffix for suffix in _SUFFIXES[:count]]


def _tail(*, time: bool, identity: bool) -> Callable[[Values, str | None, str], Values]:
    """Choose what puts the time and the id of an inference behind its captured values."""
    if time and identity:
        return lambda values, at, name: (*values, at, name)
    if time:
        return lambda values, at, _: (*values, at)
    if identity:
        return lambda values, _, name: (*values, name)
    return lambda values, _at, _name: values
