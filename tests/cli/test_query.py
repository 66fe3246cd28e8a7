"""`query`: rows of a DuckDB file as a table or as JSON; nothing in it changes."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app

DATABASE = "rows.duckdb"


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    with duckdb.connect(DATABASE) as connection:
        connection.execute(
            "CREATE TABLE \"my-endpoint\" AS SELECT n, n / 4 AS score, 'text ' || n AS name, "
            "TIMESTAMP '2026-03-01 10:20:30' AS at, [n, NULL] AS many, {'a': n} AS parts "
            "FROM range(150) t(n)"
        )


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["query", *arguments, "--database", DATABASE])
    assert result.exit_code == exit_code, result.output
    return result


def test_rows_are_shown_as_a_table_and_the_rest_is_said_to_be_there() -> None:
    shown = run('SELECT n, name FROM "my-endpoint" ORDER BY n', "--limit", "2").stdout

    assert [line.split() for line in shown.splitlines() if "text" in line] == [
        ["0", "text", "0"],
        ["1", "text", "1"],
    ]
    assert "There are more rows" in shown
    assert "more rows" not in run('SELECT n FROM "my-endpoint" LIMIT 2', "--limit", "2").stdout


def test_a_row_stays_on_one_line_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    shown = run(f"SELECT repeat('x', 300) AS a, repeat('y', 300) AS b, {'z' * 30!r} AS c").stdout

    assert any("x" * 300 in line and "y" * 300 in line for line in shown.splitlines())


WIDE = (
    'SELECT n, "at" AS some_time, name AS a_name, score AS a_score, "at" AS other_time, '
    '"at" AS third_time, name AS another_name, n AS n_4'
)


def test_rows_that_are_too_wide_for_the_terminal_are_shown_whole_with_their_columns_down() -> None:
    shown = run(f'{WIDE} FROM "my-endpoint" ORDER BY n LIMIT 5').stdout

    lines = [line.split() for line in shown.splitlines()]
    rows = [word for line in lines if line[:1] == ["column"] for word in line[2:]]
    assert rows == ["row", "1", "row", "2", "row", "3", "row", "4", "row", "5"]
    values = [value for line in lines if line[:1] == ["n_4"] for value in line[2:]]
    assert values == ["0", "1", "2", "3", "4"]
    assert shown.count("2026-03-01T10:20:30") == 15
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_a_few_columns_of_long_texts_stay_side_by_side() -> None:
    sql = "SELECT n, repeat('word ', 30) AS text FROM range(5) t(n) ORDER BY n"

    shown = run(sql).stdout

    assert "row 1" not in shown
    assert shown.count("word") == 150


def test_json_has_an_object_for_each_row_and_all_of_them() -> None:
    shown = run('FROM "my-endpoint" ORDER BY n', "--json", "--limit", "2").stdout
    found = [json.loads(line) for line in shown.splitlines()]

    assert len(found) == 150
    assert found[3] == {
        "n": 3,
        "score": 0.75,
        "name": "text 3",
        "at": "2026-03-01T10:20:30",
        "many": [3, None],
        "parts": {"a": 3},
    }


def test_what_json_has_no_word_for_is_null_or_text() -> None:
    sql = "SELECT 'nan'::DOUBLE AS a, 1.50::DECIMAL(4,2) AS b, INTERVAL 1 DAY AS c, 'x'::BLOB AS d"
    (row,) = [json.loads(line) for line in run(sql, "--json").stdout.splitlines()]

    assert row["a"] is None
    assert set(row) == {"a", "b", "c", "d"}


@pytest.mark.parametrize(
    "statement",
    [
        'DELETE FROM "my-endpoint"',
        'DROP TABLE "my-endpoint"',
        "CREATE TABLE other (a INTEGER)",
        'UPDATE "my-endpoint" SET n = 0',
    ],
)
def test_nothing_can_be_changed(statement: str) -> None:
    before = Path(DATABASE).read_bytes()

    assert "read-only" in run(statement, exit_code=2).stderr

    assert Path(DATABASE).read_bytes() == before


def test_a_statement_that_is_wrong_is_explained_in_duckdbs_words_with_what_helps() -> None:
    stderr = run("FROM nothing", exit_code=2).stderr

    assert "Table with name nothing does not exist" in stderr
    assert "SHOW TABLES" in stderr
    assert "syntax error" in run("SELEC 1", exit_code=2).stderr


def test_a_file_that_is_not_there_is_not_made() -> None:
    result = CliRunner().invoke(app, ["query", "SELECT 1", "--database", "new.duckdb"])

    assert result.exit_code == 2
    assert "new.duckdb: there is no such file." in result.stderr
    assert not Path("new.duckdb").exists()


def test_signs_that_a_terminal_obeys_are_shown_as_text() -> None:
    assert "\\x1b[31m" in run("SELECT chr(27) || '[31mred' AS a").stdout
