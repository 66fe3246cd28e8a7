"""What type a value's text has, and what a column's values make of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture_forwarder.monitor.profile.statistics import InferredType
from tests.support.monitoring import profiled, write_csv

INTEGRAL = ["0", "3", "-3", "+3", "- 3", "007", "12345678901234567890123"]
FRACTIONAL = ["3.0", "-0.5", "+ 1.25", "1e5", "1E5", "1e-5", "1.5e+300", "1e400"]
STRING = [
    ".5",
    "5.",
    "NaN",
    "inf",
    "-inf",
    "1_000",
    "1,5",
    "0x10",
    " 3",
    "3 ",
    "1e",
    "e5",
    "٣",
    "--3",
]
BOOLEAN = ["true", "false"]


def type_of(tmp_path: Path, *values: str | None) -> InferredType:
    file = write_csv(tmp_path / "x.csv", ["x", "n"], [(value, 1) for value in values])
    return profiled(file).columns[0].inferred


@pytest.mark.parametrize("text", INTEGRAL)
def test_these_are_integral(tmp_path: Path, text: str) -> None:
    assert type_of(tmp_path, text) is InferredType.INTEGRAL


@pytest.mark.parametrize("text", FRACTIONAL)
def test_these_are_fractional(tmp_path: Path, text: str) -> None:
    assert type_of(tmp_path, text) is InferredType.FRACTIONAL


@pytest.mark.parametrize("text", [*STRING, *BOOLEAN, "True"])
def test_these_are_string(tmp_path: Path, text: str) -> None:
    assert type_of(tmp_path, text) is InferredType.STRING


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("1", "2.5"), InferredType.FRACTIONAL),
        (("1", None), InferredType.INTEGRAL),
        (("1", "true"), InferredType.STRING),
        (("1.5", "x"), InferredType.STRING),
        ((None, None), InferredType.UNKNOWN),
    ],
)
def test_a_column_has_the_widest_type_of_its_values(
    tmp_path: Path, values: tuple[str | None, ...], expected: InferredType
) -> None:
    assert type_of(tmp_path, *values) is expected


JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([*INTEGRAL, *FRACTIONAL, *STRING, *BOOLEAN, "", "x", "café"]),
)


@settings(max_examples=50)  # each of them makes two files
@given(values=st.lists(JSON_VALUES, min_size=1, max_size=6))
def test_json_has_the_types_that_its_text_has_in_csv(
    tmp_path_factory: pytest.TempPathFactory, values: list[object]
) -> None:
    folder = tmp_path_factory.mktemp("same")
    lines = folder / "x.jsonl"
    lines.write_text("".join(json.dumps({"x": value, "n": 1}) + "\n" for value in values))
    texts = [
        value if isinstance(value, str) or value is None else json.dumps(value) for value in values
    ]
    # An empty field of CSV is no value, where JSON has an empty text.
    texts = [" " if text == "" else text for text in texts]
    table = write_csv(folder / "x.csv", ["x", "n"], [(text, 1) for text in texts])

    ours, theirs = profiled(lines).by_name()["x"], profiled(table).by_name()["x"]

    assert ours.counts == theirs.counts
    assert ours.moments == theirs.moments
