"""The built package, killed again and again until a file is done."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.emulator import Emulator
from tests.support.fault_matrix.capture_file import CaptureFile
from tests.support.killing import (
    IN_FLIGHT,
    LEASE_SECONDS,
    ROWS,
    Account,
    Function,
    chosen_seed,
)
from tests.support.package import isolated_python
from tests.support.platforms.faults import Reset, Slow, Status
from tests.support.platforms.fiddler import FiddlerServer
from tests.support.platforms.server import Request
from tests.support.publishers_under_test.fiddler import MODEL

KILLS = 10
# Ninety batches, some of whose lines are no JSON.
FILE = CaptureFile("file", calls=900, records=100, rows=ROWS, bad_every=40)
SECONDS = 120.0


@pytest.fixture
def server() -> Iterator[FiddlerServer]:
    with FiddlerServer(MODEL) as running:
        yield running


@pytest.fixture
def dice() -> random.Random:
    """Chance that can be repeated, as far as processes can: its seed is printed."""
    seed = chosen_seed()
    print(f"seed {seed}")  # noqa: T201
    return random.Random(seed)  # noqa: S311


def publishes(request: Request) -> bool:
    return bool(request.publish_number)


def test_a_file_is_delivered_in_full_however_often_the_function_is_killed(
    aws: str, server: FiddlerServer, package: Path, runtime: Path, dice: random.Random
) -> None:
    account = Account(aws, server, FILE)
    python, isolation = isolated_python(package, runtime)
    bad = set(dice.sample(FILE.ids, 6))
    server.refuse(lambda row: row["event_id"] in bad)
    # However late this process gets to the kill, the function does not finish the file before it.
    last: float = 0
    late = Slow(then=Reset(stored=False))
    server.fail_when(lambda request: request.publish_number > last, late)
    server.fail_when(publishes, Slow(seconds=0.01))

    for _ in range(KILLS):
        due = len(server.publish_requests) + dice.randrange(1, 7)
        last = due + IN_FLIGHT
        late.release.clear()
        function = Function({**account.variables, **isolation}, python)
        try:
            function.start(account.event())
            assert server.wait_for_publishes(due, SECONDS)
            time.sleep(dice.uniform(0, 0.05))
        finally:
            function.kill()
        late.release.set()
        time.sleep(LEASE_SECONDS)  # SQS brings the message back later than the lease ends
    assert len(account.stored) < len(FILE.ids)
    last = math.inf
    function = Function({**account.variables, **isolation}, python)
    try:
        function.start(account.event())
        assert function.answer() == {"batchItemFailures": []}
    finally:
        function.kill()

    account.check(sent_twice=KILLS * IN_FLIGHT * ROWS)


def test_a_function_killed_between_its_last_request_and_its_end_finishes_later(
    aws: str, server: FiddlerServer, package: Path, runtime: Path
) -> None:
    file = CaptureFile("file", calls=30, records=100, rows=ROWS, bad_every=7)
    account = Account(aws, server, file)
    python, isolation = isolated_python(package, runtime)
    hold = Slow()
    server.fail_when(
        lambda request: file.batch_of(server.ids_in(request)) == file.batches - 1, hold
    )
    function = Function({**account.variables, **isolation}, python)
    try:
        function.start(account.event())
        assert server.wait_for_publishes(file.batches, SECONDS)
    finally:
        function.kill()
    hold.release.set()
    time.sleep(LEASE_SECONDS)
    function = Function({**account.variables, **isolation}, python)
    try:
        function.start(account.event())
        assert function.answer() == {"batchItemFailures": []}
    finally:
        function.kill()

    account.check(sent_twice=IN_FLIGHT * ROWS)


@pytest.mark.parametrize("stuck", [False, True])
def test_the_function_stops_before_its_time_limit_and_hands_the_rest_on(  # noqa: PLR0913
    *,
    stuck: bool,
    aws: str,
    server: FiddlerServer,
    package: Path,
    runtime: Path,
    tmp_path: Path,
) -> None:
    file = CaptureFile("file", calls=120, records=100, rows=ROWS, bad_every=20)
    account = Account(aws, server, file)
    # More than one time limit in all, or one request that gets no answer.
    left = 1

    def is_stuck(request: Request) -> bool:
        nonlocal left
        if file.batch_of(server.ids_in(request)) != 5 or not left:
            return False
        left -= 1
        return True

    hold = Slow(then=Status(503))
    if stuck:
        server.fail_when(is_stuck, hold)
    server.fail_when(publishes, Slow(seconds=0.02 if stuck else 0.6))
    hops = 0
    with Emulator(
        package=package,
        runtime=runtime,
        folder=tmp_path,
        variables={
            **account.variables,
            "FORWARDER_REQUESTS_IN_FLIGHT": "1",
            "FORWARDER_REQUEST_TIMEOUT_SECONDS": "30",
            "FORWARDER_LEASE_SECONDS": "60",
        },
        timeout_seconds=6,
    ) as function:
        bodies = [file.message]
        while bodies:
            # An invocation that Lambda had to kill would raise here.
            assert function.invoke(account.event(*bodies)) == {"batchItemFailures": []}
            bodies = account.continuations()
            hops += bool(bodies)
            assert hops < 50
    hold.release.set()

    assert hops >= 1
    account.check(sent_twice=0)
