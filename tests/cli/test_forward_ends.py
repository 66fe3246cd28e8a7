"""`forward` that is killed or interrupted: ledger and database agree, and a next run goes on."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from tests.support.killing import chosen_seed

FILES = 120
LINES = 5
KILLS = 4
LEASE_SECONDS = 1
SECONDS = 120.0
COMMAND = [sys.executable, "-c", "from capture_forwarder.cli import main; main()", "forward"]
OPTIONS = (
    "--database",
    "rows.duckdb",
    "--table",
    "captures",
    "--inputs",
    "a,b",
    "--outputs",
    "score",
)
Start = Callable[..., subprocess.Popen[str]]
LEDGER = ("--ledger", "ledger.sqlite")


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("FORWARDER_", "FIDDLER_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("FORWARDER_LEASE_SECONDS", str(LEASE_SECONDS))
    monkeypatch.setenv("FORWARDER_REQUEST_TIMEOUT_SECONDS", "0.5")
    folder = Path("in/endpoint/AllTraffic/2026/03/01/10")
    folder.mkdir(parents=True)
    for number in range(FILES):
        text = "".join(map(line, range(number * LINES, (number + 1) * LINES)))
        (folder / f"20-30-{number:03}-x.jsonl").write_text(text)


def line(number: int) -> str:
    data = {"endpointInput": f"{number},x{number}", "endpointOutput": "0.5"}
    payloads = {
        name: {"observedContentType": "text/csv", "data": text, "encoding": "CSV"}
        for name, text in data.items()
    }
    about = {"eventId": f"call-{number}", "inferenceTime": "2026-03-01T10:20:30Z"}
    return json.dumps({"captureData": payloads, "eventMetadata": about}) + "\n"


@pytest.fixture
def start() -> Iterator[Start]:
    begun = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, "in", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "160"},
            # A shell in the background would have it ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        if process.poll() is None:
            process.kill()
        with process:
            pass


def finished() -> list[str]:
    """The keys of the files that are done, says the ledger."""
    if not Path("ledger.sqlite").exists():
        return []
    with closing(sqlite3.connect("ledger.sqlite", timeout=SECONDS)) as connection:
        try:
            found = connection.execute("SELECT key FROM ledger WHERE finished").fetchall()
        except sqlite3.OperationalError:  # it has no table yet
            return []
    return [key for (key,) in found]


def wait_for(count: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many files are done, or the process has ended."""
    until = time.monotonic() + SECONDS
    while len(finished()) < count and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.005)


def stored() -> list[int]:
    """The numbers of the calls in the database, in order, as often as they are there."""
    if not Path("rows.duckdb").exists():
        return []
    with duckdb.connect("rows.duckdb") as connection:
        try:
            return [
                n for (n,) in connection.execute("SELECT a FROM captures ORDER BY a").fetchall()
            ]
        except duckdb.CatalogException:
            return []


def check_agreement() -> None:
    """Every row is there once at most, and all of each file that the ledger says is done."""
    rows = stored()
    assert len(rows) == len(set(rows))
    for key in finished():
        number = int(re.findall(r"20-30-(\d+)-", key)[0])
        assert set(range(number * LINES, (number + 1) * LINES)) <= set(rows)


def outcome(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


@pytest.mark.parametrize("ledger", [LEDGER, ()])
def test_however_often_it_is_killed_ledger_and_database_agree_and_nothing_is_lost_or_doubled(
    ledger: Sequence[str], start: Start
) -> None:
    seed = chosen_seed()
    print(f"seed {seed}")  # noqa: T201
    dice = random.Random(seed)  # noqa: S311
    for _ in range(KILLS):
        process = start(*OPTIONS, *ledger)
        if ledger:
            wait_for(min(FILES - 1, len(finished()) + dice.randrange(1, 40)), process)
        else:
            until = time.monotonic() + dice.uniform(0.5, 1.5)
            while process.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
        process.kill()
        process.communicate()
        check_agreement()
    time.sleep(LEASE_SECONDS)

    code, out, err = outcome(start(*OPTIONS, *ledger))

    assert code == 0, out + err
    assert stored() == list(range(FILES * LINES))
    if ledger:
        assert len(finished()) == FILES


def test_after_an_interrupt_it_tells_what_is_done_and_goes_on_there_when_it_is_run_again(
    start: Start,
) -> None:
    # Opening it waits for whoever writes to it.
    os.mkfifo("slow.jsonl")
    process = start("slow.jsonl", *OPTIONS, *LEDGER)
    wait_for(FILES, process)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline() == "\n"
    assert "Ctrl-C again stops at once" in process.stderr.readline()
    with Path("slow.jsonl").open("w"):
        pass

    code, out, err = outcome(process)

    assert code == 130, out + err
    assert f"Interrupted: {FILES} of {FILES + 1} files done." in err
    assert "Run the same command again: it goes on where it was stopped." in err
    assert "failed" not in err
    check_agreement()
    Path("slow.jsonl").unlink()
    Path("slow.jsonl").write_text(line(FILES * LINES))
    code, out, err = outcome(start("slow.jsonl", *OPTIONS, *LEDGER))
    assert code == 0, err
    assert f"{FILES} files had been forwarded before" in out
    assert stored() == list(range(FILES * LINES + 1))


def test_a_second_interrupt_ends_it_at_once_and_nothing_is_lost(start: Start) -> None:
    os.mkfifo("slow.jsonl")
    process = start("slow.jsonl", *OPTIONS, *LEDGER)
    wait_for(FILES, process)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline() == "\n"
    process.send_signal(signal.SIGINT)

    assert process.wait(SECONDS) == 130
    process.communicate()
    check_agreement()
    assert stored() == list(range(FILES * LINES))
