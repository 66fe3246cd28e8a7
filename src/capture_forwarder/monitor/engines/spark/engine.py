"""Spark as an engine: statements in its dialect, files as views, the first rows in their order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, cast

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.data.relation import Column, Kind, Relation
from capture_forwarder.monitor.engines.port import Row, Typed, literal
from capture_forwarder.monitor.engines.spark import reading, tallies
from capture_forwarder.monitor.engines.spark.dialect import Statement, translate
from capture_forwarder.monitor.engines.spark.errors import explained

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_NUMBER = r"'-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?'"
_AT_ONCE = 4096
_MORE = 8
_VIEW = re.compile(r"\bdata_\d+\b")


class SparkEngine:
    """Runs statements on Spark; see `Engine`.

    Parameters
    ----------
    session
        A session of its own, with the settings of `open_spark`.
    """

    bare = Kind.TEXT

    def __init__(self, session: SparkSession) -> None:
        self._session = session
        self._views: dict[tuple[object, ...], str] = {}
        self._files: dict[str, list[str]] = {}
        self._kept: dict[str, DataFrame] = {}

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """Run a query; its histograms are counted in queries of their own. See `Engine.rows`."""
        statement = translate(sql)
        given = cast("Mapping[str, Sequence[float] | Sequence[str]]", parameters or {})
        with explained():
            if not statement.tallies:
                return self._selected(statement, given)
            nothing: Row = (None,) * len(statement.tallies)
            (selected,) = self._selected(statement, given) if statement.sql else (nothing,)
            return [tuple(self._with_tallies(list(selected), statement, given))]

    def in_turn(self, sql: str) -> Iterator[Sequence[Row]]:
        """Run a query and yield its rows, many at once; see `Engine.in_turn`."""
        with explained():
            rows = self._session.sql(translate(sql).sql).toLocalIterator()
            while several := list(islice(rows, _AT_ONCE)):
                yield several

    def keep(self, name: str, sql: str) -> None:
        """Name what a query gives, which is not asked for before it is needed."""
        with explained():
            self._session.sql(translate(sql).sql).createOrReplaceTempView(name)

    def keep_first(self, name: str, relation: Relation, most: int) -> None:
        """Keep the first rows: of so many files, in their order, as have them all."""
        self.forget(name)
        listed = ", ".join(column.sql for column in relation.columns)
        with explained():
            source = translate(f"SELECT * FROM {self._first_files(relation, most)}").sql
            rows = self._session.sql(
                f"SELECT {listed} FROM (SELECT {listed}, f, b, MONOTONICALLY_INCREASING_ID() AS i "
                f"FROM ({source})) AS found LEFT JOIN (SELECT POSEXPLODE(FROM_JSON(:files, "
                "'ARRAY<STRING>')) AS (place, file)) AS known ON found.f = known.file "
                f"ORDER BY place, b, i LIMIT {most}",
                args={"files": msgspec.json.encode(self._files_of(relation)).decode()},
            ).persist()
            rows.createOrReplaceTempView(name)
            self._kept[name] = rows

    def forget(self, name: str) -> None:
        """Let go of what was kept; see `Engine.forget`."""
        self._session.catalog.dropTempView(name)
        if kept := self._kept.pop(name, None):
            kept.unpersist()

    def csv(self, files: Sequence[str], columns: Sequence[Column], *, header: bool) -> str:
        """Make a view of CSV files; see `Engine.csv`."""
        with explained():
            names = [column.name for column in columns]
            data = reading.csv(self._session, files, names, header=header)
            return self._view(data, files)

    def json_lines(self, files: Sequence[str], names: Sequence[str], kinds: Sequence[Kind]) -> str:
        """Make a view of JSON Lines, the same one for all kinds; see `Engine.json_lines`."""
        key = (tuple(files), tuple(names))
        if key not in self._views:
            with explained():
                data = reading.json_lines(self._session, files, names)
                self._views[key] = self._view(data, files)
        if Kind.FINITE not in kinds:
            return self._views[key]
        columns = [
            _finite(f"c{index}") if kind is Kind.FINITE else f"c{index}"
            for index, kind in enumerate(kinds)
        ]
        return f"(SELECT {', '.join(columns)}, f, b FROM {self._views[key]})"

    def parquet(self, files: Sequence[str]) -> Typed:
        """Open Parquet files; see `Engine.parquet`."""
        with explained():
            data = reading.parquet(self._session, files)
            view = self._view(reading.typed(data, has_files=True), files)
        return _typed(data, view, files[0])

    def table(self, address: str, name: str | None) -> Typed:
        """Open a table of the catalog by its name, such as `database.table`."""
        if name is not None:
            problem = f"--table {name} chooses nothing, since {address} is a table."
            raise UsageError(problem, "Leave --table out.")
        with explained():
            data = self._session.table(address)
            view = self._view(reading.typed(data, has_files=False), [])
        return _typed(data, view, f"The table {address}")

    def _selected(
        self, statement: Statement, given: Mapping[str, Sequence[float] | Sequence[str]]
    ) -> list[Row]:
        arguments = {name: ",".join(map(repr, given[name])) for name in statement.lists}
        return self._answers(statement.sql, arguments)

    def _answers(self, sql: str, arguments: Mapping[str, str]) -> list[Row]:
        return [tuple(row) for row in self._session.sql(sql, args=dict(arguments)).collect()]

    def _with_tallies(
        self,
        row: list[object],
        statement: Statement,
        given: Mapping[str, Sequence[float] | Sequence[str]],
    ) -> list[object]:
        """Put the counts of all histograms in their places."""
        numbers = [one for one in statement.tallies if not one.is_text]
        if numbers:
            bounds = [cast("Sequence[float]", given[one.parameter]) for one in numbers]
            query = tallies.of_numbers(numbers, statement.source, bounds)
            found = self._answers(query.sql, query.arguments)
            for tally, counts in zip(numbers, tallies.counted_numbers(found, bounds), strict=True):
                row[tally.position] = counts
        texts = [one for one in statement.tallies if one.is_text]
        if texts:
            keys = [cast("Sequence[str]", given[one.parameter]) for one in texts]
            query = tallies.of_texts(texts, statement.source, keys)
            found = self._answers(query.sql, query.arguments)
            for tally, among in zip(texts, tallies.counted_texts(found, keys), strict=True):
                row[tally.position] = among
        return row

    def _view(self, data: DataFrame, files: Sequence[str]) -> str:
        name = f"data_{len(self._files)}"
        data.createOrReplaceTempView(name)
        self._files[name] = reading.in_order(data, files) if files else []
        return name

    def _files_of(self, relation: Relation) -> list[str]:
        """The files of the view that a relation selects from."""
        found = _VIEW.search(relation.sql)
        return self._files[found[0]] if found else []

    def _first_files(self, relation: Relation, most: int) -> str:
        """Write the source of a relation's first files that have so many rows, or of all."""
        files = self._files_of(relation)
        some = 1
        while some < len(files):
            listed = ", ".join(map(literal, files[:some]))
            source = f"(SELECT * FROM {relation.sql} WHERE f IN ({listed}))"
            counted = f"SELECT count(*) FROM (SELECT 1 FROM {source} LIMIT {most})"
            ((rows,),) = self._session.sql(translate(counted).sql).collect()
            if rows >= most:
                return source
            some *= _MORE
        return relation.sql


def _finite(name: str) -> str:
    """Write a text as a number; what is none, and no truth value, becomes NaN, which is noticed."""
    return (
        f"CASE WHEN regexp_full_match({name}, {_NUMBER}) THEN TRY_CAST({name} AS DOUBLE) "
        f"WHEN {name} = 'true' THEN 1.0 WHEN {name} = 'false' THEN 0.0 "
        f"WHEN {name} IS NOT NULL THEN 'NaN'::DOUBLE END AS {name}"
    )


def _typed(data: DataFrame, view: str, what: str) -> Typed:
    fields = data.schema.fields
    kinds = tuple(reading.kind_of(field.dataType) for field in fields)
    return Typed(view, tuple(field.name for field in fields), kinds, what)
