"""What becomes of the ledger when DynamoDB fails."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.stub import Stubber
from moto import mock_aws

from capture_forwarder.aws import clients
from capture_forwarder.aws.clients import dynamodb_client
from capture_forwarder.aws.ledger import DynamoDbLedger, item_id
from capture_forwarder.core.errors import LedgerError
from capture_forwarder.core.ledger import Claim
from capture_forwarder.core.line import Position
from tests.support.ledgers import KEY, LEASE, TABLE, ManualClock
from tests.support.platforms.faults import (
    CUT_JSON,
    GARBAGE_JSON,
    LOGIN_PAGE,
    Answer,
    Fault,
    Reset,
    Slow,
    Status,
    Truncated,
)
from tests.support.platforms.server import LoopbackServer, Reply, Request

if TYPE_CHECKING:
    pass

PLACE = Position(700, 7)
STEPS: dict[str, Callable[[DynamoDbLedger], object]] = {
    "claim": lambda ledger: ledger.claim(KEY, "a", LEASE),
    "save": lambda ledger: ledger.save(KEY, "a", PLACE, LEASE),
    "finish": lambda ledger: ledger.finish(KEY, "a", PLACE),
    "release": lambda ledger: ledger.release(KEY, "a"),
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


THROTTLED = "ProvisionedThroughputExceededException"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        (THROTTLED, 400, "more write capacity"),
        ("ThrottlingException", 400, "bill it on demand"),
        ("RequestLimitExceeded", 400, "lower the function's concurrency"),
        ("AccessDeniedException", 400, "Allow dynamodb:UpdateItem"),
        ("ResourceNotFoundException", 400, "look at its name"),
        ("ValidationException", 400, "a string named id"),
        ("InternalServerError", 500, "tried again on the next delivery"),
        ("503", 503, "tried again on the next delivery"),
        ("ExpiredTokenException", 400, "tried again on the next delivery"),
    ],
)
def test_an_error_of_dynamodb_names_the_object_and_what_to_do(
    clock: ManualClock, step: str, code: str, status: int, advice: str
) -> None:
    client = dynamodb_client()
    with Stubber(client) as stubber:
        stubber.add_client_error("update_item", code, "arn:aws:iam::1:role/x", status)
        with pytest.raises(LedgerError) as raised:
            STEPS[step](DynamoDbLedger(client, TABLE, clock))

    assert f"s3://{KEY.bucket}/{KEY.key} (route {KEY.route})" in raised.value.message
    assert f"table {TABLE}" in raised.value.message
    assert code in raised.value.message
    assert advice in raised.value.advice
    assert "arn:aws:iam" not in str(raised.value)


@pytest.mark.parametrize("step", STEPS)
def test_a_table_that_is_not_there_is_named(clock: ManualClock, step: str) -> None:
    with mock_aws(), pytest.raises(LedgerError, match="Create it") as raised:
        STEPS[step](DynamoDbLedger(dynamodb_client(), "another-table", clock))

    assert "table another-table" in raised.value.message


def test_a_table_with_another_key_is_named(clock: ManualClock) -> None:
    with mock_aws():
        client = dynamodb_client()
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        with pytest.raises(LedgerError, match="a string named id"):
            DynamoDbLedger(client, TABLE, clock).claim(KEY, "a", LEASE)


@pytest.mark.parametrize(
    "there",
    [
        {},
        {"finished": {"BOOL": False}, "lease_until": {"N": "soon"}},
        {"finished": {"BOOL": True}, "lease_until": {"N": "0"}},
        {"finished": {"BOOL": True}, "lease_until": {"N": "0"}, "offset": {"S": "1"}},
    ],
)
def test_an_item_that_is_not_understood_is_never_taken_for_finished_or_free(
    clock: ManualClock, there: dict[str, Any]
) -> None:
    client = dynamodb_client()
    with Stubber(client) as stubber:
        code = "ConditionalCheckFailedException"
        stubber.add_client_error("update_item", code, "", 400, modeled_fields={"Item": there})
        with pytest.raises(LedgerError, match=item_id(KEY)):
            DynamoDbLedger(client, TABLE, clock).claim(KEY, "a", LEASE)


# --- over a connection ---------------------------------------------------------------------


class LoopbackDynamoDb(LoopbackServer):
    """A DynamoDB on the loopback interface that grants every write."""

    def publishes(self, method: str, path: str) -> bool:
        del method, path
        return True

    def answer(self, request: Request) -> Reply:
        values = request.json["ExpressionAttributeValues"]
        item = {"id": request.json["Key"]["id"], "offset": {"N": "5"}, "lines": {"N": "1"}}
        item |= {"finished": {"BOOL": False}, "lease_until": values.get(":now", {"N": "0"})}
        return Reply.of_json(200, {"Attributes": item})

    def error(self, status: int, message: str) -> Reply:
        kind = f"com.amazonaws.dynamodb.v20120810#{message}"
        return Reply.of_json(status, {"__type": kind, "message": "no"})


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackDynamoDb]:
    """What `dynamodb_client` reaches, with its own retries but without the waits between them."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    with LoopbackDynamoDb() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url)
        yield server


@pytest.mark.parametrize(
    "fault",
    [Status(400, THROTTLED), Status(500), Status(503, body="html"), Reset(stored=True)],
    ids=["throttled", "500", "503", "reset"],
)
def test_a_passing_fault_is_not_noticed(
    loopback: LoopbackDynamoDb, clock: ManualClock, fault: Fault
) -> None:
    loopback.fail_next(fault, fault, fault)

    claim = DynamoDbLedger(dynamodb_client(), TABLE, clock).claim(KEY, "a", LEASE)

    assert claim == Claim(Position(5, 1))
    assert len(loopback.requests) == 4
    assert len({json.dumps(request.json) for request in loopback.requests}) == 1


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("fault", "requests", "says"),
    [
        (Status(400, THROTTLED), 4, "bill it on demand"),
        (Status(500, "InternalServerError"), 4, "next delivery"),
        (Status(503, body="html"), 4, "next delivery"),
        (Status(400, "AccessDeniedException"), 1, "dynamodb:UpdateItem"),
        (Reset(stored=True), 4, "ConnectionClosedError"),
        (Truncated(), 1, "next delivery"),
        (LOGIN_PAGE, 1, "next delivery"),
        (GARBAGE_JSON, 1, "the answer is not DynamoDB's"),
        (CUT_JSON, 1, "next delivery"),
        (Answer(b""), 1, "the answer is not DynamoDB's"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str | int) else None,
)
def test_a_fault_that_stays_is_an_error_and_never_success(  # noqa: PLR0913, PLR0917 - a matrix
    loopback: LoopbackDynamoDb,
    clock: ManualClock,
    step: str,
    fault: Fault,
    requests: int,
    says: str,
) -> None:
    loopback.fail_when(lambda _: True, fault)

    with pytest.raises(LedgerError, match=says) as raised:
        STEPS[step](DynamoDbLedger(dynamodb_client(), TABLE, clock))

    assert f"s3://{KEY.bucket}/{KEY.key}" in raised.value.message
    assert len(loopback.requests) == requests


def test_an_answer_that_does_not_come_is_not_waited_for(
    loopback: LoopbackDynamoDb, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = clients._DYNAMODB_CONFIG.merge(Config(read_timeout=0.2))  # noqa: SLF001 - no wait
    monkeypatch.setattr(clients, "_DYNAMODB_CONFIG", config)
    loopback.fail_when(lambda _: True, Slow())

    with pytest.raises(LedgerError, match="ReadTimeoutError"):
        DynamoDbLedger(dynamodb_client(), TABLE, clock).claim(KEY, "a", LEASE)


@pytest.mark.usefixtures("loopback")
def test_a_refused_connection_is_an_error(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{port}")
        ledger = DynamoDbLedger(dynamodb_client(), TABLE, clock)
        with pytest.raises(LedgerError, match="EndpointConnectionError") as raised:
            ledger.claim(KEY, "a", LEASE)

    assert f"s3://{KEY.bucket}/{KEY.key}" in raised.value.message
