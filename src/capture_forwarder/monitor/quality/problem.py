"""What kind of answer a model gives, and what the files call its metrics."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class ProblemType(StrEnum):
    """What a model predicts, in the words of SageMaker's API."""

    REGRESSION = "Regression"
    BINARY = "BinaryClassification"
    MULTICLASS = "MulticlassClassification"

    @property
    def metrics(self) -> str:
        """Under which key `statistics.json` has the metrics."""
        return f"{_STEMS[self]}_metrics"

    @property
    def constraints(self) -> str:
        """Under which key `constraints.json` has the constraints."""
        return f"{_STEMS[self]}_constraints"


_STEMS = {
    ProblemType.REGRESSION: "regression",
    ProblemType.BINARY: "binary_classification",
    ProblemType.MULTICLASS: "multiclass_classification",
}


class Operator(StrEnum):
    """When a value violates its constraint."""

    GREATER = "GreaterThanThreshold"
    LESS = "LessThanThreshold"


OPERATORS = MappingProxyType(
    {
        **dict.fromkeys(("mae", "mse", "rmse"), Operator.GREATER),
        "r2": Operator.LESS,
        **dict.fromkeys(("recall", "precision", "accuracy"), Operator.LESS),
        **dict.fromkeys(("true_positive_rate", "true_negative_rate"), Operator.LESS),
        **dict.fromkeys(("false_positive_rate", "false_negative_rate"), Operator.GREATER),
        **dict.fromkeys(("auc", "f0_5", "f1", "f2"), Operator.LESS),
        **dict.fromkeys(("weighted_recall", "weighted_precision"), Operator.LESS),
        **dict.fromkeys(("weighted_f0_5", "weighted_f1", "weighted_f2"), Operator.LESS),
    }
)
"""Metric → when its value violates a constraint. Metrics that are not here get no constraint."""
