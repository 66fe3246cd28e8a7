"""What DuckDB raises, in plain words: what happened, in which file, and what to change."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PlatformUnavailableError
from capture_forwarder.publishers.duckdb.errors import explained
from capture_forwarder.publishers.duckdb.publisher import LocalPublisher
from tests.support.rows import inference_of


def told(path: Path) -> str:
    """What is said when a batch cannot be written to the file."""
    with pytest.raises(PlatformUnavailableError) as raised:
        LocalPublisher(str(path), "churn").publish(Batch.of([inference_of("1", {"a": 1})]))
    return str(raised.value)


def test_a_file_of_another_kind_is_no_reason_to_close_programs(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"not a database" * 1000)

    assert told(path) == (
        f'DuckDB cannot write to {path}: it is not a DuckDB file (IOException: The file "{path}" '
        "exists, but it is not a valid DuckDB database file!). "
        "Give the path of a DuckDB file, or of a new one."
    )


def test_a_folder_that_is_not_there_is_to_be_looked_for(tmp_path: Path) -> None:
    text = told(tmp_path / "nowhere" / "rows.duckdb")

    assert "nowhere/rows.duckdb: the file cannot be opened, read or written (IOException: " in text
    assert "No such file or directory" in text
    assert "Look whether its folder exists" in text


@pytest.mark.parametrize(
    ("error", "reason", "advice"),
    [
        (duckdb.OutOfMemoryException(), "the memory is not enough", "more memory"),
        (duckdb.FatalException(), "DuckDB itself failed (FatalException)", "Try again"),
        (duckdb.InternalException(), "DuckDB itself failed (InternalException)", "Try again"),
    ],
)
def test_what_may_pass_is_tried_again(error: duckdb.Error, reason: str, advice: str) -> None:
    one = explained(error, "DuckDB cannot write to", "rows.duckdb", "churn")

    assert isinstance(one, PlatformUnavailableError)
    assert reason in one.message
    assert advice in one.advice


def refused(statement: str) -> duckdb.Error:
    """What DuckDB raises of a statement."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (a VARCHAR PRIMARY KEY CHECK (a <> 'x'), n INTEGER)")
        connection.execute("INSERT INTO t VALUES ('the secret', 1)")
        connection.execute("CREATE VIEW v AS FROM t")
        with pytest.raises(duckdb.Error) as raised:
            connection.execute(statement)
    return raised.value


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("ALTER TABLE v ADD COLUMN b INTEGER", "Can only modify view with ALTER VIEW"),
        ("ALTER TABLE t ALTER COLUMN a TYPE INTEGER", "has a CHECK constraint"),
        ("INSERT INTO t VALUES ('x', 1)", "CHECK constraint failed on table"),
    ],
)
def test_duckdbs_own_words_are_told(statement: str, words: str) -> None:
    assert words in explained(refused(statement), "DuckDB cannot write to", "x", "t").message


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t VALUES ('the secret', 2)",
        "SELECT a::INTEGER FROM t",
        "SELECT strptime(a, '%d') FROM t",
        "INSERT INTO t SELECT 'y', a FROM t",
    ],
)
def test_words_that_may_quote_a_row_are_not_told(statement: str) -> None:
    error = refused(statement)
    assert "the secret" in str(error)

    assert "secret" not in str(explained(error, "DuckDB cannot write to", "x", "t"))
