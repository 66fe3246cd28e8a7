"""What a check has found, for EventBridge, SNS, CloudWatch's metrics and the log; see the port.

Metrics are lines in the embedded metric format, which CloudWatch Logs makes metrics of. Powertools
would add a dimension of its own, and alarms that are there already would not find them.
Source: "Specification: Embedded metric format" in the Amazon CloudWatch user guide.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from capture_forwarder.aws.errors import AWS_ERRORS, read_error
from capture_forwarder.core.errors import SignalError
from capture_forwarder.core.ports import Metrics

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

SOURCE = "capture-forwarder"
DETAIL_TYPE = "Monitoring Execution Completed With Violations"
_MOST_METRICS = 100  # of one line


class AwsSignals:
    """Tells EventBridge, SNS and CloudWatch.

    Parameters
    ----------
    clients
        Makes the client of a service, `events` or `sns`, when it is first needed.
    topics
        The ARNs of the topics that people subscribe to.
    service
        The name of the deployment in the log.
    now
        Tells the time.
    write
        Takes a line of metrics.
    """

    def __init__(
        self,
        clients: Callable[[str], Any],
        topics: Sequence[str],
        service: str,
        now: Callable[[], datetime],
        write: Callable[[str], object] = print,
    ) -> None:
        self._clients = clients
        self._topics = tuple(topics)
        self._now = now
        self._write = write
        self._log = cache(lambda: _logger(service))

    def announce(self, detail: Mapping[str, object]) -> None:
        """Put an event on the account's default bus; see `Signals.announce`."""
        entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail)}
        advice = "Allow events:PutEvents on the default event bus."
        try:
            answer = self._clients("events").put_events(Entries=[entry])
        except AWS_ERRORS as error:
            message = f"EventBridge did not take the event: {read_error(error).sentence}."
            raise SignalError(message, advice) from error
        if answer.get("FailedEntryCount"):
            code = answer["Entries"][0].get("ErrorCode", "without a code")
            raise SignalError(f"EventBridge did not take the event: AWS answered {code}.", advice)

    def alert(self, subject: str, text: str) -> None:
        """Publish to each topic; see `Signals.alert`."""
        for topic in self._topics:
            try:
                self._clients("sns").publish(TopicArn=topic, Subject=subject, Message=text)
            except AWS_ERRORS as error:
                message = f"{topic} did not take the message: {read_error(error).sentence}."
                advice = (
                    "Allow sns:Publish on the topic; where it is encrypted, allow kms:Decrypt and "
                    "kms:GenerateDataKey on its key."
                )
                raise SignalError(message, advice) from error

    def measure(self, metrics: Metrics) -> None:
        """Write metrics; see `Signals.measure`."""
        for line in metric_lines(metrics, self._now()):
            self._write(line)

    def log(self, message: str, **facts: object) -> None:
        """Write a line of the log; see `Signals.log`."""
        log = self._log()
        (log.error if "error" in facts else log.info)(message, extra=facts)


def metric_lines(metrics: Metrics, time: datetime) -> Iterator[str]:
    """Write metrics in the embedded metric format, at most 100 a line."""
    left = iter(metrics.values.items())
    while some := tuple(islice(left, _MOST_METRICS)):
        described = {
            "Namespace": metrics.namespace,
            "Dimensions": [list(metrics.dimensions)],
            "Metrics": [{"Name": name, "Unit": "None"} for name, _ in some],
        }
        about = {"Timestamp": int(time.timestamp() * 1000), "CloudWatchMetrics": [described]}
        yield json.dumps({"_aws": about, **metrics.dimensions, **dict(some)})


def _logger(service: str) -> Logger:
    from aws_lambda_powertools import Logger  # noqa: PLC0415 - only a function logs

    return Logger(service=service)
