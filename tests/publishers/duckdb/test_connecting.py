"""Rows go into a file, never into what DuckDB keeps in memory and calls a database all the same."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.publishers.duckdb.database import DuckDbFile
from capture_forwarder.publishers.duckdb.labels import LocalLabelPublisher
from capture_forwarder.publishers.duckdb.publisher import LocalPublisher
from tests.support.command_line import call, run, work_in
from tests.support.rows import inference_of

BATCH = Batch.of([inference_of("1", {"a": 1})])
REFUSED = "is not a DuckDB file: rows written to it would be lost"


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    work_in(tmp_path, monkeypatch)


@pytest.fixture(params=["table.csv", "table.json", "table.parquet", ":memory:"])
def kept_in_memory(request: pytest.FixtureRequest) -> str:
    """What DuckDB opens as a database of which nothing is left in the end."""
    name = str(request.param)
    if name != ":memory:":
        duckdb.sql(f"COPY (SELECT 1 AS a) TO '{name}'")
    return name


@pytest.mark.parametrize("publisher", [LocalPublisher, LocalLabelPublisher])
def test_rows_are_not_published_where_they_would_be_lost(
    kept_in_memory: str, publisher: type[LocalPublisher | LocalLabelPublisher]
) -> None:
    with pytest.raises(PublisherMisconfiguredError, match=REFUSED):
        publisher(kept_in_memory, "churn").publish(BATCH)


def test_what_was_there_is_left_as_it_was(kept_in_memory: str) -> None:
    before = {path: path.read_bytes() for path in Path().iterdir()}

    with pytest.raises(PublisherMisconfiguredError):
        LocalPublisher(kept_in_memory, "churn").publish(BATCH)

    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_it_is_not_looked_into_as_if_it_held_our_tables(kept_in_memory: str) -> None:
    with pytest.raises(PublisherMisconfiguredError, match="is not a DuckDB file"):
        DuckDbFile(Path(kept_in_memory)).comment("churn")


def test_a_new_file_may_be_called_as_anybody_likes() -> None:
    LocalPublisher("new.csv", "churn").publish(BATCH)

    assert DuckDbFile(Path("new.csv")).row_tables() == ["churn"]


def test_forward_query_and_report_say_that_a_table_in_a_file_is_no_database() -> None:
    Path("captures.jsonl").write_text(call("1,x"))
    Path("table.csv").write_text("a,b\n1,2\n")
    mapping = ("--inputs", "a,b", "--outputs", "score")

    forward = run("forward", "captures.jsonl", "--database", "table.csv", *mapping, exit_code=1)
    assert f"table.csv {REFUSED}" in forward.stderr
    assert "Query them" not in forward.stdout

    asked = run("query", "FROM captures", "--database", "table.csv", exit_code=1)
    assert "table.csv is not a DuckDB file" in asked.stderr
    assert "it is not a DuckDB file" in run("report", "table.csv", exit_code=1).stderr
