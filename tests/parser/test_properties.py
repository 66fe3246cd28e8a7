"""What holds for every line, whatever is in it."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.mapping.columns import ColumnMapping, parse_columns
from tests.support.both_ways import is_taken
from tests.support.captures import CSV, EVENT_ID, JSON, line, parse, side

MAPPING = ColumnMapping(parse_columns("a,b"), parse_columns("score"), event_id="id", timestamp="ts")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["a", "b", "score", "instances", "predictions", "inputs", "data", "shape"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
PAYLOADS = (
    st.text(max_size=80)
    | DOCUMENTS.map(json.dumps)
    | st.text(alphabet='0123456789.,-e"[]{} \n\r', max_size=60)
)
CONTENT_TYPES = (
    st.sampled_from(
        [
            CSV,
            JSON,
            "text/csv; charset=utf-16",
            "application/jsonlines",
            "application/x-npy",
            "text/html",
            "image/png",
            "application/octet-stream",
            "x; charset=zlib",
        ]
    )
    | st.none()
)
SIDES = st.none() | st.builds(
    lambda data, kind, encoding: {
        "data": base64.b64encode(data.encode("utf-8", "replace")).decode()
        if encoding == "BASE64"
        else data,
        "observedContentType": kind,
        "encoding": encoding,
    },
    PAYLOADS,
    CONTENT_TYPES,
    st.sampled_from(["CSV", "JSON", "BASE64", "GZIP"]) | st.none(),
)


def assert_rows_or_rejection(result: object) -> None:
    if isinstance(result, Rejection):
        assert result.reason in set(Reason)
        assert result.detail.endswith(".")
        return
    assert isinstance(result, ParsedLine)
    for inference in result.inferences:
        assert list(inference.row) == ["a", "b", "score", "ts", "id"]
        json.dumps(inference.row, allow_nan=False).encode()


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_rejection(raw: bytes) -> None:
    assert_rows_or_rejection(parse(raw, MAPPING))


@given(DOCUMENTS)
def test_any_json_is_rows_or_a_rejection(document: object) -> None:
    assert_rows_or_rejection(parse(json.dumps(document).encode(), MAPPING))


@given(SIDES, SIDES)
def test_any_payloads_are_rows_or_a_rejection(request: object, response: object) -> None:
    assert_rows_or_rejection(parse(line(request, response), MAPPING))


@given(SIDES, SIDES)
def test_any_payloads_with_types_are_rows_or_a_rejection(request: object, response: object) -> None:
    types = {"a": "int", "b": "vector", "score": "timestamp"}
    assert_rows_or_rejection(parse(line(request, response), MAPPING, types))


CSV_NUMBERS = st.text(alphabet='0123456789.,-+eE \n\r"[]{}nat', max_size=30)
CSV_RECORDS = st.lists(st.text(alphabet="0123456789.-e \r", max_size=6), max_size=4).map(
    ",".join
) | st.sampled_from(["1,2\r\n3,4", "1\r,2", "0.5\r", "0.5\r\n", "0.5,\r5", "1,2", "1\n2\n", "1"])


@given(
    CSV_NUMBERS | CSV_RECORDS,
    CSV_NUMBERS | CSV_RECORDS,
    st.dictionaries(st.sampled_from(["a", "b", "score"]), st.sampled_from(list(DataType)))
    | st.just(dict.fromkeys(("a", "b", "score"), DataType.FLOAT)),
)
def test_plain_numbers_take_a_short_way_to_the_same_rows(
    request: str, response: str, types: dict[str, DataType]
) -> None:
    is_taken(line(side(request), side(response)), MAPPING, types)
    is_taken(line(side(response), side(request)), MAPPING, types)


@pytest.mark.parametrize("content_type", [CSV, "text/csv; charset=utf-8", None])
@pytest.mark.parametrize("encoding", ["CSV", "BASE64"])
@pytest.mark.parametrize(
    ("request_text", "response"),
    [("1,2", "0.5"), ("1,2", "0.5\r\n"), ("1,2\r\n3,4", "0.5\n1"), ("1, -2e3\n3,4\n", "1\n2\n")],
)
def test_plain_numbers_do_take_the_short_way(
    request_text: str, response: str, encoding: str, content_type: str | None
) -> None:
    sides = (side(text, content_type, encoding) for text in (request_text, response))
    raw = line(*sides)
    assert is_taken(raw, MAPPING)
    assert is_taken(raw, MAPPING, dict.fromkeys(("a", "b", "score"), DataType.FLOAT))


@pytest.mark.parametrize(
    ("request_text", "response"),
    [
        ("1,2", "3"),
        ("1\n2", "3,4"),
        ("1", "2,3,4"),
        ("1,2,3", "4"),
        ("1", "2,\n3"),
        ("1\r", "2,3"),
        ("1", "2,\r3"),
        ("1],[2", "3,4"),
    ],
)
def test_csv_of_another_shape_is_left_to_the_long_way(request_text: str, response: str) -> None:
    mapping = ColumnMapping.of("a", "p,q")
    assert not is_taken(line(side(request_text), side(response)), mapping)


def test_brackets_in_csv_are_left_to_the_long_way() -> None:
    assert not is_taken(line(side("1],[2"), None), ColumnMapping.of("a"))


def test_numbers_below_a_header_are_left_to_the_long_way() -> None:
    raw = line(side("0,1\n2,3"), side("0\n1"))
    assert not is_taken(raw, ColumnMapping.of("a,b", "score", csv_header=True))
    assert not is_taken(raw, ColumnMapping.of("a,b", csv_header=True))


numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=20), st.booleans())
def test_numbers_written_as_csv_come_back_equal(
    rows: list[tuple[float, float, float]], typed: bool
) -> None:
    request = "\n".join(f"{a!r},{b!r}" for a, b, _ in rows)
    response = "\n".join(repr(score) for _, _, score in rows)
    types = dict.fromkeys(("a", "b", "score"), "float") if typed else None

    parsed = parse(line(side(request), side(response)), MAPPING, types)

    assert isinstance(parsed, ParsedLine), parsed
    found = [tuple(inference.row.values())[:3] for inference in parsed.inferences]
    assert found == [tuple(float(v) for v in row) if typed else row for row in rows]


cells = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=12
)


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=6
        )
    ),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_text_written_by_the_csv_module_comes_back_equal(
    rows: list[list[str]], quoting: int
) -> None:
    names = [f"c{n}" for n in range(len(rows[0]))]
    text = io.StringIO()
    csv.writer(text, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    mapping = ColumnMapping(parse_columns(",".join(names)))
    blank = not text.getvalue().strip()

    parsed = parse(line(side(text.getvalue()), None), mapping, dict.fromkeys(names, "str"))

    assert isinstance(parsed, ParsedLine), parsed
    found = [list(inference.row.values()) for inference in parsed.inferences]
    assert blank or found == [[cell or None for cell in row] for row in rows]


def shapes(rows: Sequence[Sequence[object]]) -> dict[str, object]:
    """Write the same records in every JSON shape that endpoints use."""
    named = [dict(zip("ab", row, strict=True)) for row in rows]
    return {
        "bare list": rows,
        "instances": {"instances": rows},
        "features": {"instances": [{"features": row} for row in rows]},
        "named": {"instances": named},
        "records": {"dataframe_records": named},
        "split": {"dataframe_split": {"columns": ["a", "b"], "data": rows}},
        "columns": {"a": [row[0] for row in rows], "b": [row[1] for row in rows]},
        "tensor": {
            "inputs": [{"name": "x", "shape": [len(rows), 2], "datatype": "FP64", "data": rows}]
        },
        "jsonlines": None,
    }


# A list of one row with a text such as "[" in it is as likely a single wide value, and rejected.
plain = st.text(max_size=8).filter(lambda text: text.lstrip()[:1] not in {"[", "{"})
values = st.booleans() | numbers | plain


@pytest.mark.parametrize("shape", shapes([(1, 2)]))
@given(st.lists(st.tuples(values, values), min_size=1, max_size=5))
def test_as_many_rows_come_out_of_json_as_went_in(
    shape: str, rows: list[tuple[object, object]]
) -> None:
    document = shapes(rows)[shape]
    text = json.dumps(document)
    if shape == "jsonlines":
        text = "\n".join(json.dumps(row) for row in rows)
    scores = [n / 8 for n in range(len(rows))]

    parsed = parse(line(side(text, JSON), side(json.dumps(scores), JSON)), MAPPING)

    assert isinstance(parsed, ParsedLine), parsed
    found = [tuple(inference.row.values())[:3] for inference in parsed.inferences]
    assert found == [(*row, score) for row, score in zip(rows, scores, strict=True)]
    suffixes = [f"_{n}" for n in range(len(rows))] if len(rows) > 1 else [""]
    assert [inference.id for inference in parsed.inferences] == [EVENT_ID + s for s in suffixes]
