"""A payload of each kind, written from records and read back as those records."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.parser.formats.plain_text import is_number
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.captures import CSV, JSON, line, parse, side

LINES = "application/jsonlines"
COUNTS = st.integers(1, 4)

Record = Mapping[str, object]
Write = Callable[[Sequence[Record]], tuple[str, str]]


def columns_of(records: Sequence[Record]) -> dict[str, list[object]]:
    return {key: [record[key] for record in records] for key in records[0]}


def split(records: Sequence[Record]) -> dict[str, object]:
    rows = [[record[key] for key in records[0]] for record in records]
    return {"columns": list(records[0]), "index": list(range(len(rows))), "data": rows}


def as_csv(records: Sequence[Record], *, header: bool = False) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    if header:
        writer.writerow(records[0])
    writer.writerows([record[key] for key in records[0]] for record in records)
    return text.getvalue()


def document(make: Callable[[Sequence[Record]], object]) -> Write:
    return lambda records: (json.dumps(make(records)), JSON)


NAMED: dict[str, Write] = {
    "records": document(list),
    "records in a container": document(lambda records: {"predictions": list(records)}),
    "records under an unknown key": document(lambda records: {"answers": list(records), "n": 1}),
    "records in two containers": document(lambda records: {"outputs": {"data": list(records)}}),
    "columns": document(columns_of),
    "columns in a container": document(lambda records: {"outputs": columns_of(records)}),
    "columns with a further key": document(lambda records: columns_of(records) | {"model": "m"}),
    "pandas split": document(split),
    "dataframe_split": document(lambda records: {"dataframe_split": split(records)}),
    "pandas columns": document(
        lambda records: {
            key: dict(enumerate(values)) for key, values in columns_of(records).items()
        }
    ),
    "pandas index": document(lambda records: dict(enumerate(records))),
    "values of shape [1]": document(
        lambda records: [{key: [value] for key, value in one.items()} for one in records]
    ),
    "columns of shape [n, 1]": document(
        lambda records: {
            key: [[value] for value in values] for key, values in columns_of(records).items()
        }
    ),
    "JSON in a string": document(lambda records: json.dumps(list(records))),
    "JSON strings in a list": document(lambda records: [json.dumps(one) for one in records]),
    "JSON in a string under a key": document(lambda records: {"body": json.dumps(list(records))}),
    "a list of one each": document(lambda records: [[record] for record in records]),
    "JSON Lines": lambda records: ("\n".join(map(json.dumps, records)), LINES),
    "JSON Lines, not declared": lambda records: ("\n".join(map(json.dumps, records)), JSON),
    "JSON in a web page's content type": lambda records: (json.dumps(list(records)), "text/html"),
}

numbers = st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=9)
plain = numbers | st.booleans() | words.filter(lambda text: text.lstrip()[:1] not in {"[", "{"})
records = st.lists(
    st.fixed_dictionaries({"score": plain, "label": plain, "other": plain}), min_size=1, max_size=4
)


def rows_of(parsed: ParsedLine | Rejection) -> list[list[object]]:
    assert isinstance(parsed, ParsedLine), parsed
    assert not parsed.unfound
    return [list(inference.values) for inference in parsed.inferences]


def request(count: int) -> object:
    return side("\n".join(str(n) for n in range(count)))


@pytest.mark.parametrize("encoding", [None, "BASE64"])
@pytest.mark.parametrize("kind", NAMED)
@given(records)
def test_named_records_are_read_by_name_however_they_are_written(
    kind: str, encoding: str | None, found: Sequence[Record]
) -> None:
    text, content_type = NAMED[kind](found)
    raw = line(request(len(found)), side(text, content_type, encoding))

    parsed = parse(raw, ColumnMapping.of("n", "label,score"))

    expected = [[n, one["label"], one["score"]] for n, one in enumerate(found)]
    assert json.dumps(rows_of(parsed)) == json.dumps(expected)


scores = st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=1, max_size=4)

POSITIONAL: dict[str, Callable[[Sequence[Sequence[object]]], object]] = {
    "a matrix": list,
    "a matrix in a container": lambda rows: {"predictions": rows},
    "a matrix under what names values": lambda rows: {"probabilities": rows},
    "values by record": lambda rows: {"predictions": [{"scores": row} for row in rows]},
    "values beside a label": lambda rows: [{"score": row, "predicted_label": 1} for row in rows],
    "pandas split without names": lambda rows: {"columns": [0, 1], "index": [], "data": rows},
    "a matrix of shape [n, 2, 1]": lambda rows: [[[value] for value in row] for row in rows],
    "a tensor": lambda rows: {
        "outputs": [{"name": "y", "shape": [len(rows), 2], "datatype": "FP64", "data": rows}]
    },
    "explained": lambda rows: {
        "predictions": {
            "content_type": "text/csv",
            "data": "\n".join(",".join(map(repr, row)) for row in rows),
        },
        "explanations": {"kernel_shap": []},
    },
}


@pytest.mark.parametrize("kind", POSITIONAL)
@given(scores)
def test_values_without_names_are_read_by_position(
    kind: str, found: Sequence[Sequence[object]]
) -> None:
    text = json.dumps(POSITIONAL[kind](found))

    parsed = parse(line(request(len(found)), side(text, JSON)), ColumnMapping.of("n", "p,q"))

    assert rows_of(parsed) == [[n, *row] for n, row in enumerate(found)]


@given(COUNTS, st.integers(1, 4), st.sampled_from(["", "predictions", "anything"]))
def test_lists_of_records_never_go_into_columns_by_position(
    count: int, classes: int, container: str
) -> None:
    ranked = [[{"name": f"c{n}", "prob": 0.5} for n in range(classes)] for _ in range(count)]
    text = json.dumps({container: ranked} if container else ranked)
    columns = ",".join(f"x{n}" for n in range(classes))

    parsed = parse(line(request(count), side(text, JSON)), ColumnMapping.of("n", columns))

    assert isinstance(parsed, Rejection)


@given(
    st.lists(st.lists(st.integers(), max_size=4), min_size=2, max_size=2),
    st.sampled_from([JSON, LINES]),
    st.sampled_from(["scores", "data", "predictions", "boxes"]),
)
def test_a_line_of_json_lines_keeps_its_lists(
    lists: Sequence[Sequence[int]], content_type: str, name: str
) -> None:
    record = {"label": lists[0], name: lists[1]}
    text = "\n".join([json.dumps(record)] * (2 if content_type == JSON else 1))
    mapping = ColumnMapping.of("n", f"label,{name}")

    parsed = parse(line(request(text.count("\n") + 1), side(text, content_type)), mapping)

    single = all(len(one) == 1 for one in lists)
    expected = [one[0] if single else one for one in lists]
    assert [row[1:] for row in rows_of(parsed)] == [expected] * (text.count("\n") + 1)


@given(st.lists(st.integers(0, 99), min_size=2, max_size=6), st.booleans())
def test_a_document_with_the_names_is_one_record_to_a_request_of_one(
    found: Sequence[int], nested: bool
) -> None:
    answer = {
        "labels": list(found),
        "scores": [n / 8 for n in found],
        "boxes": [[n] for n in found],
    }
    text = json.dumps({"predictions": answer} if nested else answer)

    parsed = parse(
        line(side("a text", "text/plain"), side(text, JSON)),
        ColumnMapping.of("text", "labels,scores"),
    )

    assert rows_of(parsed) == [["a text", answer["labels"], answer["scores"]]]


@given(words.filter(lambda text: text.strip() and text.lstrip()[:1] not in {"{", "["}))
def test_a_text_is_one_value(text: str) -> None:
    if text.lstrip().startswith(("data:", "event:", ":")):
        return
    for content_type in ("text/plain", "application/x-text"):
        raw = line(side(text, content_type, "BASE64"), side("0.5"))
        assert rows_of(parse(raw, ColumnMapping.of("text", "score"))) == [[text, 0.5]]


@given(st.lists(words, min_size=1, max_size=6), st.sampled_from(["chat", "text", "tgi"]))
def test_a_stream_is_the_text_that_it_brings(parts: Sequence[str], kind: str) -> None:
    whole = "".join(parts)
    last: dict[str, object] = {"choices": [{"index": 0, "finish_reason": "stop"}]}
    if kind == "chat":
        source = "choices[0].message.content"
        events: list[dict[str, object]] = [
            {"choices": [{"index": 0, "delta": {"content": part}}]} for part in parts
        ]
    elif kind == "text":
        source = "choices[0].text"
        events = [{"choices": [{"index": 0, "text": part}]} for part in parts]
    else:
        source = "generated_text"
        events = [{"token": {"text": part}, "generated_text": None} for part in parts]
        last = {"token": {"text": "."}, "generated_text": whole}
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in [*events, last])
    raw = line(side("Hi", "text/plain"), side(text, "text/event-stream"))

    for output in (f"completion={source}", "completion"):
        assert rows_of(parse(raw, ColumnMapping.of("prompt", output))) == [["Hi", whole]]


@given(st.lists(st.fixed_dictionaries({"b": numbers, "a": numbers}), min_size=1, max_size=4))
def test_a_header_names_the_cells_and_is_never_a_record(found: Sequence[Record]) -> None:
    headed, bare = as_csv(found, header=True), as_csv(found)
    response = "\n".join("0.5" for _ in found)
    present = ColumnMapping.of("a,b", "score", csv_header=True)
    absent = ColumnMapping.of(list(found[0]), "score")
    in_order = ColumnMapping.of(list(found[0]), "score", csv_header=True)

    with_header = rows_of(parse(line(side(headed), side(f"score\n{response}")), present))
    without = rows_of(parse(line(side(bare), side(response)), absent))

    assert with_header == [[one["a"], one["b"], 0.5] for one in found]
    assert without == [[*(one[key] for key in found[0]), 0.5] for one in found]
    assert isinstance(parse(line(side(headed), side(f"score\n{response}")), absent), Rejection)
    # With the setting, a payload without a header loses no record to it.
    assert rows_of(parse(line(side(bare), side(response)), in_order)) == without


@given(words.filter(lambda text: any(map(str.isalpha, text))))
def test_words_are_no_score_under_any_content_type_but_csv_and_json(text: str) -> None:
    if is_number(text) or text.lstrip()[:1] in {"{", "["}:
        return
    for content_type in ("text/html; charset=utf-8", "text/plain", None, "application/xml"):
        raw = line(side("1", CSV), side(text, content_type, "BASE64"))
        for types in (None, {"score": "float"}):
            assert isinstance(parse(raw, ColumnMapping.of("a", "score"), types), Rejection)
