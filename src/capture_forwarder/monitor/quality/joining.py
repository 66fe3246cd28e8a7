"""Predictions beside their labels, by the id that both have or in the same row.

Both come as sources one after another, of which each is read once: its files may be gone when the
next one is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine
from capture_forwarder.monitor.quality.payloads import LABEL, RESPONSE, values_sql
from capture_forwarder.monitor.quality.question import Question
from capture_forwarder.monitor.quality.sources import Readable, Source, mixed, readable

_FOUND = """
    CREATE TEMP TABLE found (
        position BIGINT, key VARCHAR, prediction VARCHAR, probability DOUBLE, time VARCHAR)"""
_GIVEN = "CREATE TEMP TABLE given (position BIGINT, id VARCHAR, label VARCHAR)"
# The order of the rows is that of the sources, and within one that of its files.
_ADDED = """
    INSERT INTO {table}
    SELECT (SELECT count(*) FROM {table}) + row_number() OVER () AS position, * FROM ({found})"""
_IN_WINDOW = """
    CREATE TEMP TABLE predictions AS SELECT * FROM found
    WHERE try_cast(time AS TIMESTAMPTZ) >= coalesce($since, '-infinity'::TIMESTAMPTZ)
        AND try_cast(time AS TIMESTAMPTZ) < coalesce($until, 'infinity'::TIMESTAMPTZ)"""
_LAST_LABELS = """
    CREATE TEMP TABLE labels AS
    SELECT id, arg_max(label, position) AS label, count(*) AS times FROM given
    WHERE id IS NOT NULL AND label IS NOT NULL GROUP BY id"""
_JOINED = """
    CREATE TEMP TABLE joined AS
    SELECT position, prediction, probability, labels.label
    FROM predictions LEFT JOIN labels ON key = id"""
_BESIDE = """
    CREATE TEMP TABLE joined AS
    SELECT position, prediction, probability, key AS label FROM predictions"""
_ALONE = "labels ANTI JOIN predictions ON id = key"


class Joined(NamedTuple):
    """What became of predictions and labels on the way into the table `joined`."""

    outside_window: int
    labels: int
    labels_without_prediction: int
    repeated_labels: int


def join(
    engine: DuckDBEngine,
    question: Question,
    predictions: Iterable[Source],
    labels: Iterable[Source] | None,
) -> Joined:
    """Make the table `joined` with the columns position, prediction, probability and label.

    All but the position may be null. When an id has several labels, the last one in the order of
    the sources and their files counts. An id that several predictions have gives its label to each.

    Parameters
    ----------
    engine
        An empty database.
    question
        Where in the sources everything is.
    predictions, labels
        The sources; no labels where the predictions' rows or lines have them.

    Raises
    ------
    DataError
        A source cannot be read.
    UsageError
        A column is missing, no line of JSON has a prediction, or Model Monitor's lines are among
        others.
    """
    engine.run(f"{_FOUND}; {_GIVEN}")
    by_id = labels is not None
    loose = None
    for found in _of_one_kind(engine, predictions):
        by_id = by_id or found.is_model_monitors
        _add_predictions(engine, question, found, by_id=by_id)
        if found.columns is None:
            loose = found.name
        if labels is None and found.is_model_monitors:
            _add_labels(engine, question, found)
    if loose is not None:
        _check_found(engine, question, loose)
    outside = _keep_window(engine, question)
    if not by_id:
        engine.run(f"{_BESIDE}; DROP TABLE predictions; DROP TABLE given")
        return Joined(outside, count(engine, "joined WHERE label IS NOT NULL"), 0, 0)
    for found in _of_one_kind(engine, labels or ()):
        _add_labels(engine, question, found)
    engine.run(f"{_LAST_LABELS}; DROP TABLE given; {_JOINED}")
    ((given,),) = engine.rows("SELECT coalesce(sum(times), 0)::BIGINT FROM labels")
    alone, kept = count(engine, _ALONE), count(engine, "labels")
    engine.run("DROP TABLE predictions; DROP TABLE labels")
    return Joined(outside, kept, alone, cast("int", given) - kept)


def _of_one_kind(engine: DuckDBEngine, sources: Iterable[Source]) -> Iterator[Readable]:
    """Make sources readable that have anything in them, if all are Model Monitor's, or none is."""
    kinds = set()
    for source in sources:
        found = readable(engine, source)
        if found.is_empty:
            continue
        kinds.add(found.is_model_monitors)
        if len(kinds) > 1:
            raise mixed(source.name)
        yield found


def count(engine: DuckDBEngine, table: str) -> int:
    """Count the rows of a table, or of a table and a condition."""
    ((rows,),) = engine.rows(f"SELECT count(*) FROM {table}")
    return cast("int", rows)


def _keep_window(engine: DuckDBEngine, question: Question) -> int:
    """Make the table `predictions` of `found`, and return how many rows are outside of it."""
    window = question.window
    if not window.is_limited:
        engine.run("ALTER TABLE found RENAME TO predictions")
        return 0
    engine.run(_IN_WINDOW, {"since": window.since, "until": window.until})
    outside = count(engine, "found") - count(engine, "predictions")
    engine.run("DROP TABLE found")
    return outside


def _check_found(engine: DuckDBEngine, question: Question, name: str) -> None:
    """JSON may leave a column out of any line, but not out of all."""
    missing = count(engine, "found WHERE prediction IS NULL AND probability IS NULL")
    if missing and missing == count(engine, "found"):
        wanted = question.prediction if question.prediction is not None else question.probability
        message = f"No line of {name} has a value for {wanted!r}."
        raise UsageError(message, "Look at a line, and correct --prediction or --probability.")


def _add_predictions(
    engine: DuckDBEngine, question: Question, found: Readable, *, by_id: bool
) -> None:
    if found.is_model_monitors:
        values = values_sql(found.sql, RESPONSE, (question.prediction, question.probability))
        sql = f"SELECT id, v0, try_cast(v1 AS DOUBLE), time FROM ({values})"
    else:
        sql = _rows(question, found, by_id=by_id)
    engine.run(_ADDED.format(table="found", found=sql))


def _rows(question: Question, found: Readable, *, by_id: bool) -> str:
    """The predictions of a table, with their ids or their labels."""

    def column(wanted: str | None) -> str:
        return "NULL" if wanted is None else _text(found.column(wanted))

    if not by_id and question.label is None:
        advice = "Give --label, or --labels with a source of labels."
        raise UsageError(f"It is not given where the labels of {found.name} are.", advice)
    time = question.time if question.window.is_limited else None
    return (
        f"SELECT {column(question.id if by_id else question.label)}, "
        f"{column(question.prediction)}, "
        f"try_cast({column(question.probability)} AS DOUBLE), "
        f"{column(time)} FROM ({found.sql})"
    )


def _add_labels(engine: DuckDBEngine, question: Question, found: Readable) -> None:
    if found.is_model_monitors:
        values = values_sql(found.sql, LABEL, (question.label or "*",))
        sql = f"SELECT id, v0 FROM ({values})"
    elif question.label is None:
        raise UsageError(f"It is not given where the labels of {found.name} are.", "Give --label.")
    else:
        key = found.column(question.labels_id or question.id)
        label = found.column(question.label)
        sql = f"SELECT {_text(key)}, {_text(label)} FROM ({found.sql})"
    engine.run(_ADDED.format(table="given", found=sql))


def _text(column: str) -> str:
    return f"nullif(({column})::VARCHAR, '')"
