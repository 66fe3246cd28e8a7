"""What the forwarder says of its work: one log line an object, and metrics.

Nothing here can hold a token or a value of a row: reports are counts, errors are our own texts.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from capture_forwarder.errors import ForwarderError
from capture_forwarder.model import CaptureObject, ObjectReport

NAMESPACE = "CaptureForwarder"
SERVICE = "capture-forwarder"


class LogReporter:
    """Writes JSON logs and CloudWatch metrics (embedded metric format) to standard output.

    Parameters
    ----------
    route, publisher
        The dimensions of every metric.
    """

    def __init__(self, route: str, publisher: str) -> None:
        self._log = Logger(service=SERVICE)
        self._route = route
        self._publisher = publisher

    def forwarded(self, source: CaptureObject, report: ObjectReport) -> None:
        """Tell of an object that is done."""
        self._log.info(
            "object forwarded",
            bucket=source.bucket,
            key=source.key,
            version_id=source.version_id,
            route=self._route,
            publisher=self._publisher,
            lines=report.lines,
            forwarded=report.forwarded,
            empty=report.empty,
            inferences=report.inferences,
            published=report.published,
            quarantined=report.quarantined,
            requests=report.requests,
            bytes=report.bytes,
            seconds=round(report.seconds, 3),
            lag_seconds=report.lag_seconds,
            cast_failures=report.cast_failures,
        )
        metrics = self._metrics()
        counts = {
            "ObjectsForwarded": 1,
            "LinesRead": report.lines,
            "LinesForwarded": report.forwarded,
            "LinesQuarantined": report.quarantined_lines,
            "LinesEmpty": report.empty,
            "Inferences": report.inferences,
            "InferencesPublished": report.published,
            "CastFailures": sum(report.cast_failures.values()),
        }
        for name, count in counts.items():
            metrics.add_metric(name, MetricUnit.Count, count)
        if report.lag_seconds is not None:
            metrics.add_metric("Lag", MetricUnit.Seconds, max(0.0, report.lag_seconds))
        metrics.flush_metrics()

    def failed(self, what: str, error: ForwarderError) -> None:
        """Tell of an object or a message that failed; it will be delivered again."""
        self._log.error(
            "delivery failed",
            delivery=what,
            route=self._route,
            publisher=self._publisher,
            error=type(error).__name__,
            problem=error.message,
            advice=error.advice,
        )
        metrics = self._metrics()
        metrics.add_metric("ObjectsFailed", MetricUnit.Count, 1)
        metrics.flush_metrics()

    def skipped(self, source: CaptureObject, why: str) -> None:
        """Tell of an object that is acknowledged without being read."""
        self._log.warning("object skipped", bucket=source.bucket, key=source.key, why=why)
        metrics = self._metrics()
        metrics.add_metric("ObjectsSkipped", MetricUnit.Count, 1)
        metrics.flush_metrics()

    def warn(self, message: str, **facts: object) -> None:
        """Tell of something that an operator should look at."""
        self._log.warning(message, extra=facts)

    def _metrics(self) -> EphemeralMetrics:
        metrics = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
        metrics.add_dimension("route", self._route)
        metrics.add_dimension("publisher", self._publisher)
        return metrics
