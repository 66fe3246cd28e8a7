"""The mapping specification by example, and real captured lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.mapping.columns import ColumnMapping, parse_columns, parse_metadata
from tests.support.captures import parse

ROOT = Path(__file__).parents[2]
CASES = [
    json.loads(text)
    for name in ("mapping", "kinds")
    for text in (ROOT / f"tests/cases/{name}.jsonl").read_text(encoding="utf-8").split("\n")
    if text
]
REAL = ROOT.parent / "shared/cases/real"


def mapping_of(config: dict[str, str]) -> ColumnMapping:
    return ColumnMapping(
        inputs=parse_columns(config["inputs"]),
        outputs=parse_columns(config["outputs"]),
        timestamp=config.get("timestamp"),
        event_id=config.get("event_id"),
        metadata=parse_metadata(config.get("metadata", "")),
        input_path=config.get("input_path"),
        output_path=config.get("output_path"),
        csv_header=config.get("csv_header") == "present",
    )


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_specification_holds(case: dict[str, object]) -> None:
    config = case["config"]
    assert isinstance(config, dict)
    types = config.get("types")

    parsed = parse(str(case["line"]).encode(), mapping_of(config), types)

    if isinstance(parsed, Rejection):
        assert parsed.reason.value == case.get("quarantine"), parsed.detail
        assert parsed.detail.endswith(".")
    else:
        rows = [inference.row for inference in parsed.inferences]
        assert rows == case.get("rows")
        assert _types(rows) == _types(case["rows"])


def _types(document: object) -> object:
    """Replace values by their types, since True == 1 == 1.0 in Python but not in JSON."""
    if isinstance(document, dict):
        return {name: _types(value) for name, value in document.items()}
    if isinstance(document, list):
        return [_types(value) for value in document]
    return type(document)


REAL_MAPPINGS = {
    "xgboost-churn-csv": (",".join(f"f{n}" for n in range(69)), "score"),
    "linear-learner-json": (",".join(f"f{n}" for n in range(14)), "score,predicted_label"),
    "linear-learner-jsonlines": (",".join(f"f{n}" for n in range(14)), "score,predicted_label"),
    "tensorflow-serving": ("x", "y"),
    "language-model": (
        "prompt=inputs,max_tokens=parameters.max_new_tokens",
        "completion=generated_text",
    ),
}


@pytest.mark.parametrize("name", [*REAL_MAPPINGS, "xgboost-bank-inference-ids"])
def test_every_real_line_maps_with_suitable_settings(name: str) -> None:
    file = REAL / f"{name}.jsonl"
    if not file.exists():
        pytest.skip("the captured lines of public repositories are not here")
    for raw in file.read_bytes().splitlines():
        if name in REAL_MAPPINGS:
            inputs, outputs = REAL_MAPPINGS[name]
        else:
            # This endpoint was called with two widths over the years.
            width = json.loads(raw)["captureData"]["endpointInput"]["data"].count(",") + 1
            inputs, outputs = ",".join(f"f{n}" for n in range(width)), "score"
        mapping = ColumnMapping(parse_columns(inputs), parse_columns(outputs))
        parsed = LineParser(mapping).for_file(CaptureFile("bucket", "key"))(raw)
        assert isinstance(parsed, ParsedLine), parsed
        assert parsed.inferences
        assert all(None not in inference.row.values() for inference in parsed.inferences)
