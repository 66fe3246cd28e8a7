"""Reports the work: one log line for each capture file and route, and metrics.

Nothing here can hold a token or a value of a row: reports are counts, errors are our own texts.
Powertools is imported when there is something to report, which as a rule is after the first batch
of a cold start has been sent.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import FileHeldError, ForwarderError, NoProgressError
from capture_forwarder.core.listing import ListRequest
from capture_forwarder.core.rejection import Reason
from capture_forwarder.core.report import FileReport

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

NAMESPACE = "CaptureForwarder"
SERVICE = "capture-forwarder"
_ALARMING: Mapping[type[ForwarderError], str] = {
    FileHeldError: "ObjectsHeld",
    NoProgressError: "ObjectsNotAdvanced",
}
NONE = "none"
"""Stands for the route and the publisher of what belongs to no route."""


class LogReporter:
    """Writes JSON logs and CloudWatch metrics (embedded metric format) to standard output.

    Parameters
    ----------
    service
        A dimension of every metric, which tells deployments in one account apart. Each metric
        exists for each route and publisher, and for all of them together.
    """

    def __init__(self, service: str = SERVICE) -> None:
        self._make_log = cache(lambda: _logger(service))
        self._service = service
        self._route = self._publisher = NONE
        # Routes report at the same time, and each document needs a line of its own.
        self._lock = threading.Lock()

    def on_route(self, route: str, publisher: str) -> LogReporter:
        """The reporter for the work on one route."""
        other = copy.copy(self)
        other._route, other._publisher = route, publisher  # noqa: SLF001 - it is one of these
        return other

    def forwarded(self, capture_file: CaptureFile, report: FileReport) -> None:
        """Report a file that is done, or was done before."""
        if report.repeated:
            self._log().info("object was forwarded before", extra=self._facts(capture_file))
            self._measure("ObjectsRepeated")
            return
        self._log().info("object forwarded", extra=self._facts(capture_file) | _summary(report))
        self._measure("ObjectsForwarded", report)

    def continued(self, capture_file: CaptureFile, hops: int, report: FileReport | None) -> None:
        """Report a file that a later invocation continues."""
        facts = {"hops": hops, **self._facts(capture_file), **_summary(report)}
        self._log().info("object continued", extra=facts)
        self._measure("ObjectsContinued", report)

    def postponed(self, capture_file: CaptureFile, seconds: int) -> None:
        """Report a file that waits in the queue before it is read."""
        self._log().info("object waits", extra={"waits": seconds, **self._facts(capture_file)})
        self._measure("ObjectsWaiting")

    def failed(self, what: str, error: ForwarderError) -> None:
        """Report a file or a message that failed; its source delivers it again."""
        facts = {
            "delivery": what,
            "route": self._route,
            "publisher": self._publisher,
            "error": type(error).__name__,
            "problem": error.message,
            "advice": error.advice,
        }
        self._log().error("delivery failed", extra=facts | _summary(error.report))
        also = next((name for kind, name in _ALARMING.items() if isinstance(error, kind)), None)
        self._measure("ObjectsFailed", error.report, also)

    def skipped(self, capture_file: CaptureFile, why: str) -> None:
        """Report a file that is acknowledged without being read."""
        self._log().warning("object skipped", extra={"why": why, **self._facts(capture_file)})
        self._measure("ObjectsSkipped")

    def message_skipped(self, name: str, what: str) -> None:
        """Report a message that is about no new file."""
        self._log().info("message skipped", extra={"delivery": f"message {name}", "why": what})
        self._measure("ObjectsSkipped")

    def announced(self, request: ListRequest, files: int, *, done: bool) -> None:
        """Report a step of a backfill that the function does by itself; see `Teller.announced`."""
        facts = {
            "backfill": request.id,
            "step": request.step,
            "announced": files,
            "sent": request.sent,
            "passed_over": request.passed_over,
            "folder": request.folder,
            "key": request.after,
            "queue_was_full": request.full,
        }
        if done:
            self._log().info("backfill is done", extra=facts)
        else:
            self._log().info("backfill goes on", extra=facts)
        self._measure("FilesAnnounced", times=files)

    def warn(self, message: str, **facts: object) -> None:
        """Report something that an operator should look at."""
        self._log().warning(message, extra=facts)

    def _log(self) -> Logger:
        with self._lock:
            return self._make_log()

    def _facts(self, capture_file: CaptureFile) -> dict[str, object]:
        return {
            "bucket": capture_file.bucket,
            "key": capture_file.key,
            "version_id": capture_file.version_id,
            "route": self._route,
            "publisher": self._publisher,
        }

    def _measure(
        self,
        what: str,
        report: FileReport | None = None,
        also: str | None = None,
        *,
        times: int = 1,
    ) -> None:
        """Count what happened to a file, and what was done on the way."""
        from aws_lambda_powertools.metrics import (  # noqa: PLC0415
            EphemeralMetrics,
            MetricResolution,
            MetricUnit,
        )

        metrics = EphemeralMetrics(namespace=NAMESPACE, service=self._service)
        metrics.add_dimension("route", self._route)
        metrics.add_dimension("publisher", self._publisher)
        metrics.add_dimensions(service=self._service)
        metrics.add_metric(what, MetricUnit.Count, times)
        if also is not None:
            metrics.add_metric(also, MetricUnit.Count, 1)
        if report is not None:
            for name, count in _counts(report).items():
                metrics.add_metric(name, MetricUnit.Count, count)
            if report.latencies:
                # Added one by one, each is written into a text for debugging together with those
                # before it, whoever reads that: 1.3 ms for 99.
                metrics.metric_set["PublishLatency"] = {
                    "Unit": MetricUnit.Milliseconds.value,
                    "StorageResolution": MetricResolution.Standard.value,
                    "Value": [seconds * 1000 for seconds in report.latencies],
                }
            if report.lag_seconds is not None:
                metrics.add_metric("Lag", MetricUnit.Seconds, max(0.0, report.lag_seconds))
        with self._lock:
            metrics.flush_metrics()


def _logger(service: str) -> Logger:
    from aws_lambda_powertools import Logger  # noqa: PLC0415

    return Logger(service=service)


def _counts(report: FileReport) -> dict[str, int]:
    return {
        "LinesRead": report.lines,
        "LinesForwarded": report.forwarded,
        "LinesQuarantined": report.quarantined_lines,
        "LinesEmpty": report.empty,
        "LinesParserFailed": report.quarantined.get(Reason.PARSER_FAILED.value, 0),
        "Inferences": report.inferences,
        "InferencesPublished": report.published,
        "InferencesRefused": report.refused,
        "PublishRequests": report.requests,
        "PublishRetries": report.retries,
        "CastFailures": sum(report.cast_failures.values()),
        "ValuesRedacted": report.redacted,
        "ColumnsNeverFound": len(report.never_found),
        "EqualIds": report.equal_ids,
    }


def _summary(report: FileReport | None) -> dict[str, object]:
    if report is None:
        return {}
    return {
        "lines": report.lines,
        "forwarded": report.forwarded,
        "empty": report.empty,
        "inferences": report.inferences,
        "published": report.published,
        "refused": report.refused,
        "quarantined": report.quarantined,
        "requests": report.requests,
        "retries": report.retries,
        "resumed_at": report.resumed_at,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "lag_seconds": report.lag_seconds,
        "cast_failures": report.cast_failures,
        "redacted": report.redacted,
        "columns_never_found": report.warnings,
        "equal_ids": report.equal_ids,
    }
