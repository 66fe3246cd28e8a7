"""A line → its inferences or a rejection: the parser's surface.

A route compiles its mapping once into a `LineParser`; what is constant for an object is bound
once an object. Lines whose captured sides are plain numbers take a short way through one call
of a C decoder; all others, and all in doubt, take the long way, which alone decides what a line
means. The two give the same rows for every line that the short way accepts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from operator import add
from typing import TYPE_CHECKING

from msgspec.structs import replace

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import Inference, ParsedLine, Unfound
from capture_forwarder.core.inferences import Inferences, WrittenInferences
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser.fast.alike import ReadAlike, WriteAlike, alike_reader, no_alike
from capture_forwarder.parser.fast.numbers import number_reader, plain_csv
from capture_forwarder.parser.mapping.agreement import Agreement, unfound
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.parser.mapping.payload import PayloadReader
from capture_forwarder.parser.mapping.plan import plans_of
from capture_forwarder.parser.mapping.tails import Constants, Tails, constants_of
from capture_forwarder.parser.mapping.typed_rows import RowTyper
from capture_forwarder.parser.record import CaptureData, EventMetadata, Side, read_record
from capture_forwarder.parser.rejected import RejectedError

if TYPE_CHECKING:
    from capture_forwarder.parser.fast.json_writer import JsonWriter

ParseLine = Callable[[bytes], ParsedLine | Rejection]
ParseChunk = Callable[[Chunk], ParsedLine | None]
Values = tuple[object, ...]
Rows = Collection[Values]
_Read = tuple[Rows, Counter[str], Unfound | None]


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
        known = schema or Schema()
        # The platform knows better than whoever wrote the mapping.
        schema = replace(known, types={**mapping.types, **known.types})
        self._mapping = mapping
        self._names = mapping.names
        self._with_tail = _tail(time=bool(mapping.timestamp), identity=bool(mapping.event_id))
        types = dict(schema.types)
        header = mapping.csv_header
        plans = plans_of(mapping)
        readers = [PayloadReader(plan, types) if plan.columns else None for plan in plans]
        self._agree = Agreement(readers)
        self._numbers = number_reader(*plans, types)
        self._tails = Tails(mapping)
        self._read_alike: ReadAlike = no_alike
        self._write: JsonWriter | None = None
        self._leave_out_shadows = not mapping.shadow
        if not header and mapping.shadow:
            inputs, outputs = ([types.get(one.name) for one in plan.columns] for plan in plans)
            if as_json:
                from capture_forwarder.parser.fast.json_writer import json_writer  # noqa: PLC0415

                self._write = json_writer(mapping.names, inputs, outputs)
            self._read_alike = alike_reader(
                mapping.names,
                inputs,
                outputs,
                self._tails,
                write=None if self._write is None else self._alike_writer(self._write),
            )
        self._typed = RowTyper(plans, schema)

    def for_file(self, capture_file: CaptureFile) -> ParseLine:
        """Bind what all lines of an object share.

        Returns
        -------
        ParseLine
            Takes a line's bytes without the line end; returns its inferences or a rejection
            and raises nothing, whatever the bytes are.
        """
        constants = constants_of(capture_file)

        def parse(line: bytes) -> ParsedLine | Rejection:
            try:
                return self._parse(line, constants)
            except RejectedError as rejected:
                return Rejection(rejected.reason, rejected.detail)

        return parse

    def for_chunks(self, capture_file: CaptureFile) -> ParseChunk:
        """Bind what all chunks of an object share.

        Returns
        -------
        ParseChunk
            Takes a chunk of lines that hold one inference each; see `alike_reader`. What it gives
            is what they give one by one; None if that is how they have to be parsed.
        """
        constants = constants_of(capture_file)
        return lambda chunk: self._read_alike(chunk, constants)

    def _parse(self, line: bytes, constants: Constants) -> ParsedLine:
        data, metadata, identity = read_record(line)
        if self._leave_out_shadows and metadata.is_shadow:
            return ParsedLine((), metadata.inference_time)
        return self._written(data, metadata, identity, constants) or self._read(
            data, metadata, identity, constants
        )

    def _written(
        self,
        data: CaptureData,
        metadata: EventMetadata,
        identity: str,
        constants: Constants,
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
            self._tails.of_call(_ids(identity, count), metadata, constants),
            count,
            lambda: self._read(data, metadata, identity, constants).inferences,
        )
        return ParsedLine(written, metadata.inference_time, calls=(identity,)) if written else None

    def _read(
        self,
        data: CaptureData,
        metadata: EventMetadata,
        identity: str,
        constants: Constants,
    ) -> ParsedLine:
        request, response = data.endpoint_input, data.endpoint_output
        rows: Rows | None = self._numbers(request, response)
        failures: Mapping[str, int] = _NO_FAILURES
        missing: Unfound | None = None
        if rows is None:
            rows, failures, missing = self._any_payload((request, response))
        time = metadata.inference_time
        count = len(rows)
        if count == 1 and not self._mapping.metadata:
            # The commonest line of all: one record, and nothing behind it but time and id.
            (values,) = rows
            inference = Inference(identity, self._names, self._with_tail(values, time, identity))
            return ParsedLine((inference,), time, failures, missing, (identity,))
        ids = [identity] if count == 1 else _ids(identity, count)
        whole = map(add, rows, self._tails.of_call(ids, metadata, constants))
        inferences = Inferences(ids, self._names, list(whole))
        return ParsedLine(inferences, time, failures, missing, (identity,))

    def _alike_writer(self, write: JsonWriter) -> WriteAlike:
        def write_alike(
            chunk: Chunk,
            sent: str,
            answered: str,
            tails: Iterable[Values],
            constants: Constants,
        ) -> WrittenInferences | None:
            def read() -> Sequence[Inference]:
                records = [read_record(chunk.line(index).data) for index in range(len(chunk))]
                rows = [self._read(*record, constants).inferences for record in records]
                return list(chain.from_iterable(rows))

            return write(sent, answered, tails, len(chunk), read)

        return write_alike

    def _any_payload(self, payloads: Sequence[Side | None]) -> _Read:
        chosen, others = self._agree(payloads)
        rows, failures = self._typed(chosen)
        for other in others:
            if self._typed(other)[0] != rows:
                raise self._agree.ambiguous(chosen, other)
        return rows, failures, unfound(chosen)


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
