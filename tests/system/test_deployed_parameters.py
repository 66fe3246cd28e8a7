"""The template with every kind of parameters, made by a CloudFormation: moto's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.support.deployed import STACK, deploy_exactly, outputs_of, resources_of, role_statements
from tests.support.template_parameters import (
    BOUNDARY,
    BUS,
    DATA,
    FIDDLER,
    KEY,
    LABELS,
    NETWORK,
    PARAMETER,
    PARTNER_APP,
    ROUTES,
    ROUTES_PARAMETER,
    SECRET,
    TOPIC,
)
from tests.support.template_values import Deployment

ALARMS = 14  # and that of silence, if it is asked for
SETS = {
    "the quick start": FIDDLER,
    "a partner app": PARTNER_APP,
    "a routes file in S3": ROUTES,
    "a routes file in a parameter": ROUTES_PARAMETER,
    "routes that need everything": {
        **ROUTES,
        **LABELS,
        "CaptureBucket": "one,two,three,four,five",
        "CapturePrefix": "datacapture/",
        "SecretArns": SECRET,
        "ParameterArns": PARAMETER,
        "FilesPlace": "s3://rows/churn",
        "BatchTransformData": DATA,
        "SilenceHours": "24",
    },
    "a topic": {**FIDDLER, "CaptureSource": TOPIC},
    "a bus": {**FIDDLER, "CaptureSource": BUS},
    "direct notifications": {**FIDDLER, "CaptureSource": "s3"},
    "a VPC and a proxy": {
        **FIDDLER,
        **NETWORK,
        "HttpsProxy": "http://proxy:3128",
        "NoProxy": ".amazonaws.com",
        "UseFips": "true",
    },
    "keys everywhere": {
        **ROUTES,
        "FilesPlace": "s3://rows/churn",
        "AlarmEmail": "you@example.com",
        **{f"{name}KmsKeyArn": KEY for name in ("", "Capture", "Secret", "Files")},
    },
    "an account that bounds roles": {
        **FIDDLER,
        "RolePath": "/platform/",
        "PermissionsBoundaryArn": BOUNDARY,
    },
    "alarms to an address and a topic": {
        **FIDDLER,
        "AlarmEmail": "you@example.com",
        "AlarmTopicArn": TOPIC,
        "QueueAgeSeconds": "7200",
        "QuarantinePercent": "1",
    },
    "another runtime": {
        **FIDDLER,
        "Runtime": "python3.12",
        "Architecture": "x86_64",
        "MemorySize": "1024",
        "Timeout": "900",
        "BatchSize": "1",
        "MaximumConcurrency": "50",
        "LogLevel": "DEBUG",
        "LogRetentionDays": "365",
        "QuarantineDays": "7",
    },
}


@pytest.fixture
def account() -> Iterator[None]:
    with mock_aws(config={"lambda": {"use_docker": False}}):
        boto3.client("sns").create_topic(Name=TOPIC.rpartition(":")[2])
        boto3.client("events").create_event_bus(Name=BUS.rpartition("/")[2])
        ec2: Any = boto3.client("ec2")
        # moto looks for neither subnets nor security groups, nor for the policy.
        assert ec2.describe_vpcs()["Vpcs"]
        yield


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("given", SETS.values(), ids=SETS)
def test_what_is_deployed_is_what_the_template_says(given: dict[str, str]) -> None:
    made = deploy_exactly(given)

    cloudformation: Any = boto3.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    expected = Deployment(given)
    # SAM makes the mapping; what a condition leaves out, moto lists without a name.
    assert made.keys() - {""} == expected.resources().keys() | {"ForwarderFunctionCaptures"}
    assert {one["Sid"] for one in role_statements(made["ForwarderRole"])} == set(
        expected.statements()
    )
    found: Any = boto3.client("lambda").get_function_configuration(
        FunctionName=made["ForwarderFunction"]
    )
    variables = {name: str(text) for name, text in found["Environment"]["Variables"].items()}
    told = expected.environment()
    assert {name for name, text in variables.items() if text} == told.keys()
    of_resources = {"FORWARDER_QUEUE_URL", "FORWARDER_QUARANTINE", "FORWARDER_LEDGER"}
    assert all(variables[name] == told[name] for name in told.keys() - of_resources)
    assert (str(found["Timeout"]), found["Runtime"]) == (
        given.get("Timeout", "300"),
        given.get("Runtime", "python3.13"),
    )
    assert found.get("VpcConfig", {}).get("SubnetIds", []) == (
        NETWORK["SubnetIds"].split(",") if "SubnetIds" in given else []
    )


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("given", SETS.values(), ids=SETS)
def test_alarms_and_dashboard_are_a_part_of_the_stack(given: dict[str, str]) -> None:
    made = deploy_exactly(given)

    cloudwatch: Any = boto3.client("cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{STACK}-")["MetricAlarms"]
    assert len(alarms) == ALARMS + ("SilenceHours" in given)
    told = [made["AlarmTopic"]] if "AlarmEmail" in given else []
    told += [given["AlarmTopicArn"]] if "AlarmTopicArn" in given else []
    assert {tuple(alarm["AlarmActions"]) for alarm in alarms} == {tuple(told)}
    by_name = {alarm["AlarmName"].removeprefix(f"{STACK}-"): alarm for alarm in alarms}
    assert by_name["queue-age"]["Threshold"] == float(given.get("QueueAgeSeconds", 3600))
    assert by_name["quarantine-rate"]["Threshold"] == float(given.get("QuarantinePercent", 5))
    # The rule of another bus, too, is watched by its own name.
    lost = by_name["events-lost"]["Metrics"]
    watched = [one["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for one in lost[1:]]
    rule = made.get("CaptureRule", "-").rpartition("|")[2]
    topic = given.get("CaptureSource", "")
    assert watched == [
        rule,
        made.get("LabelRule", "-"),
        topic.rpartition(":")[2] if ":sns:" in topic else "-",
    ]
    name = outputs_of(STACK)["DashboardName"]
    shown = json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
    (widget,) = (one for one in shown["widgets"] if one["type"] == "alarm")
    assert set(widget["properties"]["alarms"]) == {alarm["AlarmArn"] for alarm in alarms}
    assert "Dashboard" in resources_of(made["Alarms"])


@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1", "cn-north-1"])
def test_it_can_be_deployed_in_every_partition(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.setenv("AWS_REGION", region)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        boto3.setup_default_session()
        deploy_exactly(ROUTES)
        role = outputs_of(STACK)["ForwarderRoleArn"]
        assert role.startswith("arn:aws")
        boto3.client("cloudwatch").get_dashboard(DashboardName=outputs_of(STACK)["DashboardName"])
    monkeypatch.undo()
    boto3.setup_default_session()


@pytest.mark.usefixtures("account")
def test_the_queues_take_what_the_policy_says() -> None:
    made = deploy_exactly(FIDDLER | {"CaptureSource": "s3", "CaptureBucket": "one,two"})
    sqs: Any = boto3.client("sqs")
    for name in ("CaptureQueue", "DeadLetterQueue"):
        answer = sqs.get_queue_attributes(QueueUrl=made[name], AttributeNames=["Policy"])
        statements = json.loads(answer["Attributes"]["Policy"])["Statement"]
        by_name = {one["Sid"]: one for one in statements}
        assert by_name.keys() == {"OnlyEncryptedTransport", "CaptureBuckets"}
        arns = by_name["CaptureBuckets"]["Condition"]["ArnLike"]["aws:SourceArn"]
        assert as_list(arns) == ["arn:*:s3:::one", "arn:*:s3:::two"]
