"""The classes of a classification, as texts that mean the same where they are equal."""

from __future__ import annotations

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine

MOST_CLASSES = 1000
"""More classes than this are taken for a mistake: their matrix would have a million cells."""

_POSITIVE, _NEGATIVE = "1", "0"
# `1.0` is the class `1` of a program that knew only floats.
_CLASS = r"regexp_replace(trim({column}), '^(-?\d+)\.0+$', '\1')"
_BOOLEAN = "CASE lower({text}) WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE {text} END"


def read_classes(engine: DuckDBEngine) -> None:
    """Make the table `judged` of a multiclass model from the table `joined`.

    Raises
    ------
    UsageError
        There are more classes than a matrix can show.
    """
    actual, predicted = _CLASS.format(column="label"), _CLASS.format(column="prediction")
    engine.run(
        "CREATE TEMP TABLE judged AS SELECT * FROM ("
        f"SELECT position, {actual} AS actual, {predicted} AS predicted, NULL::DOUBLE AS score "
        "FROM joined) WHERE actual IS NOT NULL AND predicted IS NOT NULL"
    )
    classes = len(known_classes(engine))
    if classes > MOST_CLASSES:
        message = f"There are {classes} classes; at most {MOST_CLASSES} can be judged."
        raise UsageError(message, "If the values are numbers, give --problem-type Regression.")


def read_two_classes(
    engine: DuckDBEngine,
    *,
    positive: str | None,
    threshold: float,
    by_probability: bool,
    needs_score: bool,
) -> tuple[str, str]:
    """Make the table `judged` of a binary model from the table `joined`.

    Parameters
    ----------
    engine
        The database.
    positive
        The positive class; None for `1`, of which `true` is another spelling.
    threshold
        From a probability, the positive class is predicted where it is greater than this.
    by_probability
        Whether the predicted class comes from the probability.
    needs_score
        Whether a row without a finite probability cannot be judged.

    Returns
    -------
    tuple
        The negative and the positive class.

    Raises
    ------
    UsageError
        There are other classes than two.
    """
    spelled = _CLASS if positive else _BOOLEAN.replace("{text}", _CLASS)
    ((found,),) = engine.rows(
        f"SELECT {spelled.format(column='$named::VARCHAR')}", {"named": positive or _POSITIVE}
    )
    wanted = str(found)
    others = {"label": _others(engine, spelled, "label", wanted)}
    if not by_probability:
        others["prediction"] = _others(engine, spelled, "prediction", wanted)
    if positive is None:
        _check_default(others)
    rest = set().union(*others.values())
    if len(rest) > 1:
        message = f"Beside the positive class there are {len(rest)} others; a binary model has one."
        raise UsageError(message, "Give --problem-type MulticlassClassification.")
    negative = next(iter(rest), _NEGATIVE if wanted != _NEGATIVE else "other")
    chosen = "CASE WHEN probability > $threshold THEN $positive ELSE $negative END"
    predicted = chosen if by_probability else spelled.format(column="prediction")
    condition = "isfinite(score)" if needs_score else "true"
    engine.run(
        "CREATE TEMP TABLE judged AS SELECT * FROM ("
        f"SELECT position, {spelled.format(column='label')} AS actual, {predicted} AS predicted, "
        "probability AS score FROM joined) "
        f"WHERE actual IS NOT NULL AND predicted IS NOT NULL AND {condition}",
        {"threshold": threshold, "positive": wanted, "negative": negative}
        if by_probability
        else None,
    )
    return str(negative), wanted


def known_classes(engine: DuckDBEngine) -> list[str]:
    """Name the classes of the table `judged`, numbers by their size and before texts."""
    found = engine.rows("SELECT actual FROM judged UNION SELECT predicted FROM judged")
    return sorted((str(row[0]) for row in found), key=_order)


def _order(name: str) -> tuple[bool, float, str]:
    try:
        return False, float(name), name
    except ValueError:
        return True, 0.0, name


def _others(engine: DuckDBEngine, spelled: str, column: str, wanted: str) -> set[str]:
    """The classes of a column beside one, as far as it takes to know that they are too many."""
    text = spelled.format(column=column)
    found = engine.rows(
        f"SELECT DISTINCT {text} FROM joined WHERE {text} <> $wanted LIMIT {MOST_CLASSES}",
        {"wanted": wanted},
    )
    return {str(row[0]) for row in found}


def _check_default(others: dict[str, set[str]]) -> None:
    advice = {
        "label": "Name the positive class with --positive, or give another --problem-type.",
        "prediction": "If they are probabilities, give --probability instead of --prediction.",
    }
    for column, found in others.items():
        if found - {_NEGATIVE}:
            message = f"There are {column}s that are neither 1 nor 0, nor true nor false."
            raise UsageError(message, advice[column])
