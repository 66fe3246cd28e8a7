"""Predictions beside their labels, by the id that both have or in the same row."""

from __future__ import annotations

from typing import NamedTuple, cast

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine
from capture_forwarder.monitor.quality.payloads import LABEL, RESPONSE, values_sql
from capture_forwarder.monitor.quality.question import Question
from capture_forwarder.monitor.quality.sources import Readable, Source, readable

_IN_WINDOW = """
    CREATE TEMP TABLE predictions AS SELECT * FROM found
    WHERE try_cast(time AS TIMESTAMPTZ) >= coalesce($since, '-infinity'::TIMESTAMPTZ)
        AND try_cast(time AS TIMESTAMPTZ) < coalesce($until, 'infinity'::TIMESTAMPTZ)"""
_LAST_LABELS = """
    SELECT id, arg_max(label, position) AS label, count(*) AS times
    FROM (SELECT row_number() OVER () AS position, * FROM ({found}))
    WHERE id IS NOT NULL AND label IS NOT NULL GROUP BY id"""
_JOINED = """
    CREATE TEMP TABLE joined AS
    SELECT position, prediction, probability, labels.label
    FROM predictions LEFT JOIN labels USING (id)"""
_ALONE = "labels ANTI JOIN predictions USING (id)"


class Joined(NamedTuple):
    """What became of predictions and labels on the way into the table `joined`."""

    outside_window: int
    labels: int
    labels_without_prediction: int
    repeated_labels: int


def join(
    engine: DuckDBEngine, question: Question, predictions: Source, labels: Source | None
) -> Joined:
    """Make the table `joined` with the columns position, prediction, probability and label.

    All but the position may be null. When an id has several labels, the last one in the order of
    the files counts. An id that several predictions have gives its label to each.

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
        A column is missing, or no line of JSON has a prediction.
    """
    found = readable(engine, predictions)
    by_id = labels is not None or found.is_model_monitors
    sql = (
        _lines(question, found) if found.is_model_monitors else _rows(question, found, by_id=by_id)
    )
    engine.run(
        f"CREATE TEMP TABLE found AS SELECT row_number() OVER () AS position, * FROM ({sql})"
    )
    if found.columns is None:
        _check_found(engine, question, predictions.name)
    outside = _keep_window(engine, question)
    if not by_id:
        engine.run("ALTER TABLE predictions RENAME TO joined")
        return Joined(outside, count(engine, "joined WHERE label IS NOT NULL"), 0, 0)
    given = _read_labels(engine, question, found, labels)
    engine.run(_JOINED)
    alone, kept = count(engine, _ALONE), count(engine, "labels")
    engine.run("DROP TABLE predictions; DROP TABLE labels")
    return Joined(outside, kept, alone, given - kept)


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


def _lines(question: Question, found: Readable) -> str:
    """The predictions of captures."""
    values = values_sql(found.sql, RESPONSE, (question.prediction, question.probability))
    return (
        f"SELECT id, v0 AS prediction, try_cast(v1 AS DOUBLE) AS probability, time FROM ({values})"
    )


def _rows(question: Question, found: Readable, *, by_id: bool) -> str:
    """The predictions of a table, with their ids or their labels."""

    def column(wanted: str | None) -> str:
        return "NULL" if wanted is None else _text(found.column(wanted))

    if not by_id and question.label is None:
        advice = "Give --label, or --labels with a source of labels."
        raise UsageError(f"It is not given where the labels of {found.name} are.", advice)
    key = "id" if by_id else "label"
    time = question.time if question.window.is_limited else None
    return (
        f"SELECT {column(question.id if by_id else question.label)} AS {key}, "
        f"{column(question.prediction)} AS prediction, "
        f"try_cast({column(question.probability)} AS DOUBLE) AS probability, "
        f"{column(time)} AS time FROM ({found.sql})"
    )


def _read_labels(
    engine: DuckDBEngine, question: Question, found: Readable, labels: Source | None
) -> int:
    """Make the table `labels`: the last of each id; return how many there were in all."""
    if labels is not None:
        found = readable(engine, labels)
    if found.is_model_monitors:
        values = values_sql(found.sql, LABEL, (question.label or "*",))
        sql = f"SELECT id, v0 AS label FROM ({values})"
    elif question.label is None:
        raise UsageError(f"It is not given where the labels of {found.name} are.", "Give --label.")
    else:
        key = found.column(question.labels_id or question.id)
        label = found.column(question.label)
        sql = f"SELECT {_text(key)} AS id, {_text(label)} AS label FROM ({found.sql})"
    engine.run(f"CREATE TEMP TABLE labels AS {_LAST_LABELS.format(found=sql)}")
    ((given,),) = engine.rows("SELECT coalesce(sum(times), 0)::BIGINT FROM labels")
    return cast("int", given)


def _text(column: str) -> str:
    return f"nullif(({column})::VARCHAR, '')"
