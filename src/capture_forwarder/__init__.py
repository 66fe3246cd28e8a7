"""Forward SageMaker Data Capture files to a model monitoring platform.

For notebooks and scripts: a mapping of captured values to columns, and a reader that turns a
capture file into inferences and rejections.
"""

from capture_forwarder.captures import Captures, RejectedLine
from capture_forwarder.columns import ColumnMapping
from capture_forwarder.model import Inference, Reason

__all__ = ["Captures", "ColumnMapping", "Inference", "Reason", "RejectedLine"]

__version__ = "0.1.0"
