"""What is to be judged, and what of it could be."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.quality.problem import ProblemType


@dataclass(frozen=True)
class Question:
    """What is judged, and where it is.

    Parameters
    ----------
    problem
        What the model predicts.
    prediction, probability
        The column with the predicted value or class; with the probability of the positive class,
        or another score that is greater where the model is surer of it. In Model Monitor's lines:
        the attribute of the response.
    label
        The column with what was true. In Model Monitor's lines: the attribute of the label, not
        needed where a label is all there is.
    threshold
        From a probability, the positive class is predicted where it is greater than this.
    positive
        The positive class of a binary model. By default, `1` or `true`.
    id, labels_id
        The columns by which predictions and labels belong together, where they are two sources.
        The labels' is called like that of the predictions by default.
    time
        The column with the time of the call, in ISO 8601.
    window
        Which calls count.

    Raises
    ------
    UsageError
        These do not fit together.
    """

    problem: ProblemType
    prediction: str | None = None
    probability: str | None = None
    label: str | None = None
    threshold: float = 0.5
    positive: str | None = None
    id: str = "inference_id"
    labels_id: str | None = None
    time: str = "inference_time"
    window: Window = Window()  # noqa: RUF009 - a frozen value

    def __post_init__(self) -> None:
        binary = self.problem is ProblemType.BINARY
        if self.prediction is None and (self.probability is None or not binary):
            advice = "Give --prediction" + (", --probability, or both." if binary else ".")
            raise UsageError("It is not given where the predictions are.", advice)
        if self.probability is not None and not binary:
            message = f"--probability is not for {self.problem}."
            raise UsageError(message, "Give --prediction alone.")
        if self.positive is not None and not binary:
            message = f"--positive is not for {self.problem}."
            raise UsageError(message, "Leave it out.")


class Coverage(msgspec.Struct, frozen=True):
    """How many predictions have a label, and how many of those can be judged.

    predictions = judged + without_label + unusable. Those outside of the window are not among
    them, and `labels` counts each id once.
    """

    predictions: int
    judged: int
    without_label: int
    unusable: int
    labels: int
    labels_without_prediction: int
    repeated_labels: int
    outside_window: int
