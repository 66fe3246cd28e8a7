"""A chunk → the lines whose meaning is plain, read many at once; all others are the oracle's.

Each step is a call of C code, of Python or of msgspec, for many lines. Whatever is odd about a
line leaves it to `parser.mapping`, which gives the same rows for every line that is read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import add

from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inferences import Inferences, WrittenInferences
from capture_forwarder.core.json_rows import split_rows
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser.bounds import MOST_RECORDS
from capture_forwarder.parser.fast.calls import Calls, read_calls
from capture_forwarder.parser.fast.compiled import CompiledRowWriter, compiled_writer
from capture_forwarder.parser.fast.csv_records import RecordSplitter
from capture_forwarder.parser.fast.csv_rows import JsonRowWriter, has_vector
from capture_forwarder.parser.fast.knobs import FEW_CALLS
from capture_forwarder.parser.fast.metadata_json import as_json
from capture_forwarder.parser.fast.payloads import PayloadReader
from capture_forwarder.parser.fast.rows import beside
from capture_forwarder.parser.fast.runs import Found, Run
from capture_forwarder.parser.formats.decode import Format
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.parser.mapping.metadata_columns import Constants, MetadataColumns

_OF_SCORES = b"0123456789.-+eE,\r\n"


class FastReader:
    """Reads what is plain of a route's chunks; made once a route.

    Parameters
    ----------
    mapping
        Which captured values become which columns; at least one of them is captured.
    schema
        The types that are known.
    as_json
        Whether numbers of CSV keep the digits that were captured; see `LineParser`.
    """

    def __init__(self, mapping: ColumnMapping, schema: Schema, *, as_json: bool) -> None:
        self._names = mapping.names
        self._wants = (bool(mapping.inputs), bool(mapping.outputs))
        self._metadata_columns = MetadataColumns(mapping)
        self._reads_all = mapping.shadow
        captured = [column.name for column in (*mapping.inputs, *mapping.outputs)]
        self._split = RecordSplitter(mapping.inputs, mapping.outputs)
        self._write: JsonRowWriter | None = None
        self._compiled: CompiledRowWriter | None = None
        if not (mapping.csv_header or has_vector(captured, schema)):
            metadata = mapping.names[len(captured) :]
            self._write = JsonRowWriter(captured, metadata, schema)
            inputs, outputs = captured[: len(mapping.inputs)], captured[len(mapping.inputs) :]
            self._compiled = compiled_writer(inputs, outputs, metadata, schema)
        request, response = (
            PayloadReader(columns, path, schema, header=mapping.csv_header, as_json=as_json)
            for columns, path in (
                (mapping.inputs, mapping.input_path),
                (mapping.outputs, mapping.output_path),
            )
        )
        self._readers = (request, response)

    def read(self, chunk: Chunk, constants: Constants) -> list[Run]:
        """Read a chunk.

        Parameters
        ----------
        chunk
            Lines.
        constants
            What all lines of the capture file share.

        Returns
        -------
        list
            The lines that are plain, ascending.
        """
        calls = read_calls(chunk) if self._reads_all else None
        if calls is None:
            return []
        return [run for part in calls.parts() for run in self._runs(part, constants)]

    def _runs(self, calls: Calls, constants: Constants) -> Iterator[Run]:
        payloads = (calls.request, calls.response)
        wanted = [one for one, wants in zip(payloads, self._wants, strict=True) if wants]
        if None in wanted:
            return iter(())
        response = calls.response
        if self._wants[1] and response and response.guessed and not _may_be_scores(response.texts):
            return iter(())
        if all(one is not None and one.form is Format.CSV for one in wanted):
            return self._written(calls, constants)
        return self._read(calls, constants)

    def _written(self, calls: Calls, constants: Constants) -> Iterator[Run]:
        """Calls of CSV: their rows are written as JSON, and their values never read."""
        if (runs := self._compiled_runs(calls, constants)) is not None:
            yield from runs
            return
        if self._compiled is not None and len(calls.lines) > FEW_CALLS:
            # One odd call among many leaves most of the others to the compiled code.
            middle = len(calls.lines) // 2
            halves = (calls.part(0, middle), calls.part(middle, len(calls.lines)))
            compiled = [self._compiled_runs(half, constants) for half in halves]
            if compiled != [None, None]:
                for half, taken in zip(halves, compiled, strict=True):
                    yield from self._written(half, constants) if taken is None else taken
                return
        # A payload without columns is not looked at.
        requests = calls.request or calls.response
        responses = calls.response or calls.request
        if self._write is None or requests is None or responses is None:
            return
        records = self._split(requests.texts, responses.texts)
        if not records.calls:
            return
        found = Found.of(calls, records.calls, records.counts)
        metadata = map(as_json, self._metadata(found, constants))
        rows, odd = self._write(records.texts, metadata)
        if not odd and found.are_one_run:
            yield found.whole(WrittenInferences(found.ids, self._names, [rows]))
            return
        written, left = iter(split_rows(rows)), frozenset(odd)
        parts = [None if n in left else next(written) for n in range(len(records.texts))]
        for run, ids, part in found.runs(parts):
            yield run(WrittenInferences(ids, self._names, part))

    def _compiled_runs(self, calls: Calls, constants: Constants) -> Iterable[Run] | None:
        """Calls of plain numbers, by compiled code; None where that declines."""
        if self._compiled is None or calls.request is None or calls.response is None:
            return None
        requests, counts = _on_lines(calls.request.texts)
        responses, others = _on_lines(calls.response.texts)
        if counts != others or not calls.lines or max(counts) > MOST_RECORDS:
            return None
        found = Found.of(calls, range(len(calls.lines)), counts)
        metadata = self._metadata(found, constants)
        rows = self._compiled(requests, responses, metadata, len(found.ids))
        if rows is None:
            return None
        if found.are_one_run:
            return [found.whole(WrittenInferences(found.ids, self._names, [rows]))]
        return [
            run(WrittenInferences(ids, self._names, part))
            for run, ids, part in found.runs(split_rows(rows))
        ]

    def _read(self, calls: Calls, constants: Constants) -> Iterator[Run]:
        """Calls of which a payload is JSON: their values are read."""
        sides = [
            reader.read(payloads)
            for reader, payloads, wants in zip(
                self._readers, (calls.request, calls.response), self._wants, strict=True
            )
            if wants and payloads
        ]
        rows = beside(*sides) if len(sides) > 1 else sides[0]
        if not rows.calls:
            return
        found = Found.of(calls, rows.calls, rows.counts)
        values = rows.values
        if metadata := self._metadata(found, constants):
            values = list(map(add, values, zip(*metadata, strict=True)))
        for run, ids, part in found.runs(values):
            yield run(Inferences(ids, self._names, part))

    def _metadata(self, found: Found, constants: Constants) -> list[Sequence[object]]:
        return self._metadata_columns.columns(found.ids, found.about, found.indexes, constants)


def _on_lines(payloads: Sequence[str]) -> tuple[str, list[int]]:
    """The records of payloads, each on a line, and how many each payload has."""
    joined = "\n".join(payloads)
    if joined.count("\n") < len(payloads):
        return joined, [1] * len(payloads)
    plain = [payload.removesuffix("\n") for payload in payloads]
    return "\n".join(plain), [payload.count("\n") + 1 for payload in plain]


def _may_be_scores(texts: Sequence[str]) -> bool:
    """Whether answers of no known type hold numbers or JSON alone: other text may be an error."""
    joined = "".join(texts)
    return joined.lstrip()[:1] in {"{", "["} or not joined.encode().translate(None, _OF_SCORES)
