"""How good a model's predictions were, once the labels are there: metrics, constraints, violations.

The files are those of SageMaker Model Monitor's model quality monitor. No terminal, no AWS.
"""

from capture_forwarder.monitor.quality.constraints import (
    Slack,
    read_constraints,
    suggest_constraints,
)
from capture_forwarder.monitor.quality.judging import Judged, judge
from capture_forwarder.monitor.quality.problem import ProblemType
from capture_forwarder.monitor.quality.question import Coverage, Question
from capture_forwarder.monitor.quality.run import (
    FinishedQuality,
    QualityBaseline,
    QualityRun,
    run_quality,
)
from capture_forwarder.monitor.quality.sources import Source
from capture_forwarder.monitor.quality.statistics import quality_statistics
from capture_forwarder.monitor.quality.violations import Checked, Names, check_quality

__all__ = [
    "Checked",
    "Coverage",
    "FinishedQuality",
    "Judged",
    "Names",
    "ProblemType",
    "QualityBaseline",
    "QualityRun",
    "Question",
    "Slack",
    "Source",
    "check_quality",
    "judge",
    "quality_statistics",
    "read_constraints",
    "run_quality",
    "suggest_constraints",
]
