"""Batches that come at the same time: stored together, and each answered for itself."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from capture_forwarder.core.batch import ACCEPTED, Batch, Receipt
from capture_forwarder.core.errors import (
    ForwarderError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
)
from capture_forwarder.core.inference import Row
from capture_forwarder.core.line import Line
from capture_forwarder.publishers.duckdb.publisher import LocalPublisher
from capture_forwarder.publishers.duckdb.rows import LINE, RowWriter
from tests.support.rows import inference_of

THREADS = 8


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "rows.duckdb")


def batch(name: str, *rows: Row) -> Batch:
    data = name.encode()
    sent = [inference_of(f"{name}_{n}", row) for n, row in enumerate(rows)]
    return Batch.of(sent, Line(1, 0, data, len(data)))


def published(publisher: LocalPublisher, batches: list[Batch]) -> list[Receipt | ForwarderError]:
    def publish(one: Batch) -> Receipt | ForwarderError:
        try:
            return publisher.publish(one)
        except ForwarderError as error:
            return error

    with ThreadPoolExecutor(THREADS) as executor:
        return list(executor.map(publish, batches))


def query(path: str, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(path) as connection:
        return connection.execute(sql).fetchall()


def test_batches_of_several_threads_are_all_stored_once_and_repeats_change_nothing(
    path: str,
) -> None:
    batches = [batch(f"file {n}", {"a": n}, {"a": n + 0.5 if n % 7 == 0 else n}) for n in range(60)]
    publisher = LocalPublisher(path, "rows")

    outcomes = published(publisher, [*batches, *batches[::3]])

    assert outcomes == [ACCEPTED] * 80
    assert query(path, "SELECT count(*), sum(a) FROM rows") == [(120, sum(range(60)) * 2 + 4.5)]


def test_a_batch_that_cannot_be_stored_keeps_no_other_from_it(path: str) -> None:
    query(
        path,
        f"CREATE TABLE rows (inference_id VARCHAR, {LINE} VARCHAR, a BIGINT CHECK (a >= 0), "
        f"PRIMARY KEY (inference_id, {LINE}))",
    )
    batches = [batch(f"file {n}", {"a": -1 if n % 5 == 0 else n}) for n in range(40)]

    outcomes = published(LocalPublisher(path, "rows"), batches)

    for n, outcome in enumerate(outcomes):
        if n % 5:
            assert outcome == ACCEPTED
        else:
            assert isinstance(outcome, PublisherMisconfiguredError)
    found = query(path, "SELECT a FROM rows ORDER BY a")
    assert found == [(n,) for n in range(40) if n % 5]


def test_batches_whose_columns_differ_in_case_alone_go_into_one_column(path: str) -> None:
    batches = [batch(f"file {n}", {"Score" if n % 2 else "score": n}) for n in range(20)]

    assert published(LocalPublisher(path, "rows"), batches) == [ACCEPTED] * 20

    assert query(path, "SELECT score FROM rows ORDER BY score") == [(n,) for n in range(20)]


def test_rows_leave_no_file_behind(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    published(LocalPublisher(path, "rows"), [batch("file", {"a": 1}), batch("other", {"a": "x"})])

    assert not list(folder.iterdir())


def test_no_room_for_temporary_files_is_worth_another_try_and_says_where(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = LocalPublisher(path, "rows")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))

    with pytest.raises(PlatformUnavailableError, match=r"missing for DuckDB.*TMPDIR"):
        publisher.publish(batch("file", {"a": 1}))

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert publisher.publish(batch("file", {"a": 1})) == ACCEPTED


def test_a_row_larger_than_duckdb_takes_by_default_is_stored(path: str) -> None:
    text = "x" * (40 * 1024 * 1024)

    LocalPublisher(path, "rows").publish(batch("file", {"a": text}, {"a": "small"}))

    assert query(path, "SELECT max(length(a)), count(*) FROM rows") == [(len(text), 2)]


def test_a_row_is_written_with_its_key_in_front_whatever_its_columns_are() -> None:
    write = RowWriter('the "id"', {"time"})

    rows = write(batch("file", {}, {"a": 1}, {'the "id"': "file_2", "a": None}), {})

    digest = next(iter(rows.json))[1]
    assert list(rows.json.values()) == [
        b'{"line_digest":"%b","the \\"id\\"":"file_0"}' % digest,
        b'{"line_digest":"%b","the \\"id\\"":"file_1","a":1}' % digest,
        b'{"line_digest":"%b","the \\"id\\"":"file_2","a":null}' % digest,
    ]
