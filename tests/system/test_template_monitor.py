"""The monitor's part of the template: when it is there, what it sends, and what its role may do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from capture_forwarder.handlers.monitor import lambda_handler
from capture_forwarder.monitor.scheduled.event import (
    ScheduledCheck,
    ScheduledQuality,
    read_event,
)
from capture_forwarder.monitor.scheduled.places import read_places
from lambda_package.packages import MONITOR
from tests.support.aws_answers import AwsAnswers
from tests.support.deployed import deploy, outputs_of, queue_arn, resources_of
from tests.support.permissions import allowing, needed
from tests.support.scheduled import (
    BUCKET,
    PLACES,
    Context,
    MonitorWorld,
    labels,
    predictions,
    rows,
)
from tests.support.template_values import PARAMETERS, TEMPLATE, Deployment, fits, properties, read

FILES = {
    "CaptureBucket": "captures",
    "RoutesFile": "s3://settings/routes.yaml",
    "FilesPlace": PLACES["MONITOR_ROWS"],
}
MONITORED = {
    **FILES,
    "MonitorEndpoints": "churn",
    "MonitorBaselines": PLACES["MONITOR_BASELINES"],
    "MonitorReports": PLACES["MONITOR_REPORTS"],
}
MODEL = "endpoint=churn:problem_type=BinaryClassification:probability=score:label=churned"
JUDGED = {"MonitorQuality": MODEL, "MonitorLabels": f"s3://{BUCKET}/truth"}
ROOT = Path(__file__).resolve().parents[2]
TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"
KEY = "arn:aws:kms:us-east-1:123456789012:key/3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15"
MONITOR_TEMPLATE = "templates/monitor.yaml"


def monitor(**changes: str) -> Deployment:
    deployment = Deployment(MONITORED | changes)
    assert deployment.refusals() == []
    return deployment.part("Monitor")


def statements(part: Deployment, role: str = "MonitorRole") -> list[dict[str, Any]]:
    (policy,) = part.resources()[role]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def inputs(part: Deployment) -> list[dict[str, Any]]:
    """What the schedules send, in order."""
    return [
        json.loads(one["Target"]["Input"])
        for name, one in part.resources().items()
        if name.endswith("Schedule")
    ]


def test_without_endpoints_and_models_there_is_no_monitor() -> None:
    assert "Monitor" not in Deployment(FILES).resources()
    assert "Monitor" in Deployment(MONITORED).resources()
    (sent,) = inputs(monitor(MonitorEndpoints="", **JUDGED))
    assert sent["problem_type"] == "BinaryClassification"


def test_each_model_has_a_schedule_whose_event_the_function_reads() -> None:
    others = (
        "endpoint=fraud:problem_type=Regression:schedule=old-name:prediction=net price:label=0",
        "endpoint=a:problem_type=MulticlassClassification:prediction=x:labels=old/a:labels_id=key",
        f"{MODEL}:threshold=0.25:positive=yes:header=false:names=model-monitor:metrics=f1",
        "endpoint=e:problem_type=Regression:prediction=x",
    )

    part = monitor(
        MonitorEndpoints="churn,fraud",
        MonitorQuality=",".join([MODEL, *others]),
        MonitorQualityHours="48",
        MonitorQualityDelay="72",
        MonitorQualitySchedule="rate(1 day)",
        MonitorAlert="2 of 3",
    )

    sent = [one for one in inputs(part) if "problem_type" in one]
    assert len(inputs(part)) == 7
    assert part.resources()["FirstQualitySchedule"]["ScheduleExpression"] == "rate(1 day)"
    checks = []
    for one in sent:
        assert one["time"] == "<aws.scheduler.scheduled-time>"
        check = read_event(one | {"time": "2026-03-02T10:20:00Z"})
        assert isinstance(check, ScheduledQuality)
        assert (check.hours, check.delay, check.alert) == (48, 72, "2 of 3")
        checks.append(check)
    assert [(one.endpoint, one.schedule) for one in checks] == [
        ("churn", "model-quality"),
        ("fraud", "old-name"),
        ("a", "model-quality"),
        ("churn", "model-quality"),
        ("e", "model-quality"),
    ]
    assert (checks[0].probability, checks[0].label) == ("score", "churned")
    assert checks[1].prediction == "net price"
    assert (checks[2].labels, checks[2].labels_id) == ("old/a", "key")
    assert (checks[3].threshold, checks[3].header) == (0.25, False)
    assert checks[3].wanted_metrics == {"f1"}


def test_each_endpoint_has_a_schedule_whose_event_the_function_reads() -> None:
    endpoints = "churn=old-name,fraud,a,b,c=d"

    sent = inputs(
        monitor(
            MonitorEndpoints=endpoints,
            MonitorHours="3",
            MonitorAlert="2 of 3",
            MonitorMetrics="age,net income",
            MonitorDrift="model-monitor",
        )
    )

    assert [(one["endpoint"], one["schedule"]) for one in sent] == [
        ("churn", "old-name"),
        ("fraud", "data-quality"),
        ("a", "data-quality"),
        ("b", "data-quality"),
        ("c", "d"),
    ]
    for one in sent:
        assert one["time"] == "<aws.scheduler.scheduled-time>"
        check = read_event(one | {"time": "2026-03-02T10:20:00Z"})
        assert isinstance(check, ScheduledCheck)
        assert (check.hours, check.drift.value) == (3, "model-monitor")
        assert (check.alert_rule.runs, check.alert_rule.of) == (2, 3)
        assert check.wanted_metrics == {"age", "net income"}


def test_what_the_template_sets_by_itself_is_what_the_function_takes() -> None:
    (sent,) = inputs(monitor())

    assert read_event(sent | {"time": "2026-03-02T00:20:00Z"}).wanted_metrics == {"violations"}


def test_the_functions_variables_are_the_places_that_were_given() -> None:
    resources = monitor(AlarmTopicArn=TOPIC).resources()
    variables = resources["MonitorFunction"]["Environment"]["Variables"]

    assert {name: variables[name] for name in PLACES} == PLACES
    read_places(variables)
    assert variables["MONITOR_TOPIC_ARNS"] == TOPIC
    elsewhere = monitor(MonitorRows="s3://rows/out/churn").resources()
    assert (
        elsewhere["MonitorFunction"]["Environment"]["Variables"]["MONITOR_ROWS"]
        == "s3://rows/out/churn"
    )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MonitorWorld]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws(config={"lambda": {"use_docker": False}}):
        made = MonitorWorld(monkeypatch, tmp_path)
        made.baseline(rows(400))
        yield made


def test_the_role_allows_every_call_of_a_check_and_nothing_that_none_makes(
    world: MonitorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    (topic,) = world.topics
    allowed = statements(monitor(AlarmTopicArn=topic))
    world.publish(rows(300, shift=0.5, seed=2))
    aws = AwsAnswers(monkeypatch)

    world.run(schedule="first")
    world.run(time="2026-03-02T11:20:00Z", schedule="first")

    used = set()
    for operation, parameters in aws.asked:
        for action, resource, keys in needed(operation, parameters):
            found = allowing(allowed, action, resource, keys)
            assert found, (action, resource, keys)
            used.update(found)
    by_lambda_itself = {"WriteLogs", "KeepFailedEvents"}
    assert used == {one["Sid"] for one in allowed} - by_lambda_itself


def test_with_a_place_of_labels_the_role_allows_every_call_of_both_checks_and_no_others(
    world: MonitorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    (topic,) = world.topics
    allowed = statements(monitor(AlarmTopicArn=topic, **JUDGED))
    (before,) = [one for one in inputs(monitor(**JUDGED)) if "problem_type" in one]
    put_predictions(world)
    monkeypatch.setenv("MONITOR_LABELS", JUDGED["MonitorLabels"])
    aws = AwsAnswers(monkeypatch)

    for hour in (10, 11):
        time = f"2026-03-02T{hour}:20:00Z"
        answer = lambda_handler({**before, "time": time}, Context())
        assert answer["status"] == "CompletedWithViolations"
    world.run(schedule="first")

    used = set()
    for operation, parameters in aws.asked:
        for action, resource, keys in needed(operation, parameters):
            found = allowing(allowed, action, resource, keys)
            assert found, (action, resource, keys)
            used.update(found)
    assert used == {one["Sid"] for one in allowed} - {"WriteLogs", "KeepFailedEvents"}


def put_predictions(world: MonitorWorld) -> None:
    """A baseline of model quality, and a window of predictions of which labels say worse."""
    good, bad = predictions(300), predictions(300, seed=2)
    world.quality_baseline(
        [{**row, **known} for row, known in zip(good, labels(good), strict=True)]
    )
    world.publish(bad)
    lines = "".join(json.dumps(one) + "\n" for one in labels(bad, wrong=0.5))
    world.put("truth/churn/2026/03/02/10/a.jsonl", lines.encode())


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("s3:GetObject", "arn:aws:s3:::rows/other/x", {}),
        ("s3:GetObject", "arn:aws:s3:::rows/truth/churn/x", {}),
        ("s3:ListBucket", "arn:aws:s3:::rows", {"s3:prefix": "truth/churn/"}),
        ("s3:GetObject", "arn:aws:s3:::rows/reports/churn/report.html", {}),
        ("s3:PutObject", "arn:aws:s3:::rows/out/churn/x", {}),
        ("s3:PutObject", "arn:aws:s3:::rows/baselines/churn/constraints.json", {}),
        ("s3:DeleteObject", "arn:aws:s3:::rows/reports/x", {}),
        ("s3:ListBucket", "arn:aws:s3:::rows", {"s3:prefix": ""}),
        ("s3:ListBucket", "arn:aws:s3:::rows", {"s3:prefix": "other/"}),
        ("s3:ListBucket", "arn:aws:s3:::rows", {}),
        (
            "events:PutEvents",
            "arn:aws:events:us-east-1:123456789012:event-bus/default",
            {"events:source": "aws.s3"},
        ),
        ("sns:Publish", TOPIC, {}),
    ],
)
def test_the_role_allows_nothing_else(action: str, resource: str, keys: dict[str, str]) -> None:
    assert allowing(statements(monitor()), action, resource, keys) == []


def test_keys_may_be_used_only_where_they_are_given_and_only_by_s3_and_sns() -> None:
    assert not [one for one in statements(monitor()) if one["Sid"] == "UseKeys"]
    (found,) = [one for one in statements(monitor(FilesKmsKeyArn=KEY)) if one["Sid"] == "UseKeys"]
    assert found["Resource"] == [KEY]
    assert found["Condition"]["StringLike"]["kms:ViaService"] == [
        "s3.us-east-1.amazonaws.*",
        "sns.us-east-1.amazonaws.*",
    ]


def test_schedules_may_call_the_function_and_nothing_else() -> None:
    found = statements(monitor(), "SchedulerRole")

    assert [(one["Action"], one["Resource"]) for one in found] == [
        ("lambda:InvokeFunction", "MonitorFunction.Arn"),
        ("sqs:SendMessage", "DeadLetterQueue.Arn"),
    ]


def test_an_event_that_fails_is_kept_and_raises_an_alarm() -> None:
    resources = monitor(AlarmTopicArn=TOPIC).resources()

    failed = resources["FailedEvents"]
    assert failed["DestinationConfig"]["OnFailure"]["Destination"] == "DeadLetterQueue.Arn"
    assert resources["FirstSchedule"]["Target"]["DeadLetterConfig"]["Arn"] == "DeadLetterQueue.Arn"
    assert resources["DeadLetterQueue"]["MessageRetentionPeriod"] == 14 * 24 * 60 * 60
    alarm = resources["FailedAlarm"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": "DeadLetterQueue.QueueName"}]
    assert alarm["AlarmActions"] == alarm["OKActions"] == [TOPIC]
    assert "AlarmActions" not in monitor().resources()["FailedAlarm"]


def test_the_function_is_built_by_its_own_name_with_a_python_that_duckdb_runs_on() -> None:
    function = read(MONITOR_TEMPLATE)["Resources"][MONITOR.function]

    assert function["Metadata"]["BuildMethod"] == "makefile"
    assert function["Properties"]["Handler"] == "capture_forwarder.handlers.monitor.lambda_handler"
    assert not fits("Runtime", "python3.11", read(MONITOR_TEMPLATE))
    assert Deployment(MONITORED | {"Runtime": "python3.11"}).refusals()
    assert monitor(Architecture="x86_64").resources()["MonitorFunction"]["Architectures"] == [
        "x86_64"
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"MonitorBaselines": ""}, "needs MonitorBaselines and MonitorReports"),
        ({"MonitorReports": ""}, "needs MonitorBaselines and MonitorReports"),
        ({"MonitorEndpoints": ""}, "are for MonitorEndpoints or MonitorQuality"),
        ({"MonitorEndpoints": "", "MonitorQuality": MODEL, "MonitorReports": ""}, "needs MonitorB"),
        ({"MonitorLabels": "s3://rows/truth"}, "MonitorLabels is for MonitorQuality"),
    ],
)
def test_a_wrong_combination_is_refused_with_a_sentence(given: dict[str, str], said: str) -> None:
    assert said in " ".join(Deployment(MONITORED | given).refusals())


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("MonitorEndpoints", "a,b,c,d,e,f"),
        ("MonitorEndpoints", "a b"),
        ("MonitorEndpoints", 'a","endpoint":"b'),
        ("MonitorQuality", "churn"),
        ("MonitorQuality", "endpoint=churn:probability=score:label=x"),
        ("MonitorQuality", f"{MODEL}:hours=3"),
        ("MonitorQuality", f'{MODEL}:label=a"b'),
        ("MonitorQuality", f"{MODEL}:label=<aws.scheduler.execution-id>"),
        ("MonitorQuality", ",".join([MODEL] * 6)),
        ("MonitorQualitySchedule", "every hour"),
        ("MonitorLabels", "s3://bucket"),
        ("MonitorSchedule", "every hour"),
        ("MonitorSchedule", 'cron(")'),
        ("MonitorAlert", "0 of 1"),
        ("MonitorMetrics", 'a","endpoint":"b'),
        ("MonitorBaselines", "s3://bucket"),
        ("MonitorReports", "s3://bucket/*"),
    ],
)
def test_a_parameter_refuses_what_the_function_could_not_use(parameter: str, value: str) -> None:
    assert not fits(parameter, value)


def test_both_templates_agree_on_what_parameters_take() -> None:
    nested = read(MONITOR_TEMPLATE)["Parameters"]
    passed = properties("Monitor")["Parameters"]

    assert passed.keys() == nested.keys()
    for name, given in passed.items():
        ours = PARAMETERS.get(given.get("Ref", "") if isinstance(given, dict) else "")
        if ours is None or name == "Runtime":
            continue
        for key in ("Default", "AllowedValues", "MinValue", "MaxValue"):
            if key in nested[name] and key in ours and ours["Default"] != "":
                assert nested[name][key] == ours[key], (name, key)
    assert TEMPLATE["Outputs"]["MonitorFunctionName"]["Condition"] == "HasMonitor"


def test_the_network_and_the_bounds_of_the_forwarder_are_those_of_the_monitor() -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    resources = monitor(
        SubnetIds="subnet-0a,subnet-0b",
        SecurityGroupIds="sg-0c",
        HttpsProxy="http://proxy:3128",
        UseFips="true",
        PermissionsBoundaryArn=boundary,
        RolePath="/teams/",
        KmsKeyArn=KEY,
    ).resources()

    function = resources["MonitorFunction"]
    assert function["VpcConfig"] == {
        "SubnetIds": ["subnet-0a", "subnet-0b"],
        "SecurityGroupIds": ["sg-0c"],
    }
    variables = function["Environment"]["Variables"]
    assert variables["HTTPS_PROXY"] == "http://proxy:3128"
    assert variables["AWS_USE_FIPS_ENDPOINT"] == "true"
    for role in ("MonitorRole", "SchedulerRole"):
        assert resources[role]["PermissionsBoundary"] == boundary
        assert resources[role]["Path"] == "/teams/"
    assert resources["MonitorLogGroup"]["KmsKeyId"] == KEY
    assert "VpcConfig" not in monitor().resources()["MonitorFunction"]


def test_a_deployed_schedule_checks_the_rows_that_the_forwarder_has_written(
    world: MonitorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish(rows(300, shift=0.5, seed=2))
    made = deploy(
        Architecture="x86_64",
        MonitorEndpoints="churn=old-name,fraud",
        MonitorBaselines=PLACES["MONITOR_BASELINES"],
        MonitorReports=PLACES["MONITOR_REPORTS"],
        MonitorHours="2",
        **JUDGED,
    )
    stack = resources_of(made["Monitor"])

    scheduler: Any = boto3.client("scheduler")
    schedules = [one["Name"] for one in scheduler.list_schedules()["Schedules"]]
    made_here = ("FirstSchedule", "SecondSchedule", "FirstQualitySchedule")
    assert sorted(schedules) == sorted(stack[name] for name in made_here)
    target = scheduler.get_schedule(Name=stack["FirstSchedule"])["Target"]
    functions: Any = boto3.client("lambda")
    name = outputs_of(made["Monitor"])["MonitorFunctionName"]
    deployed = functions.get_function_configuration(FunctionName=name)
    assert target["Arn"] == deployed["FunctionArn"]
    for variable, value in deployed["Environment"]["Variables"].items():
        monkeypatch.setenv(variable, value)
    sent = target["Input"].replace("<aws.scheduler.scheduled-time>", "2026-03-02T10:20:00Z")

    answer = lambda_handler(json.loads(sent), Context())

    assert (answer["schedule"], answer["violations"]) == ("old-name", 1)
    assert world.read("reports/churn/old-name/2026/03/02/10/execution.json")["rows"] == 300
    put_predictions(world)
    target = scheduler.get_schedule(Name=stack["FirstQualitySchedule"])["Target"]
    judged = target["Input"].replace("<aws.scheduler.scheduled-time>", "2026-03-02T10:50:00Z")
    assert lambda_handler(json.loads(judged), Context())["rows"] == 300
    assert world.keys("reports/churn/model-quality/2026/03/02/10/report.html")
    failed = functions.get_function_event_invoke_config(FunctionName=name)
    assert failed["DestinationConfig"]["OnFailure"]["Destination"] == queue_arn(
        stack["DeadLetterQueue"]
    )


def test_the_page_has_every_parameter_of_the_monitor_and_none_that_there_is_not() -> None:
    page = (ROOT / "docs/how-to/monitor-in-aws.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    named = {
        name: cells[-2].strip()
        for cells in rows
        for name in re.findall(r"`((?:Monitor|Runtime)\w*)`", cells[1])
    }

    ours = {name for name in PARAMETERS if name.startswith("Monitor")}
    assert named.keys() - {"Runtime"} == ours
    for name, without in named.items():
        default = str(PARAMETERS[name].get("Default", ""))
        assert default in without, name
