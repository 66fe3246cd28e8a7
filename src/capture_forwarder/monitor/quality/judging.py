"""From sources to a table of what can be judged, with the account of what cannot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine
from capture_forwarder.monitor.quality.classes import read_classes, read_two_classes
from capture_forwarder.monitor.quality.joining import Joined, count, join
from capture_forwarder.monitor.quality.problem import ProblemType
from capture_forwarder.monitor.quality.question import Coverage, Question
from capture_forwarder.monitor.quality.sources import Source

_NUMBERS = """
    CREATE TEMP TABLE judged AS SELECT * FROM (
        SELECT position, try_cast(label AS DOUBLE) AS actual,
            try_cast(prediction AS DOUBLE) AS predicted, NULL::DOUBLE AS score FROM joined)
    WHERE isfinite(actual) AND isfinite(predicted)"""


MEGABYTES = 150
"""Enough memory for DuckDB here; what does not fit waits in temporary files."""


@dataclass(frozen=True)
class Judged:
    """Predictions with their labels, ready to be measured.

    Parameters
    ----------
    engine
        A database with the table `judged`: position, actual, predicted, score. Of a regression,
        `actual` and `predicted` are finite numbers; else they are names of classes.
    problem
        What the model predicts.
    coverage
        What is in the table, and what is not.
    negative, positive
        The two classes of a binary model.
    has_scores
        Whether there are probabilities.
    """

    engine: DuckDBEngine
    problem: ProblemType
    coverage: Coverage
    negative: str = "0"
    positive: str = "1"
    has_scores: bool = False


def judge(
    engine: DuckDBEngine,
    question: Question,
    predictions: Iterable[Source],
    labels: Iterable[Source] | None = None,
) -> Judged:
    """Join predictions with their labels, and keep what can be judged.

    A row cannot be judged where its label or prediction is missing, or is not a finite number where
    one is needed.

    Parameters
    ----------
    engine
        An empty database.
    question
        What to judge.
    predictions
        The predictions; a source's files may be gone once the next one is asked for.
    labels
        The labels, in the same way; None where the predictions' rows or lines have them.

    Raises
    ------
    DataError
        A source cannot be read.
    UsageError
        A column is missing, or the classes are not what the question says.
    """
    joined = join(engine, question, predictions, labels)
    classes = "0", "1"
    if question.problem is ProblemType.REGRESSION:
        engine.run(_NUMBERS)
    elif question.problem is ProblemType.MULTICLASS:
        read_classes(engine)
    else:
        classes = read_two_classes(
            engine,
            positive=question.positive,
            threshold=question.threshold,
            by_probability=question.prediction is None,
            needs_score=question.probability is not None,
        )
    coverage = _coverage(engine, joined)
    engine.run("DROP TABLE joined")
    return Judged(
        engine,
        question.problem,
        coverage,
        *classes,
        has_scores=question.probability is not None,
    )


def _coverage(engine: DuckDBEngine, joined: Joined) -> Coverage:
    predictions = count(engine, "joined")
    judged = count(engine, "judged")
    without_label = count(engine, "joined WHERE label IS NULL")
    return Coverage(
        predictions=predictions,
        judged=judged,
        without_label=without_label,
        unusable=predictions - judged - without_label,
        labels=joined.labels,
        labels_without_prediction=joined.labels_without_prediction,
        repeated_labels=joined.repeated_labels,
        outside_window=joined.outside_window,
    )
