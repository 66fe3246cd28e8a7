"""`capture-forwarder status`: what went through, what waits, and what may not be looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from capture_forwarder.local.clock import SystemClock
from tests.support.deployed import STACK
from tests.support.moto_gaps import percentiles
from tests.support.working_deployment import ENDPOINT, FILES, VARIANT, WorkingDeployment


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkingDeployment]:
    monkeypatch.setenv("COLUMNS", "160")
    with ExitStack() as stack:
        stack.enter_context(percentiles())
        yield WorkingDeployment(stack, monkeypatch)


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["status", *arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def document(*arguments: str) -> dict[str, Any]:
    return dict(json.loads(run(*arguments, "--json").stdout))


def measured(working: WorkingDeployment, route: str, publisher: str, **values: float) -> None:
    for name, value in values.items():
        working.measure(
            "CaptureForwarder", name, value, service=STACK, route=route, publisher=publisher
        )


def route_of(found: dict[str, Any], name: str) -> dict[str, Any]:
    (route,) = [one for one in found["routes"] if one["route"] == name]
    return dict(route)


def test_it_counts_by_route_and_endpoint(working: WorkingDeployment) -> None:
    measured(
        working,
        *("captures", "files"),
        ObjectsForwarded=7,
        InferencesPublished=70,
        InferencesRefused=2,
        LinesQuarantined=3,
        Lag=90,
    )
    for seconds in (60, 600):
        measured(working, "captures", "files", Lag=seconds)
    measured(working, "other", "fiddler", ObjectsFailed=4)

    found = document()

    assert [one["route"] for one in found["routes"]] == ["captures", "other"]
    assert route_of(found, "captures") == {
        "route": "captures",
        "publisher": "files",
        "files": 7,
        "continued": 0,
        "failed_tries": 0,
        "held_tries": 0,
        "rows": 70,
        "refused": 2,
        "quarantined": 3,
        "lag_seconds": 90,
        "longest_lag_seconds": 600,
    }
    assert (route_of(found, "other")["failed_tries"], route_of(found, "other")["rows"]) == (4, 0)
    (endpoint,) = found["endpoints"]
    assert (endpoint["endpoint"], endpoint["variant"]) == (ENDPOINT, VARIANT)
    assert (endpoint["files"], endpoint["routes"]) == (FILES, ["captures"])
    assert (found["queue"]["waiting"], found["dead_letters"]["waiting"]) == (0, 0)
    assert found["unknown"] == []


def test_a_route_that_did_nothing_is_shown_too(working: WorkingDeployment) -> None:
    assert working.keys

    (route,) = document()["routes"]

    assert (route["route"], route["files"], route["lag_seconds"]) == ("captures", 0, None)


def test_numbers_of_another_stack_do_not_count(working: WorkingDeployment) -> None:
    working.measure(
        "CaptureForwarder", "ObjectsForwarded", 9, service="x", route="theirs", publisher="files"
    )

    assert [one["route"] for one in document()["routes"]] == ["captures"]


def test_the_table_says_it_in_words(working: WorkingDeployment) -> None:
    measured(working, "captures", "files", ObjectsForwarded=7, InferencesRefused=2, Lag=90)
    url = working.resources["DeadLetterQueue"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="x")

    shown = run().stdout

    for told in ("Stack capture-forwarder", "Routes", "0:01:30", ENDPOINT, "Queue: 0 waiting"):
        assert told in shown
    assert f"Dead letters: 1\n  To see them: capture-forwarder dead-letters list {url}" in shown


def test_what_waits_is_counted(working: WorkingDeployment) -> None:
    sqs: Any = boto3.client("sqs")
    for body in "abc":
        sqs.send_message(QueueUrl=working.resources["DeadLetterQueue"], MessageBody=body)
    sqs.receive_message(QueueUrl=working.resources["DeadLetterQueue"])

    found = document()["dead_letters"]

    assert (found["waiting"], found["in_flight"]) == (2, 1)


def test_only_the_hours_that_are_asked_for_count(working: WorkingDeployment) -> None:
    now = datetime.now(UTC)
    working.put(now - timedelta(hours=30))
    measured(working, "captures", "files", ObjectsForwarded=7)

    few = document("--hours", "1")
    many = document("--hours", "48")
    since = document("--since", (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H"))

    assert few["endpoints"][0]["files"] == since["endpoints"][0]["files"] == 2
    assert many["endpoints"][0]["files"] == FILES + 1
    starts = [parameters["StartTime"] for parameters in working.aws.of("GetMetricData")]
    begun = now.replace(minute=0, second=0, microsecond=0)
    if datetime.now(UTC) < begun + timedelta(hours=1):
        assert starts == [begun - timedelta(hours=hours) for hours in (1, 48, 1)]


@pytest.mark.parametrize(
    ("operation", "what", "action"),
    [
        ("GetMetricData", "routes", "cloudwatch:GetMetricData"),
        ("ListMetrics", "routes", "cloudwatch:ListMetrics"),
        ("ListObjectsV2", "endpoints", "s3:ListBucket"),
        ("GetQueueAttributes", "queue", "sqs:GetQueueAttributes"),
    ],
)
def test_what_may_not_be_looked_at_is_unknown_and_the_rest_is_shown(
    working: WorkingDeployment, operation: str, what: str, action: str
) -> None:
    measured(working, "captures", "files", ObjectsForwarded=7)
    working.aws.refuse(operation)

    found = document()

    unknown = {one["what"]: one["advice"] for one in found["unknown"]}
    assert unknown[what] == f"Allow {action} and run the command again."
    assert found[what] is None
    others = {"routes", "endpoints", "queue", "dead_letters"} - unknown.keys()
    assert all(found[name] for name in others)
    assert f"unknown. You may not look: {action} is not allowed to you." in run().stdout


def test_routes_that_cannot_be_read_leave_the_counts(working: WorkingDeployment) -> None:
    measured(working, "captures", "files", ObjectsForwarded=7)
    working.aws.refuse("GetFunctionConfiguration")

    found = document()

    assert route_of(found, "captures")["files"] == 7
    assert found["endpoints"][0]["routes"] is None
    assert "unknown" in run().stdout


def test_nothing_is_changed(working: WorkingDeployment) -> None:
    working.aws.asked.clear()

    run()

    assert {
        name for name, _ in working.aws.asked if not name.startswith(("Get", "List", "Desc"))
    } == set()


def test_it_is_shown_again_until_somebody_interrupts(
    working: WorkingDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def wait(_: SystemClock, seconds: float) -> None:
        waits.append(seconds)
        measured(working, "captures", "files", ObjectsForwarded=7)
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(SystemClock, "sleep", wait)

    shown = run("--watch", "30", "--json", exit_code=130)

    first, second = [json.loads(line) for line in shown.stdout.splitlines()]
    assert waits == [30, 30]
    assert [route_of(one, "captures")["files"] for one in (first, second)] == [0, 7]


def test_a_stack_that_is_not_there_is_an_error(working: WorkingDeployment) -> None:
    assert working.keys
    shown = run("--stack", "nothing", exit_code=1)

    assert "There is no stack nothing" in shown.stderr
    assert "--stack" in shown.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--hours", "2", "--since", "2026-03-01"),
        ("--since", "yesterday"),
        ("--since", "2999-01-01"),
        ("--since", "2020-01-01"),
        ("--hours", "0"),
        ("--watch", "1"),
    ],
)
def test_wrong_usage_is_refused(arguments: tuple[str, ...]) -> None:
    assert "Error" in run(*arguments, exit_code=2).stderr
