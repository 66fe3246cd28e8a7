"""One object on several routes: none waits for another, blocks it or repeats it."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence

import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    ContinuationError,
    ForwarderError,
    PlatformUnavailableError,
)
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.ports import Ports
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.forwarding.options import RouteOptions
from capture_forwarder.forwarding.route import Route
from capture_forwarder.parser.mapping.columns import ColumnMapping, parse_columns
from capture_forwarder.triggers import write_continuation
from tests.support.captures import line, side
from tests.support.fakes import (
    ManualClock,
    MemoryLedger,
    MemoryPublisher,
    MemoryQuarantine,
    MemoryStore,
    OneRoute,
)

MAPPING = ColumnMapping(parse_columns("a"), parse_columns("score"))
LINES = [line(side(str(n)), side("0.5"), eventId=f"call-{n:03d}") for n in range(40)]
SOURCE = CaptureFile("b", "one")


class Told:
    """Collects what is told of one route, or of none."""

    def __init__(self) -> None:
        self.done: list[FileReport] = []
        self.failures: list[ForwarderError] = []
        self.handed_on: list[int] = []
        self.skips: list[str] = []

    def on_route(self, route: str, publisher: str) -> Told:
        del route, publisher
        return self

    def forwarded(self, source: CaptureFile, report: FileReport) -> None:
        del source
        self.done.append(report)

    def postponed(self, source: CaptureFile, seconds: int) -> None:
        del source, seconds

    def continued(self, source: CaptureFile, hops: int, report: FileReport | None) -> None:
        del source, report
        self.handed_on.append(hops)

    def failed(self, what: str, error: ForwarderError) -> None:
        del what
        self.failures.append(error)

    def skipped(self, source: CaptureFile, why: str) -> None:
        del source
        self.skips.append(why)

    def message_skipped(self, name: str, what: str) -> None:
        del name
        self.skips.append(what)

    def warn(self, message: str, **facts: object) -> None:
        del message, facts


class Queue:
    """Keeps what is handed on, or takes nothing."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.closed = False

    def send(
        self, source: CaptureFile, hops: int, routes: Sequence[str], delay_seconds: int = 0
    ) -> None:
        del delay_seconds
        if self.closed:
            raise ContinuationError("The queue takes nothing.")
        self.bodies.append(write_continuation(source, hops, routes))


class Setting:
    """Objects, and routes that all take them."""

    def __init__(self, *names: str) -> None:
        self.clock = ManualClock()
        self.publishers = {name: MemoryPublisher(rows=5) for name in names}
        self.told = {name: Told() for name in ("none", *names)}
        self.queue = Queue()
        content = b"\n".join(LINES)
        store = MemoryStore(one=content, two=content.replace(b"call", b"other"))
        ledger, quarantine = MemoryLedger(self.clock), MemoryQuarantine()
        self.routes = [
            Route(
                MAPPING,
                RouteOptions(name, 10**6, requests_in_flight=1, retry_seconds=0),
                Ports(store, self.publishers[name], quarantine, self.clock, ledger),
                self.told[name],
            )
            for name in names
        ]
        self.router = OneRoute(*self.routes)
        self.quick_is_done = threading.Event()
        self.forwarder = Forwarder(self.router, self.clock, self.told["none"], self.queue)

    def send(self, *bodies: str, seconds_left: float | None = None) -> set[str]:
        records = [
            {"messageId": f"m{n}", "eventSource": "aws:sqs", "body": body}
            for n, body in enumerate(bodies)
        ]
        answer = self.forwarder.handle({"Records": records}, owner="x", seconds_left=seconds_left)
        failures = answer["batchItemFailures"]
        assert isinstance(failures, list)
        return {failure["itemIdentifier"] for failure in failures}

    def make_late(self, name: str, *, after: str) -> None:
        """Have each request of a route take six seconds, once another route has told an end."""
        told = self.told[after]
        forwarded, failed = told.forwarded, told.failed

        def on_success(source: CaptureFile, report: FileReport) -> None:
            forwarded(source, report)
            self.quick_is_done.set()

        def on_failure(what: str, error: ForwarderError) -> None:
            failed(what, error)
            self.quick_is_done.set()

        def take_long(_: Sequence[Inference]) -> None:
            assert self.quick_is_done.wait(30)
            self.clock.sleep(6)

        told.forwarded, told.failed = on_success, on_failure  # type: ignore[method-assign]
        self.publishers[name].refuse = take_long

    def ids(self, name: str) -> list[str]:
        return [one.id for one in self.publishers[name].published]


def announce(key: str) -> str:
    return json.dumps({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": key}}}]})


def down(_: Sequence[Inference]) -> None:
    raise PlatformUnavailableError("down")


ALL = [f"call-{n:03d}" for n in range(40)]


def test_an_object_goes_to_the_platforms_of_all_its_routes() -> None:
    setting = Setting("first", "second")

    assert setting.send(announce("one")) == set()

    assert setting.ids("first") == setting.ids("second") == ALL
    assert [told.lines for told in setting.told["first"].done] == [40]
    assert [told.lines for told in setting.told["second"].done] == [40]


def test_one_platform_that_is_down_neither_blocks_nor_repeats_the_others() -> None:
    setting = Setting("first", "second", "third")
    setting.publishers["second"].refuse = down

    assert setting.send(announce("one")) == {"m0"}
    assert setting.ids("first") == setting.ids("third") == ALL
    assert setting.ids("second") == []

    assert setting.send(announce("one")) == {"m0"}
    setting.publishers["second"].refuse = lambda _: None
    assert setting.send(announce("one")) == set()

    assert setting.ids("first") == setting.ids("second") == setting.ids("third") == ALL
    assert [told.repeated for told in setting.told["first"].done] == [False, True, True]
    assert len(setting.told["second"].failures) == 2
    assert setting.told["first"].failures == setting.told["none"].failures == []


def test_a_platform_that_is_down_is_left_alone_for_the_rest_of_the_event() -> None:
    setting = Setting("first", "second")
    tries = 0

    def refuse(_: Sequence[Inference]) -> None:
        nonlocal tries
        tries += 1
        raise PlatformUnavailableError("down")

    setting.publishers["second"].refuse = refuse
    assert setting.send(announce("one"), announce("two")) == {"m0", "m1"}

    before = tries
    assert len(setting.ids("first")) == 80
    assert setting.send(announce("two")) == {"m0"}
    assert tries > before
    assert len(setting.told["second"].failures) == 3


def test_what_was_done_of_one_object_is_not_told_of_those_that_are_not_tried() -> None:
    setting = Setting("first", "second")

    def refuse(rows: Sequence[Inference]) -> None:
        if rows[0].id == "call-020":
            raise PlatformUnavailableError("down", "Look at it.", retry_after=3.0)

    setting.publishers["second"].refuse = refuse
    assert setting.send(announce("one"), announce("two")) == {"m0", "m1"}

    tried, untried = setting.told["second"].failures
    assert tried.report is not None
    assert tried.report.published == 20
    assert untried.report is None
    assert (type(untried), untried.message, untried.advice) == (
        PlatformUnavailableError,
        "down",
        "Look at it.",
    )


def test_no_route_waits_for_another() -> None:
    setting = Setting("slow", "fast")
    setting.make_late("slow", after="fast")

    assert setting.send(announce("one")) == set()
    assert setting.ids("slow") == setting.ids("fast") == ALL


def test_only_the_routes_that_are_not_done_are_handed_on() -> None:
    setting = Setting("quick", "late")
    setting.make_late("late", after="quick")

    assert setting.send(announce("one"), seconds_left=20) == set()
    hops = 0
    while setting.queue.bodies:
        (body,) = setting.queue.bodies
        assert json.loads(body)["captureForwarder"]["routes"] == ["late"]
        setting.queue.bodies.clear()
        assert setting.send(body, seconds_left=20) == set()
        hops += 1

    assert hops > 1
    assert setting.ids("quick") == setting.ids("late") == ALL
    assert len(setting.told["quick"].done) == 1
    assert setting.told["late"].handed_on == list(range(1, hops + 1))


def test_a_failed_route_does_not_keep_a_late_one_from_being_handed_on() -> None:
    setting = Setting("broken", "late")
    setting.publishers["broken"].refuse = down
    setting.make_late("late", after="broken")

    assert setting.send(announce("one"), seconds_left=20) == {"m0"}

    (body,) = setting.queue.bodies
    assert json.loads(body)["captureForwarder"]["routes"] == ["late"]


def test_what_cannot_be_handed_on_fails_the_message() -> None:
    setting = Setting("quick", "late")
    setting.make_late("late", after="quick")
    setting.queue.closed = True

    assert setting.send(announce("one"), seconds_left=20) == {"m0"}

    assert setting.told["quick"].failures == []
    (failure,) = setting.told["late"].failures
    assert isinstance(failure, ContinuationError)
    assert failure.report is not None


def test_an_object_without_a_route_is_skipped_loudly() -> None:
    setting = Setting()

    assert setting.send(announce("one")) == set()
    assert setting.told["none"].skips == ["no route is for it"]


def test_a_fault_that_nobody_expected_stays_on_its_route() -> None:
    setting = Setting("first", "second")

    def fault(_: Sequence[Inference]) -> None:
        raise ZeroDivisionError("Jane Doe")

    setting.publishers["first"].refuse = fault
    assert setting.send(announce("one")) == {"m0"}

    assert setting.ids("second") == ALL
    (failure,) = setting.told["first"].failures
    assert "Jane Doe" not in str(failure)


@pytest.mark.parametrize("routes", ["late", None, [1], {}])
def test_a_message_that_names_no_route_is_for_all(routes: object) -> None:
    setting = Setting("first", "second")
    body = json.loads(announce("one")) | {"captureForwarder": {"hops": 1, "routes": routes}}

    assert setting.send(json.dumps(body)) == set()
    assert setting.ids("first") == setting.ids("second") == ALL
