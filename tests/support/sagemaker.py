"""SageMaker's endpoints and their configurations, as an HTTP server that botocore really calls.

It keeps to what the SageMaker API reference says of DescribeEndpoint, DescribeEndpointConfig,
CreateEndpointConfig, UpdateEndpoint, DeleteEndpointConfig and ListTags, and validates each request
with botocore's own model. An update moves on by one step each time the endpoint is described.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader
from botocore.session import Session
from botocore.validate import ParamValidator

from tests.support.platforms.server import LoopbackServer, Reply, Request

ACCOUNT = "arn:aws:sagemaker:us-east-1:123456789012"
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_VARIANTS = ("ProductionVariants", "ShadowProductionVariants")
_OWN = {"EndpointConfigName", "EndpointConfigArn", "CreationTime"}

_load_file = JSONFileLoader.load_file


@cache
def _read_once(path: str) -> Any:
    return _load_file(JSONFileLoader(), path)


def read_model_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clients share SageMaker's model, which takes longer to read than a test to run."""

    def load(loader: JSONFileLoader, path: str) -> Any:
        return _read_once(path) if "/sagemaker/" in path else _load_file(loader, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", load)


MODEL: Any = Session().get_service_model("sagemaker")


class RefusedError(Exception):
    """SageMaker says no."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass
class Update:
    """How an update goes: the statuses in between, then its end.

    `end` is `done`, `rolled back`, or the status that the endpoint is left in.
    """

    between: list[str] = field(default_factory=lambda: ["Updating", "Updating"])
    end: str = "done"
    failure: str = ""


@dataclass
class EndpointState:
    """An endpoint as SageMaker keeps it; `counts` are variant → (instances, weight)."""

    config: str
    status: str = "InService"
    tags: dict[str, str] = field(default_factory=dict)
    deployment: dict[str, Any] | None = None
    counts: dict[str, tuple[int, float]] = field(default_factory=dict)
    capture: dict[str, Any] | None = None
    failure: str = ""
    pending: str | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    update: Update = field(default_factory=Update)


class SageMakerServer(LoopbackServer):
    """The endpoints of an account.

    Attributes
    ----------
    next_update
        How the next update goes.
    keeps_capture
        Whether retaining variant properties retains Data Capture, too.
    names_new_at_once
        Whether an endpoint that is being updated names the new configuration as its own.
    fills_in
        What a new configuration gets beside what was asked for.
    hidden_reads
        How many times a new configuration is not found yet.
    before
        Called with the name of each operation before it is done.
    """

    def __init__(self) -> None:
        super().__init__()
        self.configs: dict[str, dict[str, Any]] = {}
        self.config_tags: dict[str, dict[str, str]] = {}
        self.endpoints: dict[str, EndpointState] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refusals: dict[str, tuple[str, str]] = {}
        self.next_update = Update()
        self.keeps_capture = False
        self.names_new_at_once = False
        self.fills_in: dict[str, Any] = {}
        self.hidden_reads = 0
        self.before: Callable[[str], None] = lambda _: None

    def of(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of all calls of an operation."""
        return [parameters for name, parameters in self.calls if name == operation]

    def writes(self) -> list[str]:
        """The names of the calls that change something, in order."""
        reads = ("Describe", "List")
        return [name for name, _ in self.calls if not name.startswith(reads)]

    def publishes(self, method: str, path: str) -> bool:
        del method, path
        return False

    def error(self, status: int, message: str) -> Reply:
        return Reply.of_json(status, {"__type": "InternalFailure", "message": message})

    def answer(self, request: Request) -> Reply:
        operation = request.headers["x-amz-target"].removeprefix("SageMaker.")
        parameters = json.loads(request.body)
        self.before(operation)
        self.calls.append((operation, parameters))
        try:
            return Reply.of_json(200, self._do(operation, parameters))
        except RefusedError as error:
            return Reply.of_json(400, {"__type": error.code, "message": str(error)})

    def _do(self, operation: str, parameters: dict[str, Any]) -> Any:
        if operation in self.refusals:
            raise RefusedError(*self.refusals[operation])
        wrong = ParamValidator().validate(parameters, MODEL.operation_model(operation).input_shape)
        if wrong.has_errors():
            raise invalid(wrong.generate_report())
        return getattr(self, f"_{_snake(operation)}")(**parameters)

    def run(self, endpoint: str, config: str, settings: dict[str, Any]) -> EndpointState:
        """Have an endpoint run a configuration."""
        self.configs[config] = settings
        state = EndpointState(config)
        self.endpoints[endpoint] = state
        self._settle(state, retain=False)
        return state

    def _settle(self, state: EndpointState, *, retain: bool) -> None:
        settings = self.configs[state.config]
        if not retain:
            state.counts = {
                one["VariantName"]: (
                    one.get("InitialInstanceCount", 1),
                    one.get("InitialVariantWeight", 1.0),
                )
                for kind in _VARIANTS
                for one in settings.get(kind, [])
            }
        if not (retain and self.keeps_capture):
            state.capture = settings.get("DataCaptureConfig")

    def _describe_endpoint(self, EndpointName: str) -> dict[str, Any]:  # noqa: N803 - the API's
        if EndpointName not in self.endpoints:
            raise invalid(f'Could not find endpoint "{EndpointName}".')
        state = self.endpoints[EndpointName]
        if state.pending is not None:
            self._move(state)
        early = state.pending if self.names_new_at_once else None
        settings = self.configs[state.config]
        found: dict[str, Any] = {
            "EndpointName": EndpointName,
            "EndpointArn": f"{ACCOUNT}:endpoint/{EndpointName.lower()}",
            "EndpointConfigName": early or state.config,
            "EndpointStatus": state.status,
            "CreationTime": 1.7e9,
            "LastModifiedTime": 1.7e9,
        }
        for kind in _VARIANTS:
            found[kind] = [
                {
                    "VariantName": one["VariantName"],
                    "DesiredInstanceCount": state.counts[one["VariantName"]][0],
                    "DesiredWeight": state.counts[one["VariantName"]][1],
                }
                for one in settings.get(kind, [])
            ]
        if state.capture is not None:
            found["DataCaptureConfig"] = {
                "EnableCapture": state.capture.get("EnableCapture", True),
                "CaptureStatus": state.capture.get("Status", "Started"),
                "CurrentSamplingPercentage": state.capture["InitialSamplingPercentage"],
                "DestinationS3Uri": state.capture["DestinationS3Uri"],
                "KmsKeyId": state.capture.get("KmsKeyId", ""),
            }
        if state.deployment is not None:
            found["LastDeploymentConfig"] = state.deployment
        if state.pending is not None:
            found["PendingDeploymentSummary"] = {"EndpointConfigName": state.pending}
        if state.failure:
            found["FailureReason"] = state.failure
        return found

    def _move(self, state: EndpointState) -> None:
        if state.update.between:
            state.status = state.update.between.pop(0)
            return
        state.status = "InService" if state.update.end in {"done", "rolled back"} else ""
        state.status = state.status or state.update.end
        state.failure = state.update.failure
        if state.update.end == "done":
            state.config = state.pending or ""
            self._settle(state, retain=bool(state.asked.get("RetainAllVariantProperties")))
            if not state.asked.get("RetainDeploymentConfig"):
                state.deployment = state.asked.get("DeploymentConfig")
        state.pending = None

    def _describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803
        created = EndpointConfigName in {one["EndpointConfigName"] for one in self.created()}
        if created and self.hidden_reads:
            self.hidden_reads -= 1
            created = False
        elif EndpointConfigName in self.configs:
            arn = f"{ACCOUNT}:endpoint-config/{EndpointConfigName.lower()}"
            return {
                **copy.deepcopy(self.configs[EndpointConfigName]),
                "EndpointConfigName": EndpointConfigName,
                "EndpointConfigArn": arn,
                "CreationTime": 1.7e9,
            }
        raise invalid(f'Could not find endpoint configuration "{ACCOUNT}/{EndpointConfigName}".')

    def created(self) -> list[dict[str, Any]]:
        """The parameters of all calls of CreateEndpointConfig."""
        return self.of("CreateEndpointConfig")

    def _create_endpoint_config(self, **asked: Any) -> dict[str, Any]:
        name = asked.pop("EndpointConfigName")
        if not NAME.fullmatch(name) or len(name) > 63:
            raise invalid("1 validation error detected: Value at 'endpointConfigName' failed")
        if name in self.configs:
            raise invalid(f"Cannot create already existing endpoint configuration {name}")
        tags = {one["Key"]: one["Value"] for one in asked.pop("Tags", [])}
        if any(key.startswith("aws:") for key in tags):
            raise invalid("Tag keys that start with aws: are reserved")
        self.configs[name] = {**asked, **self.fills_in}
        self.config_tags[name] = tags
        return {"EndpointConfigArn": f"{ACCOUNT}:endpoint-config/{name.lower()}"}

    def _update_endpoint(self, **asked: Any) -> dict[str, Any]:
        state = self.endpoints[asked["EndpointName"]]
        if state.status != "InService":
            raise invalid(f"Cannot update endpoint in status {state.status}.")
        if asked["EndpointConfigName"] not in self.configs:
            raise invalid("Could not find endpoint configuration")
        if asked["EndpointConfigName"] == state.config:
            raise invalid("Cannot update to the configuration that is in use")
        state.asked, state.pending, state.status = asked, asked["EndpointConfigName"], "Updating"
        state.failure = ""
        state.update, self.next_update = self.next_update, Update()
        return {"EndpointArn": f"{ACCOUNT}:endpoint/{asked['EndpointName']}"}

    def _delete_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803
        if EndpointConfigName not in self.configs:
            raise invalid("Could not find endpoint configuration")
        used = {one for state in self.endpoints.values() for one in (state.config, state.pending)}
        if EndpointConfigName in used:
            raise invalid("Cannot delete a configuration that is in use")
        del self.configs[EndpointConfigName]
        return {}

    def _list_tags(self, ResourceArn: str, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        kind, _, name = ResourceArn.rpartition(":")[2].partition("/")
        tags = next(
            (tags for one, tags in self._tags(kind) if one.lower() == name), dict[str, str]()
        )
        start = int(NextToken)
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        more = {"NextToken": str(start + 2)} if len(listed) > start + 2 else {}
        return {"Tags": listed[start : start + 2], **more}

    def _tags(self, kind: str) -> list[tuple[str, dict[str, str]]]:
        if kind == "endpoint":
            return [(name, state.tags) for name, state in self.endpoints.items()]
        return list(self.config_tags.items())


def invalid(message: str) -> RefusedError:
    """What SageMaker answers to anything that it does not take."""
    return RefusedError("ValidationException", message)


def settings_of(config: dict[str, Any]) -> dict[str, Any]:
    """What a copy of a configuration holds: all but its name, its ARN and its time."""
    return {name: value for name, value in config.items() if name not in _OWN}


def _snake(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
