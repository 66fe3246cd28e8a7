"""`report`: what has arrived per endpoint and hour, in a table, as JSON and as a page."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.command_line import capture, run, work_in

MAPPING = ("--inputs", "a,b", "--outputs", "score")
DATABASE = "capture-forwarder.duckdb"


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    work_in(tmp_path, monkeypatch)


@pytest.fixture
def arrived() -> None:
    capture("churn", "1,x", "2,y\n4,y", "9,<b>,too many", "damaged,,,")
    capture("churn", "7.5,x", ",x", hour="11")
    capture("fraud", "only one")
    run("forward", "in", "--publisher", "duckdb", *MAPPING)


def document(*arguments: str) -> dict[str, Any]:
    found = json.loads(run("report", *arguments, "--json").stdout)
    return {each["endpoint"]: each for each in found["endpoints"]}


@pytest.mark.usefixtures("arrived")
def test_what_is_in_the_quarantine_can_be_looked_at_as_it_says() -> None:
    shown = run("report", DATABASE).stdout

    assert "See why: capture-forwarder quarantine show capture-forwarder-quarantine" in shown
    entries = run("quarantine", "show", "capture-forwarder-quarantine").stdout
    assert "column-count-mismatch" in entries


@pytest.mark.usefixtures("arrived")
def test_a_page_that_cannot_be_written_can_be_named_anew_by_the_option_that_there_is() -> None:
    Path("taken").write_text("a file")

    told = run("report", DATABASE, "--html", "taken/page.html", exit_code=1).stderr

    assert "taken/page.html cannot be written" in told
    assert "Name another file with --html." in told


def test_rows_in_s3_are_to_be_copied_first() -> None:
    told = run("report", "s3://rows-bucket/rows", exit_code=2).stderr

    assert "aws s3 cp --recursive s3://rows-bucket/rows rows" in told


def column(facts: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in facts["columns"] if one["name"] == name]
    return {key: found[key] for key in ("nulls", "min", "median", "max", "distinct")}


@pytest.mark.usefixtures("arrived")
def test_calls_rows_and_refusals_are_counted_per_endpoint_and_hour() -> None:
    churn = document(DATABASE)["churn"]

    counts = [(one["hour"], one["calls"], one["rows"], one["nulls"]) for one in churn["hours"]]
    assert counts == [("2026-03-01T10:00:00Z", 2, 3, 0), ("2026-03-01T11:00:00Z", 2, 2, 1)]
    assert churn["hours"][0]["quarantined"] == {"column-count-mismatch": 2}
    assert churn["hours"][1]["quarantined"] == {}
    assert (churn["all"]["calls"], churn["all"]["rows"], churn["all"]["nulls"]) == (4, 5, 1)


@pytest.mark.usefixtures("arrived")
def test_an_endpoint_of_which_nothing_arrived_is_there_with_its_refusals() -> None:
    fraud = document(DATABASE)["fraud"]

    assert (fraud["all"]["rows"], fraud["all"]["columns"]) == (0, [])
    assert fraud["all"]["quarantined"] == {"column-count-mismatch": 1}


@pytest.mark.usefixtures("arrived")
def test_each_column_has_its_figures_per_hour_and_in_all() -> None:
    churn = document(DATABASE)["churn"]

    assert column(churn["hours"][0], "a") == {
        "nulls": 0,
        "min": 1.0,
        "median": 2.0,
        "max": 4.0,
        "distinct": 3,
    }
    assert column(churn["all"], "a") == {
        "nulls": 1,
        "min": 1.0,
        "median": 3.0,
        "max": 7.5,
        "distinct": 4,
    }
    assert column(churn["all"], "b") == {
        "nulls": 0,
        "min": None,
        "median": None,
        "max": None,
        "distinct": 2,
    }
    assert {one["name"] for one in churn["all"]["columns"]} == {"a", "b", "score"}


@pytest.mark.parametrize(
    "kind", ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT", "DOUBLE", "DECIMAL"]
)
def test_numbers_of_every_type_have_a_smallest_middle_and_largest(kind: str) -> None:
    capture("churn", "1,x", "2,y\n4,y")
    run("forward", "in", "--publisher", "duckdb", *MAPPING)
    with duckdb.connect(DATABASE) as connection:
        connection.execute(f"ALTER TABLE churn ALTER a TYPE {kind}")

    found = column(document(DATABASE)["churn"]["all"], "a")

    assert [float(found[name]) for name in ("min", "median", "max")] == [1, 2, 4]


@pytest.mark.usefixtures("arrived")
def test_a_window_narrows_rows_and_refusals() -> None:
    later = document(DATABASE, "--since", "2026-03-01T11")
    earlier = document(DATABASE, "--until", "2026-03-01T11")

    assert list(later) == ["churn"]
    assert later["churn"]["all"]["rows"] == 2
    assert later["churn"]["all"]["quarantined"] == {}
    assert earlier["churn"]["all"]["rows"] == 3
    assert earlier["fraud"]["all"]["quarantined"] == {"column-count-mismatch": 1}


@pytest.mark.usefixtures("arrived")
def test_the_terminal_shows_a_table_of_hours_and_one_of_columns() -> None:
    shown = run("report", DATABASE).stdout

    assert re.search(r"churn +2026-03-01 10:00 +2 +3 +0 +2", shown)
    assert re.search(r"churn +all +4 +5 +1 +2", shown)
    assert re.search(r"a +DOUBLE +1 +1 +3 +7\.5 +4", shown)
    assert "churn: 2 in the quarantine as column-count-mismatch" in shown


@pytest.mark.usefixtures("arrived")
def test_the_page_shows_everything_and_obeys_nothing_of_the_data() -> None:
    with duckdb.connect(DATABASE) as connection:
        connection.execute('ALTER TABLE churn RENAME COLUMN b TO "<script>alert(1)</script>"')

    run("report", DATABASE, "--html", "arrived.html")

    page = Path("arrived.html").read_text()
    assert "<script" not in page
    assert html.escape("<script>alert(1)</script>") in page
    assert "http" not in page.replace("http-equiv", "")
    assert "5 rows have arrived" in page
    assert page.count("<details>") == 2
    for told in ("2026-03-01 10:00", "2026-03-01 11:00", "2 column-count-mismatch", "7.5"):
        assert told in page


@pytest.mark.parametrize("form", ["json-lines", "json-array", "parquet"])
def test_a_folder_of_files_is_read_as_well(form: str) -> None:
    capture("churn", "1,x", "2,y\n4,y")
    capture("churn", "7.5,x", hour="11")
    capture("fraud", "3,x")
    run("forward", "in", "--files", "rows", "--files-format", form, *MAPPING)

    found = document("rows")

    assert {name: each["all"]["rows"] for name, each in found.items()} == {"churn": 4, "fraud": 1}
    churn = found["churn"]
    assert [(one["hour"], one["rows"]) for one in churn["hours"]] == [
        ("2026-03-01T10:00:00Z", 3),
        ("2026-03-01T11:00:00Z", 1),
    ]
    assert column(churn["all"], "a")["max"] == 7.5
    assert churn["all"]["calls"] is None


def test_rows_of_one_table_are_told_apart_by_their_endpoints() -> None:
    capture("churn", "1,x")
    capture("fraud", "3,x")
    run("forward", "in", "--publisher", "duckdb", "--table", "every", *MAPPING)
    run("forward", "in/churn", "--publisher", "duckdb", *MAPPING)

    found = document(DATABASE)

    rows = {name: each["all"]["rows"] for name, each in found.items()}
    assert rows == {"churn": 1, "churn (table every)": 1, "fraud": 1}


def test_numbers_that_are_none_are_no_smallest_value() -> None:
    capture("churn", "1.5,x", "2.5,y")
    run("forward", "in", "--publisher", "duckdb", *MAPPING)
    with duckdb.connect(DATABASE) as connection:
        connection.execute("UPDATE churn SET a = 'nan' WHERE a = 2.5")

    assert column(document(DATABASE)["churn"]["all"], "a")["max"] == 1.5


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nowhere.duckdb", "nowhere.duckdb: there is no such file"),
        ("other.duckdb", "has no table of the publisher `duckdb`"),
        ("empty", "empty holds no files of rows"),
    ],
)
def test_a_place_without_rows_is_wrong_usage(name: str, told: str) -> None:
    Path("empty").mkdir()
    with duckdb.connect("other.duckdb") as connection:
        connection.execute("CREATE TABLE t (a INTEGER)")

    assert told in run("report", name, exit_code=2).stderr


def test_what_is_no_database_is_not_read() -> None:
    Path("notes.duckdb").write_text("not a database" * 1000)

    assert "cannot be read" in run("report", "notes.duckdb", exit_code=1).stderr
