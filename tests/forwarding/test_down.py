"""A platform that fails at one file is tried with one more, and then left alone or used on."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import msgspec
import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import PlatformUnavailableError, PublisherMisconfiguredError
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.ports import Clock
from capture_forwarder.core.schema import Schema
from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.forwarding.route import Route
from tests.forwarding.test_forwarder import Reports
from tests.forwarding.test_resume import MAPPING, Setting, call
from tests.support.fakes import MemoryPublisher, OneRoute


def event(count: int) -> dict[str, object]:
    records = [
        {
            "messageId": f"m{n}",
            "eventSource": "aws:sqs",
            "body": f'{{"detail-type": "Object Created", "source": "aws.s3", "detail": '
            f'{{"bucket": {{"name": "bucket"}}, "object": {{"key": "file-{n}"}}}}}}',
        }
        for n in range(count)
    ]
    return {"Records": records}


class Several:
    """An event of files of one call each, on a platform that fails at some of them."""

    def __init__(self, bad: set[int], error: Exception) -> None:
        self.setting = Setting()
        self.setting.store.objects = {f"file-{n}": call(n) for n in range(10)}
        self.setting.options = msgspec.structs.replace(self.setting.options, retry_seconds=60.0)
        self.asked: list[int] = []

        def refuse(rows: Sequence[Inference]) -> None:
            (number,) = (int(row.id.removeprefix("call-")) for row in rows)
            self.asked.append(number)
            if number in bad:
                raise error

        self.setting.publisher.refuse = refuse

    def failed(self) -> set[str]:
        setting, reports = self.setting, Reports()
        route = Route(MAPPING, setting.options, setting.ports, reports)
        answer = Forwarder(OneRoute(route), setting.clock, reports).handle(event(10))
        return {one["itemIdentifier"] for one in answer["batchItemFailures"]}  # type: ignore[attr-defined]


def suspicious() -> PlatformUnavailableError:
    return PlatformUnavailableError("The platform answered 500.", may_be_a_row=True)


def test_a_row_that_the_platform_fails_at_holds_up_only_its_own_file() -> None:
    here = Several({3}, suspicious())
    assert here.failed() == {"m3"}


def test_a_platform_that_fails_at_a_second_file_at_once_is_left_alone() -> None:
    here = Several(set(range(10)), suspicious())

    assert len(here.failed()) == 10

    assert set(here.asked) == {0, 1}
    assert here.asked.count(0) > 3
    assert here.asked.count(1) == 1


@pytest.mark.parametrize(
    "error", [PublisherMisconfiguredError("no model"), PlatformUnavailableError("refused")]
)
def test_a_platform_that_is_down_for_sure_is_tried_with_no_other_file(error: Exception) -> None:
    here = Several(set(range(10)), error)

    assert len(here.failed()) == 10
    assert set(here.asked) == {0}


class RealTime:
    """The machine's own time, for what really stalls."""

    def __init__(self, clock: Clock) -> None:
        self.now = clock.now

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Stalling(MemoryPublisher, OneRoute):
    """Does not answer for its schema, or not for the routes."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.released = threading.Event()
        self._what = what
        self.route: Route | None = None

    def schema(self) -> Schema:
        if self._what == "schema":
            self.released.wait(30)
        return super().schema()

    def routes(self, source: CaptureFile) -> Sequence[Route]:
        del source
        if self._what == "routes":
            self.released.wait(30)
        assert self.route is not None
        return [self.route]


@pytest.mark.parametrize("what", ["schema", "routes"])
def test_a_schema_or_routes_file_that_never_comes_does_not_have_the_invocation_killed(
    what: str,
) -> None:
    setting, reports, stalling = Setting(call(0)), Reports(), Stalling(what)
    clock = RealTime(setting.clock)
    ports = type(setting.ports)(setting.store, stalling, setting.quarantine, clock, setting.ledger)
    stalling.route = Route(MAPPING, setting.options, ports, reports)
    began = time.monotonic()
    try:
        answer = Forwarder(stalling, clock, reports).handle(event(1), seconds_left=2.0)
        assert time.monotonic() < began + 2.0, "Lambda would have killed it"
    finally:
        stalling.released.set()

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert stalling.published == []
