"""Captured lines for tests, in the shape that SageMaker writes them."""

from __future__ import annotations

import base64
import json

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.mapping.columns import ColumnMapping, parse_columns

CSV = "text/csv"
JSON = "application/json"
EVENT_ID = "4fae283c-7e6b-4c3b-9d2e-5e1f0a6a0001"
TIME = "2026-03-01T10:20:30Z"
SOURCE = CaptureFile("bucket", "captures/endpoint/variant/2026/03/01/10/20-30-123-a.jsonl")


def side(data: str | bytes, content_type: str | None = CSV, encoding: str | None = None) -> object:
    """Describe one side of a call; bytes, and text when asked for, are carried as BASE64."""
    if encoding is None:
        plain = "CSV" if content_type and "csv" in content_type else "JSON"
        encoding = "BASE64" if isinstance(data, bytes) else plain
    if encoding == "BASE64":
        raw = data.encode() if isinstance(data, str) else data
        data = base64.b64encode(raw).decode()
    return {"observedContentType": content_type, "mode": "X", "data": data, "encoding": encoding}


def line(request: object, response: object, **metadata: object) -> bytes:
    """Put a line together from two sides; None leaves a side out."""
    data = {"endpointInput": request, "endpointOutput": response}
    record = {
        "captureData": {name: value for name, value in data.items() if value is not None},
        "eventMetadata": {"eventId": EVENT_ID, "inferenceTime": TIME, **metadata},
        "eventVersion": "0",
    }
    return json.dumps(record, ensure_ascii=False).encode()


def ground_truth(name: str, data: object, **metadata: object) -> bytes:
    """Put a line of ground truth together, in SageMaker's format."""
    record = {
        "groundTruthData": {"data": data, "encoding": "CSV"},
        "eventMetadata": {"eventId": name, **metadata},
        "eventVersion": "0",
    }
    return json.dumps(record, ensure_ascii=False).encode()


def merged(captured: bytes, data: object) -> bytes:
    """Merge a captured line with its ground truth, as Model Monitor does."""
    record = json.loads(captured)
    return json.dumps({**record, "groundTruthData": {"data": data, "encoding": "CSV"}}).encode()


def parse(
    raw: bytes, mapping: ColumnMapping, types: dict[str, str] | None = None
) -> ParsedLine | Rejection:
    """Parse one line with a mapping and the types of a platform's schema."""
    schema = Schema(types={name: DataType(kind) for name, kind in (types or {}).items()})
    return LineParser(mapping, schema).for_file(SOURCE)(raw)


def values(
    request: object,
    response: object,
    inputs: str,
    outputs: str,
    types: dict[str, str] | None = None,
) -> list[list[object]] | str:
    """Return the values of the rows a line becomes, or the reason why it becomes none."""
    mapping = ColumnMapping(inputs=parse_columns(inputs), outputs=parse_columns(outputs))
    parsed = parse(line(request, response), mapping, types)
    if isinstance(parsed, Rejection):
        return parsed.reason.value
    return [list(inference.row.values()) for inference in parsed.inferences]
