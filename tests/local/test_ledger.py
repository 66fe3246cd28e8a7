"""The ledger in SQLite: several processes, a killed one, and files that cannot be used."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from capture_forwarder.core.errors import CaptureFileBusyError, LedgerError
from capture_forwarder.core.ledger import Claim, LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.local import ledger as sqlite_ledger
from capture_forwarder.local.ledger import SqliteLedger
from tests.support.ledgers import KEY, LEASE, ManualClock

# Each contender claims the same objects and says which it was given.
CONTENDER = """
import sys
from pathlib import Path
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.core.errors import CaptureFileBusyError
from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.local.ledger import SqliteLedger

ledger = SqliteLedger(Path(sys.argv[1]), SystemClock())
owner = sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    key = LedgerKey("bucket", f"{number}.jsonl", "etag", "default")
    try:
        claim = ledger.claim(key, owner, 600.0)
    except CaptureFileBusyError:
        continue
    if not claim.finished:
        print(number, flush=True)
        ledger.finish(key, owner, Position(number, number))
"""

# Says every position once it is saved, until it is killed.
WORKER = """
import sys
from pathlib import Path
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.local.ledger import SqliteLedger

ledger = SqliteLedger(Path(sys.argv[1]), SystemClock())
key = LedgerKey(*sys.argv[2:6])
lines = ledger.claim(key, "worker", 600.0).position.lines
while True:
    lines += 1
    ledger.save(key, "worker", Position(7 * lines, lines), 600.0)
    print(lines, flush=True)
"""


def test_what_is_asked_at_the_same_time_is_answered_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = SqliteLedger(path, ManualClock())
    keys = [LedgerKey("bucket", f"{n}.jsonl", "etag", "default") for n in range(12)]
    for key in keys[::3]:
        ledger.claim(key, "another", LEASE)

    with closing(sqlite3.connect(path)) as other, ThreadPoolExecutor(len(keys)) as executor:
        other.execute("BEGIN EXCLUSIVE")  # nobody is answered before all have asked
        asked = [executor.submit(ledger.claim, key, "one", LEASE) for key in keys]
        while len(ledger._together._asked) < len(keys) - 1:  # noqa: SLF001 - nothing else tells
            time.sleep(0.001)
        other.rollback()

    for key, claim in zip(keys, asked, strict=True):
        if key in keys[::3]:
            assert isinstance(claim.exception(), CaptureFileBusyError)
        else:
            assert claim.result() == Claim(Position())
            ledger.finish(key, "one", Position(1, 1))
            assert ledger.claim(key, "two", LEASE).finished


def test_a_file_of_an_older_version_is_read_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = SqliteLedger(path, ManualClock())
    ledger.claim(KEY, "a", LEASE)
    ledger.save(KEY, "a", Position(70, 7), LEASE)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('ALTER TABLE ledger DROP COLUMN "rows"')

    assert ledger.claim(KEY, "a", LEASE).position == Position(70, 7)
    ledger.save(KEY, "a", Position(70, 7, 5), LEASE)
    assert ledger.claim(KEY, "a", LEASE).position == Position(70, 7, 5)


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_of_processes_that_claim_at_once_exactly_one_is_given_each_object(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    contenders = [start(CONTENDER, str(path), f"owner {number}", "60") for number in range(6)]
    for contender in contenders:
        assert contender.stdout is not None
        contender.stdout.readline()
    for contender in contenders:
        assert contender.stdin is not None
        contender.stdin.write("go\n")
        contender.stdin.flush()

    told = [contender.communicate(timeout=60)[0].split() for contender in contenders]

    assert [contender.returncode for contender in contenders] == [0] * 6
    assert Counter(name for names in told for name in names) == {str(n): 1 for n in range(60)}


def test_a_killed_process_loses_no_place_that_it_saved(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    seed = random.randrange(2**32)  # noqa: S311 - not a secret
    print(f"seed {seed}")  # noqa: T201 - to repeat it
    choice = random.Random(seed)  # noqa: S311
    before = 0
    for _ in range(8):
        worker = start(WORKER, str(path), KEY.bucket, KEY.key, KEY.revision, KEY.route)
        assert worker.stdout is not None
        for _ in range(choice.randrange(1, 40)):
            worker.stdout.readline()
        worker.send_signal(signal.SIGKILL)
        rest, _ = worker.communicate(timeout=60)
        assert worker.returncode == -signal.SIGKILL

        position = SqliteLedger(path, ManualClock()).claim(KEY, "worker", 600.0).position

        # The last number may be cut off, or be missing though it was saved.
        told = [int(line) for line in rest.split("\n")[:-1] if line]
        assert position.offset == 7 * position.lines
        assert position.lines > before
        if told:
            assert position.lines - told[-1] in {0, 1}
        before = position.lines


def fails(path: Path) -> LedgerError:
    with pytest.raises(LedgerError) as raised:
        SqliteLedger(path, ManualClock()).claim(KEY, "a", LEASE)
    assert f"s3://{KEY.bucket}/{KEY.key} (route {KEY.route})" in raised.value.message
    assert str(path) in raised.value.message
    return raised.value


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "its folder must exist" in fails(tmp_path / "missing" / "ledger.sqlite").advice
    assert "SQLITE_CANTOPEN" in fails(tmp_path).message


def test_another_kind_of_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but quite long" * 100)

    assert "another kind of file" in fails(path).advice
    assert path.read_text() == "not a database, but quite long" * 100


def test_a_database_with_a_strange_table_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE ledger (amount)")

    assert "another path" in fails(path).advice


def test_a_file_that_stays_locked_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_ledger, "_BUSY_SECONDS", 0.05)
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert "has it locked" in fails(path).advice

    SqliteLedger(path, ManualClock()).claim(KEY, "a", LEASE)


def test_the_file_is_made_by_the_first_claim_and_is_one_file(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.sqlite", ManualClock())
    assert list(tmp_path.iterdir()) == []

    ledger.claim(KEY, "a", LEASE)
    ledger.save(KEY, "a", Position(7, 1), LEASE)

    assert list(tmp_path.iterdir()) == [tmp_path / "ledger.sqlite"]


def test_a_refused_claim_leaves_the_file_unlocked(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    other = LedgerKey(KEY.bucket, KEY.key, KEY.revision, "other")
    SqliteLedger(path, ManualClock()).claim(KEY, "a", LEASE)
    with pytest.raises(Exception, match="Another invocation"):
        SqliteLedger(path, ManualClock()).claim(KEY, "b", LEASE)

    SqliteLedger(path, ManualClock()).claim(other, "b", LEASE)
