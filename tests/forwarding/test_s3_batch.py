"""S3 Batch Operations reads of each file what became of it: it is what its user looks at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ContinuationError, PlatformUnavailableError
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.ports import Ports
from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.forwarding.options import RouteOptions
from capture_forwarder.forwarding.route import Route
from tests.forwarding.test_forwarder import GOOD, MAPPING, Reports
from tests.support.fakes import (
    ManualClock,
    MemoryLedger,
    MemoryPublisher,
    MemoryQuarantine,
    MemoryStore,
    OneRoute,
)
from tests.support.trigger_events import s3_batch_2

OPTIONS = RouteOptions("default", 10**6, requests_in_flight=1, retry_seconds=0.0)


class Queue:
    """A queue for continuations that works or does not."""

    def __init__(self, *, works: bool) -> None:
        self._works = works

    def send(
        self, capture_file: CaptureFile, hops: int, routes: Sequence[str], delay_seconds: int = 0
    ) -> None:
        del delay_seconds
        del hops, routes
        if not self._works:
            raise ContinuationError(f"The rest of {capture_file} has no queue.", "Make one.")


class NoRoute(OneRoute):
    """Knows no route for any file."""

    def routes(self, source: CaptureFile) -> Sequence[Route]:
        del source
        return ()


class World:
    """A forwarder with one file of many lines, invoked by a batch job."""

    def __init__(self, *, queue_works: bool = True, router: type[OneRoute] = OneRoute) -> None:
        self.clock = ManualClock()
        self.publisher = MemoryPublisher(rows=1)
        lines = b"\n".join([GOOD] * 40)
        store = MemoryStore(**{"file": lines, "quarantine/file": lines})
        ledger = MemoryLedger(self.clock)
        ports = Ports(store, self.publisher, MemoryQuarantine(), self.clock, ledger)
        route = Route(MAPPING, OPTIONS, ports, Reports())
        queue = Queue(works=queue_works)
        self.forwarder = Forwarder(router(route), self.clock, Reports(), queue)

    def result(self, key: str = "file", seconds_left: float | None = None) -> tuple[str, str]:
        told: Any = self.forwarder.handle(
            s3_batch_2(key), owner="invocation", seconds_left=seconds_left
        )
        (one,) = told["results"]
        return one["resultCode"], one["resultString"]


def test_a_forwarded_file_is_told_as_such() -> None:
    world = World()

    assert world.result() == ("Succeeded", "forwarded")
    assert len(world.publisher.published) == 40


def test_an_output_is_told_as_skipped() -> None:
    world = World()

    code, text = world.result("quarantine/file")

    assert (code, text) == (
        "Succeeded",
        "skipped: what the forwarder wrote is never taken as input",
    )
    assert world.publisher.published == []


def test_a_file_without_a_route_is_told_as_skipped() -> None:
    assert World(router=NoRoute).result() == ("Succeeded", "skipped: no route is for it")


def slow(world: World) -> World:
    world.publisher.refuse = lambda _: world.clock.sleep(2)
    return world


def test_a_file_that_goes_on_later_is_told_as_continued() -> None:
    world = slow(World())

    code, text = world.result(seconds_left=20)

    assert (code, text) == ("Succeeded", "continued: a later invocation forwards the rest")
    assert 0 < len(world.publisher.published) < 40


def test_a_file_whose_continuation_has_no_queue_failed() -> None:
    code, text = slow(World(queue_works=False)).result(seconds_left=20)

    assert code == "TemporaryFailure"
    assert "has no queue. Make one." in text


def test_a_file_that_does_not_exist_failed_for_good() -> None:
    code, text = World().result("gone")

    assert code == "PermanentFailure"
    assert "gone" in text


def test_a_file_whose_platform_is_down_failed_for_now() -> None:
    world = World()

    def refuse(_: Sequence[Inference]) -> None:
        raise PlatformUnavailableError("The platform is down.")

    world.publisher.refuse = refuse

    assert world.result() == ("TemporaryFailure", "The platform is down.")
