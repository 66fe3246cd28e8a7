"""Metrics, alarms and logs in CloudWatch, and who is notified by SNS."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from capture_forwarder.aws.operator.calls import AwsCalls
from capture_forwarder.core.watched import Alarm, LoggedFailure, Metric

_MOST_QUERIES = 500  # of one GetMetricData; source: CloudWatch API reference
_MOST_FAILURES = 1000
_NAMESPACE = "CaptureForwarder"
_HOUR = 3600
_MOST_LOG_PAGES = 100


class CloudWatch:
    """CloudWatch and SNS; see `Watching`."""

    def __init__(self, calls: AwsCalls) -> None:
        self._calls = calls

    def values(
        self, metrics: Sequence[Metric], since: datetime, until: datetime
    ) -> Mapping[Metric, float]:
        """The values of metrics; see `Watching.values`."""
        found: dict[Metric, float] = {}
        asked = list(dict.fromkeys(metrics))
        for start in range(0, len(asked), _MOST_QUERIES):
            some = asked[start : start + _MOST_QUERIES]
            found.update(self._values(some, since, until))
        return found

    def _values(
        self, metrics: Sequence[Metric], since: datetime, until: datetime
    ) -> Iterator[tuple[Metric, float]]:
        queries = [
            {"Id": f"m{number}", "MetricStat": _stat(metric), "ReturnData": True}
            for number, metric in enumerate(metrics)
        ]
        values: dict[str, list[float]] = {}
        pages = self._calls.pages(
            "cloudwatch",
            "GetMetricData",
            MetricDataQueries=queries,
            StartTime=since,
            EndTime=until,
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                values.setdefault(result["Id"], []).extend(result.get("Values", []))
        for number, metric in enumerate(metrics):
            if several := values.get(f"m{number}"):
                yield metric, sum(several) if metric.statistic == "Sum" else max(several)

    def by_route(self, service: str, name: str) -> tuple[Metric, ...]:
        """Our metric by route; see `Watching.by_route`."""
        pages = self._calls.pages(
            "cloudwatch",
            "ListMetrics",
            Namespace=_NAMESPACE,
            MetricName=name,
            Dimensions=[{"Name": "service", "Value": service}, {"Name": "route"}],
        )
        return tuple(
            Metric(
                _NAMESPACE, name, tuple((one["Name"], one["Value"]) for one in found["Dimensions"])
            )
            for page in pages
            for found in page["Metrics"]
        )

    def alarms(self, prefix: str) -> tuple[Alarm, ...]:
        """The alarms of a stack; see `Watching.alarms`."""
        return tuple(
            Alarm(
                found["AlarmName"],
                found["StateValue"],
                found.get("StateReason", ""),
                tuple(found.get("AlarmActions", [])),
                found.get("ActionsEnabled", True),
            )
            for page in self._calls.pages("cloudwatch", "DescribeAlarms", AlarmNamePrefix=prefix)
            for found in [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]
        )

    def unconfirmed(self, topic: str) -> tuple[str, ...]:
        """Who has not confirmed; see `Watching.unconfirmed`."""
        return tuple(
            found.get("Endpoint", "")
            for page in self._calls.pages("sns", "ListSubscriptionsByTopic", TopicArn=topic)
            for found in page["Subscriptions"]
            if found["SubscriptionArn"] == "PendingConfirmation"
        )

    def failures(self, log_group: str, since: datetime) -> tuple[LoggedFailure, ...]:
        """The failures in a log; see `Watching.failures`."""
        pages = self._calls.pages(
            "logs",
            "FilterLogEvents",
            logGroupName=log_group,
            startTime=int(since.timestamp() * 1000),
            filterPattern='"delivery failed"',
        )
        found: deque[LoggedFailure] = deque(maxlen=_MOST_FAILURES)
        for page in islice(pages, _MOST_LOG_PAGES):
            failures = map(_failure, page.get("events", []))
            found.extend(failure for failure in failures if failure is not None)
        return tuple(found)


def _stat(metric: Metric) -> dict[str, object]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {
        "Metric": {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": dimensions,
        },
        "Period": _HOUR,
        "Stat": metric.statistic,
    }


def _failure(event: Mapping[str, Any]) -> LoggedFailure | None:
    try:
        entry = json.loads(event["message"])
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.get("message") != "delivery failed":
        return None
    return LoggedFailure(
        datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
        str(entry.get("route", "")),
        str(entry.get("error", "")),
        str(entry.get("problem", "")),
        str(entry.get("advice", "")),
    )
