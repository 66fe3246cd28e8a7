"""What template.yaml promises of delivery, least privilege and retention."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from capture_forwarder import __version__
from capture_forwarder.settings import Settings
from capture_forwarder.settings.variables import NAMES, SHARED
from tests.support.package import REPOSITORY
from tests.support.template_values import (
    ALARMS,
    PARAMETERS,
    RESOURCES,
    TEMPLATE,
    Deployment,
    properties,
    texts,
)

DAY = 24 * 60 * 60


def variables() -> dict[str, Any]:
    settings: dict[str, Any] = properties("ForwarderFunction")["Environment"]["Variables"]
    return settings


def function_event() -> Any:
    (event,) = properties("ForwarderFunction")["Events"].values()
    return event


def role_statements() -> list[dict[str, Any]]:
    """The role's statements, the conditional ones included."""
    (policy,) = properties("ForwarderRole")["Policies"]
    return [
        entry["Fn::If"][1] if "Fn::If" in entry else entry
        for entry in policy["PolicyDocument"]["Statement"]
    ]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Every policy statement in a value of the template, at any depth."""
    if isinstance(value, dict):
        if "Effect" in value:
            yield value
        for part in value.values():
            yield from statements(part)
    elif isinstance(value, list):
        for part in value:
            yield from statements(part)


def test_a_message_stays_hidden_for_six_times_the_functions_timeout() -> None:
    timeouts = PARAMETERS["Timeout"]["AllowedValues"]
    visibility = TEMPLATE["Mappings"]["VisibilityTimeout"]
    assert {timeout: visibility[timeout]["Seconds"] for timeout in timeouts} == {
        timeout: 6 * int(timeout) for timeout in timeouts
    }
    assert properties("CaptureQueue")["VisibilityTimeout"] == {
        "Fn::FindInMap": ["VisibilityTimeout", {"Ref": "Timeout"}, "Seconds"]
    }
    assert properties("ForwarderFunction")["Timeout"] == {"Ref": "Timeout"}


def test_a_message_is_tried_five_times_and_then_kept_for_fourteen_days() -> None:
    redrive = properties("CaptureQueue")["RedrivePolicy"]
    assert redrive["maxReceiveCount"] >= 5
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    assert properties("DeadLetterQueue")["MessageRetentionPeriod"] == 14 * DAY


def test_a_dead_letter_outlives_its_time_in_the_capture_queue() -> None:
    # A message that is moved keeps the time at which it was first sent.
    waiting = properties("CaptureQueue")["MessageRetentionPeriod"]
    assert waiting < properties("DeadLetterQueue")["MessageRetentionPeriod"]


def test_the_function_is_asked_for_the_failed_messages_of_a_batch() -> None:
    event = function_event()
    assert event["Type"] == "SQS"
    assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_concurrency_is_bounded_at_the_queue_and_not_by_throttling() -> None:
    assert "MaximumConcurrency" in function_event()["Properties"]["ScalingConfig"]
    assert "ReservedConcurrentExecutions" not in properties("ForwarderFunction")


def test_no_policy_allows_a_wildcard_for_an_action_or_for_every_resource() -> None:
    allowed = [
        one
        for resource in RESOURCES.values()
        for one in statements(resource)
        if one["Effect"] == "Allow"
    ]
    assert len(allowed) > len(role_statements())
    assert not [action for one in allowed for action in as_list(one["Action"]) if "*" in action]
    assert "*" not in texts([one.get("Principal", {}) for one in allowed])
    # EC2 knows no resources for the network interfaces of a function.
    (network,) = (one for one in allowed if one.get("Sid") == "JoinNetwork")
    others = [one for one in allowed if one is not network]
    resources = {text for one in others for text in texts(one.get("Resource", []))}
    # Only names of objects may end in a wildcard.
    assert {text for text in resources if "*" in text} == {
        "arn:${AWS::Partition}:s3:::${Bucket}/${CapturePrefix}*",
        "arn:${AWS::Partition}:s3:::${LabelBucket}/${LabelPrefix}*",
        "arn:${AWS::Partition}:s3:::${Folder}/*",
        "${QuarantineBucket.Arn}/quarantine/*",
    }


@pytest.mark.parametrize(
    ("policy", "resources", "action"),
    [
        (
            "QuarantineBucketPolicy",
            [
                {"Fn::GetAtt": ["QuarantineBucket", "Arn"]},
                {"Fn::Sub": "${QuarantineBucket.Arn}/*"},
            ],
            "s3:*",
        ),
        (
            "QueuePolicy",
            [{"Fn::GetAtt": [name, "Arn"]} for name in ("CaptureQueue", "DeadLetterQueue")],
            "sqs:*",
        ),
        ("AlarmTopicPolicy", {"Ref": "AlarmTopic"}, "sns:Publish"),
    ],
)
def test_what_the_stack_keeps_is_reached_over_tls_only(
    policy: str, resources: Any, action: str
) -> None:
    denied = [one for one in statements(properties(policy)) if one["Effect"] == "Deny"]
    assert denied == [
        {
            "Sid": "OnlyEncryptedTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": action,
            "Resource": resources,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_the_ledger_is_billed_by_use_encrypted_and_forgets() -> None:
    table = properties("LedgerTable")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "S"}]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert RESOURCES["LedgerTable"]["DeletionPolicy"] == "Delete"
    assert RESOURCES["LedgerTable"]["UpdateReplacePolicy"] == "Delete"


def test_the_role_may_do_to_the_ledger_what_the_ledger_does_and_no_more() -> None:
    source = (REPOSITORY / "src/capture_forwarder/aws/ledger.py").read_text()
    calls = re.findall(r"_client\.(\w+)\(", source)
    done = {"dynamodb:" + call.title().replace("_", "") for call in calls}
    (granted,) = (one for one in role_statements() if one["Sid"] == "KeepPositions")
    assert set(as_list(granted["Action"])) == done
    assert granted["Resource"] == {"Fn::GetAtt": ["LedgerTable", "Arn"]}
    others = [text for text in texts(role_statements()) if text.startswith("dynamodb:")]
    assert set(others) == done


def test_the_function_hands_the_rest_of_a_file_to_its_own_queue() -> None:
    sending = [
        statement["Resource"]
        for statement in role_statements()
        if "sqs:SendMessage" in as_list(statement["Action"])
    ]
    assert sending == [{"Fn::GetAtt": ["CaptureQueue", "Arn"]}]
    assert properties("ForwarderFunction")["RecursiveLoop"] == "Allow"
    assert variables()["FORWARDER_QUEUE_URL"] == {"Ref": "CaptureQueue"}


def test_every_variable_of_the_function_is_a_setting() -> None:
    families = ("FORWARDER_", "FIDDLER_", "ARTHUR_", "OPENSCALE_", "AWS_PARTNER_")
    assert {name for name in variables() if name.startswith(families)} <= set(NAMES)


def test_the_function_knows_its_ledger_and_its_limits() -> None:
    assert variables()["FORWARDER_LEDGER"] == {"Fn::Sub": "dynamodb://${LedgerTable}"}
    assert variables()["FORWARDER_REQUESTS_IN_FLIGHT"] == {"Ref": "RequestsInFlight"}
    assert variables()["FORWARDER_RETRY_SECONDS"] == {"Ref": "RetrySeconds"}


@pytest.mark.parametrize(
    ("parameter", "setting"),
    [
        ("RequestsInFlight", "FORWARDER_REQUESTS_IN_FLIGHT"),
        ("RetrySeconds", "FORWARDER_RETRY_SECONDS"),
    ],
)
def test_a_parameter_takes_only_what_its_setting_takes(parameter: str, setting: str) -> None:
    declared = PARAMETERS[parameter]
    field = SHARED[setting]
    assert Settings.model_fields[field].default == declared["Default"]
    for value in (declared["MinValue"], declared["MaxValue"]):
        Settings.model_validate({field: str(value)})


def test_the_role_has_no_managed_policy() -> None:
    assert "ManagedPolicyArns" not in properties("ForwarderRole")
    assert "Policies" not in properties("ForwarderFunction")


@pytest.mark.parametrize("queue", ["CaptureQueue", "DeadLetterQueue"])
def test_queues_are_encrypted(queue: str) -> None:
    assert properties(queue)["SqsManagedSseEnabled"] is True


def test_log_entries_are_deleted_after_a_while() -> None:
    assert properties("ForwarderLogGroup")["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert properties("ForwarderFunction")["LoggingConfig"]["LogGroup"] == {
        "Ref": "ForwarderLogGroup"
    }


def test_quarantine_is_encrypted_private_and_kept_when_the_stack_is_deleted() -> None:
    bucket = properties("QuarantineBucket")
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    # A deployment that fails at first leaves no bucket behind.
    assert RESOURCES["QuarantineBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES["QuarantineBucket"]["UpdateReplacePolicy"] == "Retain"


def test_a_package_can_be_built_for_every_runtime_and_architecture() -> None:
    targets = {path.parent.name for path in REPOSITORY.glob("lambda_package/targets/*/Makefile")}
    assert targets == {
        f"{runtime}-{architecture}"
        for runtime in PARAMETERS["Runtime"]["AllowedValues"]
        for architecture in PARAMETERS["Architecture"]["AllowedValues"]
    }


def test_every_parameter_is_described_and_stands_in_a_group() -> None:
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(PARAMETERS)
    assert all(parameter["Description"] for parameter in PARAMETERS.values())


def test_outputs_name_what_an_operator_has_to_find() -> None:
    outputs = TEMPLATE["Outputs"]
    assert all(one["Description"].endswith(".") for one in outputs.values())
    assert {
        "ForwarderRoleArn",
        "CaptureRuleArn",
        "ForwarderLogGroupName",
        "EventSourceMappingId",
    } <= outputs.keys()
    # SAM calls the mapping by the function and the event.
    (event,) = properties("ForwarderFunction")["Events"]
    assert outputs["EventSourceMappingId"]["Value"] == {"Ref": f"ForwarderFunction{event}"}
    assert outputs["CaptureRuleArn"]["Condition"] == RESOURCES["CaptureRule"]["Condition"]
    dashboard = Deployment({}).part("Alarms").value(properties("Dashboard", ALARMS))
    assert Deployment({}).value(outputs["DashboardName"]["Value"]) == dashboard["DashboardName"]


def test_the_stack_can_be_deployed_without_a_bucket_for_its_template() -> None:
    for path in (REPOSITORY / "template.yaml", *(REPOSITORY / "templates").glob("*.yaml")):
        assert path.stat().st_size < 51_200  # what CloudFormation takes in a request


def test_an_application_repository_finds_name_licence_and_version() -> None:
    told = TEMPLATE["Metadata"]["AWS::ServerlessRepo::Application"]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert told["Name"] == project["name"]
    assert told["SemanticVersion"] == __version__
    assert told["SpdxLicenseId"] == project["license"]
    assert (REPOSITORY / told["LicenseUrl"]).is_file()
    assert (REPOSITORY / told["ReadmeUrl"]).is_file()
