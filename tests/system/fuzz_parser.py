"""A coverage-guided fuzzer for the parser: `make fuzz`.

Whatever bytes come in, the parser returns rows that can be sent as JSON, or a rejection; and what
the fast way reads is what the oracle reads. The fuzzer gives a line as it is,
or payloads for both sides, on mappings that between them use every part.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["capture_forwarder"]):
    from capture_forwarder.core.capture_file import CaptureFile
    from capture_forwarder.core.inference import ParsedLine
    from capture_forwarder.core.rejection import Rejection
    from capture_forwarder.core.schema import DataType, Schema
    from capture_forwarder.parser import LineParser
    from capture_forwarder.parser.mapping.columns import Column, ColumnMapping

import msgspec

from tests.support.both_ways import taken_together

SOURCE = CaptureFile("bucket", "endpoint/variant/2026/03/01/10/file.jsonl")
COLUMNS = (Column("a"), Column("b", "c.d || b"))
MAPPINGS = [
    ColumnMapping(COLUMNS, (Column("score"),), timestamp="ts", event_id="id"),
    ColumnMapping(COLUMNS, (), csv_header=True),
    ColumnMapping((), (Column("score"),), output_path="predictions[*].score || @"),
    ColumnMapping((Column("a"),), (Column("p", "q"), Column("score"))),
]
TYPES = list(DataType)
CONTENT_TYPES = [
    None,
    "text/csv",
    "application/json",
    "application/jsonlines",
    "application/x-npy",
    "text/html; charset=latin-1",
    "application/octet-stream; charset=utf-16",
]
ENCODINGS = ["CSV", "JSON", "BASE64"]


def side(data: atheris.FuzzedDataProvider) -> dict[str, object]:
    """Make one captured side of fuzzed bytes."""
    encoding = data.PickValueInList(ENCODINGS)
    raw = data.ConsumeBytes(data.ConsumeIntInRange(0, 2000))
    text = (
        base64.b64encode(raw).decode() if encoding == "BASE64" else raw.decode("utf-8", "replace")
    )
    return {
        "data": text,
        "encoding": encoding,
        "observedContentType": data.PickValueInList(CONTENT_TYPES),
    }


def test_one_input(raw: bytes) -> None:
    """Parse one input; any exception but a rejection is a finding."""
    data = atheris.FuzzedDataProvider(raw)
    mapping = data.PickValueInList(MAPPINGS)
    types = {name: data.PickValueInList(TYPES) for name in mapping.names if data.ConsumeBool()}
    if data.ConsumeBool():
        line = data.ConsumeBytes(sys.maxsize)
    else:
        record = {
            "captureData": {"endpointInput": side(data), "endpointOutput": side(data)},
            "eventMetadata": {"eventId": "id"},
        }
        line = msgspec.json.encode(record)

    parsed = LineParser(mapping, Schema(types)).for_file(SOURCE)(line)

    if isinstance(parsed, ParsedLine):
        msgspec.json.encode([inference.row for inference in parsed.inferences])
    else:
        assert isinstance(parsed, Rejection)
    taken_together([line.replace(b"\n", b"")], mapping, Schema(types))


def main() -> None:
    """Fuzz, starting from the example lines of the specification."""
    corpus = Path(__file__).parents[2] / ".fuzz"
    corpus.mkdir(exist_ok=True)
    examples = Path(__file__).parents[1] / "cases/mapping.jsonl"
    for number, text in enumerate(examples.read_bytes().splitlines()):
        line = msgspec.json.decode(text)["line"].encode()
        (corpus / f"case-{number}").write_bytes(line)
    atheris.Setup([*sys.argv, str(corpus)], test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
