"""Labels in DuckDB: a table beside the inferences, and the view of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.inference import Row
from capture_forwarder.publishers.duckdb.labels import LABEL_TIME, LocalLabelPublisher
from capture_forwarder.publishers.duckdb.publisher import LocalPublisher
from capture_forwarder.publishers.duckdb.stored import StoredRows
from tests.support.rows import inference_of


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "rows.duckdb")


def query(path: str, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(path) as connection:
        return connection.execute(sql).fetchall()


def batch(*rows: tuple[str, Row]) -> Batch:
    return Batch.of([inference_of(name, row) for name, row in rows])


def send_rows(path: str, *rows: tuple[str, Row], key: str = "inference_id") -> None:
    publisher = LocalPublisher(path, "captures", key)
    publisher.publish(batch(*rows))


def send_labels(path: str, *labels: tuple[str, Row]) -> None:
    publisher = LocalLabelPublisher(path, "captures")
    publisher.publish(batch(*labels))


LABELED = "SELECT inference_id, x, label FROM captures_labeled ORDER BY ALL"


@pytest.mark.parametrize("first", ["rows", "labels"])
def test_the_view_joins_labels_that_came_before_or_after(path: str, first: str) -> None:
    rows: list[tuple[str, Row]] = [("a", {"x": 1}), ("b", {"x": 2})]
    labels: list[tuple[str, Row]] = [("a", {"label": 1}), ("c", {"label": 0})]
    if first == "rows":
        send_rows(path, *rows)
        send_labels(path, *labels)
    else:
        send_labels(path, *labels)
        send_rows(path, *rows)

    assert query(path, LABELED) == [("a", 1, 1), ("b", 2, None)]
    assert query(path, "SELECT count(*) FROM captures") == [(2,)]


def test_the_view_has_the_columns_that_the_tables_get_later(path: str) -> None:
    send_rows(path, ("a", {"x": 1}))
    send_labels(path, ("a", {"label": 1}))
    send_rows(path, ("b", {"x": 0.5, "y": "new"}))
    send_labels(path, ("b", {"label": "high", "why": "x"}))

    found = query(path, "SELECT inference_id, x, y, label, why FROM captures_labeled ORDER BY 1")
    assert found == [("a", 1.0, None, "1", None), ("b", 0.5, "new", "high", "x")]


def test_the_view_joins_by_whatever_the_id_is_called(path: str) -> None:
    send_rows(path, ("a", {"x": 1}), key="call")
    send_labels(path, ("a", {"label": 1}))
    assert query(path, "SELECT call, label FROM captures_labeled") == [("a", 1)]


@settings(max_examples=50)  # each of them makes a file
@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from("abc"), st.none() | st.integers(0, 9), st.none() | st.integers(0, 9)
            ),
            min_size=1,
            max_size=6,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_the_last_label_of_an_id_wins_within_and_among_batches(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[tuple[str, int | None, int | None]]],
) -> None:
    path = str(tmp_path_factory.mktemp("db") / "rows.duckdb")
    publisher = LocalLabelPublisher(path, "captures")
    expected: dict[str, dict[str, int]] = {}
    for labels in batches:
        kept = [one for one in labels if one[1:] != (None, None)]
        if not kept:
            continue
        rows: list[tuple[str, Row]] = [(name, {"l": one, "m": two}) for name, one, two in kept]
        publisher.publish(batch(*rows))
        for name, one, two in kept:
            known = {"l": one, "m": two}
            row = expected.setdefault(name, {})
            row.update({column: value for column, value in known.items() if value is not None})
    if expected:
        cursor = duckdb.connect(path).execute("FROM captures_labels")
        names = [column[0] for column in cursor.description or ()]
        held = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        found = {row.pop("inference_id"): row for row in held}
        assert {
            name: {column: value for column, value in row.items() if value is not None}
            for name, row in found.items()
        } == expected


def test_the_time_of_a_label_is_a_time(path: str) -> None:
    send_labels(path, ("a", {"label": 1, LABEL_TIME: "2026-03-02T12:00:00+02:00"}))
    ((time,),) = query(path, "SELECT label_time FROM captures_labels")
    assert str(time) == "2026-03-02 10:00:00"


def test_labels_cannot_be_the_id(path: str) -> None:
    with pytest.raises(PublisherMisconfiguredError):
        LocalLabelPublisher(path, "captures").publish(batch(("a", {"Inference_ID": 1})))


def test_stored_rows_are_found_by_id_in_a_database(path: str) -> None:
    stored = StoredRows(path, "captures")
    assert stored.find(["a"]) == {}
    send_rows(path, ("a", {"x": 1}), ("b", {"x": 2}), key="call")
    found = stored.find(["a", "c"])
    assert {name: row["x"] for name, row in found.items()} == {"a": 1}
    assert StoredRows(path, "other").find(["a"]) == {}


def test_stored_rows_are_found_in_files(tmp_path: Path) -> None:
    folder = tmp_path / "rows" / "endpoint"
    folder.mkdir(parents=True)
    duckdb.sql(
        f"COPY (SELECT 'a' AS inference_id, 1 AS x UNION ALL SELECT 'b', 2) "
        f"TO '{folder}/part.jsonl.gz' (FORMAT json, COMPRESSION gzip)"
    )
    stored = StoredRows(str(tmp_path / "rows"), "captures")
    assert {name: row["x"] for name, row in stored.find(["b"]).items()} == {"b": 2}
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(PublisherMisconfiguredError):
        StoredRows(str(empty), "captures").find(["b"])
