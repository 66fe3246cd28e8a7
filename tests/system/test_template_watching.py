"""What the alarms and the dashboard promise, which are a nested stack of template.yaml."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from capture_forwarder.aws.reporting import NAMESPACE, LogReporter
from capture_forwarder.core.errors import (
    CaptureFileError,
    FileHeldError,
    ForwarderError,
    NoProgressError,
)
from capture_forwarder.core.report import FileReport
from capture_forwarder.settings import ONLY_ROUTE, PublisherName
from tests.support.package import REPOSITORY
from tests.support.template_values import (
    ALARMS,
    PARAMETERS,
    TEMPLATE,
    Deployment,
)
from tests.support.template_values import properties as written

RESOURCES = ALARMS["Resources"]
NAMES = sorted(name for name, one in RESOURCES.items() if one["Type"] == "AWS::CloudWatch::Alarm")
ROUTES = {"CaptureBucket": "captures", "RoutesFile": "ssm:///routes"}
TOLD = {"Fn::If": ["HasTopics", {"Ref": "Topics"}, {"Ref": "AWS::NoValue"}]}
DAY = 24 * 60 * 60

# Every metric of the forwarder; its reporter emits them, docs/metrics.md explains them.
METRICS = {
    "FilesAnnounced",
    "ObjectsForwarded",
    "ObjectsFailed",
    "ObjectsHeld",
    "ObjectsNotAdvanced",
    "ObjectsSkipped",
    "ObjectsRepeated",
    "ObjectsContinued",
    "ObjectsWaiting",
    "LinesRead",
    "LinesForwarded",
    "LinesQuarantined",
    "LinesEmpty",
    "LinesParserFailed",
    "Inferences",
    "InferencesPublished",
    "InferencesRefused",
    "CastFailures",
    "ValuesRedacted",
    "ColumnsNeverFound",
    "EqualIds",
    "PublishRequests",
    "PublishRetries",
    "PublishLatency",
    "Lag",
}


def properties(name: str) -> Any:
    return written(name, ALARMS)


def alarms(**parameters: str) -> dict[str, Any]:
    """The resources of the nested stack, with parameters of the whole."""
    return Deployment(ROUTES | parameters).part("Alarms").resources()


def dashboard(*, silence: bool = True) -> Any:
    body = alarms(SilenceHours="24" if silence else "0")["Dashboard"]["DashboardBody"]
    shown = json.loads(body)
    for widget in shown["widgets"]:
        before: list[str] = []
        for entry in widget["properties"].get("metrics", []):
            # A dot stands for what the entry above has in its place.
            for place, part in enumerate(entry):
                if part == ".":
                    entry[place] = before[place]
            before = [part for part in entry if isinstance(part, str)]
    return shown


def dashboard_metrics() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of every metric on the dashboard."""
    for widget in dashboard()["widgets"]:
        for entry in widget["properties"].get("metrics", []):
            names = [part for part in entry if isinstance(part, str)]
            if names:
                namespace, metric, *rest = names
                yield namespace, metric, dict(zip(rest[::2], rest[1::2], strict=True))


def dashboard_searches() -> Iterator[tuple[str, str]]:
    """Expression and label of every search on the dashboard."""
    for widget in dashboard()["widgets"]:
        for entry in widget["properties"].get("metrics", []):
            if isinstance(entry[0], dict) and entry[0]["expression"].startswith("SEARCH"):
                yield entry[0]["expression"], entry[0]["label"]


def alarm_metrics() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of every metric that an alarm looks at."""
    made = alarms(SilenceHours="24")
    for alarm in (made[name] for name in NAMES):
        stats = [
            entry["MetricStat"]["Metric"]
            for entry in alarm.get("Metrics", [])
            if "MetricStat" in entry
        ]
        for metric in stats or [alarm]:
            dimensions = {entry["Name"]: entry["Value"] for entry in metric["Dimensions"]}
            yield metric["Namespace"], metric["MetricName"], dimensions


def test_there_is_an_alarm_for_each_way_to_lose_sight_of_data() -> None:
    names = {properties(name)["AlarmName"]["Fn::Sub"].partition("-")[2] for name in NAMES}
    assert names == {
        "dead-letters",
        "events-lost",
        "queue-age",
        "errors",
        "throttles",
        "objects-failed",
        "quarantine-rate",
        "refused-by-platform",
        "cast-failures",
        "columns-never-found",
        "files-held",
        "not-advanced",
        "continuations-growing",
        "parser-failed",
        "silence",
    }


@pytest.mark.parametrize("alarm", NAMES)
def test_an_alarm_says_what_to_do_and_tells_whoever_is_named(alarm: str) -> None:
    said = properties(alarm)["AlarmDescription"]
    assert said.endswith("See docs/operations.md.")
    assert len(said) <= 1024
    assert properties(alarm)["AlarmActions"] == TOLD
    assert properties(alarm)["OKActions"] == TOLD


def test_alarms_go_to_the_address_and_the_topic_that_are_given() -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:mine"
    for given, told in (
        ({}, None),
        ({"AlarmEmail": "a@example.com"}, ["AlarmTopic"]),
        ({"AlarmTopicArn": topic}, [topic]),
        ({"AlarmEmail": "a@example.com", "AlarmTopicArn": topic}, ["AlarmTopic", topic]),
    ):
        for name, one in alarms(**given).items():
            assert one.get("AlarmActions") == (told if name.endswith("Alarm") else None)


@pytest.mark.parametrize("alarm", NAMES)
def test_an_alarm_is_explained(alarm: str) -> None:
    name = properties(alarm)["AlarmName"]["Fn::Sub"].removeprefix("${ForwarderStack}-")
    assert f"| `{name}` |" in (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("alarm", NAMES)
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


def test_files_that_are_continued_and_not_finished_raise_an_alarm() -> None:
    alarm = properties("ContinuationsAlarm")
    growing, *of = alarm["Metrics"]
    metrics = {entry["Id"]: entry["MetricStat"] for entry in of}
    # A metric without data must not hide the other: mostly no file comes to its end then.
    assert growing["Expression"] == "FILL(continued, 0) - FILL(forwarded, 0)"
    assert {name: stat["Metric"]["MetricName"] for name, stat in metrics.items()} == {
        "continued": "ObjectsContinued",
        "forwarded": "ObjectsForwarded",
    }
    assert {stat["Stat"] for stat in metrics.values()} == {"Sum"}
    assert all(entry["ReturnData"] is False for entry in of)
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["Threshold"] == 0
    # One long file takes a few invocations and is no alarm; it is told within half an hour.
    assert {stat["Period"] * alarm["EvaluationPeriods"] for stat in metrics.values()} == {1800}


def test_a_backfill_does_not_make_the_queue_look_old() -> None:
    result, *of = properties("QueueAgeAlarm")["Metrics"]
    metrics = {entry["Id"]: entry["MetricStat"]["Metric"]["MetricName"] for entry in of}
    # A backfill sends its messages as a group, and SQS measures the others apart. Before it has
    # seen a group, there may be nothing but the age of all.
    assert metrics == {
        "live": "ApproximateAgeOfOldestMessageInQuietGroups",
        "all": "ApproximateAgeOfOldestMessage",
    }
    assert result["Expression"] == "IF(FILL(live, -1) < 0, all, FILL(live, 0))"


@pytest.mark.parametrize(
    ("given", "watched"),
    [
        ({}, ["CaptureRule", "-", "-"]),
        ({"LabelBucket": "truth"}, ["CaptureRule", "LabelRule", "-"]),
        ({"CaptureSource": "s3"}, ["-", "-", "-"]),
        ({"CaptureSource": "arn:aws:sns:us-east-1:123456789012:files"}, ["-", "-", "files"]),
    ],
)
def test_an_announcement_that_no_queue_took_raises_an_alarm(
    given: dict[str, str], watched: list[str]
) -> None:
    result, *of = alarms(**given)["EventsLostAlarm"]["Metrics"]
    # A metric that is not there must not hide the others.
    assert result["Expression"] == "FILL(captures, 0) + FILL(labels, 0) + FILL(topic, 0)"
    metrics = [entry["MetricStat"]["Metric"] for entry in of]
    assert [(one["MetricName"], one["Dimensions"][0]["Name"]) for one in metrics] == [
        ("InvocationsFailedToBeSentToDlq", "RuleName"),
        ("InvocationsFailedToBeSentToDlq", "RuleName"),
        ("NumberOfNotificationsFailedToRedriveToDlq", "TopicName"),
    ]
    assert [one["Dimensions"][0]["Value"] for one in metrics] == watched


def test_alarms_reach_their_topic() -> None:
    # The key that SNS has by itself would shut CloudWatch out.
    topic = written("AlarmTopic")
    assert topic["KmsMasterKeyId"] == {
        "Fn::If": ["HasKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]
    }
    statement, _ = written("AlarmTopicPolicy")["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


@pytest.mark.parametrize("silence", [False, True])
def test_the_dashboard_is_json_and_shows_every_alarm(silence: bool) -> None:
    first, *others = dashboard(silence=silence)["widgets"]
    shown = {name.removesuffix(".Arn") for name in first["properties"]["alarms"]}
    assert shown == set(NAMES) - (set() if silence else {"SilenceAlarm"})
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
    tree = ast.parse((REPOSITORY / "src/capture_forwarder/aws/reporting.py").read_text())
    constants = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(METRICS - constants) == []
    pattern = r"(Objects|Lines|Inferences|Publish|Cast)[A-Z]?[A-Za-z]*"
    assert {text for text in constants if re.fullmatch(pattern, text)} <= METRICS


def test_every_metric_is_explained() -> None:
    document = (REPOSITORY / "docs/metrics.md").read_text(encoding="utf-8")
    assert (
        set(re.findall(r"^\| `(\w+)` \| (?:Count|(?:Millis|S)econds) \|", document, re.MULTILINE))
        == METRICS
    )


def emitted(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    """The sets of dimensions under which the function's metrics are there."""
    variables = written("ForwarderFunction")["Environment"]["Variables"]
    service = Deployment({}).value(variables["POWERTOOLS_SERVICE_NAME"])
    reporter = LogReporter(service).on_route(ONLY_ROUTE, PublisherName.FIDDLER.value)
    reporter.failed("an object", CaptureFileError("It is gone."))
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    (found,) = (line for line in lines if "_aws" in line)
    (told,) = found["_aws"]["CloudWatchMetrics"]
    assert told["Namespace"] == NAMESPACE
    return [{name: found[name] for name in names} for names in told["Dimensions"]]


@pytest.mark.parametrize(
    ("error", "also"),
    [(FileHeldError("wrong"), "ObjectsHeld"), (NoProgressError("late"), "ObjectsNotAdvanced")],
)
def test_what_stops_data_from_arriving_has_a_metric_of_its_own(
    error: ForwarderError, also: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error.report = FileReport(quarantined={"parser-failed": 2, "invalid-json": 1})

    LogReporter("stack").failed("an object", error)

    lines = map(json.loads, capsys.readouterr().out.splitlines())
    (told,) = (line for line in lines if "_aws" in line)
    assert told["ObjectsFailed"] == told[also] == [1.0]
    assert told["LinesParserFailed"] == [2.0]
    assert told["LinesQuarantined"] == [3.0]


def test_metrics_are_looked_for_under_the_dimensions_that_they_have(
    capsys: pytest.CaptureFixture[str],
) -> None:
    by_route, all_routes = emitted(capsys)
    assert by_route.keys() == {"route", "publisher", "service"}
    assert all_routes.keys() == {"service"}
    # All routes together, whatever they are called and wherever they go.
    for space, _, looked_for in [*dashboard_metrics(), *alarm_metrics()]:
        assert space != NAMESPACE or looked_for == all_routes


def test_the_dashboard_shows_what_each_route_does(capsys: pytest.CaptureFixture[str]) -> None:
    by_route, all_routes = emitted(capsys)
    searched = {}
    for expression, label in dashboard_searches():
        form = r"SEARCH\('\{([^}]*)\} (.*)', 'Sum', 300\)"
        found = re.fullmatch(form, expression)
        assert found is not None
        schema, term = found.groups()
        namespace, *dimensions = schema.split(",")
        # Only metrics with exactly these dimensions are found.
        assert namespace == NAMESPACE
        assert sorted(dimensions) == sorted(by_route)
        terms = dict(re.findall(r'(\w+)="([^"]*)"', term))
        searched[terms.pop("MetricName")] = label
        assert terms == all_routes
    assert searched.keys() == {"InferencesPublished", "ObjectsFailed", "LinesQuarantined"}
    assert searched.keys() <= METRICS
    assert set(searched.values()) == {"${PROP('Dim.route')} (${PROP('Dim.publisher')})"}
