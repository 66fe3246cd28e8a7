"""A deployment in which everything works, for tests that break one thing of it.

The template is deployed on moto; an endpoint captures into its bucket; files of the last day are
there, with the metrics that they would have left; and the function checks itself by its own code,
with the variables that it was deployed with.
"""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from capture_forwarder.core.capture_folders import hour_path
from capture_forwarder.handlers.forwarder import forwarder, lambda_handler
from tests.support.aws_answers import AwsAnswers, Parameters, refused
from tests.support.deployed import CAPTURES, STACK, deploy
from tests.support.moto_gaps import Notifications, bucket_notifications

ENDPOINT = "churn"
VARIANT = "AllTraffic"
FOLDER = f"datacapture/{ENDPOINT}/{VARIANT}"
FILES = 3
TOLD = "arn:aws:sns:us-east-1:123456789012:told"
_LINE = {
    "captureData": {
        "endpointInput": {"data": "41,52000", "encoding": "CSV", "observedContentType": "text/csv"},
        "endpointOutput": {"data": "0.7", "encoding": "CSV", "observedContentType": "text/csv"},
    },
    "eventMetadata": {"eventId": "e-1", "inferenceTime": "2026-03-01T10:20:30Z"},
    "eventVersion": "0",
}
LINE = json.dumps(_LINE)


def both_sides() -> list[dict[str, str]]:
    return [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]


class WorkingDeployment:
    """Everything that the checks look at, in order.

    Parameters
    ----------
    stack
        Ends it all.
    monkeypatch
        Puts answers in place of those that moto cannot give.
    parameters
        Of the template.
    """

    def __init__(
        self, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, **parameters: str
    ) -> None:
        self._monkeypatch = monkeypatch
        stack.enter_context(mock_aws(config={"lambda": {"use_docker": False}}))
        self.notifications: Notifications = stack.enter_context(bucket_notifications())
        # moto's functions run on x86_64, whatever was asked for.
        defaults = {"Architecture": "x86_64", "AlarmTopicArn": TOLD}
        self.resources = deploy(**{**defaults, **parameters})
        self.aws = AwsAnswers(monkeypatch)
        self.announce({"EventBridgeConfiguration": {}})
        boto3.client("sns").create_topic(Name="told")
        self._capture()
        self._lambda()
        now = datetime.now(UTC)
        self.keys = [self.put(now - timedelta(hours=hours)) for hours in range(FILES)]
        self._measure()

    def announce(self, notifications: Any, bucket: str = CAPTURES) -> None:
        """Write what a bucket announces."""
        boto3.client("s3").put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration=notifications, SkipDestinationValidation=True
        )

    def put(self, time: datetime, text: str = LINE, folder: str = FOLDER) -> str:
        """Write a capture file of an hour, and return its key."""
        key = f"{folder}/{hour_path(time)}/{time:%M-%S}-123-a.jsonl"
        boto3.client("s3").put_object(Bucket=CAPTURES, Key=key, Body=text.encode())
        return key

    def measure(self, namespace: str, name: str, value: float, **dimensions: str) -> None:
        """Write a metric of half a minute ago."""
        boto3.client("cloudwatch").put_metric_data(
            Namespace=namespace,
            MetricData=[
                {
                    "MetricName": name,
                    "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
                    "Timestamp": datetime.now(UTC) - timedelta(seconds=30),
                    "Value": value,
                }
            ],
        )

    def endpoint(self, **changes: Any) -> None:
        """Change what SageMaker says of the running endpoint."""
        self.running.update(changes)

    def queue_name(self, name: str = "CaptureQueue") -> str:
        """The name of a queue of the stack."""
        return self.resources[name].rpartition("/")[2]

    def _capture(self) -> None:
        self.running: dict[str, Any] = {
            "EndpointName": ENDPOINT,
            "EndpointArn": f"arn:aws:sagemaker:us-east-1:123456789012:endpoint/{ENDPOINT}",
            "EndpointConfigName": "config",
            "EndpointStatus": "InService",
            "DataCaptureConfig": {
                "EnableCapture": True,
                "CaptureStatus": "Started",
                "CurrentSamplingPercentage": 100,
                "DestinationS3Uri": f"s3://{CAPTURES}/datacapture",
            },
        }
        self.config: dict[str, Any] = {
            "EndpointConfigName": "config",
            "ProductionVariants": [{"VariantName": VARIANT, "ModelName": "model"}],
            "DataCaptureConfig": {
                "EnableCapture": True,
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": f"s3://{CAPTURES}/datacapture",
                "CaptureOptions": both_sides(),
                "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
            },
        }
        self.aws.answer("ListEndpoints", lambda _: {"Endpoints": [{"EndpointName": ENDPOINT}]})
        self.aws.answer("DescribeEndpoint", lambda _: self.running)
        self.aws.answer("DescribeEndpointConfig", lambda _: self.config)

    def _lambda(self) -> None:
        limit = {"UnreservedConcurrentExecutions": 1000}
        self.aws.answer("GetAccountSettings", {"AccountLimit": limit})
        self.aws.answer("Invoke", self._invoke)
        self.aws.answer("PutObject", _digested)

    def invoke(self, event: Any) -> Any:
        """Call the handler with the variables that the function was deployed with."""
        client: Any = boto3.client("lambda")
        name = self.resources["ForwarderFunction"]
        found = client.get_function_configuration(FunctionName=name)
        forwarder.cache_clear()
        with self._monkeypatch.context() as patch:
            for variable, value in found["Environment"].get("Variables", {}).items():
                patch.setenv(variable, str(value))
            return lambda_handler(event, None)

    def _invoke(self, parameters: Parameters) -> Any:
        """Answer as Lambda does."""
        failed = {}
        try:
            said = self.invoke(json.loads(parameters["Payload"]))
        except Exception as error:  # noqa: BLE001 - as Lambda does
            said = {"errorType": type(error).__name__, "errorMessage": str(error)}
            failed = {"FunctionError": "Unhandled"}
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(said).encode()), **failed}

    def _measure(self) -> None:
        if rule := self.resources.get("CaptureRule", "").rpartition("|")[2]:
            self.measure("AWS/Events", "MatchedEvents", FILES, RuleName=rule)
            self.measure("AWS/Events", "Invocations", FILES, RuleName=rule)
        queue = {"QueueName": self.queue_name()}
        self.measure("AWS/SQS", "NumberOfMessagesSent", FILES, **queue)
        service = {"service": STACK}
        for name in ("ObjectsForwarded", "Inferences", "InferencesPublished"):
            self.measure("CaptureForwarder", name, FILES, **service)


def _digested(parameters: Parameters) -> Any:
    """S3, other than moto, looks at the digest of what it is sent."""
    if "ContentMD5" in parameters:
        refused("PutObject", "BadDigest")
    return NotImplemented
