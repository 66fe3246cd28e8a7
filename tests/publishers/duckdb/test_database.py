"""What a table that was published holds, and the comment on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PlatformUnavailableError, PublisherMisconfiguredError
from capture_forwarder.publishers.duckdb.database import DuckDbFile
from capture_forwarder.publishers.duckdb.publisher import LocalPublisher
from tests.support.rows import inference_of

NAME = 'odd "name"'


@pytest.fixture
def database(tmp_path: Path) -> DuckDbFile:
    path = tmp_path / "rows.duckdb"
    publisher = LocalPublisher(str(path), NAME)
    publisher.publish(Batch.of([inference_of(str(n), {"age": n, "name": "x"}) for n in range(5)]))
    return DuckDbFile(path)


def test_its_first_rows_come_with_their_types_and_the_number_of_all(database: DuckDbFile) -> None:
    view = database.first_rows(NAME, 2)

    assert view.count == 5
    assert view.types == {"inference_id": "VARCHAR", "age": "BIGINT", "name": "VARCHAR"}
    # DuckDB keeps the rows of one insert in no order.
    known = [{"inference_id": str(n), "age": n, "name": "x"} for n in range(5)]
    assert len(view.rows) == 2
    assert all(row in known for row in view.rows)


def test_a_comment_is_read_as_it_was_written(database: DuckDbFile) -> None:
    assert database.comment(NAME) is None

    database.set_comment(NAME, "the demo's own")

    assert database.comment(NAME) == "the demo's own"


def test_a_table_that_does_not_exist_has_no_comment(tmp_path: Path) -> None:
    assert DuckDbFile(tmp_path / "new.duckdb").comment(NAME) is None


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database" * 1000)

    with pytest.raises(PlatformUnavailableError, match=r"notes\.txt: it is not a DuckDB file"):
        DuckDbFile(path).comment(NAME)


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PublisherMisconfiguredError, match=r"the table 'gone' of .*new\.duckdb"):
        DuckDbFile(tmp_path / "new.duckdb").first_rows("gone", 1)
