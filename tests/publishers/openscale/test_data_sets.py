"""The data set that a subscription's records go to, and the types that it gives to columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.schema import DataType
from capture_forwarder.forwarding.preparation import check_columns, complete
from capture_forwarder.parser import compile_mapping
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.openscale.requests import DataSetRecords
from tests.support.captures import CSV, JSON, SOURCE, line, side
from tests.support.fakes import ManualClock
from tests.support.openscale import BY_SUBSCRIPTION, RECORDS, batch, ids, publisher
from tests.support.platforms.openscale import ACCOUNT, DataSet, OpenScaleServer

OTHERS = [
    DataSet("other-subscription", "another-subscription"),
    DataSet("other-type", ACCOUNT.subscription_id, type="feedback"),
    DataSet("other-target", ACCOUNT.subscription_id, target_type="business_application"),
]
ARRAY = {"type": "array", "elementType": "double", "containsNull": True}
VECTOR_CLASS = "org.apache.spark.ml.linalg.VectorUDT"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def server(clock: ManualClock) -> Iterator[OpenScaleServer]:
    with OpenScaleServer(clock=clock.monotonic) as running:
        yield running


# --- which it is ---------------------------------------------------------------------------


@pytest.mark.parametrize("narrows", [True, False])
def test_of_several_data_sets_only_the_subscriptions_own_is_taken(
    server: OpenScaleServer,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    narrows: bool,
) -> None:
    server.data_sets = OTHERS
    if not narrows:
        # A server that knows none of the names answers with everything that it has.
        monkeypatch.setattr("tests.support.platforms.openscale_data_sets._NAMES", frozenset())

    publisher(server, clock, BY_SUBSCRIPTION).publish(batch())

    assert server.published_ids == ids()


def test_a_subscription_without_a_data_set_names_what_there_is_instead(
    server: OpenScaleServer, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.platforms.openscale_data_sets._NAMES", frozenset())
    server.data_sets = OTHERS
    unknown = dataclasses.replace(BY_SUBSCRIPTION, subscription_id="unknown")

    with pytest.raises(PublisherMisconfiguredError) as caught:
        publisher(server, clock, unknown).publish(batch())

    assert "The subscription unknown has no payload data set." in caught.value.message
    assert "other-type (feedback of subscription" in caught.value.message
    assert "OPENSCALE_SUBSCRIPTION_ID" in caught.value.advice
    assert "OPENSCALE_DATA_SET_ID" in caught.value.advice
    assert server.publish_requests == []


def test_two_data_sets_of_one_subscription_are_named_and_neither_is_taken(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.data_sets = [DataSet("second", ACCOUNT.subscription_id)]

    with pytest.raises(PublisherMisconfiguredError, match="has 2 payload data sets") as caught:
        publisher(server, clock, BY_SUBSCRIPTION).publish(batch())

    assert "second" in caught.value.message
    assert ACCOUNT.data_set_id in caught.value.message
    assert "OPENSCALE_DATA_SET_ID" in caught.value.advice
    assert server.publish_requests == []


@pytest.mark.parametrize(
    ("data_set_id", "subscription_id", "words"),
    [
        ("other-type", None, "other-type .feedback of .*, not payload_logging"),
        ("other-target", ACCOUNT.subscription_id, "not payload_logging of the subscription"),
        ("other-subscription", ACCOUNT.subscription_id, "not payload_logging of the subscription"),
    ],
)
def test_a_data_set_of_another_kind_is_found_out_before_anything_is_sent(
    server: OpenScaleServer,
    clock: ManualClock,
    data_set_id: str,
    subscription_id: str | None,
    words: str,
) -> None:
    server.data_sets = OTHERS
    destination = DataSetRecords(ACCOUNT.service_instance_id, data_set_id, subscription_id)

    with pytest.raises(PublisherMisconfiguredError, match=words) as caught:
        publisher(server, clock, destination).schema()

    assert "OPENSCALE_DATA_SET_ID" in caught.value.advice


def test_every_call_names_the_project_and_the_space(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.account = dataclasses.replace(ACCOUNT, project_id="p", space_id="s/1")
    destination = dataclasses.replace(BY_SUBSCRIPTION, project_id="p", space_id="s/1", confirm=True)
    openscale = publisher(server, clock, destination)

    openscale.schema()
    openscale.publish(batch())

    assert server.published_ids == ids()
    asked = [one.query for one in server.requests if one.path != "/identity/token"]
    assert len(asked) == 4
    assert all("project_id=p&space_id=s%2F1" in query for query in asked)


def test_on_aws_there_is_no_instance_in_the_path(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.account = dataclasses.replace(ACCOUNT, service_instance_id="")
    openscale = publisher(server, clock, DataSetRecords(None, ACCOUNT.data_set_id))

    openscale.schema()
    openscale.publish(batch())

    assert server.published_ids == ids()
    (request,) = server.publish_requests
    assert request.path == f"/openscale/v2/data_sets/{ACCOUNT.data_set_id}/records"


# --- types ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("string", DataType.STR),
        ("integer", DataType.INT),
        ("long", DataType.INT),
        ("double", DataType.FLOAT),
        ("decimal(10,2)", DataType.FLOAT),
        ("boolean", DataType.BOOL),
        ("timestamp", DataType.TIMESTAMP),
        (ARRAY, DataType.VECTOR),
        ({**ARRAY, "elementType": "string"}, None),
        ({"type": "udt", "class": VECTOR_CLASS}, DataType.VECTOR),
        ({"type": "struct", "fields": []}, None),
        ("binary", None),
        (None, None),
    ],
    ids=str,
)
def test_a_column_has_the_type_that_the_data_set_gives_it(
    server: OpenScaleServer, clock: ManualClock, written: object, expected: DataType | None
) -> None:
    server.fields = {"age": written, "scoring_timestamp": "timestamp"}

    types = publisher(server, clock).schema().types

    assert types == ({} if expected is None else {"age": expected})


def test_categories_stay_texts_and_probabilities_lists(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.fields = {"zip": "string", "age": "integer", "probability": ARRAY, "label": "string"}
    mapping = ColumnMapping.of("zip,age", "label,probability", "where=endpoint")
    openscale = publisher(server, clock, mapping=mapping)
    schema = openscale.schema()
    parse = compile_mapping(complete(mapping, schema), schema).for_file(SOURCE)

    parsed = parse(
        line(
            side("01234,41", CSV),
            side('{"predictions": [{"label": 1, "probability": "[0.25, 0.75]"}]}', JSON),
        )
    )

    assert isinstance(parsed, ParsedLine), parsed
    (inference,) = parsed.inferences
    assert inference.values[:4] == ("01234", 41, "1", [0.25, 0.75])


def test_a_column_that_the_data_set_does_not_have_yet_is_sent_all_the_same(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    server.fields = {"age": "integer", "income": "double"}
    mapping = ColumnMapping.of("age,plan", "score", "where=endpoint")
    schema = publisher(server, clock, mapping=mapping).schema()

    check_columns(complete(mapping, schema), schema)

    assert schema.types == {"age": DataType.INT}
    assert schema.required == ("age", "income")


def test_types_are_read_once_and_again_after_a_while(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    openscale = publisher(server, clock)
    assert openscale.schema().types == {}
    server.fields = {"age": "integer"}
    assert openscale.schema().types == {}
    clock.time += 901

    assert openscale.schema().types == {"age": DataType.INT}
    assert len([one for one in server.requests if one.method == "GET"]) == 2


def test_a_data_set_that_is_gone_when_its_types_are_read_is_looked_up_again(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    openscale = publisher(server, clock, BY_SUBSCRIPTION)
    openscale.publish(batch())
    server.account = dataclasses.replace(ACCOUNT, data_set_id="another")
    with pytest.raises(PublisherMisconfiguredError, match="404"):
        openscale.schema()

    openscale.schema()
    openscale.publish(batch())

    assert server.published_ids == ids() * 2


def test_records_without_a_subscription_need_no_search(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    openscale = publisher(server, clock, RECORDS)
    openscale.schema()
    openscale.publish(batch())

    assert not [one for one in server.requests if one.path.endswith("/data_sets")]
