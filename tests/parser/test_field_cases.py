"""Captured lines from reports of wrong rows, each with what is right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from capture_forwarder.core.rejection import Rejection
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.captures import parse

FIELD = Path(__file__).parents[3] / "shared/cases/field"

EXPECTED: dict[tuple[str, str, str], list[object]] = {
    ("01-list-under-scores", "text=inputs", "labels,scores"): [
        [["first text", ["blue", "red"], [0.9, 0.1]]],
        [["second text", ["red", "blue"], [0.6, 0.4]]],
    ],
    ("01-list-under-scores", "text=inputs", "top=labels[0],score=scores[0]"): [
        [["first text", "blue", 0.9]],
        [["second text", "red", 0.6]],
    ],
    ("03-detector", "", "normalized_boxes,classes,scores"): [
        [
            [
                [[0.1, 0.2, 0.3, 0.4], [0.2, 0.3, 0.4, 0.5], [0.3, 0.4, 0.5, 0.6]],
                [7, 8, 9],
                [0.9, 0.8, 0.7],
            ]
        ],
        [[[[0.1, 0.2, 0.3, 0.4]], [7], [0.9]]],
    ],
    ("04-top-k-two-classes", "text=inputs", "label,score"): ["[*][0]", "[*][0]"],
    (
        "05-parallel-lists-index",
        "a,b",
        "label=predictions,p0=probabilities[0],p1=probabilities[1]",
    ): [[[1, 2, "a", 0.1, 0.9]], [[1, 2, "a", 0.1, 0.9], [3, 4, "b", 0.7, 0.3]]],
    ("07-pandas-split", "age,income", "score"): [[[30, 50000, 0.25]]],
    (
        "09-null-content",
        "prompt=messages[-1].content",
        "completion=choices[0].message.content",
    ): [[["Weather?", None]]],
    ("10-text-error", "a,b,c", "score"): ["error"] * 3,
    ("11-json-in-json", "a,b", "score"): [[[1, 2, 0.5]]],
    ("14-explained", "a,b,c,d", "score"): [
        [[1, 2, 3, 4, 0.61]],
        [[1, 2, 3, 4, 0.61], [5, 6, 7, 8, 0.73]],
    ],
    ("15-one-element-features", "age,income", "score"): [
        [[30, 50000.0, 0.25]],
        [[30, 50000.0, 0.25], [40, 60000.0, 0.5]],
    ],
    ("18-long-cell", "text", "score"): [[["x" * 140_000, 0.5]]],
    ("19-both-have-headers", "a,b", "score"): ["header"],
    ("23-object2vec-one-line", "in0,in1", "scores"): [
        [[[6, 17], [16, 21], [0.2, 0.8]]],
        [[[6, 17, 9], [16, 21], [0.2, 0.8]]],
    ],
    ("25-x-text-request", "text", "predicted_label"): [
        [["I like it, really", "pos"]],
        [["great film", "pos"]],
    ],
}


@pytest.mark.skipif(not FIELD.exists(), reason="the shared cases are not here")
@pytest.mark.parametrize(("name", "inputs", "outputs"), EXPECTED)
def test_lines_that_gave_wrong_rows_give_the_right_ones(
    name: str, inputs: str, outputs: str
) -> None:
    mapping = ColumnMapping.of(inputs, outputs)
    found: list[object] = []
    for raw in (FIELD / f"{name}.jsonl").read_bytes().splitlines():
        parsed = parse(raw, mapping)
        if isinstance(parsed, Rejection):
            found.append(parsed.detail)
        else:
            found.append([list(inference.values) for inference in parsed.inferences])

    for got, expected in zip(found, EXPECTED[name, inputs, outputs], strict=True):
        if isinstance(expected, str):
            assert expected in str(got)
        else:
            assert json.dumps(got) == json.dumps(expected)
