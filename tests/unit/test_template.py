"""What template.yaml promises of delivery, least privilege and retention."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from capture_forwarder.errors import ObjectError
from capture_forwarder.reporting import NAMESPACE, LogReporter
from capture_forwarder.settings import ONLY_ROUTE, PublisherName, Settings
from capture_forwarder.settings.variables import NAMES, SHARED
from tests.e2e.package import REPOSITORY

TEMPLATE: dict[str, Any] = yaml_parse((REPOSITORY / "template.yaml").read_text())
PARAMETERS: dict[str, Any] = TEMPLATE["Parameters"]
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
ALARMS = sorted(name for name, one in RESOURCES.items() if one["Type"] == "AWS::CloudWatch::Alarm")
DAY = 24 * 60 * 60

# Every metric of the forwarder; its reporter emits them, docs/operations.md explains them.
METRICS = {
    "ObjectsForwarded",
    "ObjectsFailed",
    "ObjectsSkipped",
    "ObjectsRepeated",
    "ObjectsContinued",
    "LinesRead",
    "LinesForwarded",
    "LinesQuarantined",
    "LinesEmpty",
    "Inferences",
    "InferencesPublished",
    "InferencesRefused",
    "CastFailures",
    "PublishRequests",
    "PublishRetries",
    "PublishLatency",
    "Lag",
}


def properties(name: str) -> Any:
    return RESOURCES[name]["Properties"]


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


def texts(value: Any) -> Iterator[str]:
    """Every text in a value of the template, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


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


def substituted(value: Any, *, silence: bool) -> str:
    """The text of an Fn::Sub; what stands for a resource or a parameter is its name."""
    text, texts_by_name = value["Fn::Sub"]
    for name, inserted in texts_by_name.items():
        if isinstance(inserted, dict) and "Fn::Sub" in inserted:
            text = text.replace("${" + name + "}", inserted["Fn::Sub"])
        elif isinstance(inserted, dict):
            chosen = inserted["Fn::If"][1 if silence else 2]
            text = text.replace("${" + name + "}", next(texts(chosen)))
        else:
            text = text.replace("${" + name + "}", inserted)
    for name in re.findall(r"\$\{([^}]*)\}", text):
        known = name.split(".")[0]
        assert known.startswith("AWS::") or known in {*RESOURCES, *PARAMETERS}, name
        text = text.replace("${" + name + "}", name)
    return str(text)


def dashboard(*, silence: bool = True) -> Any:
    return json.loads(substituted(properties("Dashboard")["DashboardBody"], silence=silence))


def dashboard_metrics() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of every metric on the dashboard."""
    for widget in dashboard()["widgets"]:
        for entry in widget["properties"].get("metrics", []):
            names = [part for part in entry if isinstance(part, str)]
            if names:
                namespace, metric, *rest = names
                yield namespace, metric, dict(zip(rest[::2], rest[1::2], strict=True))


def alarm_metrics() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Namespace, name and dimensions of every metric that an alarm looks at."""
    for alarm in map(properties, ALARMS):
        stats = [
            entry["MetricStat"]["Metric"]
            for entry in alarm.get("Metrics", [])
            if "MetricStat" in entry
        ]
        for metric in stats or [alarm]:
            dimensions = {
                entry["Name"]: next(texts(entry["Value"])) for entry in metric["Dimensions"]
            }
            yield metric["Namespace"], metric["MetricName"], dimensions


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


def test_the_role_may_do_only_named_actions_on_named_resources() -> None:
    statements = role_statements()
    actions = [action for entry in statements for action in as_list(entry["Action"])]
    resources = [one for entry in statements for one in as_list(entry["Resource"])]
    assert not [action for action in actions if "*" in action]
    assert not [text for text in texts(resources) if "*" in text.rstrip("*") or text == "*"]
    # Only names of objects may end in a wildcard.
    assert {text for text in texts(resources) if text.endswith("*")} == {
        "arn:${AWS::Partition}:s3:::${CaptureBucket}/${CapturePrefix}*",
        "${QuarantineBucket.Arn}/quarantine/*",
    }


def test_no_policy_has_a_wildcard_for_an_action_or_for_every_resource() -> None:
    found = [one for resource in RESOURCES.values() for one in statements(resource)]
    assert len(found) > len(role_statements())
    assert not [action for one in found for action in as_list(one["Action"]) if "*" in action]
    resources = [text for one in found for text in texts(one.get("Resource", []))]
    # Only names of objects may end in a wildcard.
    assert {text for text in resources if "*" in text} == {
        "arn:${AWS::Partition}:s3:::${CaptureBucket}/${CapturePrefix}*",
        "${QuarantineBucket.Arn}/quarantine/*",
        "${QuarantineBucket.Arn}/*",
    }
    allowed = [one for one in found if one["Effect"] == "Allow"]
    assert "*" not in texts([one.get("Principal", {}) for one in allowed])


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
    source = (REPOSITORY / "src/capture_forwarder/aws/dynamodb_ledger.py").read_text()
    calls = re.findall(r"_client\.(\w+)\(", source)
    done = {"dynamodb:" + call.title().replace("_", "") for call in calls}
    (granted,) = (one for one in role_statements() if one["Sid"] == "KeepPlaces")
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
    families = ("FORWARDER_", "FIDDLER_", "ARTHUR_", "OPENSCALE_")
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


def test_only_the_capture_rule_may_send_to_the_queues_from_outside() -> None:
    (statement,) = properties("QueuePolicy")["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["CaptureRule", "Arn"]}}
    }


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
    assert RESOURCES["QuarantineBucket"]["DeletionPolicy"] == "Retain"
    assert RESOURCES["QuarantineBucket"]["UpdateReplacePolicy"] == "Retain"


def test_quarantine_is_reached_over_tls_only() -> None:
    (statement,) = properties("QuarantineBucketPolicy")["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_there_is_an_alarm_for_each_way_to_lose_sight_of_data() -> None:
    names = {properties(name)["AlarmName"]["Fn::Sub"].partition("-")[2] for name in ALARMS}
    assert names == {
        "dead-letters",
        "queue-age",
        "errors",
        "throttles",
        "objects-failed",
        "quarantine-rate",
        "refused-by-platform",
        "silence",
    }


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_says_what_to_do_and_tells_whoever_is_named(alarm: str) -> None:
    said = properties(alarm)["AlarmDescription"]
    assert said.endswith("See docs/operations.md.")
    assert len(said) <= 1024
    told = [
        {"Fn::If": ["HasAlarmEmail", {"Ref": "AlarmTopic"}, {"Ref": "AWS::NoValue"}]},
        {"Fn::If": ["HasAlarmTopic", {"Ref": "AlarmTopicArn"}, {"Ref": "AWS::NoValue"}]},
    ]
    assert properties(alarm)["AlarmActions"] == told
    assert properties(alarm)["OKActions"] == told


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_is_explained(alarm: str) -> None:
    name = properties(alarm)["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
    assert f"| `{name}` |" in (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("alarm", ALARMS)
def test_missing_data_is_an_alarm_for_silence_alone(alarm: str) -> None:
    expected = "breaching" if alarm == "SilenceAlarm" else "notBreaching"
    assert properties(alarm)["TreatMissingData"] == expected


def test_silence_is_watched_only_where_it_is_asked_for() -> None:
    assert PARAMETERS["SilenceHours"]["Default"] == 0
    assert RESOURCES["SilenceAlarm"]["Condition"] == "WatchesSilence"
    # CloudWatch looks back seven days at most.
    longest = PARAMETERS["SilenceHours"]["MaxValue"] * properties("SilenceAlarm")["Period"]
    assert longest <= 7 * DAY


def test_a_file_that_waits_for_its_second_try_is_no_alarm_yet() -> None:
    # Longer than one hiding of the message with the default time limit, so that one failure,
    # which the next try mends, wakes nobody.
    hidden = TEMPLATE["Mappings"]["VisibilityTimeout"][PARAMETERS["Timeout"]["Default"]]["Seconds"]
    assert PARAMETERS["QueueAgeSeconds"]["Default"] > hidden


def test_alarms_reach_their_topic() -> None:
    # The key that SNS has by itself would shut CloudWatch out.
    topic = properties("AlarmTopic")
    assert topic["KmsMasterKeyId"] == {
        "Fn::If": ["HasAlarmKey", {"Ref": "AlarmKmsKeyArn"}, {"Ref": "AWS::NoValue"}]
    }
    (statement,) = properties("AlarmTopicPolicy")["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


@pytest.mark.parametrize("silence", [False, True])
def test_the_dashboard_is_json_and_shows_every_alarm(silence: bool) -> None:
    first, *others = dashboard(silence=silence)["widgets"]
    shown = {name.removesuffix(".Arn") for name in first["properties"]["alarms"]}
    assert shown == set(ALARMS) - (set() if silence else {"SilenceAlarm"})
    assert {widget["type"] for widget in others} == {"metric", "log"}


def test_dashboard_widgets_do_not_overlap() -> None:
    cells = [
        (x, y)
        for widget in dashboard()["widgets"]
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_the_dashboard_shows_every_metric() -> None:
    assert {metric for space, metric, _ in dashboard_metrics() if space == NAMESPACE} == METRICS


def test_alarms_look_only_at_metrics_that_there_are() -> None:
    assert {metric for space, metric, _ in alarm_metrics() if space == NAMESPACE} <= METRICS


def test_the_reporter_emits_every_metric() -> None:
    tree = ast.parse((REPOSITORY / "src/capture_forwarder/reporting.py").read_text())
    constants = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(METRICS - constants) == []
    pattern = r"(Objects|Lines|Inferences|Publish|Cast)[A-Z]?[A-Za-z]*"
    assert {text for text in constants if re.fullmatch(pattern, text)} <= METRICS


def test_every_metric_is_explained() -> None:
    document = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")
    assert (
        set(re.findall(r"^\| `(\w+)` \| (?:Count|(?:Millis|S)econds) \|", document, re.MULTILINE))
        == METRICS
    )


def test_metrics_are_looked_for_under_the_dimensions_that_they_have(
    capsys: pytest.CaptureFixture[str],
) -> None:
    variables = properties("ForwarderFunction")["Environment"]["Variables"]
    service = next(texts(variables["POWERTOOLS_SERVICE_NAME"]))
    reporter = LogReporter(service).on_route(ONLY_ROUTE, PublisherName.FIDDLER.value)
    reporter.failed("an object", ObjectError("It is gone."))
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    (emitted,) = (line for line in lines if "_aws" in line)
    (told,) = emitted["_aws"]["CloudWatchMetrics"]
    names, all_routes = told["Dimensions"]
    assert all_routes == ["service"]
    dimensions = {name: emitted[name] for name in names}
    assert told["Namespace"] == NAMESPACE
    for space, _, looked_for in [*dashboard_metrics(), *alarm_metrics()]:
        assert space != NAMESPACE or looked_for == dimensions


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
