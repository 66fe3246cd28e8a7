"""The loopback Arthur takes what Arthur documents, and refuses all else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3

from tests.support.platforms.arthur import MODEL_ID, TOKEN, ArthurServer, Stored
from tests.support.platforms.faults import LOGIN_PAGE, Fault, Reset, Slow, Status, Truncated

PATH = f"/api/v3/models/{MODEL_ID}/inferences/integrations/sagemaker_data_capture"
EVENT = "a6f0"


@pytest.fixture
def server() -> Iterator[ArthurServer]:
    with ArthurServer() as running:
        yield running


def csv(data: str, content_type: str = "text/csv", encoding: str = "CSV") -> dict[str, Any]:
    return {"observedContentType": content_type, "mode": "X", "data": data, "encoding": encoding}


def document(data: object) -> dict[str, Any]:
    return csv(json.dumps(data), "application/json", "JSON")


def line(
    sent: dict[str, Any], answered: dict[str, Any], event_id: str = EVENT, **more: object
) -> bytes:
    record = {
        "captureData": {"endpointInput": sent, "endpointOutput": answered},
        "eventMetadata": {"eventId": event_id, "inferenceTime": "2026-03-01T10:20:30Z", **more},
        "eventVersion": "0",
    }
    return json.dumps(record).encode()


def numbered(count: int) -> bytes:
    return b"\n".join(line(csv("1,2"), csv("0.5"), f"call_{n}") for n in range(count)) + b"\n"


def post(  # noqa: PLR0913
    server: ArthurServer,
    content: bytes,
    *,
    path: str = PATH,
    token: str | None = TOKEN,
    field: str = "inference_data",
    name: str = "calls.jsonl",
) -> requests.Response:
    headers = {} if token is None else {"Authorization": token}
    files = {field: (name, content)}
    return requests.post(f"{server.url}{path}", headers=headers, files=files, timeout=30)


def counts(response: requests.Response) -> tuple[int, int, int]:
    assert response.status_code == 207
    counted = response.json()["counts"]
    assert counted["failure"] == len(response.json()["failures"])
    return counted["success"], counted["failure"], counted["total"]


def test_the_guides_example_becomes_two_inferences(server: ArthurServer) -> None:
    content = line(csv("1,2,3,4\n5,6,7,8\n"), csv("0.1\n0.9"), inferenceId="abcdefg-12345")

    assert counts(post(server, content)) == (2, 0, 2)

    assert server.stored == [
        Stored("abcdefg-12345_0", ["1", "2", "3", "4"], ["0.1"]),
        Stored("abcdefg-12345_1", ["5", "6", "7", "8"], ["0.9"]),
    ]
    assert server.lines == [content]
    assert server.ids_in(server.publish_requests[0]) == server.published_ids


def test_a_single_inference_has_its_calls_id(server: ArthurServer) -> None:
    named = line(csv("1"), csv("0"), inferenceId="mine")
    content = b"\n".join([line(csv('"a,b",2'), csv("0")), named])

    assert counts(post(server, content)) == (2, 0, 2)

    assert server.published_ids == [EVENT, "mine"]
    assert server.stored[0].inputs == ["a,b", "2"]


@pytest.mark.parametrize(
    ("sent", "answered", "inputs", "outputs"),
    [
        pytest.param(
            document({"instances": [{"features": [1, "a", None]}]}),
            document({"predictions": [{"probabilities": [0.1, 0.9]}]}),
            [1, "a", None],
            [0.1, 0.9],
            id="lists",
        ),
        pytest.param(
            document({"instances": [{"age": 30, "plan": "basic"}]}),
            document({"predictions": [{"score": 0.5}]}),
            {"age": 30, "plan": "basic"},
            {"score": 0.5},
            id="names",
        ),
        pytest.param(
            csv("1,,3"), document({"predictions": [{"score": 0}]}), ["1", "", "3"], {"score": 0}
        ),
    ],
)
def test_the_documented_shapes_are_read(
    server: ArthurServer,
    sent: dict[str, Any],
    answered: dict[str, Any],
    inputs: object,
    outputs: object,
) -> None:
    assert counts(post(server, line(sent, answered))) == (1, 0, 1)

    assert (server.stored[0].inputs, server.stored[0].outputs) == (inputs, outputs)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(csv("MSwy", encoding="BASE64"), id="base64"),
        pytest.param(csv("1,2", "text/csv; charset=utf-8"), id="parameters"),
        pytest.param(csv("1,2", "text/plain"), id="other content type"),
        pytest.param(csv("1,2", encoding="JSON"), id="CSV said to be JSON"),
        pytest.param(csv(""), id="empty"),
        pytest.param(csv("1,2\r\n"), id="CRLF"),
        pytest.param(csv("1,2\n\n"), id="empty line"),
        pytest.param(csv('1,"2\n3"'), id="newline in quotes"),
        pytest.param(csv("1,2\n3"), id="uneven"),
        pytest.param(document([[1, 2]]), id="matrix"),
        pytest.param(document({"instances": []}), id="no instances"),
        pytest.param(document({"instances": [[1, 2]]}), id="bare lists"),
        pytest.param(document({"instances": [{"features": [1]}], "key": 1}), id="another key"),
        pytest.param(document({"instances": [{"features": [1], "key": 1}]}), id="key beside"),
        pytest.param(document({"instances": [{"features": [[1]]}]}), id="nested list"),
        pytest.param(document({"instances": [{"features": [1]}, {"age": 1}]}), id="mixed"),
        pytest.param(document({"instances": [{"age": 1, "predictions": 1}]}), id="reserved name"),
        pytest.param(document({"predictions": [{"features": [1]}]}), id="the other side's word"),
        pytest.param(csv('{"instances": [{"age": NaN}]}', "application/json", "JSON"), id="NaN"),
        pytest.param(csv('{"instances"', "application/json", "JSON"), id="cut"),
    ],
)
def test_an_undocumented_shape_fails_its_event_alone(
    server: ArthurServer, sent: dict[str, Any]
) -> None:
    content = b"\n".join([line(sent, csv("0")), line(csv("1"), csv("0"), "good")])

    response = post(server, content)

    assert counts(response)[0] == 1
    failure = response.json()["failures"][0]
    assert (failure["status"], failure["event_id"]) == (400, EVENT)
    assert failure["inference_index_in_event"] == 0
    assert server.published_ids == ["good"]


def test_inputs_and_outputs_that_do_not_agree_fail_one_by_one(server: ArthurServer) -> None:
    response = post(server, line(csv("1\n2\n3"), csv("0")))

    assert counts(response) == (0, 3, 3)
    assert [f["inference_index_in_event"] for f in response.json()["failures"]] == [0, 1, 2]
    assert server.ids_in(server.publish_requests[0]) == [f"{EVENT}_{n}" for n in range(3)]


def test_a_refused_inference_fails_alone_and_is_named(server: ArthurServer) -> None:
    server.refuse_ids(lambda name: name == f"{EVENT}_1", status=422)

    response = post(server, line(csv("1\n2\n3"), csv("0\n0\n0")))

    assert counts(response) == (2, 1, 3)
    failure = response.json()["failures"][0]
    assert (failure["status"], failure["inference_index_in_event"]) == (422, 1)
    assert server.published_ids == [f"{EVENT}_0", f"{EVENT}_2"]
    server.refuse_ids(None)
    assert counts(post(server, numbered(2))) == (2, 0, 2)


def test_an_inference_fails_as_often_as_told(server: ArthurServer) -> None:
    server.fail_ids(lambda name: name == "call_1", status=500, times=2)

    answers = [post(server, numbered(2)) for _ in range(3)]

    assert [counts(answer)[1] for answer in answers] == [1, 1, 0]
    assert answers[0].json()["failures"][0]["status"] == 500
    assert server.published_ids == ["call_0"] * 3 + ["call_1"]


@pytest.mark.parametrize("token", [None, "another", f"Bearer {TOKEN}"])
def test_only_the_bare_token_is_accepted(server: ArthurServer, token: str | None) -> None:
    assert post(server, numbered(1), token=token).status_code == 401


@pytest.mark.parametrize("path", [PATH.replace(MODEL_ID, "other"), f"{PATH}?a=b"])
def test_another_model_or_path_is_not_found(server: ArthurServer, path: str) -> None:
    assert post(server, numbered(1), path=path).status_code == 404


def test_a_second_slash_before_the_path_is_not_found(server: ArthurServer) -> None:
    answer = urllib3.request("POST", f"{server.url}/{PATH}", headers={"Authorization": TOKEN})

    assert answer.status == 404


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\n", id="blank line"),
        pytest.param(b"{", id="no JSON"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"eventMetadata": {}}', id="no event id"),
        pytest.param(numbered(1) + b"\xff", id="not UTF-8"),
    ],
)
def test_a_file_with_a_line_that_is_no_capture_record_is_refused_whole(
    server: ArthurServer, content: bytes
) -> None:
    assert post(server, content).status_code == 400
    assert server.lines == []
    assert server.ids_in(server.publish_requests[0]) == []


def test_the_form_has_one_part_named_and_typed_as_documented(server: ArthurServer) -> None:
    assert post(server, numbered(1), field="file").status_code == 400
    assert post(server, numbered(1), name="calls.json").status_code == 400
    for files in (
        [("inference_data", ("a.jsonl", numbered(1)))] * 2,
        [("inference_data", (None, numbered(1)))],
    ):
        response = requests.post(
            server.url + PATH, headers={"Authorization": TOKEN}, files=files, timeout=30
        )
        assert response.status_code == 400
    assert server.stored == []


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data", "multipart/form-data; boundary=x"]
)
def test_a_body_that_is_no_form_is_refused(server: ArthurServer, content_type: str) -> None:
    headers = {"Authorization": TOKEN, "Content-Type": content_type}
    for body in (numbered(1), b"", b"--x\r\nno end", b"--x\r\n\r\n--x--"):
        response = requests.post(server.url + PATH, data=body, headers=headers, timeout=30)
        assert (response.status_code, [*response.json()]) == (400, ["error"])


def test_a_body_over_the_byte_limit_is_too_large(server: ArthurServer) -> None:
    server.byte_limit = 1000

    assert post(server, numbered(1)).status_code == 207
    assert post(server, numbered(10)).status_code == 413


@pytest.mark.parametrize(
    ("fault", "status", "stored"),
    [
        pytest.param(Status(429, retry_after=3), 429, 0, id="429"),
        pytest.param(Status(500, body="html"), 500, 0, id="500"),
        pytest.param(Status(504, stored=True), 504, 1, id="504 but stored"),
        pytest.param(Reset(stored=False), None, 0, id="reset"),
        pytest.param(Reset(stored=True), None, 1, id="reset but stored"),
        pytest.param(Truncated(), None, 1, id="truncated"),
        pytest.param(Slow(seconds=0.01), 207, 1, id="slow"),
        pytest.param(LOGIN_PAGE, 200, 0, id="page"),
    ],
)
def test_faults_reach_the_client_and_decide_what_is_stored(
    server: ArthurServer, fault: Fault, status: int | None, stored: int
) -> None:
    server.fail_next(fault)

    if status is None:
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            post(server, numbered(1))
    else:
        assert post(server, numbered(1)).status_code == status

    assert server.published_ids == ["call_0"] * stored
    assert [server.ids_in(request) for request in server.publish_requests] == [["call_0"]]
    assert counts(post(server, numbered(1))) == (1, 0, 1)


def test_a_predicate_may_look_at_the_server(server: ArthurServer) -> None:
    server.fail_ids(lambda name: name not in server.published_ids)
    server.refuse_ids(lambda name: name in server.published_ids)

    assert [counts(post(server, numbered(1)))[1] for _ in range(3)] == [1, 0, 1]
