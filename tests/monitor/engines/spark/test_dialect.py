"""Every statement of the monitor can be written in Spark's dialect, with nothing left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from capture_forwarder.monitor.constraints.check import watched
from capture_forwarder.monitor.constraints.suggest import suggest
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.data.opening import DataChoice, open_data
from capture_forwarder.monitor.data.relation import Column, Kind, Relation
from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from capture_forwarder.monitor.engines.port import Engine, Row, Typed
from capture_forwarder.monitor.engines.spark.dialect import Statement, translate
from capture_forwarder.monitor.profile.profiling import profile_of, statistics_of
from tests.support.engines import Make, hostile, large, large_typed, mixed, typed

# What Spark's reference lists, of what the statements may use.
SPARK_HAS = {
    *("ABS", "APPROX_COUNT_DISTINCT", "COLLECT_SET", "CONTAINS", "COUNT", "GET_JSON_OBJECT"),
    *("ISNAN", "MAX", "MIN", "PERCENTILE_APPROX", "REPLACE", "SIZE", "SPLIT", "STDDEV_POP"),
    *("SUM", "CAST", "TRY_CAST"),
    # Words before a bracket that call nothing.
    *("AND", "FILTER", "FROM", "IN", "NOT", "WHEN"),
}
TEXT = re.compile(r"'(?:[^'\\]|\\.)*'")
# A source that only DuckDB has; on Spark a view stands in its place.
DUCKDB_SOURCE = re.compile(
    r"\(FROM read_json\(.*?\) AS lines\([^)]*\)\)|read_(?:csv|parquet)\([^)]*\)", re.DOTALL
)


class Recording:
    """DuckDB's engine, which remembers every statement that it is asked to run."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.bare = engine.bare
        self.statements: list[str] = []

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        self.statements.append(sql)
        return self.engine.rows(sql, parameters)

    def in_turn(self, sql: str) -> Iterator[Sequence[Row]]:
        self.statements.append(sql)
        return self.engine.in_turn(sql)

    def keep(self, name: str, sql: str) -> None:
        self.statements.append(sql)
        self.engine.keep(name, sql)

    def keep_first(self, name: str, relation: Relation, most: int) -> None:
        self.statements.append(f"SELECT * FROM {relation.sql}")  # noqa: S608 - its own
        self.engine.keep_first(name, relation, most)

    def forget(self, name: str) -> None:
        self.engine.forget(name)

    def csv(self, files: Sequence[str], columns: Sequence[Column], *, header: bool) -> str:
        return self.engine.csv(files, columns, header=header)

    def json_lines(self, files: Sequence[str], names: Sequence[str], kinds: Sequence[Kind]) -> str:
        return self.engine.json_lines(files, names, kinds)

    def parquet(self, files: Sequence[str]) -> Typed:
        return self.engine.parquet(files)

    def table(self, address: str, name: str | None) -> Typed:
        return self.engine.table(address, name)


@contextmanager
def recording() -> Iterator[Recording]:
    with open_duckdb() as engine:
        yield Recording(engine)


def statements(choice: DataChoice) -> list[str]:
    """All that a baseline of data and a check of the same data ask for."""
    with recording() as engine:
        relation = open_data(engine, choice)
        profile = profile_of(engine, relation)
        wanted = watched(suggest(profile), statistics_of(profile))
        profile_of(engine, relation, wanted)
    return [DUCKDB_SOURCE.sub("data_0", sql) for sql in engine.statements]


def texts_of(statement: Statement) -> list[str]:
    listed = [tally.value for tally in statement.tallies]
    return [text for text in (statement.sql, statement.source, *listed) if text]


KINDS: list[Make] = [mixed, hostile, typed, large, large_typed]


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_each_statement_is_written_with_what_spark_has(tmp_path: Path, make: Make) -> None:
    data = make(tmp_path)
    window = Window(datetime(2026, 3, 1, 11, tzinfo=UTC)) if make is typed else Window()
    choice = DataChoice(data, window, fractions=frozenset({"score"}))

    found = statements(choice)

    assert len(found) > 4
    for sql in found:
        statement = translate(sql)
        for text in texts_of(statement):
            # What Spark's reader makes of it is the same text once more.
            assert parse_one(text, read="spark").sql("spark") == text
            called = set(re.findall(r"([A-Z_]+)\(", TEXT.sub("''", text)))
            assert called <= SPARK_HAS, text
        if statement.sql and isinstance(tree := parse_one(sql, read="duckdb"), exp.Select):
            selected = parse_one(statement.sql, read="spark")
            assert isinstance(selected, exp.Select)
            assert len(selected.selects) == len(tree.selects)


def test_what_is_selected_stays_in_its_place() -> None:
    statement = translate("SELECT count(*), histogram(n_c0, $b), min(n_c0) FROM data_0")

    assert statement.sql == "SELECT COUNT(*), NULL, MIN(n_c0) FROM data_0"
    assert [(one.position, one.value, one.parameter) for one in statement.tallies] == [
        (1, "n_c0", "b")
    ]
    assert statement.source == "data_0"
    assert translate("SELECT histogram_exact('=' || c0, $k::VARCHAR[]) FROM x").sql == ""


@pytest.mark.parametrize(
    ("ours", "sparks"),
    [
        ("isfinite(x)", "ABS(x) < CAST('Infinity' AS DOUBLE)"),
        ("regexp_full_match(x, '[0-9]+')", r"x RLIKE '\\A(?:[0-9]+)\\z'"),
        ("count(DISTINCT x)", "SIZE(COLLECT_SET(x))"),
        ("fsum(x)", "SUM(x)"),
        ("approx_count_distinct(x)", "APPROX_COUNT_DISTINCT(x, 0.02)"),
        (
            "approx_quantile(x, $q::FLOAT[])",
            "PERCENTILE_APPROX(x, CAST(SPLIT(:q, ',') AS ARRAY<DOUBLE>), 10000)",
        ),
        ("count(*) FILTER (WHERE x > 1)", "COUNT(*) FILTER(WHERE x > 1)"),
        ("x::VARCHAR", "CAST(x AS STRING)"),
    ],
)
def test_a_function_that_spark_lacks_has_a_rule(ours: str, sparks: str) -> None:
    assert translate(f"SELECT {ours}").sql == f"SELECT {sparks}"


@pytest.mark.parametrize("lacking", ["list_zip(x)", "made_up(x)", "(SELECT histogram(x, $b))"])
def test_a_function_without_a_rule_is_refused(lacking: str) -> None:
    with pytest.raises(ValueError, match=r"no rule|cannot be written"):
        translate(f"SELECT {lacking} + 1")
