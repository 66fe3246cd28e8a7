"""The requests or the responses of some calls, in CSV or JSON → the values of their rows."""

from __future__ import annotations

from collections.abc import Sequence

from capture_forwarder.core.inferences import values_of
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser.fast.calls import Payloads
from capture_forwarder.parser.fast.csv_columns import has_vector
from capture_forwarder.parser.fast.csv_records import RecordSplitter
from capture_forwarder.parser.fast.csv_rows import JsonRowWriter
from capture_forwarder.parser.fast.json_lines import JsonLinesPayloads
from capture_forwarder.parser.fast.json_paths import is_field
from capture_forwarder.parser.fast.json_payloads import JsonPayloads
from capture_forwarder.parser.fast.rows import Rows, rows_of
from capture_forwarder.parser.formats.decode import Format
from capture_forwarder.parser.mapping.columns import Column


class PayloadReader:
    """Reads one payload of a route's calls, where the other is of another format.

    Parameters
    ----------
    columns
        The columns that are captured in it, in order.
    path
        Selects the records inside a JSON document; such a payload is left to the oracle.
    schema
        The types that are known.
    header
        Whether CSV has a header; such a payload is left to the oracle.
    as_json
        Whether values of CSV stay as they are written, as `msgspec.Raw`.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        path: str | None,
        schema: Schema,
        *,
        header: bool,
        as_json: bool,
    ) -> None:
        self._as_json = as_json
        names = [column.name for column in columns]
        readable = bool(names) and not has_vector(names, schema)
        are_keys = len({column.key for column in columns}) == len(columns)
        are_fields = all(column.is_path or is_field(column.key) for column in columns)
        self._names = names
        self._split = RecordSplitter(len(columns), 0)
        self._write = JsonRowWriter(columns, (), (), schema) if readable and not header else None
        self._json: JsonPayloads | None = None
        self._json_lines: JsonLinesPayloads | None = None
        if readable and are_keys and are_fields and not path:
            self._json = JsonPayloads(columns, schema)
            self._json_lines = JsonLinesPayloads(columns, schema)

    def read(self, payloads: Payloads) -> Rows:
        """Read the payload of each call; calls that are left to the oracle are not in the rows."""
        if payloads.form is Format.CSV:
            return self._read_csv(payloads.texts)
        reader = self._json if payloads.form is Format.JSON else self._json_lines
        return reader.read(payloads.texts) if reader else Rows()

    def _read_csv(self, texts: Sequence[str]) -> Rows:
        records = self._split(texts, texts)
        if self._write is None or not records.calls:
            return Rows()
        rows = self._write(records.texts, quoted=records.quoted)
        count = len(records.texts)
        if rows.odd:
            fragments = [rows.json(n, n + 1) for n in range(count) if n not in rows.odd]
        else:
            fragments = [rows.json(0, count)]
        values = list(values_of(self._names, fragments, as_json=self._as_json))
        return rows_of(records.calls, records.counts, values, rows.odd)
