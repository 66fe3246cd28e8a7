"""Predictions beside their labels, by the id that both have or in the same row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.quality.payloads import LABEL, RESPONSE, values_sql
from capture_forwarder.monitor.quality.question import Question
from capture_forwarder.monitor.quality.reading import reading
from capture_forwarder.monitor.quality.sources import Relation, Source, relation

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_IN_WINDOW = """
    CREATE TEMP TABLE predictions AS SELECT * EXCLUDE (time) FROM found
    WHERE $whole OR (
        try_cast(time AS TIMESTAMPTZ) >= coalesce($since, '-infinity'::TIMESTAMPTZ)
        AND try_cast(time AS TIMESTAMPTZ) < coalesce($until, 'infinity'::TIMESTAMPTZ))"""
_LAST_LABELS = """
    CREATE TEMP TABLE labels AS
    SELECT id, arg_max(label, position) AS label, count(*) AS times
    FROM found_labels WHERE id IS NOT NULL AND label IS NOT NULL GROUP BY id"""
_JOINED = """
    CREATE TEMP TABLE joined AS
    SELECT position, prediction, probability, labels.label
    FROM predictions LEFT JOIN labels USING (id)"""
_ALONE = "SELECT count(*) FROM labels ANTI JOIN predictions USING (id)"


class Joined(NamedTuple):
    """What became of predictions and labels on the way into the table `joined`."""

    outside_window: int
    labels: int
    labels_without_prediction: int
    repeated_labels: int


def join(
    connection: DuckDBPyConnection, question: Question, predictions: Source, labels: Source | None
) -> Joined:
    """Make the table `joined` with the columns position, prediction, probability and label.

    All but the position may be null. When an id has several labels, the last one in the order of
    the files counts. An id that several predictions have gives its label to each.

    Parameters
    ----------
    connection
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
    found = relation(connection, predictions)
    by_id = labels is not None or found.is_model_monitors
    sql = (
        _lines(question, found)
        if found.is_model_monitors
        else _rows(question, found, predictions.name, by_id=by_id)
    )
    with reading(predictions.name):
        connection.execute(
            f"CREATE TEMP TABLE found AS SELECT row_number() OVER () AS position, * FROM ({sql})"
        )
        window = question.window
        connection.execute(
            _IN_WINDOW,
            {"whole": not window.is_limited, "since": window.since, "until": window.until},
        )
    if found.columns is None:
        _check_found(connection, question, predictions.name)
    outside = count(connection, "found") - count(connection, "predictions")
    if not by_id:
        connection.execute("CREATE TEMP VIEW joined AS SELECT * FROM predictions")
        return Joined(outside, count(connection, "joined WHERE label IS NOT NULL"), 0, 0)
    _read_labels(connection, question, found, labels)
    connection.execute(_JOINED)
    (alone,) = connection.execute(_ALONE).fetchone() or (0,)
    given = count(connection, "found_labels WHERE id IS NOT NULL AND label IS NOT NULL")
    kept = count(connection, "labels")
    return Joined(outside, kept, alone, given - kept)


def count(connection: DuckDBPyConnection, table: str) -> int:
    """Count the rows of a table, or of a table and a condition."""
    (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
    return int(rows)


def _check_found(connection: DuckDBPyConnection, question: Question, name: str) -> None:
    """JSON may leave a column out of any line, but not out of all."""
    missing = count(connection, "found WHERE prediction IS NULL AND probability IS NULL")
    if missing and missing == count(connection, "found"):
        wanted = question.prediction if question.prediction is not None else question.probability
        message = f"No line of {name} has a value for {wanted!r}."
        raise UsageError(message, "Look at a line, and correct --prediction or --probability.")


def _lines(question: Question, found: Relation) -> str:
    """The predictions of captures."""
    values = values_sql(found.sql, RESPONSE, (question.prediction, question.probability))
    return (
        f"SELECT id, v0 AS prediction, try_cast(v1 AS DOUBLE) AS probability, time FROM ({values})"
    )


def _rows(question: Question, found: Relation, name: str, *, by_id: bool) -> str:
    """The predictions of a table, with their ids or their labels."""

    def column(wanted: str | None) -> str:
        return "NULL" if wanted is None else _text(found.column(wanted, name))

    if not by_id and question.label is None:
        advice = "Give --label, or --labels with a source of labels."
        raise UsageError(f"It is not given where the labels of {name} are.", advice)
    key = "id" if by_id else "label"
    time = question.time if question.window.is_limited else None
    return (
        f"SELECT {column(question.id if by_id else question.label)} AS {key}, "
        f"{column(question.prediction)} AS prediction, "
        f"try_cast({column(question.probability)} AS DOUBLE) AS probability, "
        f"{column(time)} AS time FROM ({found.sql})"
    )


def _read_labels(
    connection: DuckDBPyConnection, question: Question, found: Relation, labels: Source | None
) -> None:
    if labels is not None:
        found = relation(connection, labels)
    name = labels.name if labels else ""
    if found.is_model_monitors:
        values = values_sql(found.sql, LABEL, (question.label or "*",))
        sql = f"SELECT id, v0 AS label FROM ({values})"
    elif question.label is None:
        raise UsageError(f"It is not given where the labels of {name} are.", "Give --label.")
    else:
        key = found.column(question.labels_id or question.id, name)
        label = found.column(question.label, name)
        sql = f"SELECT {_text(key)} AS id, {_text(label)} AS label FROM ({found.sql})"
    with reading(name):
        connection.execute(
            "CREATE TEMP TABLE found_labels AS "
            f"SELECT row_number() OVER () AS position, * FROM ({sql})"
        )
        connection.execute(_LAST_LABELS)


def _text(column: str) -> str:
    return f"nullif(({column})::VARCHAR, '')"
