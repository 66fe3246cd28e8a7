"""Configurations of endpoints through botocore: a copy holds all that the original holds."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capture_forwarder.aws.operator.calls import AwsCalls
from capture_forwarder.aws.operator.endpoint_configs import SageMakerConfigs
from capture_forwarder.core.errors import AccountError
from capture_forwarder.setup.capture_settings import Wishes, captured_sides
from capture_forwarder.setup.endpoint import EndpointPlan, plan_capture, turn_on
from capture_forwarder.setup.endpoint_update import Watch
from capture_forwarder.setup.endpoint_wishes import EndpointWishes
from tests.support.sagemaker import MODEL, SageMakerServer, read_model_once
from tests.support.shapes import inner_structures, structures

CREATE = MODEL.operation_model("CreateEndpointConfig").input_shape
VARIANT = MODEL.shape_for("ProductionVariant")
WISHES = EndpointWishes(Wishes("s3://captures/datacapture"))
# Variants that capture; with neither, they are serverless or made of inference components.
variants = structures(VARIANT, {}, frozenset({"ModelName"}), frozenset({"ServerlessConfig"}))
lists = st.lists(variants, min_size=1, max_size=2)
configs = structures(
    CREATE, {"ProductionVariantList": lists}, without=frozenset({"EndpointConfigName", "Tags"})
)
# Each goes over HTTP several times.
slow = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


class Clock:
    """Time that passes when somebody waits."""

    passed = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


class Account:
    """A running endpoint, and how a client sees it."""

    def __init__(self, server: SageMakerServer) -> None:
        self.server = server
        self.configs = SageMakerConfigs(AwsCalls(region="us-east-1"))

    def run(self, config: dict[str, Any]) -> None:
        self.server.configs.clear()
        self.server.calls.clear()
        self.server.run("churn", "first", copy.deepcopy(config))

    def capture(self) -> EndpointPlan:
        plan = plan_capture(self.configs, "churn", WISHES)
        if plan.changes:
            turn_on(self.configs, Clock(), plan, lambda _: "undo.json", Watch())
        return plan


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        read_model_once(patch)
        server = stack.enter_context(SageMakerServer())
        patch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", server.url)
        yield Account(server)


@slow
@given(config=configs)
def test_a_new_configuration_equals_the_old_one_but_for_its_name_and_data_capture(
    account: Account, config: dict[str, Any]
) -> None:
    account.run(config)

    plan = account.capture()

    running = account.server.endpoints["churn"].config
    assert running == plan.name
    made = dict(account.server.configs[running])
    capture, had = made.pop("DataCaptureConfig"), config.pop("DataCaptureConfig", {})
    assert made == config
    changed = {
        "EnableCapture",
        "InitialSamplingPercentage",
        "DestinationS3Uri",
        "CaptureOptions",
        "CaptureContentTypeHeader",
    }
    assert {key: one for key, one in had.items() if key not in changed} == {
        key: one for key, one in capture.items() if key not in changed
    }
    assert capture.get("EnableCapture", True) is True
    assert capture["InitialSamplingPercentage"] == 100
    assert captured_sides(capture) == {"Input", "Output"}


@slow
@given(config=configs, data=st.data())
def test_what_an_old_botocore_does_not_know_is_named_wherever_it_is(
    account: Account, config: dict[str, Any], data: st.DataObject
) -> None:
    places = list(inner_structures(config, CREATE))
    path, inner = data.draw(st.sampled_from(places))
    inner["NewMember"] = data.draw(st.sampled_from([1, False, "", [], {}, {"Inner": None}]))
    account.run(config)

    with pytest.raises(AccountError, match="does not know") as caught:
        account.capture()

    name = f"{path}.NewMember" if path else "NewMember"
    assert f"does not know {name}, which the configuration first has" in str(caught.value)
    assert "pip install --upgrade" in caught.value.advice
    assert account.server.writes() == []


@slow
@given(config=configs, data=st.data())
def test_what_is_null_is_as_good_as_not_there(
    account: Account, config: dict[str, Any], data: st.DataObject
) -> None:
    whole = copy.deepcopy(config)
    _, inner = data.draw(st.sampled_from(list(inner_structures(config, CREATE))))
    inner["NewMember"] = None
    account.run(config)

    found = account.configs.config("first")

    assert found is not None
    assert found.settings == whole


def test_lists_without_entries_are_left_out_where_a_request_needs_one(account: Account) -> None:
    variant = {"VariantName": "a", "ModelName": "m", "InstancePools": []}
    account.run({"ProductionVariants": [variant], "ShadowProductionVariants": []})

    found = account.configs.config("first")

    assert found is not None
    assert found.settings == {"ProductionVariants": [{"VariantName": "a", "ModelName": "m"}]}


def test_a_configuration_that_is_not_there_is_none(account: Account) -> None:
    assert account.configs.config("nobody") is None


WHOLE = {
    "ProductionVariants": [
        {
            "VariantName": "live",
            "ModelName": "model",
            "InitialInstanceCount": 2,
            "InstanceType": "ml.g5.xlarge",
            "InitialVariantWeight": 0.3,
            "CoreDumpConfig": {"DestinationS3Uri": "s3://dumps/x"},
            "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 1},
            "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
            "EnableSSMAccess": True,
        }
    ],
    "ShadowProductionVariants": [
        {
            "VariantName": "shadow",
            "ModelName": "next",
            "InitialInstanceCount": 2,
            "InstanceType": "ml.g5.xlarge",
            "InitialVariantWeight": 1.0,
        }
    ],
    "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
    "ExecutionRoleArn": "arn:aws:iam::123456789012:role/models",
    "EnableNetworkIsolation": True,
    "KmsKeyId": "alias/volumes",
    "AsyncInferenceConfig": {
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4},
        "OutputConfig": {
            "S3OutputPath": "s3://out/x",
            "NotificationConfig": {"SuccessTopic": "arn:aws:sns:us-east-1:1:t"},
        },
    },
    "ExplainerConfig": {
        "ClarifyExplainerConfig": {
            "EnableExplanations": "`true`",
            "ShapConfig": {"ShapBaselineConfig": {"MimeType": "text/csv"}, "NumberOfSamples": 9},
        }
    },
}


def test_an_endpoint_with_everything_keeps_it(account: Account) -> None:
    account.run(WHOLE)

    plan = account.capture()

    made = account.server.configs[plan.name]
    assert {key: value for key, value in made.items() if key != "DataCaptureConfig"} == WHOLE
    assert set(plan.kept) == set(WHOLE)


@pytest.mark.parametrize(
    "answer",
    [("AccessDeniedException", "Could not find a policy."), ("ValidationException", "Not now.")],
)
def test_what_aws_refuses_is_not_taken_for_a_configuration_that_is_not_there(
    account: Account, answer: tuple[str, str]
) -> None:
    account.run(WHOLE)
    account.server.refusals["DescribeEndpointConfig"] = answer
    try:
        with pytest.raises(AccountError):
            account.configs.config("first")
    finally:
        account.server.refusals.clear()
