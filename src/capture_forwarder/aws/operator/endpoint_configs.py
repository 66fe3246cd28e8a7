"""Configurations of SageMaker endpoints, read and written whole.

Sources: DescribeEndpointConfig, CreateEndpointConfig and UpdateEndpoint in the SageMaker API
reference, and botocore's model of them, which says what the one answers and the other takes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore import __version__ as botocore_version

from capture_forwarder.aws.operator.calls import AwsCalls
from capture_forwarder.aws.operator.lost_members import lost_members, without_empty_lists
from capture_forwarder.core.errors import AccountError
from capture_forwarder.core.ports.operator import EndpointConfig, RunningEndpoint, RunningVariant

_DESCRIBE = "DescribeEndpointConfig"
_EVENT = f"response-received.sagemaker.{_DESCRIBE}"
_GIVEN = frozenset({"EndpointConfigName", "Tags"})


class SageMakerConfigs:
    """The configurations of a region's endpoints; see `EndpointConfigs`."""

    def __init__(self, calls: AwsCalls) -> None:
        self._calls = calls

    def running(self, endpoint: str) -> RunningEndpoint:
        """An endpoint; see `EndpointConfigs.running`."""
        found = self._calls.call("sagemaker", "DescribeEndpoint", EndpointName=endpoint)
        capture = found.get("DataCaptureConfig") or {}
        on = bool(capture.get("EnableCapture", False))
        return RunningEndpoint(
            found["EndpointName"],
            found["EndpointArn"],
            found["EndpointStatus"],
            found["EndpointConfigName"],
            (found.get("PendingDeploymentSummary") or {}).get("EndpointConfigName"),
            on,
            on and capture.get("CaptureStatus") == "Stopped",
            found.get("FailureReason", ""),
            bool(found.get("LastDeploymentConfig")),
            tuple(
                RunningVariant(
                    one["VariantName"], one.get("DesiredInstanceCount"), one.get("DesiredWeight")
                )
                for kind in ("ProductionVariants", "ShadowProductionVariants")
                for one in found.get(kind, [])
            ),
        )

    def config(self, name: str) -> EndpointConfig | None:
        """A configuration; see `EndpointConfigs.config`."""
        client = self._calls.client("sagemaker")
        raw: list[bytes] = []

        def keep(response_dict: Mapping[str, Any] | None, **_: object) -> None:
            if response_dict is not None:
                raw.append(response_dict["body"])

        client.meta.events.register(_EVENT, keep)
        try:
            answer = self._calls.call("sagemaker", _DESCRIBE, EndpointConfigName=name)
        except AccountError as error:
            if error.code == "ValidationException" and "could not find" in error.message.lower():
                return None
            raise
        finally:
            client.meta.events.unregister(_EVENT, keep)
        model = client.meta.service_model
        takes = model.operation_model("CreateEndpointConfig").input_shape
        # What only the answer has describes this one configuration, such as when it was made.
        own = set(model.operation_model(_DESCRIBE).output_shape.members) - set(takes.members)
        whole = {key: value for key, value in json.loads(raw[-1]).items() if key not in own}
        if lost := list(lost_members(whole, takes)):
            message = f"The installed botocore {botocore_version} does not know {', '.join(lost)}"
            raise AccountError(
                f"{message}, which the configuration {name} has: a copy would lose it.",
                "Upgrade it: pip install --upgrade boto3 botocore.",
                code="UnknownMember",
            )
        settings = without_empty_lists(
            {key: value for key, value in answer.items() if key not in _GIVEN}, takes
        )
        return EndpointConfig(name, answer["EndpointConfigArn"], settings)

    def tags(self, arn: str) -> Mapping[str, str]:
        """Tags; see `EndpointConfigs.tags`."""
        return {
            one["Key"]: one["Value"]
            for page in self._calls.pages("sagemaker", "ListTags", ResourceArn=arn)
            for one in page["Tags"]
        }

    def create(self, name: str, settings: Mapping[str, object], tags: Mapping[str, str]) -> None:
        """Make a configuration; see `EndpointConfigs.create`."""
        asked: dict[str, object] = {**settings, "EndpointConfigName": name}
        if tags:
            asked["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        self._calls.call("sagemaker", "CreateEndpointConfig", **asked)

    def delete(self, name: str) -> None:
        """Delete a configuration; see `EndpointConfigs.delete`."""
        self._calls.call("sagemaker", "DeleteEndpointConfig", EndpointConfigName=name)

    def update(self, endpoint: RunningEndpoint, config: str, *, keep_counts: bool) -> None:
        """Begin to update an endpoint; see `EndpointConfigs.update`."""
        asked: dict[str, object] = {"EndpointName": endpoint.name, "EndpointConfigName": config}
        # Without them, SageMaker goes back to the initial counts and to its usual deployment.
        if keep_counts:
            asked["RetainAllVariantProperties"] = True
        if endpoint.deployment:
            asked["RetainDeploymentConfig"] = True
        self._calls.call("sagemaker", "UpdateEndpoint", **asked)
