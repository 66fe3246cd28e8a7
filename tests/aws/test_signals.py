"""Lines of metrics as CloudWatch Logs reads them, and what EventBridge refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.aws.signals import AwsSignals, metric_lines
from capture_forwarder.core.errors import SignalError
from capture_forwarder.core.ports import Metrics

TIME = datetime(2026, 3, 2, 10, tzinfo=UTC)


@given(st.dictionaries(st.text(min_size=1).map("feature_data_{}".format), st.floats(0, 1)))
def test_every_metric_is_in_one_line_of_at_most_a_hundred(values: dict[str, float]) -> None:
    lines = list(metric_lines(Metrics("space", {"Endpoint": "churn"}, values), TIME))

    documents = [json.loads(line) for line in lines]
    named = [
        metric["Name"]
        for one in documents
        for metric in one["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    ]
    assert named == list(values)
    assert all(len(line.splitlines()) == 1 for line in lines)
    for one in documents:
        (described,) = one["_aws"]["CloudWatchMetrics"]
        assert 1 <= len(described["Metrics"]) <= 100
        assert (described["Namespace"], described["Dimensions"]) == ("space", [["Endpoint"]])
        assert one["Endpoint"] == "churn"
        assert one["_aws"]["Timestamp"] == 1772445600000
        assert all(one[metric["Name"]] == values[metric["Name"]] for metric in described["Metrics"])


def test_more_than_a_hundred_metrics_are_several_lines() -> None:
    values = {f"m{n}": float(n) for n in range(250)}

    assert len(list(metric_lines(Metrics("space", {}, values), TIME))) == 3


def signals(answer: Any, *topics: str) -> AwsSignals:
    return AwsSignals(lambda _: answer, topics, "test", lambda: TIME)


def test_an_event_that_the_bus_does_not_take_is_an_error() -> None:
    class Bus:
        def put_events(self, **_: object) -> dict[str, Any]:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}

    with pytest.raises(SignalError, match="ThrottlingException") as raised:
        signals(Bus()).announce({"endpoint": "churn"})

    assert "events:PutEvents" in raised.value.advice


def test_without_a_topic_nobody_is_asked() -> None:
    signals(None).alert("subject", "text")


def test_every_topic_gets_the_message_and_one_that_refuses_is_named() -> None:
    class Topics:
        def __init__(self) -> None:
            self.told: list[str] = []

        def publish(self, **message: str) -> None:
            if message["TopicArn"] == "closed":
                raise ClientError({"Error": {"Code": "AuthorizationError"}}, "Publish")
            self.told.append(message["TopicArn"])

    topics = Topics()
    signals(topics, "one", "two").alert("subject", "text")
    with pytest.raises(SignalError, match="closed did not take") as raised:
        signals(topics, "closed").alert("subject", "text")

    assert topics.told == ["one", "two"]
    assert "sns:Publish" in raised.value.advice
