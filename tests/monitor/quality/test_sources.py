"""Predictions and labels from every kind of source, joined by id or in one row."""

from __future__ import annotations

import base64
import gzip
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.errors import DataError
from capture_forwarder.monitor.quality import ProblemType, Question, Source
from tests.support.quality import (
    captured,
    csv_file,
    json_lines,
    labelled,
    measured,
    source,
)

REGRESSION, BINARY = ProblemType.REGRESSION, ProblemType.BINARY
ROWS = [("a", 1.5, 1), ("b", 2.5, 3), ("c", 4.0, 4)]
COLUMNS = ("inference_id", "prediction", "label")
QUESTION = Question(REGRESSION, prediction="prediction", label="label")
MAE = (0.5 + 0.5 + 0) / 3


def written(folder: Path, kind: str) -> Source:
    """The same rows in every kind of source."""
    if kind in {"csv", "csv.gz"}:
        path = csv_file(folder / "rows.csv", ROWS, *COLUMNS)
    elif kind in {"jsonl", "jsonl.gz"}:
        path = json_lines(folder / "rows.jsonl", [dict(zip(COLUMNS, r, strict=True)) for r in ROWS])
    else:
        path = folder / f"rows.{kind}"
        database = str(path) if kind == "duckdb" else ":memory:"
        with duckdb.connect(database) as connection:
            connection.execute(
                "CREATE TABLE route (inference_id TEXT, prediction DOUBLE, label INT)"
            )
            connection.executemany("INSERT INTO route VALUES (?, ?, ?)", ROWS)
            if kind == "parquet":
                connection.execute(f"COPY route TO '{path}' (FORMAT parquet)")
    if kind.endswith(".gz"):
        packed = path.with_name(f"{path.name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        path = packed
    return source(path)


def mae(document: dict[str, Any]) -> float:
    return float(document["regression_metrics"]["mae"]["value"])


KINDS = ("csv", "csv.gz", "jsonl", "jsonl.gz", "parquet", "duckdb")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_rows_give_the_same_numbers_from_every_kind_of_source(
    tmp_path: Path, kind: str
) -> None:
    assert mae(measured(QUESTION, written(tmp_path, kind))) == pytest.approx(MAE, rel=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_another_source_are_joined_by_id(tmp_path: Path, kind: str) -> None:
    truths = csv_file(tmp_path / "truth.csv", [("c", 5), ("x", 9), ("a", 1)], "key", "true")
    question = Question(REGRESSION, prediction="prediction", label="true", labels_id="key")

    found = measured(question, written(tmp_path, kind), source(truths))

    assert mae(found) == pytest.approx((0.5 + 1) / 2)
    coverage = found["dataset"]["coverage"]
    assert (coverage["predictions"], coverage["judged"], coverage["without_label"]) == (3, 2, 1)
    assert (coverage["labels"], coverage["labels_without_prediction"]) == (3, 1)


def test_columns_of_csv_without_a_header_are_named_by_their_positions(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "rows.csv", ROWS)

    found = measured(Question(REGRESSION, prediction="1", label="2"), source(path, header=False))

    assert found["dataset"]["item_count"] == 3
    assert mae(found) == pytest.approx(MAE)


def test_no_line_of_csv_is_taken_for_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("prediction,label\n1,2\n#x,5\n3,4\n")

    found = measured(QUESTION, source(path))

    assert found["dataset"]["coverage"]["predictions"] == 3
    assert found["dataset"]["coverage"]["unusable"] == 1


def test_the_last_label_of_an_id_counts_in_the_order_of_the_files(tmp_path: Path) -> None:
    first = json_lines(tmp_path / "2026/03/01/10/a.jsonl", [labelled("a", "9"), labelled("b", "3")])
    later = json_lines(tmp_path / "2026/03/01/11/a.jsonl", [labelled("a", "2")])
    predictions = written(tmp_path, "csv")

    found = measured(
        Question(REGRESSION, prediction="prediction"), predictions, source(first, later)
    )

    assert mae(found) == pytest.approx((0.5 + 0.5) / 2)
    assert found["dataset"]["coverage"]["repeated_labels"] == 1


def test_every_prediction_of_an_id_is_judged(tmp_path: Path) -> None:
    rows = csv_file(tmp_path / "rows.csv", [("a", 1), ("a", 3)], "inference_id", "prediction")
    truths = csv_file(tmp_path / "truth.csv", [("a", 2)], "inference_id", "label")

    found = measured(QUESTION, source(rows), source(truths))

    assert found["dataset"]["coverage"]["judged"] == 2


def test_an_empty_or_null_id_joins_nothing(tmp_path: Path) -> None:
    rows = json_lines(tmp_path / "r.jsonl", [{"inference_id": None, "prediction": 1}, {"p": 1}])
    truths = csv_file(tmp_path / "truth.csv", [("", 2)], "inference_id", "label")

    found = measured(QUESTION, source(rows), source(truths))

    assert found["dataset"]["coverage"]["judged"] == 0
    assert found["dataset"]["coverage"]["without_label"] == 2


@pytest.mark.parametrize(
    ("data", "encoding", "attribute", "expected"),
    [
        ("7.5", "CSV", "0", ["7.5"]),
        ("1,7.5", "CSV", "1", ["7.5"]),
        ('"a,""b""",7.5', "CSV", "1", ["7.5"]),
        ("7.5\n8.5\n", "CSV", "0", ["7.5", "8.5"]),
        ("7.5\r\n8.5\r\n", "CSV", "0", ["7.5", "8.5"]),
        (",7.5", "CSV", "1", ["7.5"]),
        ('{"score": 7.5}', "JSON", "score", ["7.5"]),
        ('{"a": {"b": [1, 7.5]}}', "JSON", "a.b[1]", ["7.5"]),
        ('{"score": 7.5}', "JSON", "$.score", ["7.5"]),
        ('{"a/b": 7.5}', "JSON", "/a~1b", ["7.5"]),
        ("[1, 7.5]", "JSON", "1", ["7.5"]),
        ("[7.5, 8.5]", "JSON", "*", ["7.5", "8.5"]),
        ('{"p": [{"s": 7.5}, {"s": 8.5}]}', "JSON", "p[*].s", ["7.5", "8.5"]),
        ('{"s": 7.5}\n{"s": 8.5}\n', "JSON", "s", ["7.5", "8.5"]),
        ('{\n "s":\n 7.5}\n', "JSON", "s", ["7.5"]),
        (base64.b64encode(b"7.5\n8.5").decode(), "BASE64", "0", ["7.5", "8.5"]),
        (base64.b64encode(b'{"s": 7.5}').decode(), "BASE64", "s", ["7.5"]),
    ],
)
def test_a_captured_response_is_read_by_model_monitors_attribute(
    tmp_path: Path, data: str, encoding: str, attribute: str, expected: list[str]
) -> None:
    calls = json_lines(tmp_path / "calls.jsonl", [captured("a", data, encoding)])
    truth = json_lines(tmp_path / "truth.jsonl", [labelled("a", ",".join(expected))])

    found = measured(Question(REGRESSION, prediction=attribute), source(calls), source(truth))

    assert found["dataset"]["coverage"]["judged"] == len(expected)
    assert mae(found) == 0


@pytest.mark.parametrize("data", ["", "text", "[]", "{}", None])
def test_a_response_without_the_value_counts_as_a_prediction_that_cannot_be_judged(
    tmp_path: Path, data: Any
) -> None:
    lines = [captured("a", data, "JSON"), captured("b", '{"s": 1}', "JSON")]
    calls = json_lines(tmp_path / "calls.jsonl", lines)
    truth = json_lines(tmp_path / "truth.jsonl", [labelled("a", "1"), labelled("b", "1")])

    found = measured(Question(REGRESSION, prediction="s"), source(calls), source(truth))

    coverage = found["dataset"]["coverage"]
    assert (coverage["predictions"], coverage["judged"], coverage["unusable"]) == (2, 1, 1)


def test_rows_of_a_call_have_the_ids_that_the_forwarder_gives_them(tmp_path: Path) -> None:
    calls = json_lines(tmp_path / "calls.jsonl", [captured("a", "1\n2\n3"), captured("b", "4")])
    rows = [("a_1", 2), ("a_2", 3), ("b", 4), ("a", 9)]
    truths = csv_file(tmp_path / "truth.csv", rows, "inference_id", "label")

    found = measured(
        Question(REGRESSION, prediction="0", label="label"), source(calls), source(truths)
    )

    assert found["dataset"]["coverage"]["judged"] == 3
    assert mae(found) == 0


def test_an_inference_id_goes_before_the_id_of_the_event(tmp_path: Path) -> None:
    calls = json_lines(tmp_path / "calls.jsonl", [captured("event", "1", inferenceId="mine")])
    truth = json_lines(tmp_path / "truth.jsonl", [labelled("mine", "1")])

    found = measured(Question(REGRESSION, prediction="0"), source(calls), source(truth))

    assert found["dataset"]["coverage"]["judged"] == 1


def test_answers_of_shadow_variants_do_not_count(tmp_path: Path) -> None:
    shadow = captured("a", "9", invocationSource="ShadowExperiment")
    calls = json_lines(tmp_path / "calls.jsonl", [shadow, captured("a", "1")])
    truth = json_lines(tmp_path / "truth.jsonl", [labelled("a", "1")])

    found = measured(Question(REGRESSION, prediction="0"), source(calls), source(truth))

    assert found["dataset"]["coverage"]["predictions"] == 1


def test_merged_lines_hold_both(tmp_path: Path) -> None:
    lines = [
        captured("a", "0.9", side="batchTransformOutput") | labelled("a", "1"),
        captured("b", '{"p": 0.2}', "JSON") | labelled("b", '{"label": 0}', "JSON"),
    ]
    first = json_lines(tmp_path / "csv.jsonl", lines[:1])
    second = json_lines(tmp_path / "json.jsonl", lines[1:])

    by_position = measured(Question(BINARY, probability="0"), source(first))
    by_name = measured(Question(BINARY, probability="p", label="label"), source(second))

    assert by_position[BINARY.metrics]["confusion_matrix"]["1"] == {"0": 0, "1": 1}
    assert by_name[BINARY.metrics]["confusion_matrix"]["0"] == {"0": 1, "1": 0}


def test_calls_outside_of_the_window_do_not_count(tmp_path: Path) -> None:
    times = ["2026-03-01T09:59:59Z", "2026-03-01T10:00:00Z", "2026-03-01T12:30:00+02:00", "?", ""]
    rows = [(time, 1, 1) for time in [*times, "2026-03-01T11:00:00Z"]]
    path = csv_file(tmp_path / "rows.csv", rows, "inference_time", "prediction", "label")
    window = Window(datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 11, tzinfo=UTC))

    found = measured(
        Question(REGRESSION, prediction="prediction", label="label", window=window), source(path)
    )

    coverage = found["dataset"]["coverage"]
    assert (coverage["predictions"], coverage["outside_window"]) == (2, 4)


def test_a_database_with_several_tables_needs_a_name(tmp_path: Path) -> None:
    path = tmp_path / "rows.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE one AS SELECT 1.0 AS prediction, 2 AS label")
        connection.execute("CREATE VIEW two AS SELECT 1.0 AS prediction, 5 AS label")

    with pytest.raises(UsageError, match="has 2 tables; there are: 'one', 'two'"):
        measured(QUESTION, source(path))
    assert mae(measured(QUESTION, source(path, table="two"))) == 4


def test_predictions_and_labels_may_be_tables_of_one_database(tmp_path: Path) -> None:
    path = tmp_path / "rows.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE one AS SELECT 'a' AS inference_id, 1.0 AS prediction")
        connection.execute("CREATE TABLE two AS SELECT 'a' AS inference_id, 5 AS label")

    found = measured(QUESTION, source(path, table="one"), source(path, table="two"))

    assert mae(found) == 4


@pytest.mark.parametrize("sign", ["*", "?", "[a]", "'", '"', " "])
def test_a_files_name_is_no_pattern(tmp_path: Path, sign: str) -> None:
    path = csv_file(tmp_path / f"rows{sign}.csv", ROWS, *COLUMNS)
    csv_file(tmp_path / "rowsa.csv", ROWS, *COLUMNS)

    assert measured(QUESTION, source(path))["dataset"]["item_count"] == 3


def test_a_line_that_is_no_json_is_named_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prediction": 1, "label": 1}\n{"prediction": secret\n')

    with pytest.raises(DataError) as caught:
        measured(QUESTION, source(path))

    assert re.search(r"at line 2 of \S+rows\.jsonl", caught.value.message)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("good", [0, 30_000])
def test_a_line_of_csv_that_is_too_short_is_refused_and_not_shown(
    tmp_path: Path, good: int
) -> None:
    path = csv_file(tmp_path / "rows.csv", [*ROWS * good, ("secret", 1)], *COLUMNS)

    with pytest.raises(DataError) as caught:
        measured(QUESTION, source(path))

    assert f"at line {3 * good + 2} of" in caught.value.message
    assert "it has 2 columns, not 3" in caught.value.message
    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_text("no parquet")

    with pytest.raises(DataError, match="The data cannot be read"):
        measured(QUESTION, source(path))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "rows.csv", ROWS, *COLUMNS)

    with pytest.raises(UsageError, match="has no column 'truth' among its 3"):
        measured(Question(REGRESSION, prediction="prediction", label="truth"), source(path))


@pytest.mark.parametrize(
    "line", [{"score": 1, "label": 2}, captured("a", "0.5") | labelled("a", "1")]
)
def test_a_name_that_no_line_of_json_has_is_told(tmp_path: Path, line: object) -> None:
    path = json_lines(tmp_path / "rows.jsonl", [line])

    with pytest.raises(UsageError, match="No line of the data has a value for 'prediction'"):
        measured(QUESTION, source(path))


def test_files_of_two_formats_are_no_source(tmp_path: Path) -> None:
    files = csv_file(tmp_path / "rows.csv", ROWS), json_lines(tmp_path / "rows.jsonl", [])

    with pytest.raises(UsageError, match="one format"):
        measured(QUESTION, source(*files))


def test_json_text_of_a_number_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"prediction": "1e3", "label": 1000.5}) + "\n")

    assert mae(measured(QUESTION, source(path))) == 0.5
