"""The loopback Fiddler behaves to Fiddler's own client as the platform is known to."""

from __future__ import annotations

import math
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import fiddler as fdl
import pytest
import requests

from tests.support.platforms.fiddler import MODEL_ID, Column, FiddlerServer, Model

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = Model.of(
    inputs={
        "age": Column("age", "int", minimum=18, maximum=99),
        "plan": Column("plan", "category", categories=("basic", "plus")),
    },
    outputs={"score": "float"},
    metadata={"event_id": "str", "seen_at": "timestamp"},
    event_id_col="event_id",
    event_ts_col="seen_at",
)


@pytest.fixture
def server() -> Iterator[FiddlerServer]:
    with FiddlerServer(MODEL) as running:
        yield running


@pytest.fixture(autouse=True)
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIDDLER_CLIENT_RETRY_MAX_DURATION_SECONDS", "0.5")


@pytest.fixture
def model(server: FiddlerServer) -> fdl.Model:
    connect(server)
    return fdl.Model.get(id_=MODEL_ID)


def connect(server: FiddlerServer) -> None:
    fdl.init(url=server.url, token=server.token, auto_attach_log_handler=False)


def rows(count: int) -> list[dict[str, Any]]:
    return [{"event_id": f"call_{index}", "age": 30, "score": 0.5} for index in range(count)]


def post(body: bytes | dict[str, Any]) -> requests.Response:
    """Send a body of our own through the client's connection."""
    assert fdl.conn is not None
    response: requests.Response = fdl.conn.client.post(
        url="/v3/events", data=body, headers={"Content-Type": "application/json"}
    )
    return response


def events_body(**changes: object) -> dict[str, Any]:
    return {
        "source": {"events": rows(1), "type": "EVENTS"},
        "model_id": MODEL_ID,
        "env_type": "PRODUCTION",
        "env_name": None,
        **changes,
    }


def status_of(body: bytes | dict[str, Any]) -> int:
    with pytest.raises(requests.HTTPError) as raised:
        post(body)
    return int(raised.value.response.status_code)


def test_init_asks_for_the_server_and_for_the_compatibility(server: FiddlerServer) -> None:
    connect(server)

    assert [request.path for request in server.requests] == [
        "/v3/server-info",
        "/v3/version-compatibility",
    ]
    assert "client_name=python-sdk" in server.requests[1].query


def test_an_old_server_is_refused_by_the_client(server: FiddlerServer) -> None:
    server.server_version = "24.3.0"

    with pytest.raises(fdl.IncompatibleClient):
        connect(server)


def test_the_model_shows_its_schema_and_its_columns_by_role(model: fdl.Model) -> None:
    assert str(model.id) == MODEL_ID
    assert model.spec.inputs == ["age", "plan"]
    assert model.spec.outputs == ["score"]
    assert (model.event_id_col, model.event_ts_col) == ("event_id", "seen_at")
    assert model.schema["age"].data_type == fdl.DataType.INTEGER
    assert (model.schema["age"].min, model.schema["age"].max) == (18, 99)
    assert model.schema["plan"].categories == ["basic", "plus"]


def test_a_replaced_model_shows_its_new_schema(server: FiddlerServer) -> None:
    connect(server)
    server.serve(replace(MODEL, columns=(*MODEL.columns, Column("region", "str"))))

    model = fdl.Model.get(id_=MODEL_ID)

    assert model.schema["region"].data_type == fdl.DataType.STRING


def test_published_events_are_stored_in_order_and_answered_with_their_ids(
    server: FiddlerServer, model: fdl.Model
) -> None:
    assert model.publish_stream(rows(3)) == ["call_0", "call_1", "call_2"]

    assert server.events == rows(3)
    assert server.batch_sizes == [3]
    assert server.stored[0].env_type == "PRODUCTION"
    assert server.publish_requests[0].headers["x-fiddler-client-name"] == "python-sdk"


def test_events_without_an_id_column_get_ids_from_the_platform(server: FiddlerServer) -> None:
    server.serve(replace(MODEL, event_id_col=None))
    connect(server)

    ids = fdl.Model.get(id_=MODEL_ID).publish_stream(rows(2))

    assert len(set(ids)) == 2
    assert "call_0" not in ids


def test_the_client_cuts_a_longer_list_at_a_thousand_events(
    server: FiddlerServer, model: fdl.Model
) -> None:
    model.publish_stream(rows(1001))

    assert server.batch_sizes == [1000, 1]


def test_the_client_sends_nan_and_infinities_as_null(
    server: FiddlerServer, model: fdl.Model
) -> None:
    model.publish_stream([{"age": math.nan, "score": math.inf}])

    assert server.events == [{"age": None, "score": None}]


def test_an_update_goes_by_the_event_id_and_is_kept_apart(
    server: FiddlerServer, model: fdl.Model
) -> None:
    model.publish_stream([{"event_id": "call_0", "score": 1.0}], update=True)

    assert server.publish_requests[0].method == "PATCH"
    assert server.updates == [{"event_id": "call_0", "score": 1.0}]
    assert server.events == []


def test_an_update_without_the_event_id_is_refused(model: fdl.Model) -> None:
    with pytest.raises(fdl.ApiError, match="event id column"):
        model.publish_stream([{"score": 1.0}], update=True)


def test_every_request_uses_the_same_connection(server: FiddlerServer, model: fdl.Model) -> None:
    opened = []
    original = socket.socket.connect

    def counting(self: socket.socket, address: tuple[str, int]) -> None:
        opened.append(address)
        original(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", counting)
        for _ in range(5):
            model.publish_stream(rows(1))

    assert len(server.batch_sizes) == 5
    assert opened == []


def test_another_token_is_refused(server: FiddlerServer) -> None:
    with pytest.raises(fdl.ApiError) as raised:
        fdl.init(url=server.url, token="another", auto_attach_log_handler=False)  # noqa: S106

    assert raised.value.code == 401


def test_a_rotated_token_is_refused_until_the_client_is_given_the_new_one(
    server: FiddlerServer, model: fdl.Model
) -> None:
    server.token = "rotated"  # noqa: S105
    with pytest.raises(fdl.ApiError) as raised:
        model.publish_stream(rows(1))
    assert raised.value.code == 401

    connect(server)
    model.publish_stream(rows(1))

    assert server.events == rows(1)


def test_a_partner_app_finds_the_token_in_its_own_header(server: FiddlerServer) -> None:
    response = requests.get(
        f"{server.url}/v3/server-info",
        headers={
            "Authorization": "AWS4-HMAC-SHA256 Credential=...",
            "X-Amz-Partner-App-Authorization": f"Bearer {server.token}",
        },
        timeout=30,
    )

    assert response.status_code == 200


def test_an_unknown_model_is_not_found(server: FiddlerServer) -> None:
    connect(server)

    with pytest.raises(fdl.NotFound):
        fdl.Model.get(id_="00000000-0000-0000-0000-000000000000")
    assert status_of(events_body(model_id="00000000-0000-0000-0000-000000000000")) == 404
    assert server.stored == []


def test_an_unknown_resource_is_not_found(server: FiddlerServer) -> None:
    connect(server)

    with pytest.raises(fdl.NotFound):
        fdl.Project.get(id_=MODEL_ID)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"source": NaN}', id="NaN"),
        pytest.param(b'{"source": {', id="cut"),
        pytest.param(b'{"source": "\xff"}', id="not UTF-8"),
        pytest.param(b"[]", id="a list"),
        pytest.param(events_body(env_type="STAGING"), id="unknown environment"),
        pytest.param(events_body(source={"events": rows(1), "type": "FILE"}), id="other source"),
        pytest.param(events_body(source={"events": [1], "type": "EVENTS"}), id="not rows"),
        pytest.param(events_body(source={"events": rows(1001), "type": "EVENTS"}), id="too many"),
    ],
)
def test_a_malformed_body_is_refused_and_nothing_of_it_is_stored(
    server: FiddlerServer, body: bytes | dict[str, Any]
) -> None:
    connect(server)

    assert status_of(body) == 400
    assert server.stored == []


def test_a_body_over_the_byte_limit_is_too_large(server: FiddlerServer) -> None:
    server.byte_limit = 1000
    connect(server)

    assert status_of(events_body(source={"events": rows(100), "type": "EVENTS"})) == 413


def test_a_refused_row_fails_its_whole_request_without_being_named(
    server: FiddlerServer, model: fdl.Model
) -> None:
    server.refuse(lambda row: row["event_id"] == "call_1", status=422)

    with pytest.raises(fdl.ApiError) as raised:
        model.publish_stream(rows(3))

    assert raised.value.code == 422
    assert "call_1" not in str(raised.value)
    assert server.events == []

    server.refuse(None)
    model.publish_stream(rows(3))
    assert server.events == rows(3)


def test_ids_are_those_of_the_event_id_column(server: FiddlerServer, model: fdl.Model) -> None:
    server.refuse_ids(lambda event_id: event_id == "call_1", status=422)
    model.publish_stream(rows(1))
    model.publish_stream(rows(1), update=True)
    with pytest.raises(fdl.ApiError):
        model.publish_stream(rows(2))
    server.refuse_ids(None)
    model.publish_stream(rows(2))

    assert server.published_ids == ["call_0", "call_0", "call_1"]
    assert server.ids_in(server.publish_requests[2]) == ["call_0", "call_1"]
    assert status_of(b'{"source": {"events": [1, {}]}}') == 404
    assert server.ids_in(server.publish_requests[4]) == []
