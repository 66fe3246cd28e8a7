"""Files of a route that waits: left to the queue once, and read when they come back."""

from __future__ import annotations

import json
from collections.abc import Sequence

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ContinuationError
from capture_forwarder.core.ports import Ports
from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.forwarding.options import RouteOptions
from capture_forwarder.forwarding.route import Route
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.triggers import write_continuation
from tests.forwarding.test_forwarder import Reports
from tests.support.captures import line, side
from tests.support.fakes import ManualClock, MemoryPublisher, MemoryStore, OneRoute

KEY = "captures/endpoint/AllTraffic/2026/03/01/10/a.jsonl"
FILE = CaptureFile("bucket", KEY)
MAPPING = ColumnMapping.of("x", "score")


class Queue:
    """Keeps messages, with their delays, or takes none."""

    def __init__(self, *, closed: bool = False) -> None:
        self.sent: list[tuple[list[str], int, int]] = []
        self._closed = closed

    def send(
        self, capture_file: CaptureFile, hops: int, routes: Sequence[str], delay_seconds: int = 0
    ) -> None:
        if self._closed:
            raise ContinuationError(f"No queue for {capture_file}.")
        self.sent.append((list(routes), hops, delay_seconds))


class Setting:
    """A route that reads files at once, and two that have them wait."""

    def __init__(self, queue: Queue | None) -> None:
        store = MemoryStore(**{KEY: line(side("1"), side("0.5"))})
        clock = ManualClock()
        self.publishers = {name: MemoryPublisher() for name in ("now", "soon", "late")}
        delays = {"now": 0, "soon": 60, "late": 900}
        self.reports = Reports()
        routes = [
            Route(
                MAPPING,
                RouteOptions(name, 10**6, delay_seconds=delays[name]),
                Ports(store, publisher, None, clock),
                self.reports,
            )
            for name, publisher in self.publishers.items()
        ]
        self.forwarder = Forwarder(OneRoute(*routes), clock, self.reports, queue)

    def deliver(self, body: str) -> list[str]:
        record = {"messageId": "m", "body": body, "eventSource": "aws:sqs", "attributes": {}}
        answer = self.forwarder.handle({"Records": [record]})
        failures = answer["batchItemFailures"]
        assert isinstance(failures, list)
        return [one["itemIdentifier"] for one in failures]

    @property
    def read(self) -> list[str]:
        return [name for name, publisher in self.publishers.items() if publisher.batches]


def announcement() -> str:
    s3 = {"bucket": {"name": "bucket"}, "object": {"key": KEY}}
    record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}
    return json.dumps({"Records": [record]})


def test_each_route_waits_for_its_own_time_and_the_others_do_not() -> None:
    queue = Queue()
    here = Setting(queue)

    assert here.deliver(announcement()) == []

    assert here.read == ["now"]
    assert queue.sent == [(["soon"], 1, 60), (["late"], 1, 900)]


def test_what_comes_back_is_read_by_the_routes_that_it_names() -> None:
    queue = Queue()
    here = Setting(queue)

    assert here.deliver(write_continuation(FILE, 1, ["soon"])) == []

    assert here.read == ["soon"]
    assert queue.sent == []


def test_without_a_queue_nothing_waits() -> None:
    here = Setting(None)
    assert here.deliver(announcement()) == []
    assert here.read == ["now", "soon", "late"]


def test_a_command_does_not_wait() -> None:
    queue = Queue()
    here = Setting(queue)
    here.forwarder.forward(FILE, {})
    assert here.read == ["now", "soon", "late"]
    assert queue.sent == []


def test_where_the_queue_takes_nothing_the_message_comes_again() -> None:
    here = Setting(Queue(closed=True))
    assert here.deliver(announcement()) == ["m"]
    assert here.read == ["now"]
