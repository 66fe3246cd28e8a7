"""The function announces earlier files to itself: all of them, whatever happens on the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.backfill.beginning import first_request, state_of, stop
from capture_forwarder.backfill.detached import Bounds, DetachedBackfill
from capture_forwarder.backfill.record import ledger_key
from capture_forwarder.backfill.selection import Folder, Page, Place, Selection
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    AccountError,
    CaptureFileBusyError,
    ForwarderError,
    UnknownEventError,
)
from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.listing import ListRequest
from capture_forwarder.core.ports.operator import RecordedWork, StoredFile
from capture_forwarder.triggers.list_request import read_list_request, write_list_request
from tests.backfill.test_sending import START, keys, write
from tests.support.draining_queue import DrainingQueue
from tests.support.fakes import ManualClock, MemoryLedger
from tests.support.memory_buckets import WRITTEN, MemoryBuckets

PLACE = Place("captures", "data/")
LEASE = 60.0


class KilledError(BaseException):
    """The invocation is killed: nothing of it runs any more, not even what cleans up."""


class Telling:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[tuple[ListRequest, int, bool]] = []
        self.warnings: list[str] = []

    def announced(self, request: ListRequest, files: int, *, done: bool) -> None:
        self.steps.append((request, files, done))

    def warn(self, message: str, **facts: object) -> None:
        self.warnings.append(f"{message} {facts}")


class Watched:
    """Passes calls on, and is killed or fails at a call of a number, before or after it."""

    def __init__(self, world: World, inner: Any) -> None:
        self._world = world
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._world.before(name)
            answer = method(*arguments, **named)
            self._world.after(name)
            return answer

        return call


class World:
    """A queue that hands out requests until none is left, as SQS does."""

    def __init__(self, found: Sequence[str], page_size: int = 1000, **queue: float) -> None:
        self.clock = ManualClock()
        self.buckets = MemoryBuckets(found, page_size)
        self.queue = DrainingQueue(self.clock, **queue)
        self.ledger = MemoryLedger(self.clock)
        self.telling = Telling()
        self.calls = 0
        self.kills: dict[int, bool] = {}
        self.dead = False
        self.handed_out = 0
        self.each_send = 0.0
        self.on_call: Callable[[str], None] = lambda _: None

    def before(self, name: str) -> None:
        if self.dead:
            raise KilledError
        self.calls += 1
        self.on_call(name)
        if self.kills.get(self.calls) is False:
            self.dead = True
            raise KilledError
        if name == "send":
            self.clock.time += self.each_send

    def after(self, name: str) -> None:
        del name
        if self.kills.get(self.calls) is True:
            self.dead = True
            raise KilledError

    def lister(self, taken: Sequence[str] = ("",)) -> DetachedBackfill:
        def takes(route: str) -> Callable[[CaptureFile], bool]:
            assert route == "churn"
            return lambda file: any(part in file.key for part in taken)

        return DetachedBackfill(
            Watched(self, self.buckets),
            Watched(self, self.queue),
            Watched(self, self.ledger),
            self.clock,
            self.telling,
            bounds=Bounds(("captures",), "data/"),
            takes=takes,
            write=write,
            write_request=write_list_request,
            lease_seconds=LEASE,
        )

    def work(self, body: str, *, seconds: float | None = None, taken: Sequence[str] = ("",)) -> str:
        """Hand a request to an invocation of its own."""
        self.handed_out += 1
        self.dead = False
        request = read_list_request(json.loads(body))
        assert request is not None
        end = None if seconds is None else self.clock.time + seconds
        return self.lister(taken).work(request, f"invocation-{self.handed_out}", end)

    def run(
        self, request: ListRequest, *, seconds: float | None = None, taken: Sequence[str] = ("",)
    ) -> None:
        """Hand out requests until there is none; what fails comes again after the lease."""
        self.queue.left = [(0.0, write_list_request(request))]
        while self.queue.left:
            assert self.handed_out < 2_000
            self.queue.left.sort()
            due, body = self.queue.left.pop(0)
            self.clock.time = max(self.clock.time, due)
            try:
                self.work(body, seconds=seconds, taken=taken)
            except (ForwarderError, KilledError):
                self.queue.left.append((self.clock.time + 6 * LEASE, body))

    @property
    def sent(self) -> list[str]:
        return [json.loads(body)[0] for body in self.queue.sent]

    def find(self, key: LedgerKey) -> RecordedWork | None:
        """As an operator sees it."""
        found = self.ledger.positions.get(key)
        over = key in self.ledger.finished
        return None if found is None else RecordedWork(found, over, self.clock.now())

    def end(self, key: LedgerKey) -> None:
        """As an operator stops it."""
        self.ledger.finished.add(key)
        self.ledger.leases.pop(key, None)


def asked(waiting: int = 10_000, **chosen: Any) -> ListRequest:
    return first_request(Selection((PLACE,), **chosen), waiting, START)


def test_all_files_are_announced_once_in_the_order_of_time() -> None:
    found = keys(folders=3, hours=4, files=25)
    world = World([*found, "data/notes.txt", "data/e/v/2026/03/01/10/x.txt"], page_size=30)
    request = asked()

    world.run(request)

    assert world.sent == found
    state = state_of(world, request.id)
    assert (state.sent, state.passed_over, state.over, state.steps) == (300, 0, True, 1)
    assert world.telling.steps[-1][1:] == (300, True)


@given(st.floats(0.5, 50), st.floats(0, 59), st.integers(10, 80))
def test_the_queue_never_holds_more_than_it_may(drains: float, lag: float, waiting: int) -> None:
    found = keys(2, 3, 40)
    world = World(found, 50, drains=drains, lag=lag)

    world.run(asked(waiting))

    assert world.sent == found
    assert world.queue.most <= waiting


@given(
    st.integers(1, 3),
    st.integers(1, 9),
    st.integers(1, 7),
    st.integers(10, 20),
    st.dictionaries(st.integers(1, 60), st.booleans(), max_size=5),
)
def test_killed_anywhere_nothing_is_left_out_and_one_chain_of_requests_goes_on(
    folders: int, files: int, page_size: int, waiting: int, kills: dict[int, bool]
) -> None:
    found = keys(folders, 2, files)
    quiet = World(found, page_size)
    quiet.run(asked(waiting))
    world = World(found, page_size)
    world.kills = kills
    request = asked(waiting)

    world.run(request)

    times = Counter(world.sent)
    assert set(times) == set(found)
    # A kill repeats no more than what one request announces.
    assert sum(times.values()) - len(found) <= waiting * len(kills)
    assert state_of(world, request.id).over
    assert state_of(world, request.id).sent == len(found)
    # Each kill costs the request that was killed, and at most one that turns out to be done.
    assert world.handed_out <= quiet.handed_out + 2 * len(kills)


@given(st.integers(0, 3), st.integers(1, 4))
def test_a_request_that_comes_twice_does_not_start_a_second_chain(step: int, copies: int) -> None:
    found = keys(2, 2, 20)
    world = World(found)
    request = asked(20)
    bodies = [write_list_request(request)]
    while bodies:
        body = bodies.pop()
        again = copies if world.handed_out == step else 0
        for _ in range(1 + again):
            world.work(body)
        bodies = [one for _, one in world.queue.left]
        world.queue.left.clear()
        world.clock.time += 60
        assert len(bodies) <= 1

    assert world.sent == found
    assert state_of(world, request.id).sent == len(found)


def test_two_invocations_at_the_same_request_do_not_both_work() -> None:
    world = World(keys(1, 1, 5))
    body = write_list_request(asked())

    def other(name: str) -> None:
        if name == "send":
            world.on_call = lambda _: None
            with pytest.raises(CaptureFileBusyError):
                world.work(body)

    world.on_call = other
    world.work(body)

    assert len(world.sent) == 5


def test_stopped_by_time_within_a_page_the_next_request_goes_on_right_behind() -> None:
    found = keys(1, 1, 999)
    world = World(found)
    world.each_send = 1.0

    world.run(asked(), seconds=9.0)

    assert world.sent == found
    files = [count for _, count, _ in world.telling.steps]
    assert all(files[:-1]), "each request advances"
    assert max(files) < 999
    assert [done for _, _, done in world.telling.steps].count(True) == 1


def test_even_with_no_time_each_request_advances() -> None:
    found = keys(1, 1, 450)
    world = World(found)

    world.run(asked(), seconds=2.0)

    assert world.sent == found
    assert [count for _, count, _ in world.telling.steps] == [100, 100, 100, 100, 50, 0]


@pytest.mark.parametrize("kind", ["page", "send", "depth", "leave"])
@pytest.mark.parametrize("at", [1, 2, 3, 7])
def test_what_aws_refuses_now_and_then_is_tried_again(kind: str, at: int) -> None:
    found = keys(2, 2, 30)
    world = World(found, page_size=20)
    seen: list[str] = []

    def refused(name: str) -> None:
        seen.append(name)
        if name == kind and seen.count(kind) == at:
            raise AccountError("AWS answered SlowDown.", code="SlowDown")

    world.on_call = refused
    world.run(asked(50))

    assert set(world.sent) == set(found)
    assert len(world.sent) <= len(found) + 50


def test_what_was_announced_before_listing_was_throttled_is_not_announced_again() -> None:
    found = keys(1, 1, 60)
    world = World(found, page_size=20)
    seen: list[str] = []

    def throttled(name: str) -> None:
        seen.append(name)
        if name == "page" and seen.count("send") == 2 and "throttled" not in seen:
            seen.append("throttled")
            raise AccountError("AWS answered SlowDown.", code="SlowDown")

    world.on_call = throttled
    world.run(asked())

    assert world.sent == found
    assert [count for _, count, _ in world.telling.steps] == [40, 20]
    assert "SlowDown" in world.telling.warnings[0]


def test_a_listing_that_fails_at_once_fails_the_message() -> None:
    world = World(keys(1, 1, 5))

    def refused(name: str) -> None:
        if name == "page":
            raise AccountError("ListObjectsV2 failed.", "Allow s3:ListBucket.", code="AccessDenied")

    world.on_call = refused

    with pytest.raises(AccountError, match="s3:ListBucket"):
        world.work(write_list_request(asked()))
    assert (world.queue.left, world.ledger.leases) == ([], {})


def test_a_queue_that_is_full_is_waited_for_and_told_each_hour() -> None:
    found = keys(1, 1, 30)
    world = World(found, drains=0.01)
    world.queue.times.append((0.0, 100))

    world.run(asked(60))

    assert world.sent == found
    assert world.queue.most <= 100
    full = [request.full for request, count, _ in world.telling.steps if not count]
    assert full[:3] == [1, 2, 3]
    assert len([one for one in world.telling.warnings if "wait" in one]) == max(full) // 60 == 1


def test_stopped_it_announces_no_more() -> None:
    found = keys(3, 1, 50)
    world = World(found)
    request = asked(40)
    world.work(write_list_request(request))
    first = list(world.sent)
    ((_, following),) = world.queue.left

    stop(world, request.id)
    world.run(msgspec.convert(json.loads(following)["captureForwarder"]["list"], ListRequest))

    assert world.sent == first == found[:40]
    assert state_of(world, request.id).over


def test_stopped_while_it_works_it_goes_no_further_than_a_part() -> None:
    world = World(keys(3, 1, 300))
    request = asked()
    world.each_send = LEASE / 2
    seen: list[str] = []

    def stopped(name: str) -> None:
        seen.append(name)
        if seen.count("send") == 2 and name == "send":
            stop(world, request.id)

    world.on_call = stopped
    world.run(request)

    assert len(world.sent) <= 200
    assert world.queue.left == []


def test_a_backfill_of_which_no_request_was_taken_up_is_not_known() -> None:
    assert state_of(World([]), "nobody").begun is False


def test_files_that_the_route_does_not_take_are_counted_exactly_wherever_a_request_ends() -> None:
    found = keys(3, 2, 15)
    world = World(found, page_size=20)
    request = asked(10, route="churn")

    world.run(request, taken=["/000", "/007", "/014", "endpoint-1"])

    state = state_of(world, request.id)
    assert (state.sent, state.passed_over) == (len(world.sent), 90 - len(world.sent))
    assert world.sent == [
        one for one in found if "endpoint-1" in one or one[-9:-6] in {"000", "007", "014"}
    ]
    assert all(json.loads(body)[1:] == ["churn"] for body in world.queue.sent)


@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        ({"endpoint": "endpoint-1"}, 6),
        ({"variant": "nobody"}, 0),
        ({"since": START + timedelta(hours=1)}, 6),
        ({"until": START + timedelta(hours=1)}, 6),
    ],
)
def test_a_request_names_what_to_announce(chosen: dict[str, Any], count: int) -> None:
    world = World(keys(2, 2, 3))

    world.run(asked(**chosen))

    assert len(world.sent) == count


@pytest.mark.parametrize(
    "hostile",
    [
        {"places": ("s3://others/data/",)},
        {"places": ("s3://captures/",)},
        {"places": ("s3://captures/dat",)},
        {"places": ("s3://captures/data/", "s3://others/data/")},
        {"places": ("captures/data/",)},
        {"places": ("s3://",)},
        {"folder": "s3://captures/quarantine/x/"},
        {"folder": "s3://others/data/x/y/"},
        {"folder": "data/x/y/"},
    ],
)
def test_places_that_are_not_the_functions_are_refused_and_not_listed(
    hostile: dict[str, Any],
) -> None:
    world = World([*keys(1, 1, 3), "quarantine/x/2026/03/01/00/a.jsonl"])
    request = msgspec.structs.replace(asked(), **hostile)

    with pytest.raises(UnknownEventError, match="not the function's") as caught:
        world.work(write_list_request(request))

    assert "s3://captures/data/" in caught.value.advice
    assert (world.buckets.requests, world.sent, world.queue.left) == (0, [], [])
    assert ledger_key(request.id) not in world.ledger.positions


@given(
    st.lists(st.integers(0, 99), unique=True, max_size=30).map(sorted),
    st.sets(st.integers(0, 99)),
    st.lists(st.integers(1, 9), min_size=40, max_size=40),
)
def test_a_page_is_cut_without_losing_or_doubling_anything(
    names: list[int], passed: set[int], sizes: list[int]
) -> None:
    keys_of = [f"{name:03}" for name in names]
    files = tuple(StoredFile(key, 1, WRITTEN) for key in keys_of if int(key) not in passed)
    others = tuple(key for key in keys_of if int(key) in passed)
    last = keys_of[-1] if keys_of else None
    rest: Page | None = Page(Folder("captures", "data/a/b/"), files, others, last)
    parts = []
    for size in sizes:
        if rest is None:
            break
        part, rest = rest.cut(size)
        parts.append(part)
        assert len(part.files) <= size

    assert rest is None
    assert tuple(file for part in parts for file in part.files) == files
    assert tuple(key for part in parts for key in part.passed) == others
    assert parts[-1].last == last
    for part in parts[:-1]:
        assert part.last == part.files[-1].key
        assert all(key < part.last for key in part.passed)
