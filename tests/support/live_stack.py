"""The deployed stack at work: new files on their way, under the permissions of its own role.

moto plays AWS, and this the part of Lambda: it takes messages from the queue, calls the handler
with the variables of the deployed function, deletes what was not reported as failed, and writes the
log; all of it with the credentials of the role.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn
from urllib.parse import quote_plus

import boto3
import pytest
from moto.core.authorization import enable_iam_authentication
from moto.core.exceptions import JsonRESTError
from moto.iam.access_control import IAMRequest
from moto.s3 import notifications

from capture_forwarder.aws import clients
from capture_forwarder.handlers.forwarder import forwarder, lambda_handler
from tests.support.deployed import (
    CAPTURES,
    deploy_exactly,
    keep_statements,
    outputs_of,
    role_statements,
)

_MOST_ROUNDS = 20


class LiveStack:
    """A deployed stack; it must be made inside of moto.

    Parameters
    ----------
    monkeypatch
        Sets the function's variables and credentials while it runs.
    given
        The template's parameters.
    routes
        The routes file, if one is named.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, given: Mapping[str, str], routes: str = ""
    ) -> None:
        self._monkeypatch = monkeypatch
        # S3 leaves slashes as they are when it writes keys into notifications.
        monkeypatch.setattr(notifications, "quote_plus", _quoted)
        monkeypatch.setattr(IAMRequest, "_raise_access_denied", _deny)
        self.resources = deploy_exactly(given, routes)
        self.outputs = outputs_of("capture-forwarder")
        # moto would hand messages to a function that does nothing with them.
        boto3.client("lambda").update_event_source_mapping(
            UUID=self.outputs["EventSourceMappingId"], Enabled=False
        )

    def announce(self, **notifications: Any) -> None:
        """Have the capture bucket announce its files."""
        s3: Any = boto3.client("s3")
        s3.put_bucket_notification_configuration(
            Bucket=CAPTURES, NotificationConfiguration=notifications
        )

    def announce_as_the_stack_asks(self, source: str) -> None:
        """Have the capture bucket announce its files as the docs say for a CaptureSource.

        moto hands events of S3 to every bus of the account.
        """
        every = {"Events": ["s3:ObjectCreated:*"]}
        if source == "s3":
            self.announce(
                QueueConfigurations=[{**every, "QueueArn": self.outputs["CaptureQueueArn"]}]
            )
        elif ":sns:" in source:
            self.announce(TopicConfigurations=[{**every, "TopicArn": source}])
        else:
            self.announce(EventBridgeConfiguration={})

    def put(self, key: str, body: bytes, bucket: str = CAPTURES) -> None:
        """Write a file, as SageMaker would."""
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body)

    def waiting(self, queue: str = "CaptureQueue") -> int:
        """How many messages a queue holds."""
        answer: Any = boto3.client("sqs").get_queue_attributes(
            QueueUrl=self.resources[queue], AttributeNames=["All"]
        )
        return sum(
            int(answer["Attributes"][f"ApproximateNumberOfMessages{which}"])
            for which in ("", "NotVisible", "Delayed")
        )

    def statements(self) -> list[str]:
        """The statements of the role, by name."""
        return [one["Sid"] for one in role_statements(self.resources["ForwarderRole"])]

    def drop(self, statement: str) -> None:
        """Take a statement from the role."""
        kept = [name for name in self.statements() if name != statement]
        keep_statements(self.resources["ForwarderRole"], kept)

    def run(self, context: Any = None) -> list[dict[str, Any]]:
        """Work off the queue as Lambda does, until it is empty or something failed.

        Returns
        -------
        list of dict
            The messages that were reported as failed.
        """
        role = self.resources["ForwarderRole"]
        with self._as_role(role):
            sqs: Any = boto3.Session().client("sqs")
            url = self.resources["CaptureQueue"]
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            for _ in range(_MOST_ROUNDS):
                found = sqs.receive_message(
                    QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
                ).get("Messages", [])
                if not found:
                    return []
                if failures := self._invoke(sqs, url, found, context):
                    return failures
        message = "The queue does not become empty."
        raise AssertionError(message)

    def _invoke(
        self, sqs: Any, url: str, found: Sequence[Mapping[str, Any]], context: Any
    ) -> list[dict[str, Any]]:
        records = [
            {
                "messageId": one["MessageId"],
                "body": one["Body"],
                "attributes": one["Attributes"],
                "eventSource": "aws:sqs",
            }
            for one in found
        ]
        for handler in logging.getLogger("capture-forwarder").handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.stream = sys.stdout  # the logger outlives a test, what captures it not
        answer: Any = lambda_handler({"Records": records}, context)
        failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        for one in found:
            if one["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        self._log()
        return [dict(one) for one in found if one["MessageId"] in failed]

    def _log(self) -> None:
        logs: Any = boto3.Session().client("logs")
        place = {"logGroupName": self.outputs["ForwarderLogGroupName"], "logStreamName": "one"}
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(**place)
        logs.put_log_events(**place, logEvents=[{"timestamp": 1, "message": "END"}])

    @contextmanager
    def _as_role(self, role: str) -> Iterator[None]:
        """Be the function: its variables, and its role's credentials and nothing else."""
        arn = boto3.client("iam").get_role(RoleName=role)["Role"]["Arn"]
        found: Any = boto3.client("lambda").get_function_configuration(
            FunctionName=self.resources["ForwarderFunction"]
        )
        taken: Any = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="function")
        credentials = taken["Credentials"]
        variables = {
            **{name: str(text) for name, text in found["Environment"]["Variables"].items()},
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
        }
        _forget()
        with self._monkeypatch.context() as patch, enable_iam_authentication():
            for name, text in variables.items():
                patch.setenv(name, text)
            yield
        _forget()


def _deny(request: Any) -> NoReturn:
    """As services that speak JSON do; moto answers in XML for all."""
    action = vars(request)["_action"]
    raise JsonRESTError("AccessDeniedException", f"The role is not authorized to perform: {action}")


def _forget() -> None:
    """Start anew, as a new environment does; credentials are kept otherwise."""
    forwarder.cache_clear()
    clients._session.cache_clear()  # noqa: SLF001 - has no other name


def _quoted(key: str) -> str:
    return quote_plus(key, safe="/")
