"""A deployed stack and its parts, as AWS describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from capture_forwarder.aws.operator.calls import AwsCalls
from capture_forwarder.core.deployment import (
    FunctionState,
    Identity,
    MappingState,
    QueueState,
    RuleState,
    SecretState,
    Stack,
)
from capture_forwarder.core.errors import AccountError

_MOST_TEXT_BYTES = 1024 * 1024


class AwsDeployment:
    """A stack in CloudFormation and its parts; see `Deployment`."""

    def __init__(self, calls: AwsCalls) -> None:
        self._calls = calls

    def identity(self) -> Identity:
        """Who asks; see `Deployment.identity`."""
        found = self._calls.call("sts", "GetCallerIdentity")
        return Identity(found["Account"], found["Arn"], self._calls.region)

    def stack(self, name: str) -> Stack:
        """A stack; see `Deployment.stack`."""
        (found,) = self._calls.call("cloudformation", "DescribeStacks", StackName=name)["Stacks"]
        resources: dict[str, str] = {}
        for page in self._calls.pages("cloudformation", "ListStackResources", StackName=name):
            for one in page["StackResourceSummaries"]:
                resources[one["LogicalResourceId"]] = one.get("PhysicalResourceId", "")
        return Stack(
            found["StackName"],
            found["StackId"],
            found["StackStatus"],
            found["CreationTime"],
            _pairs(found.get("Parameters", []), "Parameter"),
            _pairs(found.get("Outputs", []), "Output"),
            resources,
        )

    def first_failure(self, stack: str) -> str:
        """The first failed event of a stack; see `Deployment.first_failure`."""
        answer = self._calls.call("cloudformation", "DescribeStackEvents", StackName=stack)
        failed = [  # the newest comes first
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason')}"
            for event in answer["StackEvents"]
            if event["ResourceStatus"].endswith("_FAILED")
            and "cancelled" not in event.get("ResourceStatusReason", "")
        ]
        return failed[-1] if failed else ""

    def function(self, name: str) -> FunctionState:
        """A function; see `Deployment.function`."""
        found = self._calls.call("lambda", "GetFunctionConfiguration", FunctionName=name)
        environment = found.get("Environment", {})
        return FunctionState(
            name=found["FunctionName"],
            runtime=found.get("Runtime", ""),
            architecture=found.get("Architectures", ["x86_64"])[0],
            state=found.get("State", "Active"),
            state_reason=_reason(found, "StateReason"),
            update=found.get("LastUpdateStatus", "Successful"),
            update_reason=_reason(found, "LastUpdateStatusReason"),
            environment={
                name: str(value) for name, value in environment.get("Variables", {}).items()
            },
            environment_problem=environment.get("Error", {}).get("ErrorCode", ""),
        )

    def reserved_concurrency(self, function: str) -> int | None:
        """What is kept for a function; see `Deployment.reserved_concurrency`."""
        found = self._calls.call("lambda", "GetFunctionConcurrency", FunctionName=function)
        return found.get("ReservedConcurrentExecutions")

    def free_concurrency(self) -> int:
        """What the account has left; see `Deployment.free_concurrency`."""
        limit = self._calls.call("lambda", "GetAccountSettings")["AccountLimit"]
        return int(limit["UnreservedConcurrentExecutions"])

    def mapping(self, uuid: str) -> MappingState:
        """An event source mapping; see `Deployment.mapping`."""
        found = self._calls.call("lambda", "GetEventSourceMapping", UUID=uuid)
        return MappingState(
            uuid,
            found.get("State", ""),
            found.get("StateTransitionReason", ""),
            tuple(found.get("FunctionResponseTypes", [])),
            found.get("LastProcessingResult", ""),
        )

    def rule(self, name: str) -> RuleState:
        """A rule; see `Deployment.rule`."""
        # CloudFormation calls a rule of another bus BUS|RULE.
        bus, _, rule = name.rpartition("|")
        where = {"EventBusName": bus} if bus else {}
        found = self._calls.call("events", "DescribeRule", Name=rule, **where)
        targets = self._calls.call("events", "ListTargetsByRule", Rule=rule, **where)
        return RuleState(
            rule,
            found["Arn"],
            found.get("State", "").startswith("ENABLED"),
            json.loads(found.get("EventPattern") or "{}"),
            tuple(target["Arn"] for target in targets.get("Targets", [])),
        )

    def queue(self, url: str) -> QueueState:
        """A queue; see `Deployment.queue`."""
        answer = self._calls.call(
            "sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"]
        )["Attributes"]
        redrive = json.loads(answer.get("RedrivePolicy") or "{}")
        return QueueState(
            url,
            answer["QueueArn"],
            int(answer["ApproximateNumberOfMessages"]),
            int(answer["ApproximateNumberOfMessagesNotVisible"]),
            int(answer["ApproximateNumberOfMessagesDelayed"]),
            json.loads(answer.get("Policy") or "{}"),
            redrive.get("deadLetterTargetArn"),
            answer.get("KmsMasterKeyId") or None,
        )

    def secret(self, arn: str) -> SecretState:
        """A secret; see `Deployment.secret`."""
        found = self._calls.call("secretsmanager", "DescribeSecret", SecretId=arn)
        return SecretState(found.get("DeletedDate"), found.get("KmsKeyId"))

    def table_status(self, name: str) -> str:
        """The status of a table; see `Deployment.table_status`."""
        found = self._calls.call("dynamodb", "DescribeTable", TableName=name)
        return str(found["Table"].get("TableStatus", ""))

    def text(self, address: str) -> str:
        """A text; see `Deployment.text`."""
        if address.startswith("ssm://"):
            name = address.removeprefix("ssm://")
            answer = self._calls.call("ssm", "GetParameter", Name=name, WithDecryption=True)
            return str(answer["Parameter"]["Value"])
        bucket, _, key = address.removeprefix("s3://").partition("/")
        body = self._calls.call("s3", "GetObject", Bucket=bucket, Key=key)["Body"]
        try:
            return str(body.read(_MOST_TEXT_BYTES).decode())
        except (OSError, UnicodeDecodeError) as error:
            raise AccountError(f"{address} cannot be read as text.") from error

    def invoke(self, function: str, event: Mapping[str, object]) -> object:
        """Invoke a function; see `Deployment.invoke`."""
        answer = self._calls.call(
            "lambda", "Invoke", FunctionName=function, Payload=json.dumps(event).encode()
        )
        said = _decoded(answer["Payload"].read())
        if answer.get("FunctionError"):
            told = said if isinstance(said, dict) else {}
            kind = told.get("errorType") or answer["FunctionError"]
            raise AccountError(f"{kind}: {told.get('errorMessage', 'no message')}", code=str(kind))
        return said


def _decoded(payload: bytes) -> object:
    try:
        return json.loads(payload or b"null")
    except ValueError:
        return None


def _pairs(found: list[Any], kind: str) -> dict[str, str]:
    return {one[f"{kind}Key"]: one.get(f"{kind}Value", "") for one in found}


def _reason(found: Mapping[str, Any], name: str) -> str:
    """Lambda's code and words for why something is as it is."""
    return ": ".join(text for text in (found.get(f"{name}Code"), found.get(name)) if text)
