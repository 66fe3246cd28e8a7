"""What a table that was published holds, and the comment on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PlatformUnavailableError, PublisherMisconfiguredError
from capture_forwarder.publishers.duckdb.publisher import LocalPublisher
from capture_forwarder.publishers.duckdb.table import DuckDbTable
from tests.support.rows import inference_of

NAME = 'odd "name"'


@pytest.fixture
def table(tmp_path: Path) -> DuckDbTable:
    path = tmp_path / "rows.duckdb"
    publisher = LocalPublisher(str(path), NAME)
    publisher.publish(Batch.of([inference_of(str(n), {"age": n, "name": "x"}) for n in range(5)]))
    return DuckDbTable(path, NAME)


def test_its_first_rows_come_with_their_types_and_the_number_of_all(table: DuckDbTable) -> None:
    view = table.first_rows(2)

    assert view.count == 5
    assert view.types == {"inference_id": "VARCHAR", "age": "BIGINT", "name": "VARCHAR"}
    # DuckDB keeps the rows of one insert in no order.
    known = [{"inference_id": str(n), "age": n, "name": "x"} for n in range(5)]
    assert len(view.rows) == 2
    assert all(row in known for row in view.rows)


def test_a_comment_is_read_as_it_was_written(table: DuckDbTable) -> None:
    assert table.comment() is None

    table.set_comment("the demo's own")

    assert table.comment() == "the demo's own"


def test_a_table_that_does_not_exist_has_no_comment(tmp_path: Path) -> None:
    assert DuckDbTable(tmp_path / "new.duckdb", NAME).comment() is None


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database" * 1000)

    with pytest.raises(PlatformUnavailableError, match=r"notes\.txt: it is not a DuckDB file"):
        DuckDbTable(path, NAME).comment()


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PublisherMisconfiguredError, match=r"the table 'gone' of .*new\.duckdb"):
        DuckDbTable(tmp_path / "new.duckdb", "gone").first_rows(1)
