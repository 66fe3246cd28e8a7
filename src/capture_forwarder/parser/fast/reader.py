"""A chunk → the lines whose meaning is plain, read many at once; all others are the oracle's.

Each step is a call of C code, of Python or of msgspec, for many lines. Whatever is odd about a
line leaves it to `parser.mapping`, which gives the same rows for every line that is read here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import add, attrgetter

from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inferences import Inferences, Known, WrittenInferences
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser.fast.calls import Calls, read_calls
from capture_forwarder.parser.fast.csv_columns import has_vector
from capture_forwarder.parser.fast.csv_records import RecordSplitter
from capture_forwarder.parser.fast.csv_rows import JsonRowWriter
from capture_forwarder.parser.fast.metadata_json import as_json
from capture_forwarder.parser.fast.payloads import PayloadReader
from capture_forwarder.parser.fast.rows import beside
from capture_forwarder.parser.fast.runs import Found, Run
from capture_forwarder.parser.formats.decode import Format
from capture_forwarder.parser.formats.numbers import as_numbers
from capture_forwarder.parser.mapping.columns import ColumnMapping, MetadataField
from capture_forwarder.parser.mapping.metadata_columns import Constants, MetadataColumns


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
        self._id_column = mapping.event_id
        # All other metadata columns hold texts and numbers.
        self._is_flat = not any(
            column.field is MetadataField.CUSTOM_ATTRIBUTES for column in mapping.metadata
        )
        self._wants = (bool(mapping.inputs), bool(mapping.outputs))
        self._metadata_columns = MetadataColumns(mapping)
        self._reads_all = mapping.shadow
        captured = [column.name for column in (*mapping.inputs, *mapping.outputs)]
        self._split = RecordSplitter(len(mapping.inputs), len(mapping.outputs))
        self._write: JsonRowWriter | None = None
        if not (mapping.csv_header or has_vector(captured, schema)):
            metadata = mapping.names[len(captured) :]
            self._write = JsonRowWriter(mapping.inputs, mapping.outputs, metadata, schema)
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
        if not self._reads_all:
            return []
        runs = [
            run
            for calls in read_calls(chunk)
            for part in calls.parts()
            for run in self._runs(part, constants)
        ]
        runs.sort(key=attrgetter("first"))
        return runs

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
        # A payload without columns is not looked at.
        requests = calls.request or calls.response
        responses = calls.response or calls.request
        if self._write is None or requests is None or responses is None:
            return
        records = self._split(requests.texts, responses.texts)
        if not records.calls:
            return
        found = Found.of(calls, records.calls, records.counts)
        metadata = [as_json(column) for column in self._metadata(found, constants)]
        rows = self._write(records.texts, metadata, quoted=records.quoted)
        names = self._names[len(self._names) - len(metadata) :]
        complete = [name for name, column in zip(names, metadata, strict=True) if column.bare]
        known = Known(self._id_column, frozenset(complete), self._is_flat)
        yield from found.runs(
            lambda ids, start, stop: WrittenInferences(
                ids, self._names, [rows.json(start, stop)], known
            ),
            rows.odd,
        )

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
        metadata = self._metadata(found, constants)
        if metadata:
            values = list(map(add, values, zip(*metadata, strict=True)))
        names = self._names[len(self._names) - len(metadata) :]
        of_names = zip(names, metadata, strict=True)
        complete = frozenset(name for name, column in of_names if None not in column)
        known = Known(self._id_column, complete, self._is_flat)
        yield from found.runs(
            lambda ids, start, stop: Inferences(ids, self._names, values[start:stop], known)
        )

    def _metadata(self, found: Found, constants: Constants) -> list[Sequence[object]]:
        return self._metadata_columns.columns(found.ids, found.about, found.indexes, constants)


def _may_be_scores(texts: Sequence[str]) -> bool:
    """Whether answers of no known type hold numbers or JSON alone: other text may be an error."""
    joined = ",".join(texts)
    if joined.lstrip()[:1] in {"{", "["}:
        return True
    cells = joined.replace("\r\n", "\n").replace("\n", ",")
    return as_numbers(cells, large=True) is not None
