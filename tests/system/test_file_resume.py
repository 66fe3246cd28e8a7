"""Files with rows under faults: whatever happens, every row stands in them exactly once.

Each run of the real pipeline meets a deadline, an error or a crash at any of its requests, its
writes of the ledger and its writes of quarantine, before or after they take effect. What follows
from it for the files: a file never changes once it was written. No run may thus write another
one over it, which would lose rows, nor one beside it that overlaps it, which would double them.
"""

from __future__ import annotations

import gzip
import itertools
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import capture_forwarder.forwarding.batching
import capture_forwarder.forwarding.file_run
import capture_forwarder.forwarding.rejections
import capture_forwarder.parser.lines
from capture_forwarder.core.batch import Batch, BatchLimits
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.errors import (
    ForwarderError,
    LedgerError,
    OutOfTimeError,
    PlatformUnavailableError,
    QuarantineError,
)
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.ledger import Claim, LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import PartFiles, Ports
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.forwarding.pipeline import forward_file
from capture_forwarder.local.parts import FolderPartFiles
from capture_forwarder.parser import LineParser, ParseChunk, Run
from capture_forwarder.parser.line import ParseLine
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.files.publisher import KEY, FilePublisher
from tests.support.captures import line, side
from tests.support.fakes import ManualClock, MemoryLedger, MemoryQuarantine, MemoryStore

SOURCE = CaptureFile("bucket", "captures/churn/blue/2026/03/01/10/20-30-1.jsonl")
MAPPING = ColumnMapping.of("a", "score", event_id=KEY)


@pytest.fixture(autouse=True)
def small_and_watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of few rejections, and a look at the clock with every line."""
    monkeypatch.setattr(capture_forwarder.forwarding.file_run, "_LINES_A_LOOK_AT_THE_CLOCK", 1)
    monkeypatch.setattr(capture_forwarder.parser.lines, "_BLOCK_LINES", 1)
    monkeypatch.setattr(capture_forwarder.forwarding.rejections, "_RUN_ENTRIES", 3)
    monkeypatch.setattr(capture_forwarder.forwarding.batching, "_SKIPPED_LINES", 3)


# --- a world in which things go wrong --------------------------------------------------------


class Harm(Enum):
    """What happens to an operation."""

    FAILS = "fails before it takes effect"
    ANSWER_LOST = "fails after it took effect"
    CRASH = "the process ends before it takes effect"
    CRASH_AFTER = "the process ends after it took effect"
    LATE = "fails, and takes effect when all is over"


class CrashedError(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Attempt:
    """One invocation: which operation meets what, and when its time is up, in lines."""

    operation: int | None = None
    harm: Harm = Harm.FAILS
    deadline: float | None = None


CALM = Attempt()


class Fate:
    """Counts the operations of an invocation and harms one of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.begin(CALM)
        self.late: list[Callable[[], None]] = []

    def begin(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self.operations = 0
        self.crashed = False

    def meet(self, effect: Callable[[], None], error: ForwarderError) -> None:
        """Let an operation take effect, or not."""
        with self._lock:
            if self.crashed:
                raise CrashedError
            self.operations += 1
            harm = self._attempt.harm if self.operations - 1 == self._attempt.operation else None
            self.crashed = harm in {Harm.CRASH, Harm.CRASH_AFTER}
        if harm in {None, Harm.ANSWER_LOST, Harm.CRASH_AFTER}:
            effect()
        if harm is Harm.LATE:
            self.late.append(effect)
        if self.crashed:
            raise CrashedError
        if harm is not None:
            raise error


class FatefulFiles:
    """Files that remember everything that was ever written."""

    def __init__(self, files: PartFiles, fate: Fate) -> None:
        self._files = files
        self._fate = fate
        self.written: defaultdict[str, set[bytes]] = defaultdict(set)

    def put(self, name: str, data: bytes) -> None:
        def store() -> None:
            self.written[name].add(data)
            self._files.put(name, data)

        self._fate.meet(store, PlatformUnavailableError("down"))


class FatefulLedger(MemoryLedger):
    """A ledger that fails."""

    def __init__(self, clock: ManualClock, fate: Fate) -> None:
        super().__init__(clock)
        self._fate = fate

    def claim(self, key: LedgerKey, owner: str, lease_seconds: float) -> Claim:
        claims: list[Claim] = []
        claim = super().claim
        self._fate.meet(
            lambda: claims.append(claim(key, owner, lease_seconds)), LedgerError("down")
        )
        return claims[0]

    def save(self, key: LedgerKey, owner: str, place: Position, lease_seconds: float) -> None:
        save = partial(super().save, key, owner, place, lease_seconds)
        self._fate.meet(save, LedgerError("down"))

    def finish(self, key: LedgerKey, owner: str, place: Position) -> None:
        self._fate.meet(partial(super().finish, key, owner, place), LedgerError("down"))

    def release(self, key: LedgerKey, owner: str) -> None:
        self._fate.meet(partial(super().release, key, owner), LedgerError("down"))


class FatefulQuarantine(MemoryQuarantine):
    """A quarantine that fails."""

    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self._fate = fate

    def put(self, source: CaptureFile, entries: Sequence[QuarantineEntry]) -> None:
        self._fate.meet(partial(super().put, source, entries), QuarantineError("down"))


class SlowParser(LineParser):
    """Takes a second a line."""

    clock: ManualClock

    def for_file(self, source: CaptureFile) -> ParseLine:
        parse = super().for_file(source)

        def slowly(data: bytes) -> ParsedLine | Rejection:
            self.clock.time += 1
            return parse(data)

        return slowly

    def for_chunks(self, capture_file: CaptureFile) -> ParseChunk:
        parse_chunk = super().for_chunks(capture_file)

        def slow(chunk: Chunk) -> Sequence[Run]:
            found = parse_chunk(chunk)
            self.clock.time += sum(run.lines for run in found)
            return found

        return slow


class SmallFiles(FilePublisher):
    """The publisher with small files."""

    small = BatchLimits(3, 10**6, 1)

    @property
    def limits(self) -> BatchLimits:
        full = super().limits
        return BatchLimits(self.small.rows, self.small.bytes, self.small.requests, full.whole_lines)


class World:
    """An object on its way into files, over many invocations."""

    def __init__(
        self,
        kinds: str,
        limits: BatchLimits,
        files: PartFiles,
        *,
        ledger: bool = True,
        quarantine: bool = True,
    ) -> None:
        self.kinds = kinds
        self.clock = ManualClock()
        self.fate = Fate()
        self.files = FatefulFiles(files, self.fate)
        self.publisher = SmallFiles(self.files, "captures")
        self.publisher.small = limits
        store = MemoryStore()
        store.objects[SOURCE.key] = b"\n".join(map(content, range(len(kinds)), kinds))
        self.ports = Ports(
            store,
            self.publisher,
            FatefulQuarantine(self.fate) if quarantine else None,
            self.clock,
            FatefulLedger(self.clock, self.fate) if ledger else None,
        )
        self.parser = SlowParser(MAPPING)
        self.parser.clock = self.clock
        self.invocations = 0

    def run(self, attempt: Attempt = CALM) -> FileReport | None:
        """Forward the object; return the report if that ends well."""
        self.fate.begin(attempt)
        self.invocations += 1
        others = set(threading.enumerate())
        deadline = None if attempt.deadline is None else self.clock.time + attempt.deadline
        try:
            return forward_file(
                SOURCE,
                self.parser,
                self.ports,
                RouteOptions("captures", 10**6, 8, retry_seconds=0.0),
                Invocation(f"invocation-{self.invocations}", deadline),
            )
        except (ForwarderError, CrashedError):
            return None
        finally:
            # A process that has ended writes nothing more. Here its threads live on, and one that
            # the disk holds up would still be writing while the folder is looked through.
            for thread in set(threading.enumerate()) - others:
                thread.join()
            self.clock.time += 61  # what a crash left behind has expired

    def settle(self) -> None:
        """Let what is still on its way arrive."""
        for effect in self.fate.late:
            with suppress(ForwarderError):  # the ledger takes nothing any more from who is late
                effect()
        self.fate.late.clear()

    def assert_no_file_ever_changed(self) -> None:
        assert {name for name, data in self.files.written.items() if len(data) > 1} == set()

    @property
    def expected(self) -> Counter[str]:
        return Counter(itertools.chain.from_iterable(map(ids, range(len(self.kinds)), self.kinds)))


RECORDS = {"o": 1, "m": 4, "l": 7}
"""Lines of one inference, of many, and of more than a file takes; all else holds none."""


def content(number: int, kind: str) -> bytes:
    if kind not in RECORDS:
        return b"bad" if kind == "b" else b""
    count = RECORDS[kind]
    request = "\n".join(f"{number * 10 + record}" for record in range(count))
    response = "\n".join("0.5" for _ in range(count))
    return line(side(request), side(response), eventId=f"call-{number:03d}")


def ids(number: int, kind: str) -> list[str]:
    count = RECORDS.get(kind, 0)
    name = f"call-{number:03d}"
    return [name] if count == 1 else [f"{name}_{record}" for record in range(count)]


def rows(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(text) for text in gzip.decompress(data).splitlines()]


def rows_below(root: Path) -> Counter[str]:
    """The ids of all rows in a folder, however often they stand there."""
    paths = [path for path in root.rglob("*") if path.is_file()]
    assert all(path.name.endswith(".jsonl.gz") for path in paths)
    return Counter(row[KEY] for path in paths for row in rows(path.read_bytes()))


class MemoryFiles:
    """Files by name."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        self.held[name] = data

    @property
    def ids(self) -> Counter[str]:
        return Counter(row[KEY] for data in self.held.values() for row in rows(data))


# --- at every point --------------------------------------------------------------------------

OBJECT = "oobmboooebbbbbobooolomooob"
ROUND_TRIPS = [True, False]


def folder_world(root: Path, *, ledger: bool = True, requests: int = 1) -> World:
    limits = BatchLimits(3, 10**6, requests)
    return World(OBJECT, limits, FolderPartFiles(root), ledger=ledger)


@pytest.mark.parametrize("requests", [1, 3])
@pytest.mark.parametrize("ledger", ROUND_TRIPS, ids=["ledger", "no ledger"])
@pytest.mark.parametrize("harm", Harm)
def test_an_object_interrupted_at_any_operation_and_resumed_has_each_row_once(
    tmp_path: Path, harm: Harm, *, ledger: bool, requests: int
) -> None:
    calm = folder_world(tmp_path / "calm", ledger=ledger, requests=requests)
    assert calm.run() is not None
    assert calm.fate.operations > 10
    assert len(calm.files.written) > 5

    for operation in range(calm.fate.operations):
        root = tmp_path / str(operation)
        world = folder_world(root, ledger=ledger, requests=requests)
        world.run(Attempt(operation, harm))
        world.run()
        world.settle()

        assert rows_below(root) == world.expected
        assert world.files.written == calm.files.written


@pytest.mark.parametrize("requests", [1, 3])
@pytest.mark.parametrize("ledger", ROUND_TRIPS, ids=["ledger", "no ledger"])
def test_an_object_stopped_behind_any_line_and_resumed_has_each_row_once(
    tmp_path: Path, *, ledger: bool, requests: int
) -> None:
    calm = folder_world(tmp_path / "calm", ledger=ledger, requests=requests)
    calm.run()

    stopped = 0
    for seconds in range(len(OBJECT) + 4):
        root = tmp_path / str(seconds)
        world = folder_world(root, ledger=ledger, requests=requests)
        stopped += world.run(Attempt(deadline=seconds)) is None
        world.run()

        assert rows_below(root) == world.expected
        assert world.files.written == calm.files.written
    assert stopped > len(OBJECT) - 4


@pytest.mark.parametrize("seconds", range(5, len(OBJECT), 3))
def test_a_resumed_object_that_is_stopped_again_has_each_row_once(
    tmp_path: Path, seconds: int
) -> None:
    # Requests behind the one that failed are stored, and lie in front of where the next stops.
    for operation in range(12):
        root = tmp_path / str(operation)
        world = folder_world(root, requests=3)
        world.run(Attempt(operation))
        world.run(Attempt(deadline=seconds))
        world.run()

        assert rows_below(root) == world.expected


def test_an_event_that_comes_twice_takes_no_row_away(tmp_path: Path) -> None:
    # Without a ledger, nobody knows that the object is done; the second run is out of time.
    for seconds in range(len(OBJECT)):
        root = tmp_path / str(seconds)
        world = folder_world(root, ledger=False)
        assert world.run() is not None
        world.run(Attempt(deadline=seconds))

        assert rows_below(root) == world.expected


def test_a_request_that_arrives_when_all_is_over_takes_no_row_away() -> None:
    # A function that was frozen in the middle of a request may go on with it hours later.
    for operation, seconds in itertools.product(range(14), range(3, len(OBJECT))):
        files = MemoryFiles()
        world = World(OBJECT, BatchLimits(3, 10**6, 1), files)
        world.run(Attempt(operation, Harm.LATE, seconds))
        assert world.run() is not None
        world.settle()

        assert files.ids == world.expected


def test_what_is_rejected_while_a_file_fills_does_not_pile_up() -> None:
    files = MemoryFiles()
    world = World("o" + "b" * 100 + "o", BatchLimits(10, 10**6, 1), files)
    kept: list[int] = []

    class Counting(MemoryQuarantine):
        def put(self, source: CaptureFile, entries: Sequence[QuarantineEntry]) -> None:
            kept.append(len(entries))
            super().put(source, entries)

    world.ports = Ports(world.ports.store, world.publisher, Counting(), world.clock)
    world.run()

    assert sum(kept) == 100
    assert max(kept) == 3
    assert files.ids == world.expected


def test_without_a_quarantine_the_object_fails_and_its_rows_stand_once(tmp_path: Path) -> None:
    # The place stays in front of the first line that is rejected, while rows go out behind it.
    for first, second in itertools.product(range(4, 20, 3), repeat=2):
        root = tmp_path / f"{first}-{second}"
        world = World(OBJECT, BatchLimits(2, 10**6, 2), FolderPartFiles(root), quarantine=False)
        world.run(Attempt(deadline=first))
        world.run(Attempt(deadline=second))
        assert world.run() is None

        assert rows_below(root) == world.expected


def test_an_object_handed_on_again_and_again_is_done_at_last(tmp_path: Path) -> None:
    world = folder_world(tmp_path)
    times = next(n for n in itertools.count() if world.run(Attempt(deadline=9.0)) is not None)

    assert 1 < times < len(OBJECT)
    assert rows_below(tmp_path) == world.expected


def test_stopping_says_behind_which_line_the_next_goes_on(tmp_path: Path) -> None:
    world = folder_world(tmp_path)
    with pytest.raises(OutOfTimeError) as raised:
        forward_file(
            SOURCE,
            world.parser,
            world.ports,
            RouteOptions("captures", 10**6),
            Invocation("one", 12.0),
        )

    assert isinstance(world.ports.ledger, MemoryLedger)
    (place,) = world.ports.ledger.positions.values()
    assert f"behind line {place.lines};" in raised.value.message


# --- at random -----------------------------------------------------------------------------

# Small numbers, so that most attempts end somewhere within the object.
ATTEMPTS = st.builds(Attempt, st.integers(0, 20), st.sampled_from(Harm)) | st.builds(
    Attempt,
    st.none() | st.integers(0, 20),
    st.sampled_from(Harm),
    st.integers(2, 25).map(float),
)


@settings(max_examples=200)
@given(
    kinds=st.lists(st.sampled_from("oooombbel"), min_size=8, max_size=40).map("".join),
    attempts=st.lists(ATTEMPTS, min_size=1, max_size=6),
    afterwards=st.lists(ATTEMPTS, max_size=2),
    limits=st.builds(
        BatchLimits, st.integers(2, 8), st.sampled_from([400, 1000, 10**6]), st.integers(1, 4)
    ),
    ledger=st.booleans(),
    quarantine=st.booleans(),
)
def test_whatever_happens_each_row_stands_once_and_no_file_ever_changes(  # noqa: PLR0913
    *,
    kinds: str,
    attempts: list[Attempt],
    afterwards: list[Attempt],
    limits: BatchLimits,
    ledger: bool,
    quarantine: bool,
) -> None:
    files = MemoryFiles()
    world = World(kinds, limits, files, ledger=ledger, quarantine=quarantine)
    for attempt in attempts:
        world.run(attempt)
    report = world.run()
    assert (report is not None) is (quarantine or "b" not in kinds)
    assert files.ids == world.expected

    # What comes once more, or late, changes nothing of it.
    for attempt in afterwards:
        world.run(attempt)
        assert files.ids == world.expected
    world.settle()
    assert files.ids == world.expected
    world.assert_no_file_ever_changed()


@given(st.text("obel", max_size=30), st.integers(1, 8), st.sampled_from([1, 500, 10**6]))
def test_where_files_begin_does_not_depend_on_where_an_invocation_began(
    kinds: str, most_rows: int, most_bytes: int
) -> None:
    found: list[dict[str, set[bytes]]] = []
    for deadlines in ((), (4.0, 9.0, 7.0)):
        world = World(kinds, BatchLimits(most_rows, most_bytes, 2), MemoryFiles())
        for deadline in deadlines:
            world.run(Attempt(deadline=deadline))
        world.run()
        found.append(dict(world.files.written))

    assert found[0] == found[1]


def test_a_batch_of_files_never_parts_a_line(tmp_path: Path) -> None:
    seen: list[Batch] = []

    class Watching(SmallFiles):
        def publish(self, batch: Batch, deadline: float | None = None) -> Any:
            seen.append(batch)
            return super().publish(batch, deadline)

    world = folder_world(tmp_path)
    publisher = Watching(world.files, "captures")
    world.ports = Ports(world.ports.store, publisher, world.ports.quarantine, world.clock)
    world.run()

    assert all(
        part.first == 0 and part.count == part.total for one in seen for part in one.line_slices
    )
