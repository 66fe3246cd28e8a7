"""What the ledger in DynamoDB stores, and what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from capture_forwarder.aws.clients import dynamodb_client
from capture_forwarder.aws.ledger import DynamoDbLedger, item_id
from capture_forwarder.core.errors import CaptureFileBusyError
from capture_forwarder.core.ledger import Claim
from capture_forwarder.core.line import Position
from tests.support.ledgers import KEY, LEASE, TABLE, ManualClock, make_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

START = Position()
PLACE = Position(700, 7)
FURTHER = Position(900, 9)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def dynamodb() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = dynamodb_client()
        make_table(client)
        yield client


def item(client: DynamoDBClient) -> dict[str, Any]:
    (found,) = client.scan(TableName=TABLE)["Items"]
    return found


def test_an_item_can_be_read_by_a_person(dynamodb: DynamoDBClient, clock: ManualClock) -> None:
    DynamoDbLedger(dynamodb, TABLE, clock, keep_days=1).claim(KEY, "a", LEASE)

    assert item(dynamodb) == {
        "id": {"S": item_id(KEY)},
        "bucket": {"S": KEY.bucket},
        "key": {"S": KEY.key},
        "revision": {"S": KEY.revision},
        "route": {"S": KEY.route},
        "offset": {"N": "0"},
        "lines": {"N": "0"},
        "rows": {"N": "0"},
        "owner": {"S": "a"},
        "lease_until": {"N": "1772361090.123456"},
        "finished": {"BOOL": False},
        "expires": {"N": str(1772361030 + 24 * 60 * 60)},
    }


def test_an_item_of_an_older_version_is_read_and_goes_on(
    dynamodb: DynamoDBClient, clock: ManualClock
) -> None:
    ledger = DynamoDbLedger(dynamodb, TABLE, clock)
    ledger.claim(KEY, "a", LEASE)
    ledger.save(KEY, "a", Position(70, 7), LEASE)
    dynamodb.update_item(
        TableName=TABLE,
        Key={"id": {"S": item_id(KEY)}},
        UpdateExpression="REMOVE #rows",
        ExpressionAttributeNames={"#rows": "rows"},
    )

    assert ledger.claim(KEY, "a", LEASE).position == Position(70, 7)
    dynamodb.update_item(
        TableName=TABLE,
        Key={"id": {"S": item_id(KEY)}},
        UpdateExpression="REMOVE #rows",
        ExpressionAttributeNames={"#rows": "rows"},
    )
    ledger.save(KEY, "a", Position(70, 7, 5), LEASE)
    assert ledger.claim(KEY, "a", LEASE).position == Position(70, 7, 5)


def test_every_write_renews_the_time_to_live(dynamodb: DynamoDBClient, clock: ManualClock) -> None:
    ledger = DynamoDbLedger(dynamodb, TABLE, clock)
    writes: list[Callable[[], object]] = [
        lambda: ledger.claim(KEY, "a", LEASE),
        lambda: ledger.save(KEY, "a", PLACE, LEASE),
        lambda: ledger.save(KEY, "a", START, LEASE),
        lambda: ledger.release(KEY, "a"),
        lambda: ledger.claim(KEY, "b", LEASE),
        lambda: ledger.finish(KEY, "b", PLACE),
    ]
    for write in writes:
        clock.sleep(3600)
        write()
        left = int(item(dynamodb)["expires"]["N"]) - clock.time.timestamp()
        assert left == pytest.approx(30 * 24 * 60 * 60, abs=1)


def test_every_step_is_one_request(dynamodb: DynamoDBClient, clock: ManualClock) -> None:
    ledger = DynamoDbLedger(dynamodb, TABLE, clock)
    asked: list[str] = []
    dynamodb.meta.events.register(
        "before-call.dynamodb", lambda model, **_: asked.append(model.name)
    )

    ledger.claim(KEY, "a", LEASE)
    with pytest.raises(CaptureFileBusyError):
        ledger.claim(KEY, "b", LEASE)
    ledger.save(KEY, "a", PLACE, LEASE)
    ledger.release(KEY, "a")
    ledger.claim(KEY, "b", LEASE)
    ledger.finish(KEY, "b", PLACE)
    assert ledger.claim(KEY, "c", LEASE).finished

    assert asked == ["UpdateItem"] * 7


def test_a_write_whose_answer_was_lost_is_repeated_to_the_same_end(
    dynamodb: DynamoDBClient, clock: ManualClock
) -> None:
    ledger = DynamoDbLedger(dynamodb, TABLE, clock)
    tries: list[int] = []

    def lose_the_first_answer(attempts: int, **_: object) -> Any:
        tries.append(attempts)
        return 0 if attempts == 1 else None

    dynamodb.meta.events.register_first("needs-retry.dynamodb", lose_the_first_answer)

    assert ledger.claim(KEY, "a", LEASE) == Claim(START)
    ledger.save(KEY, "a", PLACE, LEASE)
    ledger.release(KEY, "a")
    ledger.claim(KEY, "a", LEASE)
    ledger.finish(KEY, "a", FURTHER)
    assert ledger.claim(KEY, "b", LEASE) == Claim(FURTHER, finished=True)
    assert tries == [1, 2] * 6
