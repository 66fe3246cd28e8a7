"""`capture-forwarder backfill --detach`: begun, looked at and stopped, on a deployment on moto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from tests.support.fair_queue import FairQueue
from tests.support.working_deployment import WorkingDeployment

DAY = datetime(2026, 3, 1, tzinfo=UTC)
ALL = ("--until", "2026-03-03", "--detach")


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WorkingDeployment]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    with ExitStack() as stack:
        made = WorkingDeployment(stack, monkeypatch)
        # moto would hand the messages to a function that does nothing with them.
        boto3.client("lambda").update_event_source_mapping(
            UUID=made.resources["ForwarderFunctionCaptures"], Enabled=False
        )
        made.announce({})
        for hour in (9, 10, 34):
            made.put(DAY + timedelta(hours=hour))
        made.put(DAY, folder="datacapture/other/AllTraffic")
        yield made


@pytest.fixture
def queue(working: WorkingDeployment) -> FairQueue:
    return FairQueue(working.aws)


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["backfill", *arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def document(*arguments: str) -> dict[str, Any]:
    return dict(json.loads(run(*arguments, "--json").stdout))


def test_without_apply_it_shows_the_folders_and_asks_nothing(queue: FairQueue) -> None:
    shown = run(*ALL).stdout

    assert "s3://captures/datacapture/churn/AllTraffic/" in shown
    assert "s3://captures/datacapture/other/AllTraffic/" in shown
    assert "A million files cost about $0.045 to announce and $4.90 to forward" in shown
    assert "Add --apply" in shown
    assert queue.waiting == []


def test_the_function_does_it_by_itself_and_says_how_far_it_is(
    working: WorkingDeployment, queue: FairQueue
) -> None:
    begun = document(*ALL, "--endpoint", "churn", "--apply")

    assert (begun["applied"], begun["folders"]) == (
        True,
        ["s3://captures/datacapture/churn/AllTraffic/"],
    )
    name = begun["id"]
    assert "no request of it has been taken up yet" in run("--status", name).stdout
    (message,) = queue.take()
    assert message.group is None
    assert working.invoke({"Records": [message.record()]}) == {"batchItemFailures": []}

    announced = queue.take()
    assert len(announced) == 3
    assert {one.group for one in announced} == {"backfill"}
    shown = run("--status", name).stdout
    assert f"Backfill {name} is over: 3 files were announced in 1 step." in shown
    assert document("--status", name)["sent"] == 3
    records = [one.record() for one in announced]
    boto3.client("s3").create_bucket(Bucket="rows")
    assert working.invoke({"Records": records}) == {"batchItemFailures": []}
    assert len(boto3.client("s3").list_objects_v2(Bucket="rows")["Contents"]) == 3


def test_it_can_be_stopped(working: WorkingDeployment, queue: FairQueue) -> None:
    name = document(*ALL, "--apply")["id"]

    assert "Add --apply to stop it." in run("--stop", name).stdout
    assert document("--status", name)["over"] is False
    assert "It is stopped" in run("--stop", name, "--apply").stdout

    assert document("--status", name)["over"] is True
    (message,) = queue.take()
    assert working.invoke({"Records": [message.record()]}) == {"batchItemFailures": []}
    assert queue.waiting == []
    assert "is over" in run("--stop", name, "--apply").stdout


def test_options_are_handed_over(queue: FairQueue) -> None:
    run(*ALL, "--since", "2026-03-01T10:30", "--route", "captures", "--waiting", "50", "--apply")

    (message,) = queue.take()
    asked = json.loads(message.body)["captureForwarder"]["list"]
    assert asked.pop("id")
    assert asked == {
        "places": ["s3://captures/datacapture/"],
        "since": "2026-03-01T10:00:00Z",
        "until": "2026-03-03T00:00:00Z",
        "route": "captures",
        "waiting": 50,
    }


def test_a_function_that_was_deployed_before_is_not_asked(
    working: WorkingDeployment, queue: FairQueue
) -> None:
    boto3.client("lambda").update_function_configuration(
        FunctionName=working.resources["ForwarderFunction"],
        Environment={"Variables": {"FORWARDER_PUBLISHER": "files"}},
    )

    shown = run(*ALL, "--apply", exit_code=2)

    assert "has no FORWARDER_CAPTURE_BUCKETS" in shown.stderr
    assert queue.waiting == []


def test_missing_rights_are_named(working: WorkingDeployment, queue: FairQueue) -> None:
    working.aws.refuse("GetItem", "AccessDeniedException")
    assert "Allow dynamodb:GetItem." in run("--status", "x", exit_code=1).stderr
    working.aws.refuse("SendMessage")
    assert "Allow sqs:SendMessage." in run(*ALL, "--apply", exit_code=1).stderr
    assert queue.waiting == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--detach", "--status", "x"), "Give only one of"),
        (("--status", "x", "--stop", "x"), "Give only one of"),
        (("--status", "x", "--stack", "nothing"), "There is no stack nothing"),
        ((*ALL, "--route", "nobody"), "There is no route nobody"),
    ],
)
def test_wrong_usage_is_refused(queue: FairQueue, options: tuple[str, ...], words: str) -> None:
    assert words in run(*options, exit_code=2).stderr
    assert queue.waiting == []


def test_nothing_to_send_is_said(queue: FairQueue) -> None:
    assert "There is nothing to send." in run(*ALL, "--endpoint", "nobody", "--apply").stdout
    assert queue.waiting == []
