"""Cold start: from the start of the function's process to the first publish that was accepted."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from benchmarks.captures import SMALL, s3_event
from benchmarks.emulator import Emulator
from benchmarks.lab import Lab, in_turn, say
from benchmarks.processes import REPOSITORY, Code
from benchmarks.report import Row

_TARGET = 0.30


def measure(lab: Lab) -> tuple[list[Row], list[Row], dict[str, float]]:
    """Measure under Lambda's Runtime Interface Emulator, which starts it at the first event.

    Returns
    -------
    tuple
        The row with a target, those without, and the figures by name.
    """
    say("cold start")
    forgetful = lab.ours.with_settings(FORWARDER_LEDGER="")
    codes = {"guide": lab.guide, "ours": lab.ours, "no ledger": forgetful}
    works = {name: partial(_seconds, lab, code) for name, code in codes.items()}
    # What the first run of each reads from the disk, the others find in memory.
    for work in works.values():
        work()
    _seconds(lab, lab.ours)
    written = _log(lab).read_text(errors="replace").splitlines()
    logged = {"log bytes": float(sum(len(line) + 1 for line in written if line.startswith("{")))}
    rounds = in_turn(lab.rounds, works)
    found = rounds.medians()

    def row(what: str, name: str, target: float | None) -> Row:
        return Row(
            what,
            found[name],
            found["guide"],
            target,
            higher=False,
            form="{:.2f} s",
            measured=rounds.ratio(name, "guide"),
        )

    main = row("cold start to first publish", "ours", _TARGET)
    other = row("cold start without a ledger", "no ledger", None)
    figures = {"cold start": found["ours"], "cold start, guide": found["guide"], **logged}
    return [main], [other], figures


def _seconds(lab: Lab, code: Code) -> float:
    root = REPOSITORY if code == lab.guide else lab.package
    lab.servers.reset()
    with Emulator(code, root, lab.servers.variables(), _log(lab)) as function:
        started = time.monotonic()
        function.invoke(s3_event("small"))
    stats = lab.servers.platform.control("stats")
    assert stats["rows"] == SMALL, stats
    # Both clocks count from the machine's start.
    return float(stats["first"] - started)


def _log(lab: Lab) -> Path:
    return lab.folder / "emulator.log"
