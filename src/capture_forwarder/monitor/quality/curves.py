"""The ROC curve and the precision-recall curve of a binary model."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from capture_forwarder.monitor.quality.judging import Judged

MOST_POINTS = 1000
"""With more distinct scores than this, as many points evenly among them make up the curves."""

_BY_SCORE = """
    WITH scores AS (
        SELECT score, count(*) FILTER (actual = $positive) AS positives,
            count(*) FILTER (actual <> $positive) AS negatives
        FROM judged GROUP BY score),
    sums AS (
        SELECT sum(positives) OVER above AS tp, sum(negatives) OVER above AS fp,
            row_number() OVER above - 1 AS rank, count(*) OVER () - 1 AS last
        FROM scores
        WINDOW above AS (ORDER BY score DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
    SELECT tp, fp FROM sums
    WHERE last < $most OR rank * ($most - 1) // last > (rank - 1) * ($most - 1) // last OR rank = 0
    ORDER BY rank"""


def curves(judged: Judged) -> dict[str, dict[str, list[float]]]:
    """Draw both curves, as `statistics.json` has them: lists of equal lengths.

    Each has one point for each distinct score, from the highest down: what the rates would be if it
    were the lowest that counts as positive. ROC begins at (0, 0) and ends at (1, 1), the other
    begins at recall 0 with precision 1. A rate of nothing is 0.
    """
    found = judged.engine.rows(_BY_SCORE, {"positive": judged.positive, "most": MOST_POINTS})
    points = [(int(tp), int(fp)) for tp, fp in cast("list[tuple[int, int]]", found)]
    positives, negatives = points[-1] if points else (0, 0)
    roc = [(0.0, 0.0), *((_share(fp, negatives), _share(tp, positives)) for tp, fp in points)]
    if roc[-1] != (1.0, 1.0):
        roc.append((1.0, 1.0))
    precisions = [1.0, *(_share(tp, tp + fp) for tp, fp in points)]
    recalls = [0.0, *(_share(tp, positives) for tp, _ in points)]
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": [x for x, _ in roc],
            "true_positive_rates": [y for _, y in roc],
        },
        "precision_recall_curve": {"precisions": precisions, "recalls": recalls},
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
