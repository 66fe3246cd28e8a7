"""Random faults and kills for as long as one likes: `make chaos`, CHAOS_SECONDS, CHAOS_SEED.

Each round delivers one file, one in a hundred of whose inferences is refused, through a function
that is killed and a platform that fails, both at random, and compares the outcome with the file.
CHAOS_LINES is the file's number of inferences, one a line.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import time
from functools import partial

import requests
from moto.server import ThreadedMotoServer

from tests.support.fault_matrix.capture_file import CaptureFile
from tests.support.killing import IN_FLIGHT, LEASE_SECONDS, ROWS, Account, Function, chosen_seed
from tests.support.platforms.faults import LOGIN_PAGE, Fault, Reset, Slow, Status, Truncated
from tests.support.platforms.fiddler import FiddlerServer
from tests.support.platforms.server import Request
from tests.support.publishers_under_test.fiddler import MODEL

# Each with whether the platform has stored the batch when it happens.
FAULTS: tuple[tuple[Fault, bool], ...] = (
    (Status(429), False),
    (Status(429, retry_after=1), False),
    (Status(500), False),
    (Status(503, body="html"), False),
    (Reset(stored=False), False),
    (Reset(stored=True), True),
    (Truncated(), True),
    (LOGIN_PAGE, False),
)
BOUND_A_KILL = IN_FLIGHT * ROWS


def run(number: int, dice: random.Random, lines: int) -> str:
    """Deliver one file in spite of everything; tell what it took."""
    zipped = dice.random() < 0.5
    file = CaptureFile(f"file-{number}", lines, records=1, bad_every=997, zipped=zipped, rows=ROWS)
    aws = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    aws.start()
    kills = failures = doubled = 0
    weather = random.Random(dice.random())  # noqa: S311

    def strikes(wanted: int, request: Request) -> bool:
        nonlocal doubled
        if not request.publish_number or weather.random() > 0.005:
            return False
        doubled += FAULTS[wanted][1]
        return True

    with FiddlerServer(MODEL) as server:
        host, port = aws.get_host_and_port()
        # What moto emulates lives in this process and outlives its server.
        requests.post(f"http://{host}:{port}/moto-api/reset", timeout=10).raise_for_status()
        account = Account(f"http://{host}:{port}", server, file)
        bad = set(dice.sample(file.ids, max(1, lines // 100)))
        server.refuse(lambda row: row["event_id"] in bad)
        for n, (fault, _) in enumerate(FAULTS):
            server.fail_when(partial(strikes, n), fault)
        server.fail_when(lambda request: bool(request.publish_number), Slow(seconds=0.005))
        done = False
        while not done:
            seen = len(server.publish_requests)
            function = Function(
                {**account.variables, "FORWARDER_RETRY_SECONDS": "5"}, (sys.executable,)
            )
            try:
                function.start(account.event())
                if kills < 10 and server.wait_for_publishes(seen + dice.randrange(1, 400), 20):
                    kills += 1
                else:
                    done = function.answer() == {"batchItemFailures": []}
                    failures += not done
            finally:
                function.kill()
            time.sleep(LEASE_SECONDS)
        account.check(sent_twice=(kills + failures) * BOUND_A_KILL + doubled * ROWS)
        sent = len(server.publish_requests)
    aws.stop()
    return f"{kills} kills, {failures} failures, {doubled} answers lost, {sent} requests"


def main() -> None:
    """Go on until the time is up; the first difference ends it with an error."""
    seed = chosen_seed()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    print(f"seed {seed}: CHAOS_SEED={seed} make chaos")  # noqa: T201
    os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing")  # noqa: S106
    dice = random.Random(seed)  # noqa: S311
    end = time.monotonic() + float(os.environ.get("CHAOS_SECONDS", "60"))
    number = 0
    while time.monotonic() < end:
        lines = int(os.environ.get("CHAOS_LINES") or dice.randrange(1000, 20_000))
        print(f"round {number}: {lines} lines, {run(number, dice, lines)}", flush=True)  # noqa: T201
        number += 1


if __name__ == "__main__":
    main()
