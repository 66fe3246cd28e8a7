"""One captured line → inferences or a rejection. Pure: no I/O, no client, no AWS."""

from dataclasses import replace
from typing import Protocol

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.conversation import RECORDS
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser.call import CaptureData, CapturedPayload, read_call
from capture_forwarder.parser.fast.runs import Run
from capture_forwarder.parser.formats.json_document import values_of
from capture_forwarder.parser.formats.reading import Reading
from capture_forwarder.parser.labels.line import (
    CSV_HEADER,
    CSV_ROW,
    LabelLine,
    is_label,
    read_label,
)
from capture_forwarder.parser.labels.values import LabelTyper
from capture_forwarder.parser.line import LineParser, ParseChunk, ParseLine
from capture_forwarder.parser.lines import line_before, read_chunks, read_lines, unzipped
from capture_forwarder.parser.looks import (
    Looks,
    is_container,
    is_frame,
    is_line,
    json_readings,
    look_at,
)
from capture_forwarder.parser.mapping.casts import infer
from capture_forwarder.parser.mapping.columns import (
    Column,
    ColumnMapping,
    MetadataColumn,
    MetadataField,
    check_path,
    comma_list,
    is_plain_name,
    parse_columns,
    parse_metadata,
    parse_types,
)
from capture_forwarder.parser.rejected import RejectedError
from capture_forwarder.parser.unfound import NeverFound

__all__ = [
    "CSV_HEADER",
    "CSV_ROW",
    "CaptureData",
    "CapturedPayload",
    "Column",
    "ColumnMapping",
    "LabelLine",
    "LabelTyper",
    "LineParser",
    "Looks",
    "MetadataColumn",
    "MetadataField",
    "NeverFound",
    "ParseChunk",
    "ParseLine",
    "Reading",
    "RejectedError",
    "RouteParser",
    "Run",
    "check_path",
    "comma_list",
    "compile_mapping",
    "infer",
    "is_container",
    "is_frame",
    "is_label",
    "is_line",
    "is_plain_name",
    "json_readings",
    "line_before",
    "look_at",
    "parse_columns",
    "parse_metadata",
    "parse_types",
    "read_call",
    "read_chunks",
    "read_label",
    "read_lines",
    "unzipped",
    "values_of",
]


class RouteParser(Protocol):
    """A mapping, compiled."""

    def for_file(self, capture_file: CaptureFile) -> ParseLine:
        """Bind what all lines of a capture file share."""
        ...

    def for_chunks(self, capture_file: CaptureFile) -> ParseChunk:
        """Bind what all chunks of a capture file share; see `LineParser.for_chunks`."""
        ...


def compile_mapping(
    mapping: ColumnMapping, schema: Schema, *, as_json: bool = False
) -> RouteParser:
    """Compile a mapping once for all objects of a route.

    Parameters
    ----------
    mapping
        Which captured values become which columns; without any, records stay whole. One of
        conversations asks for no columns.
    schema
        The platform's view of the model.
    as_json
        Whether the publisher takes rows as JSON; see `LineParser`.
    """
    if mapping.redact:
        from capture_forwarder.parser.redaction.parser import RedactingParser  # noqa: PLC0415

        bare = compile_mapping(replace(mapping, redact=()), schema, as_json=as_json)
        key = b"" if mapping.redact_key is None else mapping.redact_key.value().encode()
        return RedactingParser(bare.for_file, mapping.names or RECORDS, mapping.redact, key)
    if mapping.conversations:
        from capture_forwarder.parser.conversations.line import ConversationParser  # noqa: PLC0415

        return ConversationParser(mapping)
    if not mapping.inputs and not mapping.outputs:
        from capture_forwarder.parser.mapping.whole import WholeLineParser  # noqa: PLC0415

        return WholeLineParser()
    return LineParser(mapping, schema, as_json=as_json)
