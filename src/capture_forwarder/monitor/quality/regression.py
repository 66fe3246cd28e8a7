"""Metrics of a regression."""

from __future__ import annotations

import math
from typing import cast

from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine

# The exact sum of DuckDB is NaN where a sum is beyond all doubles; the plain one is infinite.
_ERRORS = """
    SELECT count(*), if(isnan(fsum(error)), sum(error), fsum(error)),
        if(isnan(fsum(error ** 2)), sum(error ** 2), fsum(error ** 2)), favg(actual)
    FROM (SELECT abs(predicted - actual) AS error, actual FROM judged WHERE {rows})"""
_SPREAD = "SELECT fsum((actual - $mean) ** 2) FROM judged WHERE {rows}"


def regression_metrics(engine: DuckDBEngine, rows: str = "true") -> dict[str, float]:
    """Measure mean absolute error, mean squared error, its root, and the coefficient r2.

    r2 is 1 - (squared errors / squared distances of the labels from their mean); it is NaN where
    all labels are equal. Without rows, all are NaN.

    Parameters
    ----------
    engine
        Has the table `judged`.
    rows
        Which rows count, in SQL.
    """
    ((count, absolute, squared, mean),) = cast(
        "list[tuple[int, float, float, float]]", engine.rows(_ERRORS.format(rows=rows))
    )
    if not count:
        return dict.fromkeys(("mae", "mse", "rmse", "r2"), math.nan)
    found = engine.rows(_SPREAD.format(rows=rows), {"mean": mean})
    ((spread,),) = cast("list[tuple[float]]", found)
    mse = squared / count
    return {
        "mae": absolute / count,
        "mse": mse,
        "rmse": math.sqrt(mse),
        "r2": 1 - squared / spread if spread else math.nan,
    }
