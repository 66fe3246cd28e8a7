"""The time of a call arrives as the Fiddler model reads it, or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.line import Line, Position
from capture_forwarder.core.schema import DataType
from capture_forwarder.forwarding.batching import BatchBuilder
from capture_forwarder.forwarding.collecting import collecting
from capture_forwarder.forwarding.preparation import complete
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.parser import compile_mapping
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.fiddler.publisher import FiddlerPublisher
from capture_forwarder.publishers.fiddler.times import TimeUnit, time_writer
from tests.support.captures import JSON, SOURCE, TIME, line, side
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, FiddlerServer, Model

MAPPING = ColumnMapping.of("age", "score")
CAPTURED = ColumnMapping.of("age,at", "score")


def model(
    kind: str | None = "timestamp", text_format: str | None = None, column: str = "at"
) -> Model:
    return Model.of(
        inputs={"age": "int", **({column: kind} if kind else {})},
        outputs={"score": "float"},
        metadata={"id": "str"},
        event_id_col="id",
        event_ts_col=column,
        event_ts_format=text_format,
    )


def publisher(
    server: FiddlerServer, mapping: ColumnMapping = MAPPING, unit: TimeUnit | None = None
) -> FiddlerPublisher:
    return FiddlerPublisher(
        server.url,
        FixedSecret(TOKEN),
        UUID(MODEL_ID),
        timeout=5.0,
        clock=SystemClock(),
        mapping=mapping,
        time_unit=unit,
    )


def batch_of(
    fiddler: FiddlerPublisher, raw: Sequence[bytes], mapping: ColumnMapping = MAPPING
) -> Batch:
    """Put captured lines into a batch as the pipeline does, written as JSON if that is taken."""
    schema = fiddler.schema()
    as_json = fiddler.takes_json
    parser = compile_mapping(complete(mapping, schema), schema, as_json=as_json)
    parse = parser.for_file(SOURCE)
    held = collecting(as_json=as_json)
    builder = BatchBuilder(fiddler.limits, SOURCE, "r", held)
    for number, text in enumerate(raw, 1):
        parsed = parse(text)
        assert isinstance(parsed, ParsedLine), parsed
        builder.add(Line(number, 0, text, len(text)), parsed.inferences)
    (batch,) = builder.cut(Position())
    return batch


def call(name: str, time: str | None = TIME, request: str = "41") -> bytes:
    return line(side(request), side("0.5"), eventId=name, inferenceTime=time)


def sent(
    server: FiddlerServer,
    *times: str | None,
    unit: TimeUnit | None = None,
) -> list[Any]:
    """Publish calls of these times; what arrives as theirs, "none" where there is no key."""
    fiddler = publisher(server, unit=unit)
    lines = [call(f"call_{n}", time) for n, time in enumerate(times)]
    fiddler.publish(batch_of(fiddler, lines))
    assert server.published_ids == [f"call_{n}" for n in range(len(times))]
    assert all({"age", "score", "id"} <= event.keys() for event in server.events)
    return [event.get("at", "none") for event in server.events]


@pytest.mark.parametrize("kind", ["timestamp", "str", "category", None])
def test_without_a_format_the_time_goes_as_it_was_captured(kind: str | None) -> None:
    with FiddlerServer(model(kind)) as server:
        assert sent(server, TIME) == [TIME]


@pytest.mark.parametrize(
    ("text_format", "expected"),
    [
        ("%Y-%m-%d %H:%M:%S", "2026-03-01 10:20:30"),
        ("%d/%m/%Y %H:%M:%S.%f", "01/03/2026 10:20:30.000000"),
        ("%Y-%m-%dT%H:%M:%S%z", "2026-03-01T10:20:30+0000"),
    ],
)
@pytest.mark.parametrize("kind", ["timestamp", "str"])
def test_the_time_goes_in_the_models_format(kind: str, text_format: str, expected: str) -> None:
    with FiddlerServer(model(kind, text_format)) as server:
        assert sent(server, TIME, "2026-03-01T11:20:30+01:00") == [expected, expected]


@pytest.mark.parametrize("text_format", [None, "%Y-%m-%d %H:%M:%S"])
@pytest.mark.parametrize(
    ("kind", "unit", "expected"),
    [
        ("int", "seconds", 1772360430),
        ("int", "milliseconds", 1772360430000),
        ("float", "seconds", 1772360430.0),
        ("float", "milliseconds", 1772360430000),
    ],
)
def test_a_column_of_numbers_gets_the_time_as_a_number_of_its_unit(
    kind: str, unit: TimeUnit, expected: float, text_format: str | None
) -> None:
    with FiddlerServer(model(kind, text_format)) as server:
        assert sent(server, TIME, unit=unit) == [expected]


def test_a_column_of_numbers_whose_unit_nobody_says_is_refused_before_anything_is_sent() -> None:
    with FiddlerServer(model("int")) as server:
        with pytest.raises(PublisherMisconfiguredError, match="'at' holds numbers") as caught:
            publisher(server).schema()

        assert "FIDDLER_TIME_UNIT" in caught.value.advice
        assert server.publish_requests == []


@pytest.mark.parametrize(
    ("kind", "text_format", "unit", "expected"),
    [
        ("timestamp", None, None, TIME),
        ("timestamp", "%Y-%m-%d %H:%M:%S", None, "2026-03-01 10:20:30"),
        ("int", None, "seconds", 1772360430),
    ],
)
def test_a_call_without_a_time_has_no_time_column_and_others_keep_theirs(
    kind: str, text_format: str | None, unit: TimeUnit | None, expected: object
) -> None:
    with FiddlerServer(model(kind, text_format)) as server:
        times = sent(server, TIME, None, None, TIME, unit=unit)

        assert times == [expected, "none", "none", expected]
        assert len(server.publish_requests) == 1


def test_a_text_that_looks_like_a_missing_time_changes_nothing() -> None:
    with FiddlerServer(
        Model.of(
            inputs={"age": "str"},
            outputs={"score": "float"},
            metadata={"id": "str"},
            event_id_col="id",
            event_ts_col="at",
        )
    ) as server:
        fiddler = publisher(server)
        request = side(json.dumps({"age": '"at":null'}), JSON)
        raw = line(request, side("0.5"), eventId="a")

        fiddler.publish(batch_of(fiddler, [raw]))

        assert [(event["age"], event["at"]) for event in server.events] == [('"at":null', TIME)]


@pytest.mark.parametrize(
    ("kind", "text_format", "captured"),
    [
        ("timestamp", "%d.%m.%Y %H:%M", "01.03.2026 10:20"),
        ("timestamp", "%Y-%d-%m", "2026-01-03"),
        ("str", "%Y-%d-%m", "2026-01-03"),
        ("int", None, 1772360430),
        ("float", None, 1772360430.5),
    ],
)
def test_a_time_column_that_is_captured_goes_as_it_was_captured(
    kind: str, text_format: str | None, captured: object
) -> None:
    with FiddlerServer(model(kind, text_format)) as server:
        fiddler = publisher(server, CAPTURED)

        lines = [call("a", request=f"41,{captured}")]
        fiddler.publish(batch_of(fiddler, lines, CAPTURED))

        assert [event["at"] for event in server.events] == [captured]


def test_a_captured_time_that_is_missing_has_no_time_column_either() -> None:
    with FiddlerServer(model("int")) as server:
        fiddler = publisher(server, CAPTURED)

        lines = [call("a", request="41,5"), call("b", request="42,")]
        fiddler.publish(batch_of(fiddler, lines, CAPTURED))

        assert [event.get("at", "none") for event in server.events] == [5, "none"]


def test_an_unknown_column_type_is_a_mistake_that_names_the_column_and_the_type() -> None:
    words = "Column 'at' of the Fiddler model has the type 'image'"
    wrong = pytest.raises(PublisherMisconfiguredError, match=words)
    with FiddlerServer(model("image")) as server, wrong:
        publisher(server).schema()


def test_a_time_that_is_no_time_is_left_to_the_platform() -> None:
    write = time_writer(DataType.STR, "%Y", None)
    assert write is not None
    assert [write("yesterday"), write(7), write(None)] == ["yesterday", 7, None]
    assert write("1772031512345") == "1772031512345"


def test_a_time_without_an_offset_is_utc_and_one_before_1970_is_negative() -> None:
    write = time_writer(DataType.INT, None, "seconds")
    assert write is not None
    assert [write("1970-01-01T00:00:01"), write("1969-12-31T23:59:58.5Z")] == [1, -2]
