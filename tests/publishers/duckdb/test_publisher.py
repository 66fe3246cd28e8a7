"""Rows in the embedded database: typed, none twice, and nothing of them lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import (
    MissingExtraError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
)
from capture_forwarder.core.inference import Inference, Row
from capture_forwarder.core.line import Line
from capture_forwarder.publishers.duckdb.publisher import KEY, TIME, LocalPublisher
from capture_forwarder.publishers.duckdb.rows import LINE
from tests.support.rows import inference_of

TABLE = "default"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "rows.duckdb")


@pytest.fixture
def publisher(path: str) -> LocalPublisher:
    return LocalPublisher(path, TABLE)


def inferences(*rows: Row) -> list[Inference]:
    """Inferences called 1, 2, ... with these rows."""
    return [inference_of(str(number), row) for number, row in enumerate(rows, 1)]


def query(path: str, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(path) as connection:
        return connection.execute(sql).fetchall()


def types(path: str, table: str = TABLE) -> dict[str, str]:
    """Column name → type, in the table's order, without the table's own."""
    rows = query(path, f'DESCRIBE "{table}"')
    return {row[0]: row[1] for row in rows if row[0] != LINE}


def rows(path: str, table: str = TABLE) -> dict[str, Row]:
    """Inference id → its row without the id."""
    names = list(types(path, table))
    held = query(path, f'SELECT * EXCLUDE (line_digest) FROM "{table}"')  # noqa: S608 - a test's
    found = [dict(zip(names, row, strict=True)) for row in held]
    return {str(row.pop(KEY)): row for row in found}


def values(path: str, column: str) -> list[object]:
    """The column's values, in the order of the ids."""
    held = rows(path)
    return [held[name][column] for name in sorted(held)]


# --- types ---------------------------------------------------------------------------------


def test_columns_are_typed_by_their_values(publisher: LocalPublisher, path: str) -> None:
    row: Row = {
        "count": 3,
        "score": 0.25,
        "name": "Ada",
        "active": True,
        "features": [1, 2.5],
        "extra": {"a": [1, None]},
        TIME: "2026-03-01T10:20:30Z",
    }

    publisher.publish(Batch.of(inferences(row)))

    assert types(path) == {
        KEY: "VARCHAR",
        "count": "BIGINT",
        "score": "DOUBLE",
        "name": "VARCHAR",
        "active": "BOOLEAN",
        "features": "DOUBLE[]",
        "extra": "JSON",
        TIME: "TIMESTAMP",
    }
    assert rows(path) == {
        "1": {
            "count": 3,
            "score": 0.25,
            "name": "Ada",
            "active": True,
            "features": [1.0, 2.5],
            "extra": '{"a":[1,null]}',
            TIME: datetime(2026, 3, 1, 10, 20, 30),  # noqa: DTZ001
        }
    }


def test_the_inference_id_and_its_line_are_the_primary_key(
    publisher: LocalPublisher, path: str
) -> None:
    publisher.publish(Batch.of(inferences({"a": 1})))

    keys = query(path, "SELECT constraint_column_names FROM duckdb_constraints()")
    assert ([KEY, LINE],) in keys


def from_line(data: bytes, row: Row) -> Batch:
    """One inference called order-7, from a line with these bytes."""
    return Batch.of([inference_of("order-7", row)], Line(1, 0, data, len(data)))


def test_different_lines_with_one_id_are_all_stored_and_each_only_once(
    publisher: LocalPublisher, path: str
) -> None:
    for _ in range(2):
        for number in (1, 2, 3):
            publisher.publish(from_line(f"line {number}".encode(), {"a": number}))

    assert query(path, 'SELECT a FROM "default" ORDER BY a') == [(1,), (2,), (3,)]


def test_a_table_from_before_lines_counted_keeps_its_rows_and_takes_a_repeat_for_one(
    path: str,
) -> None:
    query(path, 'CREATE TABLE "default" (inference_id VARCHAR PRIMARY KEY, a BIGINT)')
    query(path, "INSERT INTO \"default\" VALUES ('order-7', 1), ('order-8', 2)")
    query(path, "COMMENT ON TABLE \"default\" IS 'it''s mine'")
    publisher = LocalPublisher(path, TABLE)

    publisher.publish(from_line(b"line 1", {"a": 1}))
    publisher.publish(from_line(b"line 2", {"a": 3}))

    found = query(path, 'SELECT inference_id, a FROM "default" ORDER BY a')
    assert found == [("order-7", 1), ("order-8", 2), ("order-7", 3)]
    assert query(path, "SELECT comment FROM duckdb_tables()") == [("it's mine",)]


def test_a_column_by_the_name_of_the_tables_own_is_refused(publisher: LocalPublisher) -> None:
    with pytest.raises(PublisherMisconfiguredError, match=LINE):
        publisher.publish(Batch.of(inferences({LINE: "x"})))


def test_another_column_can_be_the_key(path: str) -> None:
    publisher = LocalPublisher(path, TABLE, key="event_id")

    publisher.publish(Batch.of([inference_of("x", {"event_id": "x", "a": 1})]))
    publisher.publish(Batch.of([inference_of("x", {"event_id": "x", "a": 2})]))

    assert query(path, 'SELECT event_id, a FROM "default"') == [("x", 2)]


def test_the_schema_asks_for_id_and_time_and_knows_no_types(publisher: LocalPublisher) -> None:
    schema = publisher.schema()

    assert (schema.event_id_column, schema.timestamp_column) == (KEY, TIME)
    assert schema.types == {}


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2026-03-01T10:20:30Z", "2026-03-01 10:20:30"),
        ("2026-03-01T10:20:30+00:00", "2026-03-01 10:20:30"),
        ("2026-03-01T10:20:30+05:30", "2026-03-01 04:50:30"),
        ("2026-03-01T00:20:30.123456-08:00", "2026-03-01 08:20:30.123456"),
    ],
)
def test_a_time_is_stored_in_utc(
    publisher: LocalPublisher, path: str, text: str, stored: str
) -> None:
    publisher.publish(Batch.of(inferences({TIME: text})))

    assert values(path, TIME) == [datetime.fromisoformat(stored)]


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2026-03-01T10:20:30",
        "",
        "0001-01-01T00:00:00+10:00",
        "9999-12-31T23:59:59-10:00",
    ],
)
def test_a_time_that_cannot_be_placed_stays_as_it_is(
    publisher: LocalPublisher, path: str, text: str
) -> None:
    publisher.publish(Batch.of(inferences({TIME: text})))
    publisher.publish(Batch.of([inference_of("2", {TIME: "2026-03-01T10:20:30Z"})]))

    assert values(path, TIME) == [text, "2026-03-01T10:20:30Z"]


def test_a_time_column_that_meets_other_text_keeps_its_times(
    publisher: LocalPublisher, path: str
) -> None:
    publisher.publish(Batch.of(inferences({TIME: "2026-03-01T10:20:30Z"})))
    publisher.publish(Batch.of([inference_of("2", {TIME: "yesterday"})]))

    assert values(path, TIME) == ["2026-03-01 10:20:30", "yesterday"]


def test_text_that_looks_like_a_time_or_number_stays_text(
    publisher: LocalPublisher, path: str
) -> None:
    publisher.publish(Batch.of(inferences({"a": "2026-03-01T10:20:30Z", "b": "007", "c": "[1,2]"})))

    assert rows(path)["1"] == {"a": "2026-03-01T10:20:30Z", "b": "007", "c": "[1,2]"}


BIG = 2**53

WIDENINGS: list[tuple[str, list[object], str, list[object]]] = [
    ("integers", [1, BIG, -BIG], "BIGINT", [1, BIG, -BIG]),
    ("integer, fraction", [1, 2.5], "DOUBLE", [1.0, 2.5]),
    ("fraction, integer", [2.5, BIG], "DOUBLE", [2.5, float(BIG)]),
    ("beyond a double", [1, BIG + 1], "VARCHAR", ["1", str(BIG + 1)]),
    ("fraction, beyond", [0.1, BIG + 1], "VARCHAR", ["0.1", str(BIG + 1)]),
    ("beyond, fraction", [-BIG - 1, 0.1], "VARCHAR", [str(-BIG - 1), "0.1"]),
    (
        "beyond 64 bits",
        [2**63, 2**64, -(2**63) - 1],
        "VARCHAR",
        [str(2**63), str(2**64), str(-(2**63) - 1)],
    ),
    ("hundreds of digits", [1, 10**300], "VARCHAR", ["1", str(10**300)]),
    ("number, text", [1, "a"], "VARCHAR", ["1", "a"]),
    ("text, number", ["a", 1, 0.1], "VARCHAR", ["a", "1", "0.1"]),
    ("truth, number", [True, 1], "VARCHAR", ["true", "1"]),
    ("truth, text", [False, "no"], "VARCHAR", ["false", "no"]),
    ("truth, fraction", [True, 0.5], "VARCHAR", ["true", "0.5"]),
    ("list, text", ["a", [1, 2]], "VARCHAR", ["a", "[1,2]"]),
    ("lists of text", [["a"], ["b", "c"]], "JSON", ['["a"]', '["b","c"]']),
    ("list with a null", [[1.5, None]], "JSON", ["[1.5,null]"]),
    ("list of truths", [[True]], "JSON", ["[true]"]),
    ("list beyond a double", [[BIG + 1]], "JSON", [f"[{BIG + 1}]"]),
    ("list beyond 64 bits", [[2**70]], "JSON", [f"[{2**70}]"]),
    ("nested lists", [[[1], [2]]], "JSON", ["[[1],[2]]"]),
    ("an empty list", [[], [1]], "DOUBLE[]", [[], [1.0]]),
    ("dictionaries", [{"ü": 1}, {}], "JSON", ['{"ü":1}', "{}"]),
    ("numbers, lists of text", [[1.5], ["a"]], "JSON", ["[1.5]", '["a"]']),
    ("lists of text, numbers", [["a"], [1.5]], "JSON", ['["a"]', "[1.5]"]),
    ("dictionary, list", [{"a": 1}, [1]], "JSON", ['{"a":1}', "[1]"]),
    ("dictionary, text", [{"a": 1}, "x"], "VARCHAR", ['{"a":1}', "x"]),
    ("text, dictionary", ["x", {"a": "x"}], "VARCHAR", ["x", '{"a":"x"}']),
    ("dictionary, number", [{"a": 1}, 1], "VARCHAR", ['{"a":1}', "1"]),
    ("a dictionary beyond", [{"a": 2**70}], "JSON", [f'{{"a":{2**70}}}']),
]


@pytest.mark.parametrize("rows_a_batch", [100, 1])
@pytest.mark.parametrize("case", WIDENINGS, ids=[name for name, *_ in WIDENINGS])
def test_a_column_is_widened_and_loses_nothing(
    publisher: LocalPublisher,
    path: str,
    case: tuple[str, list[object], str, list[object]],
    rows_a_batch: int,
) -> None:
    _, held, kind, stored = case
    sent = inferences(*({"x": value} for value in held))

    for start in range(0, len(sent), rows_a_batch):
        publisher.publish(Batch.of(sent[start : start + rows_a_batch]))

    assert types(path)["x"] == kind
    assert values(path, "x") == stored


def test_a_list_that_becomes_text_keeps_its_numbers(publisher: LocalPublisher, path: str) -> None:
    publisher.publish(Batch.of(inferences({"x": [1, 2.5]})))
    publisher.publish(Batch.of([inference_of("2", {"x": "a"})]))

    first, second = values(path, "x")
    assert json.loads(str(first)) == [1, 2.5]
    assert second == "a"


def test_widening_one_column_leaves_the_others_alone(publisher: LocalPublisher, path: str) -> None:
    publisher.publish(
        Batch.of(inferences({"a": 1, "b": 1, "c": "x", "d": [1.0]}, {"a": 2, "b": 2}))
    )
    publisher.publish(Batch.of([inference_of("3", {"a": 0.5, "b": 3, "new": True})]))

    assert types(path) == {
        KEY: "VARCHAR",
        "a": "DOUBLE",
        "b": "BIGINT",
        "c": "VARCHAR",
        "d": "DOUBLE[]",
        "new": "BOOLEAN",
    }
    assert rows(path) == {
        "1": {"a": 1.0, "b": 1, "c": "x", "d": [1.0], "new": None},
        "2": {"a": 2.0, "b": 2, "c": None, "d": None, "new": None},
        "3": {"a": 0.5, "b": 3, "c": None, "d": None, "new": True},
    }


@pytest.mark.parametrize(
    ("value", "kind"),
    [(0.5, "DOUBLE"), (7, "BIGINT"), ("x", "VARCHAR"), (True, "BOOLEAN"), ([0.5], "DOUBLE[]")],
)
@pytest.mark.parametrize("reopened", [False, True])
def test_a_column_of_nulls_is_there_and_gets_its_type_with_its_first_value(
    publisher: LocalPublisher, path: str, value: object, kind: str, *, reopened: bool
) -> None:
    publisher.publish(Batch.of(inferences({"a": None, "b": 1})))
    publisher.publish(Batch.of([inference_of("2", {"a": None, "b": None, "c": None})]))
    assert values(path, "a") == values(path, "c") == [None, None]
    if reopened:
        publisher = LocalPublisher(path, TABLE)

    publisher.publish(Batch.of([inference_of("3", {"a": value, "b": None})]))

    assert types(path) == {KEY: "VARCHAR", "a": kind, "b": "BIGINT", "c": "INTEGER"}
    assert values(path, "a") == [None, None, value]
    assert values(path, "b") == [1, None, None]


@pytest.mark.parametrize("value", [0.5, 7, "x", True, [0.5]])
def test_numbers_in_an_integer_column_that_somebody_else_made_are_kept(
    publisher: LocalPublisher, path: str, value: object
) -> None:
    publisher.publish(Batch.of(inferences({"b": 1})))
    query(path, f'ALTER TABLE "{TABLE}" ADD COLUMN a INTEGER DEFAULT 42')

    LocalPublisher(path, TABLE).publish(Batch.of([inference_of("2", {"a": value})]))

    assert values(path, "a")[0] == "42"


def test_rows_of_nothing_but_nulls_are_rows(publisher: LocalPublisher, path: str) -> None:
    publisher.publish(Batch.of(inferences({"a": None}, {"a": None})))

    assert rows(path) == {"1": {"a": None}, "2": {"a": None}}


def test_objects_can_be_asked_for_their_parts(publisher: LocalPublisher, path: str) -> None:
    publisher.publish(Batch.of(inferences({"a": {"b": [{"c": "x"}]}}, {"a": None}, {"a": {}})))

    assert query(path, "SELECT a ->> '$.b[0].c' FROM \"default\" ORDER BY inference_id") == [
        ("x",),
        (None,),
        (None,),
    ]
    assert query(path, 'SELECT count(*) FROM "default" WHERE a IS NULL') == [(1,)]


def test_all_columns_that_are_said_to_hold_times_hold_times_in_utc(path: str) -> None:
    publisher = LocalPublisher(path, TABLE, times=["born", "seen"])
    odd, even = "2026-03-01T10:20:30+05:30", "2026-03-01T10:20:30Z"

    publisher.publish(Batch.of(inferences({TIME: even, "born": odd, "seen": None, "as text": odd})))
    publisher.publish(Batch.of([inference_of("2", {TIME: odd, "born": even, "seen": odd})]))
    publisher.publish(Batch.of([inference_of("3", {TIME: odd, "born": "yesterday", "seen": None})]))

    at = datetime(2026, 3, 1, 10, 20, 30)  # noqa: DTZ001
    before = datetime(2026, 3, 1, 4, 50, 30)  # noqa: DTZ001
    assert values(path, TIME) == [at, before, before]
    assert values(path, "seen") == [None, before, None]
    assert values(path, "born") == [str(before), str(at), "yesterday"]
    assert values(path, "as text") == [odd, None, None]
    comments = query(path, "SELECT column_name, comment FROM duckdb_columns()")
    assert {name for name, comment in comments if comment == "UTC"} == {TIME, "born", "seen"}


# --- sending again -------------------------------------------------------------------------


def test_a_repeated_delivery_changes_nothing(publisher: LocalPublisher, path: str) -> None:
    batch = inferences({"a": 1, "b": [0.5]}, {"a": 2, "b": [1.5]}, {"a": None, "b": None})
    publisher.publish(Batch.of(batch))
    before = rows(path)

    publisher.publish(Batch.of(batch))
    publisher.publish(Batch.of(batch[1:]))

    assert rows(path) == before
    assert len(before) == 3


def test_a_row_replaces_the_one_of_the_same_id_as_a_whole(
    publisher: LocalPublisher, path: str
) -> None:
    publisher.publish(Batch.of(inferences({"a": 1, "b": "x", "c": [1.0]}, {"a": 9})))
    publisher.publish(Batch.of(inferences({"a": 2, "b": None, "c": [2.0, 3.0]})))

    assert rows(path) == {
        "1": {"a": 2, "b": None, "c": [2.0, 3.0]},
        "2": {"a": 9, "b": None, "c": None},
    }


def test_a_column_that_was_renamed_keeps_the_old_values_of_rows_that_come_again(
    publisher: LocalPublisher, path: str
) -> None:
    publisher.publish(Batch.of(inferences({"a": 1, "old": "x"}, {"a": 2, "old": "y"})))
    publisher.publish(Batch.of(inferences({"a": 3, "new": "z"})))

    assert rows(path) == {
        "1": {"a": 3, "old": "x", "new": "z"},
        "2": {"a": 2, "old": "y", "new": None},
    }


def test_the_last_of_one_id_in_a_batch_stays(publisher: LocalPublisher, path: str) -> None:
    publisher.publish(
        Batch.of(
            [inference_of("1", {"a": 1}), inference_of("2", {"a": 2}), inference_of("1", {"a": 3})]
        )
    )

    assert rows(path) == {"1": {"a": 3}, "2": {"a": 2}}


def test_ids_that_differ_only_a_little_are_different(publisher: LocalPublisher, path: str) -> None:
    names = ["a", "A", "a ", " a", "ä", "a\u0308", "", "1", "01", "'; DROP TABLE x; --", '"']

    publisher.publish(Batch.of([inference_of(name, {"x": n}) for n, name in enumerate(names)]))

    assert {name: row["x"] for name, row in rows(path).items()} == {
        name: n for n, name in enumerate(names)
    }


def test_a_new_publisher_goes_on_with_the_table(path: str) -> None:
    for number, value in enumerate([1, 0.5, "x"]):
        publisher = LocalPublisher(path, TABLE)
        publisher.publish(
            Batch.of([inference_of(str(number), {"a": value, f"new_{number}": number})])
        )

    assert values(path, "a") == ["1.0", "0.5", "x"]
    assert rows(path)["2"] == {"a": "x", "new_0": None, "new_1": None, "new_2": 2}


def test_many_rows_are_one_batch(publisher: LocalPublisher, path: str) -> None:
    count = publisher.limits.rows

    publisher.publish(
        Batch.of([inference_of(f"{n}", {"n": n, "s": f"text {n}"}) for n in range(count)])
    )

    assert query(path, 'SELECT count(*), sum(n) FROM "default"') == [
        (count, count * (count - 1) // 2)
    ]


# --- names ---------------------------------------------------------------------------------


def test_odd_column_names_and_values_are_kept(publisher: LocalPublisher, path: str) -> None:
    row: Row = {
        'say "hi"': "it's",
        "select": "NULL",
        "größe 日本": "ü\u2028\U0001f600\x00",
        "a.b": '"quoted"',
        "a,b": "back\\slash",
        "  spaces  ": "\n\t",
        "%s ? $1 :x": "; --",
        "$": "$",
        "Case": "Case",
        "rowid": "x",
        "1": "one",
    }

    publisher.publish(Batch.of(inferences(row)))
    publisher.publish(Batch.of(inferences(row)))

    assert rows(path) == {"1": row}


@pytest.mark.parametrize("row", [{"": 1}, {"": None, "a": 1}])
def test_a_column_without_a_name_is_refused_before_duckdb_sees_it(
    publisher: LocalPublisher, path: str, row: Row
) -> None:
    with pytest.raises(PublisherMisconfiguredError, match=r"empty name.*Name the column"):
        publisher.publish(Batch.of(inferences(row)))

    assert not Path(path).exists()


@pytest.mark.parametrize("names", [("a", "A"), ("Score", "sCORE"), (KEY, KEY.upper())])
def test_columns_that_differ_only_in_case_are_refused_before_one_is_lost(
    publisher: LocalPublisher, path: str, names: tuple[str, str]
) -> None:
    # DuckDB takes them for one column, so that one value would overwrite the other.
    publisher.publish(Batch.of(inferences({"other": 1})))
    row: Row = dict.fromkeys(names, "1")

    with pytest.raises(PublisherMisconfiguredError) as raised:
        publisher.publish(Batch.of(inferences(row)))

    assert all(name in str(raised.value) for name in names)
    assert rows(path) == {"1": {"other": 1}}


def test_columns_that_differ_only_in_case_are_refused_also_while_one_is_null(
    publisher: LocalPublisher,
) -> None:
    with pytest.raises(PublisherMisconfiguredError):
        publisher.publish(Batch.of(inferences({"a": 1, "A": None})))


def test_a_column_may_change_its_case_from_one_day_to_the_next(
    publisher: LocalPublisher, path: str
) -> None:
    publisher.publish(Batch.of(inferences({"Score": 1})))
    publisher.publish(Batch.of([inference_of("2", {"score": 0.5})]))

    assert types(path) == {KEY: "VARCHAR", "Score": "DOUBLE"}
    assert values(path, "Score") == [1.0, 0.5]


@pytest.mark.parametrize("names", [("ä", "Ä"), ("ö", "Ö"), ("k", "\u212a"), ("i", "İ")])
def test_letters_that_duckdb_tells_apart_are_columns_of_their_own(
    publisher: LocalPublisher, path: str, names: tuple[str, str]
) -> None:
    publisher.publish(Batch.of(inferences({names[0]: 1, names[1]: 2})))
    publisher.publish(Batch.of([inference_of("2", {names[0]: 3, names[1]: 4})]))

    assert rows(path) == {
        "1": {names[0]: 1, names[1]: 2},
        "2": {names[0]: 3, names[1]: 4},
    }


def test_another_value_in_the_keys_column_is_refused(publisher: LocalPublisher) -> None:
    with pytest.raises(PublisherMisconfiguredError, match="FORWARDER_EVENT_ID_COLUMN"):
        publisher.publish(Batch.of([inference_of("1", {KEY: "something else"})]))


# --- one file ------------------------------------------------------------------------------


def test_two_routes_have_two_tables_in_one_file(path: str) -> None:
    churn, fraud = LocalPublisher(path, "churn"), LocalPublisher(path, 'fraud "2"')

    churn.publish(Batch.of(inferences({"a": 1})))
    fraud.publish(Batch.of(inferences({"a": "x", "b": 2})))
    churn.publish(Batch.of([inference_of("2", {"a": 2})]))

    assert rows(path, "churn") == {"1": {"a": 1}, "2": {"a": 2}}
    assert query(path, 'SELECT a, b FROM "fraud ""2"""') == [("x", 2)]


LOCK = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE t (x INT)")
print("locked", flush=True)
sys.stdin.read()
connection.close()
"""


def test_a_file_that_another_program_has_open_is_worth_another_try(
    publisher: LocalPublisher, path: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LOCK, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"

        with pytest.raises(PlatformUnavailableError, match=r"has it open.*Close other programs"):
            publisher.publish(Batch.of(inferences({"a": 1})))
        other.communicate()

    publisher.publish(Batch.of(inferences({"a": 1})))
    assert rows(path) == {"1": {"a": 1}}


def test_an_error_quotes_no_value(tmp_path: Path) -> None:
    missing = str(tmp_path / "no folder" / "rows.duckdb")

    with pytest.raises(PlatformUnavailableError) as raised:
        LocalPublisher(missing, TABLE).publish(Batch.of(inferences({"a": "secret value"})))

    assert "secret value" not in str(raised.value)


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        ('CREATE VIEW "default" AS SELECT 1 AS a', "CatalogException"),
        ('CREATE TABLE "DEFAULT" (a BIGINT)', "CatalogException"),
        (
            'CREATE TABLE "default" (line_digest VARCHAR, a BIGINT, b BIGINT AS (a + 1))',
            "BinderException",
        ),
    ],
)
def test_a_statement_that_duckdb_refuses_is_told_as_such_and_not_tried_again(
    publisher: LocalPublisher, path: str, made: str, kind: str
) -> None:
    query(path, made)

    with pytest.raises(PublisherMisconfiguredError) as raised:
        publisher.publish(Batch.of(inferences({"a": "secret value"})))

    told = str(raised.value)
    assert f"{path}: DuckDB refuses the statement ({kind}: " in told
    assert "'default'" in told
    assert "give the route another name" in told
    assert "secret" not in told
    assert "other programs" not in told


def test_a_constraint_that_forbids_a_value_is_told_as_such(
    publisher: LocalPublisher, path: str
) -> None:
    columns = "inference_id VARCHAR, line_digest VARCHAR, a BIGINT CHECK (a > 5)"
    key = "PRIMARY KEY (inference_id, line_digest)"
    query(path, f'CREATE TABLE "default" ({columns}, {key})')

    with pytest.raises(PublisherMisconfiguredError, match=r"ConstraintException.*constraint that"):
        publisher.publish(Batch.of(inferences({"a": 1})))


def test_after_a_failure_the_next_batch_is_taken(publisher: LocalPublisher, path: str) -> None:
    # A value that cannot be written must leave neither half a batch nor a wrong memory of the
    # table behind.
    impossible: Sequence[Row] = ({"a": 1, "b": 1}, {"a": object()})
    with pytest.raises(TypeError):
        publisher.publish(Batch.of(inferences(*impossible)))

    publisher.publish(Batch.of([inference_of("3", {"a": 3})]))

    assert rows(path) == {"3": {"a": 3}}


def test_a_batch_is_taken_whole_or_not_at_all(publisher: LocalPublisher, path: str) -> None:
    publisher.publish(Batch.of(inferences({"a": 1})))

    with pytest.raises(TypeError):
        publisher.publish(
            Batch.of([inference_of("2", {"a": "text"}), inference_of("3", {"a": object()})])
        )

    assert types(path)["a"] == "BIGINT"
    assert rows(path) == {"1": {"a": 1}}


def test_nothing_is_opened_before_the_first_batch(publisher: LocalPublisher, path: str) -> None:
    publisher.schema()

    assert not Path(path).exists()


def test_without_duckdb_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'capture-forwarder\[duckdb\]'"):
        LocalPublisher(path, TABLE)


# --- anything ------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"))
)
NAMES = st.sampled_from(["a", "b", 'say "hi"', "ä", "Ä", "select", "with space"])
BATCHES = st.lists(st.lists(st.dictionaries(NAMES, SCALARS), min_size=1, max_size=4), max_size=4)


@settings(max_examples=50)  # each of them makes a file
@given(batches=BATCHES)
def test_rows_of_any_scalars_come_back(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Row]]
) -> None:
    path = str(tmp_path_factory.mktemp("any") / "rows.duckdb")
    publisher = LocalPublisher(path, TABLE)
    sent: dict[str, Row] = {}

    for number, batch in enumerate(batches):
        named = [inference_of(f"{number}-{index}", row) for index, row in enumerate(batch)]
        publisher.publish(Batch.of(named))
        sent |= {one.id: one.row for one in named}

    held = rows(path) if sent else {}
    assert held.keys() == sent.keys()
    for name, row in sent.items():
        for column, value in row.items():
            assert same(value, held[name].get(column)), (column, value, held[name].get(column))
        extra = {column: value for column, value in held[name].items() if column not in row}
        assert set(extra.values()) <= {None}


def same(sent: object, held: object) -> bool:
    """Whether nothing of a value was lost, whatever type its column has by now."""
    if sent is None or held is None:
        return sent is held
    if isinstance(sent, str):
        return held == sent
    if isinstance(held, str):
        read = json.loads(held)
        return bool(read == sent) and isinstance(read, bool) == isinstance(sent, bool)
    return held == sent and isinstance(held, bool) == isinstance(sent, bool)
