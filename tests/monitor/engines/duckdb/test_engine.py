"""DuckDB as an engine: what is kept, in which order, and what is said when something fails."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.data.relation import Kind, Relation, numbered
from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from capture_forwarder.monitor.engines.port import Engine, identifier, literal
from capture_forwarder.monitor.errors import DataError
from tests.support.engines import HOSTILE, typed
from tests.support.monitoring import write_csv, write_lines


@pytest.fixture
def engine() -> Iterator[Engine]:
    with open_duckdb() as opened:
        yield opened


def test_first_rows_come_in_the_order_of_the_files(tmp_path: Path, engine: Engine) -> None:
    files = [
        str(write_lines(tmp_path / f"{part}.jsonl", [{"n": part * 10 + n} for n in range(size)]))
        for part, size in ((2, 3), (0, 9), (1, 1))
    ]
    sql = engine.json_lines(files, ["n"], [Kind.TEXT])
    relation = Relation(sql, numbered(["n"], [Kind.TEXT], "The data"))

    engine.keep_first("head", relation, 5)
    engine.keep("part", "SELECT c0 || '!' AS c0 FROM head")

    kept = [row for rows in engine.in_turn("SELECT c0 FROM part") for row in rows]
    assert kept == [("20!",), ("21!",), ("22!",), ("0!",), ("1!",)]
    engine.forget("part")
    with pytest.raises(DataError):
        engine.rows("SELECT c0 FROM part")


def test_what_is_kept_replaces_what_was(engine: Engine) -> None:
    engine.keep("part", "SELECT 1 AS c0")
    engine.keep("part", "SELECT 2 AS c0")

    assert engine.rows("SELECT c0 FROM part WHERE c0 > $least", {"least": 1}) == [(2,)]


def test_csv_is_text_and_an_empty_field_is_null(tmp_path: Path, engine: Engine) -> None:
    file = write_csv(tmp_path / "it's.csv", ["a", "b"], [("1", None), ("", 'q"\n')])
    columns = numbered(["a", "b"], [Kind.TEXT] * 2, "The data")

    assert engine.rows(f"FROM {engine.csv([str(file)], columns, header=True)}") == [
        ("1", None),
        (None, 'q"\n'),
    ]
    with file.open(newline="") as opened:
        assert len(list(csv.reader(opened))) == 3
    without = engine.csv([str(file)], columns, header=False)
    assert engine.rows(f"FROM {without} LIMIT 1") == [("a", "b")]


def test_the_types_of_parquet_become_kinds(tmp_path: Path, engine: Engine) -> None:
    files = sorted(str(file) for file in typed(tmp_path).iterdir())

    found = engine.parquet(files)

    kinds = dict(zip(found.names, found.kinds, strict=True))
    assert {name for name, kind in kinds.items() if kind is Kind.WHOLE} == {
        *("tiny", "whole", "huge", "late"),
    }
    assert {name for name, kind in kinds.items() if kind is Kind.NUMBER} == {
        *("x", "single", "edge", "price"),
    }
    rows = engine.rows(f"FROM {found.sql}")
    assert (len(rows), sum(row[-1] is not None for row in rows)) == (350, 150)


def test_a_database_without_the_table_is_told(tmp_path: Path, engine: Engine) -> None:
    path = tmp_path / "new.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE y (a INTEGER)")

    with pytest.raises(UsageError, match="no table 'x'"):
        engine.table(str(path), "x")


@pytest.mark.parametrize("name", [name for name in HOSTILE if "\0" not in name])
def test_a_name_and_a_text_are_written_as_such(engine: Engine, name: str) -> None:
    ((found,),) = engine.rows(
        f"SELECT {identifier(name)} FROM (SELECT {literal(name)} AS {identifier(name)})"  # noqa: S608 - quoted
    )

    assert found == name


def test_an_error_of_no_known_kind_is_told_by_its_kind_and_not_by_its_text(engine: Engine) -> None:
    with pytest.raises(DataError) as raised:
        engine.rows("SELECT word::DOUBLE FROM (VALUES ('s3cr3t')) AS words(word)")

    assert "DuckDB raised Conversion" in raised.value.message
    assert "s3cr3t" not in str(raised.value)
