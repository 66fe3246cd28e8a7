"""Events from first look to answer: isolation, the platform's own columns, no loops."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    CaptureFilesFailedError,
    ForwarderError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    UnexpectedError,
    UnknownEventError,
)
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.ports import Ports
from capture_forwarder.core.report import FileReport
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.forwarding.options import RouteOptions
from capture_forwarder.forwarding.preparation import check_columns, complete
from capture_forwarder.forwarding.route import Route
from capture_forwarder.parser.mapping.columns import ColumnMapping, parse_columns
from tests.support.captures import line, side
from tests.support.fakes import (
    ManualClock,
    MemoryPublisher,
    MemoryQuarantine,
    MemoryStore,
    OneRoute,
)

FLOAT = DataType.FLOAT
MAPPING = ColumnMapping(parse_columns("a"), parse_columns("score"))
GOOD = line(side("1"), side("0.5"))


class Reports:
    """Collects what is reported."""

    def __init__(self) -> None:
        self.done: list[tuple[str, FileReport]] = []
        self.failures: list[tuple[str, ForwarderError]] = []
        self.skips: list[str] = []
        self.continued_objects: list[tuple[str, int]] = []
        self.warnings: list[dict[str, object]] = []

    def on_route(self, route: str, publisher: str) -> Reports:
        del route, publisher
        return self

    def forwarded(self, source: CaptureFile, report: FileReport) -> None:
        self.done.append((source.key, report))

    def postponed(self, source: CaptureFile, seconds: int) -> None:
        del source, seconds

    def continued(self, source: CaptureFile, hops: int, report: FileReport | None) -> None:
        assert report is not None
        self.continued_objects.append((source.key, hops))

    def failed(self, what: str, error: ForwarderError) -> None:
        self.failures.append((what, error))

    def skipped(self, source: CaptureFile, why: str) -> None:
        self.skips.append(f"{source.key}: {why}")

    def message_skipped(self, name: str, what: str) -> None:
        self.skips.append(f"{name}: {what}")

    def warn(self, message: str, **facts: object) -> None:
        self.warnings.append({"message": message, **facts})


class Setting:
    """A forwarder over ports in memory."""

    def __init__(self, schema: Schema | None = None, mapping: ColumnMapping = MAPPING) -> None:
        self.publisher = MemoryPublisher(schema)
        self.reports = Reports()
        store = MemoryStore(one=GOOD, two=GOOD, broken=GOOD)
        ports = Ports(store, self.publisher, MemoryQuarantine(), ManualClock())
        route = Route(mapping, RouteOptions("default", 10**6), ports, self.reports)
        self.forwarder = Forwarder(OneRoute(route), ports.clock, self.reports)

    def send(self, *bodies: object) -> dict[str, object]:
        records = [
            {"messageId": f"m{n}", "eventSource": "aws:sqs", "body": json.dumps(body)}
            for n, body in enumerate(bodies)
        ]
        return self.forwarder.handle({"Records": records})


def announce(*keys: str) -> dict[str, list[dict[str, object]]]:
    return {"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": k}}} for k in keys]}


def failed(*names: str) -> dict[str, object]:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


def test_a_failed_object_fails_its_message_and_no_other() -> None:
    setting = Setting()

    answer = setting.send(announce("one"), announce("missing", "two"), {"no": "shape"})

    assert answer == failed("m1", "m2")
    assert [key for key, _ in setting.reports.done] == ["one", "two"]
    assert [what for what, _ in setting.reports.failures] == ["s3://b/missing", "message m2"]


def test_a_fault_that_nobody_expected_fails_one_object_and_tells_no_data() -> None:
    setting = Setting()
    values = iter([ZeroDivisionError("Jane Doe"), None])

    def refuse(_: Sequence[Inference]) -> None:
        if error := next(values):
            raise error

    setting.publisher.refuse = refuse
    answer = setting.send(announce("one"), announce("two"))

    assert answer == failed("m0")
    (_, error) = setting.reports.failures[0]
    assert isinstance(error, UnexpectedError)
    assert "ZeroDivisionError at test_forwarder.py:" in str(error)
    assert "Jane Doe" not in str(error)


def test_sources_that_know_no_partial_failure_get_an_error() -> None:
    with pytest.raises(CaptureFilesFailedError, match="s3://b/missing"):
        Setting().forwarder.handle(announce("one", "missing"))


def test_a_platform_that_is_down_is_never_a_success() -> None:
    setting = Setting()

    def refuse(_: Sequence[Inference]) -> None:
        raise PlatformUnavailableError("down")

    setting.publisher.refuse = refuse
    assert setting.send(announce("one")) == failed("m0")


def test_quarantine_is_never_taken_as_input() -> None:
    setting = Setting()

    assert setting.send(announce("quarantine/x.jsonl")) == failed()
    (skipped,) = setting.reports.skips
    assert skipped == "quarantine/x.jsonl: what the forwarder wrote is never taken as input"
    assert setting.publisher.batches == []


def test_messages_about_no_new_file_are_acknowledged_and_counted() -> None:
    setting = Setting()
    deleted = {"eventName": "ObjectRemoved:Delete", **announce("one")["Records"][0]}

    answer = setting.send({"Event": "s3:TestEvent"}, {"Records": []}, {"Records": [deleted]})

    assert answer == failed()
    assert setting.reports.skips == [
        "m0: a test event of S3",
        "m1: a notification without records",
        "m2: an event of S3 that announces no new file: ObjectRemoved",
    ]
    assert (setting.reports.done, setting.reports.failures) == ([], [])


@pytest.mark.parametrize("event", [None, [], "text", {}, {"Records": [1]}, {"detail": 1}])
def test_an_unknown_event_is_an_error(event: Any) -> None:
    with pytest.raises(UnknownEventError):
        Setting().forwarder.handle(event)


SCHEMA = Schema(
    types={"a": FLOAT, "score": FLOAT, "when": DataType.TIMESTAMP, "id": DataType.STR},
    event_id_column="id",
    timestamp_column="when",
    required=("a", "score"),
)


def test_the_platforms_id_and_time_columns_are_filled_by_default() -> None:
    setting = Setting(SCHEMA)
    setting.send(announce("one"))

    (inference,) = setting.publisher.published
    assert inference.row["id"] == inference.id
    assert inference.row["when"] == "2026-03-01T10:20:30Z"
    assert inference.row["a"] == 1.0


def test_columns_that_the_settings_fill_themselves_stay_as_they_are() -> None:
    mapping = ColumnMapping(parse_columns("id"), parse_columns("score"), timestamp="other")

    completed = complete(mapping, SCHEMA)

    assert completed.event_id is None
    assert completed.timestamp == "other"


def test_columns_that_the_model_does_not_know_are_named() -> None:
    mapping = ColumnMapping(parse_columns("a,typo"), parse_columns("score"))
    with pytest.raises(PublisherMisconfiguredError, match="'typo'") as caught:
        check_columns(mapping, SCHEMA)
    assert "a, score, when, id" in caught.value.advice


def test_columns_of_the_model_that_nothing_fills_are_told_once() -> None:
    setting = Setting(SCHEMA, ColumnMapping(outputs=parse_columns("score")))
    setting.send(announce("one"), announce("two"))

    (warning,) = setting.reports.warnings
    assert warning["columns"] == ["a"]


def test_a_platform_that_is_busy_while_the_schema_is_read_is_asked_again() -> None:
    setting = Setting(SCHEMA)
    answers = iter([PlatformUnavailableError("busy"), PlatformUnavailableError("busy")])

    def schema() -> Schema:
        if error := next(answers, None):
            raise error
        return SCHEMA

    setting.publisher.schema = schema  # type: ignore[method-assign]

    assert setting.send(announce("one")) == failed()
    assert len(setting.publisher.published) == 1


def test_a_changed_schema_is_taken_over() -> None:
    setting = Setting(Schema({"a": FLOAT, "score": FLOAT}))
    setting.send(announce("one"))
    setting.publisher.known = Schema({"a": DataType.STR, "score": FLOAT})
    setting.send(announce("two"))

    assert [inference.row["a"] for inference in setting.publisher.published] == [1.0, "1"]
