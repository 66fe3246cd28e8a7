"""The template, deployed: files become rows on the platform, by the role's own permissions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.support.deployed import CAPTURES, SETTINGS, make_bucket
from tests.support.live_stack import LiveStack
from tests.support.package import REPOSITORY
from tests.support.platforms.fiddler import CHURN_MODEL, TOKEN, FiddlerServer
from tests.support.template_parameters import BUS, TOPIC

SAMPLES = REPOSITORY / "events/captures"
LINES, REJECTED, ROWS = 83, 9, 256
CSV = "datacapture/churn-endpoint/AllTraffic/2026/03/01/10/"
LATE = f"{CSV}45-05-012-b036cf44-2dea-40e8-b5a3-fd554ef91f16.jsonl"
(LOCAL,) = json.loads((REPOSITORY / "events/env.json").read_text(encoding="utf-8")).values()
ROUTE = """
routes:
- name: {name}
  match: {{prefix: datacapture/}}
  continue: {more}
  mapping: {{inputs: "{inputs}", outputs: score}}
  publisher: {publisher}
"""

Deploy = Callable[..., LiveStack]


@pytest.fixture
def server() -> Iterator[FiddlerServer]:
    with FiddlerServer(CHURN_MODEL) as running:
        yield running


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch, server: FiddlerServer) -> Iterator[Deploy]:
    """Deploys the quick start, and changes of it; with routes, the other way in."""
    with ExitStack() as stack:
        stack.enter_context(mock_aws(config={"lambda": {"use_docker": False}}))

        def make(routes: str = "", **parameters: str) -> LiveStack:
            secret: Any = boto3.client("secretsmanager")
            token = secret.create_secret(Name="fiddler-token", SecretString=TOKEN)["ARN"]
            given = {"CaptureBucket": CAPTURES, "CapturePrefix": "datacapture/"}
            if routes:
                given["RoutesFile"] = f"s3://{SETTINGS}/routes.yaml"
                given["SecretArns"] = token
            else:
                given |= quick_start(server.url, token)
            live = LiveStack(monkeypatch, given | parameters, routes.replace("TOKEN", token))
            live.drop("")  # nothing, but in a form that moto understands
            return live

        yield make


def quick_start(url: str, token: str) -> dict[str, str]:
    return {
        "FiddlerUrl": url,
        "FiddlerTokenSecretArn": token,
        "FiddlerModelUuid": LOCAL["FIDDLER_MODEL_UUID"],
        "FiddlerModelColumns": LOCAL["FIDDLER_MODEL_COLUMNS"],
        "FiddlerModelOutputColumn": LOCAL["FIDDLER_MODEL_OUTPUT_COLUMN"],
        "FiddlerTimestampColumn": LOCAL["FIDDLER_TIMESTAMP_COLUMN"],
    }


def route(name: str, publisher: str, *, more: bool = False) -> str:
    inputs = LOCAL["FIDDLER_MODEL_COLUMNS"]
    written = ROUTE.format(name=name, publisher=publisher, inputs=inputs, more=str(more).lower())
    return written.partition("routes:\n")[2]


def routes(server: FiddlerServer, token: str) -> str:
    """All rows to Fiddler, and to files too."""
    fiddler = f"{{type: fiddler, url: '{server.url}', {token}"
    fiddler += f", model_uuid: {LOCAL['FIDDLER_MODEL_UUID']}}}"
    files = "{type: files, place: s3://rows/churn}"
    return "routes:\n" + route("archive", files, more=True) + route("churn", fiddler)


def put_samples(live: LiveStack) -> None:
    for file in sorted(SAMPLES.rglob("*.jsonl")):
        live.put(file.relative_to(SAMPLES).as_posix(), file.read_bytes())


def put_one(live: LiveStack) -> None:
    live.put(LATE, (SAMPLES / LATE).read_bytes())


def objects(bucket: str) -> list[str]:
    s3: Any = boto3.client("s3")
    return [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def output(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What the function wrote: log entries and metrics."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line[:1] == "{"]


def logged(capsys: pytest.CaptureFixture[str], message: str) -> list[dict[str, Any]]:
    return [one for one in output(capsys) if one.get("message") == message]


def test_files_in_the_bucket_become_rows_on_the_platform(
    deploy: Deploy, server: FiddlerServer, capsys: pytest.CaptureFixture[str]
) -> None:
    live = deploy()
    live.announce_as_the_stack_asks("eventbridge")

    put_samples(live)
    live.put("datacapture/notes.txt", b"not captured")
    live.put("elsewhere/x.jsonl", b"not captured")

    assert live.waiting() == 4
    assert live.run() == []
    assert len(server.events) == ROWS
    done = logged(capsys, "object forwarded")
    assert sum(one["lines"] for one in done) == LINES
    assert sum(sum(one["quarantined"].values()) for one in done) == REJECTED
    assert objects(live.resources["QuarantineBucket"])
    table: Any = boto3.resource("dynamodb").Table(live.resources["LedgerTable"])
    assert len(table.scan()["Items"]) == 4
    assert (live.waiting(), live.waiting("DeadLetterQueue")) == (0, 0)
    # Announced once more, nothing is sent again.
    put_samples(live)
    assert live.run() == []
    assert len({json.dumps(one, sort_keys=True) for one in server.events}) == ROWS


@pytest.mark.parametrize("source", ["eventbridge", "s3", TOPIC, BUS])
def test_every_source_brings_the_files_and_only_new_ones(
    deploy: Deploy, server: FiddlerServer, source: str
) -> None:
    boto3.client("sns").create_topic(Name=TOPIC.rpartition(":")[2])
    boto3.client("events").create_event_bus(Name=BUS.rpartition("/")[2])
    live = deploy(CaptureSource=source)
    live.announce_as_the_stack_asks(source)

    put_samples(live)

    # S3 tries a queue with a message of its own.
    assert live.waiting() == (5 if source == "s3" else 4)
    assert live.run() == []
    assert len(server.events) == ROWS
    assert (live.waiting(), live.waiting("DeadLetterQueue")) == (0, 0)


def test_other_announcements_of_the_bucket_are_no_dead_letters(
    deploy: Deploy, server: FiddlerServer, capsys: pytest.CaptureFixture[str]
) -> None:
    live = deploy(CaptureSource="s3")
    live.announce(
        QueueConfigurations=[
            {
                "QueueArn": live.outputs["CaptureQueueArn"],
                "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
            }
        ]
    )
    put_one(live)
    assert live.run() == []
    boto3.client("s3").delete_object(Bucket=CAPTURES, Key=LATE)
    assert live.waiting() == 1

    assert live.run() == []

    assert len(server.events) == 13
    assert live.waiting() == 0
    written = output(capsys)
    assert sum(one.get("ObjectsSkipped", [0])[0] for one in written) == 2
    assert [one["why"] for one in written if one.get("message") == "message skipped"] == [
        "a test event of S3",
        "an event of S3 that announces no new file: ObjectRemoved",
    ]


@pytest.mark.parametrize("place", ["s3", "ssm:///forwarder/routes"])
def test_a_routes_file_is_the_other_way_in(
    deploy: Deploy, server: FiddlerServer, place: str
) -> None:
    text = routes(server, "token_secret_arn: 'TOKEN'")
    parameters = {"FilesPlace": "s3://rows/churn"}
    if place != "s3":
        parameters["RoutesFile"] = place
    make_bucket("rows")
    live = deploy(text, **parameters)
    if place != "s3":
        s3: Any = boto3.client("s3")
        written = s3.get_object(Bucket=SETTINGS, Key="routes.yaml")["Body"].read().decode()
        boto3.client("ssm").put_parameter(Name="/forwarder/routes", Value=written, Type="String")
    live.announce_as_the_stack_asks("eventbridge")

    put_samples(live)

    assert live.run() == []
    assert len(server.events) == ROWS
    assert len(objects("rows")) == 4
    assert all(key.startswith("churn/") for key in objects("rows"))


def test_a_file_that_is_gone_is_not_tried_again_and_said_to_be_gone(
    deploy: Deploy, server: FiddlerServer, capsys: pytest.CaptureFixture[str]
) -> None:
    live = deploy()
    live.announce_as_the_stack_asks("eventbridge")
    put_one(live)
    boto3.client("s3").delete_object(Bucket=CAPTURES, Key=LATE)

    (failed,) = live.run()

    assert LATE in failed["Body"]
    (said,) = logged(capsys, "delivery failed")
    assert "AWS answered NoSuch" in said["problem"]
    assert server.events == []


QUICK_START = ["ReadCaptures", "KeepPositions", "WriteQuarantine", "ReadSecrets"]
ASKED = {
    "KeepPositions": "dynamodb:UpdateItem",
    "ReadCaptures": "s3:GetObject",
    "ReadRoutes": "s3:GetObject",
    "ReadSecrets": "secretsmanager:GetSecretValue",
    "WriteFiles": "s3:PutObject",
    "WriteQuarantine": "s3:PutObject",
}
"""Statement → the action that a failure without it asks to allow."""


@pytest.mark.parametrize("statement", QUICK_START)
def test_without_a_statement_of_the_role_the_file_fails_and_the_log_names_the_right(
    deploy: Deploy, server: FiddlerServer, statement: str, capsys: pytest.CaptureFixture[str]
) -> None:
    live = deploy(RetrySeconds="0")
    live.announce_as_the_stack_asks("eventbridge")
    put_one(live)
    live.drop(statement)

    (failed,) = live.run()

    assert LATE in failed["Body"]
    (said,) = logged(capsys, "delivery failed")
    told = f"{said['problem']} {said['advice']}"
    assert "AccessDenied" in told
    assert ASKED[statement] in told
    # What was accepted before the quarantine refused its part is not lost, nor taken as done.
    assert len(server.events) in ({0, 13} if statement == "WriteQuarantine" else {0})


@pytest.mark.parametrize("statement", ["ReadRoutes", "ReadSecrets", "WriteFiles"])
def test_without_a_statement_that_routes_need_the_log_names_the_right(
    deploy: Deploy, server: FiddlerServer, statement: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_bucket("rows")
    text = routes(server, "token_secret_arn: 'TOKEN'")
    live = deploy(text, FilesPlace="s3://rows/churn", RetrySeconds="0")
    live.announce_as_the_stack_asks("eventbridge")
    put_one(live)
    live.drop(statement)

    if statement == "ReadRoutes":
        # Without routes nothing can be done, so that the invocation fails as a whole.
        with pytest.raises(Exception, match=ASKED[statement]):
            live.run()
        return
    assert len(live.run()) == 1
    (said,) = logged(capsys, "delivery failed")
    assert ASKED[statement] in f"{said['problem']} {said['advice']}"
    # The other route is not kept up.
    assert said["route"] == {"ReadSecrets": "churn", "WriteFiles": "archive"}[statement]
    assert len(server.events) == {"ReadSecrets": 0, "WriteFiles": 13}[statement]
    assert len(objects("rows")) == {"ReadSecrets": 1, "WriteFiles": 0}[statement]


@pytest.mark.parametrize("statement", ["TakeMessages", "WriteLogs"])
def test_lambda_needs_the_role_for_the_queue_and_the_log(deploy: Deploy, statement: str) -> None:
    live = deploy()
    live.announce_as_the_stack_asks("eventbridge")
    put_one(live)
    live.drop(statement)

    with pytest.raises(Exception, match="AccessDenied"):
        live.run()


TRUTH = """
routes:
- name: truth
  match: {{bucket: truth}}
  labels: {{id: call, columns: churned=label, delay: {delay}}}
  publisher: {{type: files, place: s3://rows/truth}}
"""


def with_labels(deploy: Deploy, delay: int) -> LiveStack:
    """A stack for labels, to which a file of them was just announced."""
    for bucket in ("rows", "truth"):
        make_bucket(bucket)
    labels = {"LabelBucket": "truth", "LabelPrefix": "ground-truth/"}
    live = deploy(TRUTH.format(delay=delay), FilesPlace="s3://rows/truth", **labels)
    boto3.client("s3").put_bucket_notification_configuration(
        Bucket="truth", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    live.put("ground-truth/2026/03/02/10/labels.csv", b"call,label\ncall-0,1\n", "truth")
    return live


def test_labels_have_a_rule_of_their_own(deploy: Deploy) -> None:
    live = with_labels(deploy, 0)

    assert live.waiting() == 1
    assert live.run() == []

    assert len(objects("rows")) == 1


def test_what_is_left_for_later_goes_to_the_own_queue(deploy: Deploy) -> None:
    live = with_labels(deploy, 600)

    assert live.run() == []

    assert live.waiting() == 1
    assert objects("rows") == []


@pytest.mark.parametrize(
    ("statement", "action"), [("ReadLabels", "s3:GetObject"), ("ContinueLater", "sqs:SendMessage")]
)
def test_without_a_statement_that_labels_need_the_log_names_the_right(
    deploy: Deploy, statement: str, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    live = with_labels(deploy, 600 if statement == "ContinueLater" else 0)
    live.drop(statement)

    assert len(live.run()) == 1

    (said,) = logged(capsys, "delivery failed")
    assert action in f"{said['problem']} {said['advice']}"
    assert objects("rows") == []
