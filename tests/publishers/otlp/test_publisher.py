"""Spans on their way to a backend on the loopback interface, through settings."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import (
    BatchRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
)
from capture_forwarder.core.ports import Publisher
from capture_forwarder.forwarding.sending import BatchSender
from capture_forwarder.settings import load
from capture_forwarder.wiring.publishers import build_publisher
from tests.support.captures import TIME
from tests.support.fakes import ManualClock
from tests.support.platforms.faults import Answer, Status, path
from tests.support.platforms.otlp import TOKEN, OtlpServer
from tests.support.platforms.server import Reply, Request, Row
from tests.support.rows import inference_of

EXPERIMENT = "/api/2.0/mlflow/experiments/get"
APPLICATION = "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15"
MESSAGES = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]


class Backend(OtlpServer):
    """A backend that also tells of experiments and tasks."""

    found: Reply = Reply.of_json(200, {"experiment": {"lifecycle_stage": "active"}})

    def handle(self, request: Request) -> Reply:
        return self.found if request.method == "GET" else super().handle(request)


@pytest.fixture
def server() -> Iterator[Backend]:
    with Backend() as running:
        yield running


def publisher(server: OtlpServer, **variables: str) -> Publisher:
    own = {"FORWARDER_PUBLISHER": "otlp", "OTLP_URL": server.url, "OTLP_TOKEN": TOKEN}
    settings = load({**own, **variables})
    assert settings.route is not None
    return build_publisher(settings.route, settings, ManualClock())


def batch(count: int = 3, **further: Any) -> Batch:
    row = {"operation": "chat", "time": TIME, "input_messages": MESSAGES, **further}
    return Batch.of([inference_of(f"call-{n}", row) for n in range(count)])


def test_a_request_is_zipped_protobuf_with_the_token(server: Backend) -> None:
    publisher(server).publish(batch())

    (request,) = server.publish_requests
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["content-encoding"] == "gzip"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert gzip.decompress(request.body)
    assert [span.inference_id for span in server.spans] == ["call-0", "call-1", "call-2"]


def test_the_same_batch_makes_the_same_request(server: Backend) -> None:
    here = publisher(server)
    for _ in range(2):
        here.publish(batch())

    first, second = server.publish_requests
    assert first.body == second.body
    assert len(server.spans) == 3


def test_nothing_is_zipped_where_that_is_asked_for(server: Backend) -> None:
    publisher(server, OTLP_COMPRESSION="none").publish(batch())

    (request,) = server.publish_requests
    assert "content-encoding" not in request.headers
    assert len(server.spans) == 3


def test_an_address_may_have_a_path_in_front_and_another_behind(server: Backend) -> None:
    server.path = "/otel/custom/traces"
    variables = {"OTLP_URL": f"{server.url}/otel/", "OTLP_PATH": "/custom/traces"}

    publisher(server, **variables).publish(batch())

    assert len(server.spans) == 3


@pytest.mark.parametrize(
    ("token", "header", "sent"),
    [
        ("abc", "Authorization", "Bearer abc"),
        ("Basic dXNlcjpw", "Authorization", "Basic dXNlcjpw"),
        ("abc", "api-key", "abc"),
        ("a b", "api-key", "a b"),
    ],
)
def test_a_token_is_sent_as_its_header_wants_it(
    server: Backend, token: str, header: str, sent: str
) -> None:
    here = publisher(server, OTLP_TOKEN=token, OTLP_TOKEN_HEADER=header)
    with pytest.raises(Exception, match="answered 401"):
        here.publish(batch())

    assert server.publish_requests[0].headers[header.lower()] == sent
    if header != "Authorization":
        assert "authorization" not in server.publish_requests[0].headers


def test_a_backend_without_a_token_gets_none(server: Backend) -> None:
    with pytest.raises(Exception, match="answered 401"):
        publisher(server, OTLP_TOKEN="").publish(batch())

    assert len(server.publish_requests) == 1
    assert "authorization" not in server.publish_requests[0].headers


def test_further_headers_are_sent_with_each_request(server: Backend) -> None:
    publisher(server, OTLP_HEADERS='x-scope=a, "x-list=b,c"').publish(batch())

    assert server.publish_requests[0].headers["x-scope"] == "a"
    assert server.publish_requests[0].headers["x-list"] == "b,c"


def test_account_and_region_are_attributes_of_the_resource(
    server: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    publisher(server, OTLP_ACCOUNT="123456789012").publish(batch(1))
    publisher(server, OTLP_REGION="us-east-2").publish(batch(1))

    first, second = [span.resource for span in server.taken]
    assert (first["cloud.account.id"], first["cloud.region"]) == ("123456789012", "eu-west-1")
    assert second["cloud.region"] == "us-east-2"


# --- what a backend rejects ----------------------------------------------------------------


def test_spans_that_are_rejected_in_part_are_found_by_halving(server: Backend) -> None:
    server.partial = True
    bad = {"call-1", "call-6"}
    server.refuse_ids(lambda one: one in bad)

    outcome = BatchSender(publisher(server), ManualClock(), retry_seconds=0).deliver(batch(8))

    assert {refusal.inference.id for refusal in outcome.refused} == bad
    assert {refusal.said for refusal in outcome.refused} == {"invalid span"}
    assert {span.inference_id for span in server.spans} == {f"call-{n}" for n in range(8)} - bad


def test_a_row_at_which_the_backend_fails_by_a_500_is_found_and_the_request_never_repeated(
    server: Backend,
) -> None:
    server.fail_when(lambda request: "call-5" in server.ids_in(request), Status(500, "no room"))

    outcome = BatchSender(publisher(server), ManualClock(), retry_seconds=60).deliver(batch(8))

    assert [refusal.inference.id for refusal in outcome.refused] == ["call-5"]
    assert outcome.refused[0].said == "500: no room"
    asked = [tuple(server.ids_in(request)) for request in server.publish_requests]
    assert len(asked) == len(set(asked))
    assert len(server.spans) == 7


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_busy_backend_gets_the_same_request_again(server: Backend, status: int) -> None:
    server.fail_next(Status(status, retry_after=2))
    clock = ManualClock()

    outcome = BatchSender(publisher(server), clock, retry_seconds=60).deliver(batch(8))

    assert not outcome.refused
    first, second = server.publish_requests
    assert first.body == second.body


def test_a_call_without_a_time_is_refused_alone(server: Backend) -> None:
    row: Row = {"operation": "chat", "time": None, "input_messages": MESSAGES}
    mixed = Batch.of([*batch(2).inferences, inference_of("timeless", row)])

    receipt = publisher(server).publish(mixed)

    assert list(receipt.refused) == [2]
    assert "a span needs a time" in receipt.refused[2]
    assert len(server.spans) == 2


def test_nothing_is_sent_where_no_call_has_a_time(server: Backend) -> None:
    receipt = publisher(server).publish(batch(2, time=None))

    assert list(receipt.refused) == [0, 1]
    assert server.publish_requests == []


# --- backends by name ----------------------------------------------------------------------


def test_mlflow_is_asked_for_its_experiment_before_anything_is_sent(server: Backend) -> None:
    here = publisher(server, OTLP_BACKEND="mlflow", OTLP_EXPERIMENT_ID="7")
    here.schema()
    here.publish(batch())

    asked, sent = server.requests
    assert (asked.path, asked.query) == (EXPERIMENT, "experiment_id=7")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["x-mlflow-experiment-id"] == "7"


@pytest.mark.parametrize(
    "found",
    [
        Reply.of_json(404, {"error_code": "RESOURCE_DOES_NOT_EXIST"}),
        Reply.of_json(400, {"error_code": "INVALID_PARAMETER_VALUE"}),
        Reply.of_json(200, {"experiment": {"lifecycle_stage": "deleted"}}),
    ],
)
def test_an_experiment_that_is_not_there_is_a_wrong_setting(server: Backend, found: Reply) -> None:
    server.found = found
    here = publisher(server, OTLP_BACKEND="mlflow", OTLP_EXPERIMENT_ID="7")

    with pytest.raises(PublisherMisconfiguredError, match="experiment 7") as raised:
        here.schema()

    assert "OTLP_EXPERIMENT_ID" in raised.value.advice
    assert server.publish_requests == []


@pytest.mark.parametrize(
    "fault", [Status(503), Answer(b"<html>", content_type="text/html"), Answer(b"[]")]
)
def test_a_backend_that_does_not_say_is_asked_again(
    server: Backend, fault: Status | Answer
) -> None:
    server.fail_when(path(EXPERIMENT), fault)
    here = publisher(server, OTLP_BACKEND="mlflow", OTLP_EXPERIMENT_ID="7")
    with pytest.raises(PlatformUnavailableError):
        here.schema()

    server.faults.clear()
    here.schema()


def test_arthur_is_asked_for_its_task_and_gets_bodies_that_are_not_zipped(
    server: Backend,
) -> None:
    server.path = "/api/v1/traces"
    server.found = Reply.of_json(200, {"id": "task-1", "name": "chats"})
    here = publisher(server, OTLP_BACKEND="arthur", OTLP_TASK_ID="task-1")
    here.schema()
    here.publish(batch())

    asked, sent = server.requests
    assert asked.path == "/api/v2/tasks/task-1"
    assert "content-encoding" not in sent.headers
    assert server.spans[0].resource["arthur.task"] == "task-1"


def test_fiddler_gets_the_application_in_a_header_and_in_the_resource(server: Backend) -> None:
    publisher(server, OTLP_BACKEND="fiddler", OTLP_APPLICATION_ID=APPLICATION).publish(batch())

    assert server.publish_requests[0].headers["fiddler-application-id"] == APPLICATION
    assert server.spans[0].resource["application.id"] == APPLICATION


def test_phoenix_gets_its_project_in_the_resource(server: Backend) -> None:
    publisher(server, OTLP_BACKEND="phoenix", OTLP_PROJECT="chats").publish(batch())

    assert server.spans[0].resource["openinference.project.name"] == "chats"


def test_a_managed_mlflow_is_named_in_a_header_and_its_requests_are_signed(
    server: Backend,
) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-ABCDEF123456"
    variables = {"OTLP_BACKEND": "mlflow", "OTLP_EXPERIMENT_ID": "7", "OTLP_MLFLOW_ARN": arn}
    here = publisher(server, OTLP_TOKEN="", **variables)
    with pytest.raises(Exception, match="answered 401"):
        here.publish(batch())

    (sent,) = server.publish_requests
    assert sent.headers["x-sm-mlflow-app-arn"] == arn
    assert "/eu-west-1/sagemaker/aws4_request" in sent.headers["authorization"]
    assert "x-sm-mlflow-app-arn" in sent.headers["authorization"]


def test_a_batch_that_is_refused_as_a_whole_names_the_backend(server: Backend) -> None:
    server.refuse_ids(lambda _: True, 422)

    with pytest.raises(BatchRefusedError, match="The collector at") as raised:
        publisher(server).publish(batch())

    assert raised.value.platform_message == "invalid span"
