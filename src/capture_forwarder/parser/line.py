"""A mapping → what parses the lines of a capture file: the parser's surface.

A route compiles its mapping once into a `LineParser`. The lines of a chunk whose meaning is plain
are read many at once (`parser.fast`); all others one by one by the oracle (`parser.mapping`), which
alone decides what a line means. Both give the same rows for every line that both read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from operator import add

from msgspec.structs import replace

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import ParsedLine, Unfound
from capture_forwarder.core.inferences import Inferences
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser.call import CapturedPayload, read_call
from capture_forwarder.parser.fast.reader import FastReader
from capture_forwarder.parser.fast.runs import Run
from capture_forwarder.parser.mapping.agreement import Agreement, unfound
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.parser.mapping.metadata_columns import (
    Constants,
    MetadataColumns,
    constants_of,
)
from capture_forwarder.parser.mapping.payload import PayloadReader
from capture_forwarder.parser.mapping.plan import plans_of
from capture_forwarder.parser.mapping.typed_rows import RowTyper
from capture_forwarder.parser.rejected import RejectedError

ParseLine = Callable[[bytes], ParsedLine | Rejection]
ParseChunk = Callable[[Chunk], Sequence[Run]]
Values = tuple[object, ...]
Rows = Collection[Values]
_Read = tuple[Rows, Counter[str], Unfound | None]


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
        Whether numbers of CSV keep the digits that were captured, for a publisher that takes rows
        as JSON; else they are read.
    """

    def __init__(
        self, mapping: ColumnMapping, schema: Schema | None = None, *, as_json: bool = False
    ) -> None:
        known = schema or Schema()
        # The platform knows better than whoever wrote the mapping.
        schema = replace(known, types={**mapping.types, **known.types})
        self._names = mapping.names
        types = dict(schema.types)
        plans = plans_of(mapping)
        readers = [PayloadReader(plan, types) if plan.columns else None for plan in plans]
        self._agree = Agreement(readers)
        self._metadata_columns = MetadataColumns(mapping)
        self._leave_out_shadows = not mapping.shadow
        self._typed = RowTyper(plans, schema, keep_digits=as_json)
        self._fast = FastReader(mapping, schema, as_json=as_json)

    def for_file(self, capture_file: CaptureFile) -> ParseLine:
        """Bind what all lines of a capture file share.

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
        """Bind what all chunks of a capture file share.

        Returns
        -------
        ParseChunk
            Takes a chunk and returns the runs of its lines whose meaning is plain, in order; all
            other lines have to be parsed one by one. What it gives is what the lines give one by
            one.
        """
        constants = constants_of(capture_file)
        return lambda chunk: self._fast.read(chunk, constants)

    def _parse(self, line: bytes, constants: Constants) -> ParsedLine:
        data, metadata, identity = read_call(line)
        if self._leave_out_shadows and metadata.is_shadow:
            return ParsedLine((), metadata.inference_time)
        rows, failures, missing = self._any_payload((data.endpoint_input, data.endpoint_output))
        count = len(rows)
        ids = [identity] if count == 1 else [f"{identity}_{n}" for n in range(count)]
        whole = map(add, rows, self._metadata_columns.of_call(ids, metadata, constants))
        inferences = Inferences(ids, self._names, list(whole))
        return ParsedLine(inferences, metadata.inference_time, failures, missing, calls=(identity,))

    def _any_payload(self, payloads: Sequence[CapturedPayload | None]) -> _Read:
        chosen, others = self._agree(payloads)
        rows, failures = self._typed(chosen)
        for other in others:
            if self._typed(other)[0] != rows:
                raise self._agree.ambiguous(chosen, other)
        return rows, failures, unfound(chosen)
