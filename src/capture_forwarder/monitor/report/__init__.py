"""An execution as one HTML page, which needs no script and asks for nothing else."""

from capture_forwarder.monitor.report.documents import Documents
from capture_forwarder.monitor.report.render import render_report

__all__ = ["Documents", "render_report"]
