"""What a warm invocation asks of others for one file of 50 lines, and how long it takes."""

from __future__ import annotations

from statistics import median
from typing import Any

from benchmarks.captures import SMALL, s3_event, sqs_event
from benchmarks.lab import Lab, say
from benchmarks.processes import Function
from benchmarks.report import Row

_MOST_WRITES = 2
_TRIES = 20


def measure(lab: Lab) -> tuple[list[Row], list[Row], dict[str, float]]:
    """Count requests and take the time.

    Returns
    -------
    tuple
        The rows with targets, those without, and the figures by name.
    """
    say("requests of a small file")
    with Function(lab.ours, lab.servers) as ours, Function(lab.guide, lab.servers) as guide:
        lab.warm(ours)
        lab.warm(guide)
        lab.servers.reset()
        answer = ours.call(sqs_event("small")).answer
        assert answer == {"batchItemFailures": []}, answer
        aws: dict[str, Any] = lab.servers.aws.control("stats")
        platform = lab.servers.platform.control("stats")
        assert platform["rows"] == SMALL
        pairs = [(_seconds(lab, ours), _seconds(lab, guide)) for _ in range(_TRIES)]
        seconds, theirs = (median(side) for side in zip(*pairs, strict=True))
    reads, writes = aws.pop("GetObject", 0), aws.pop("UpdateItem", 0)
    others = sum(aws.values()) + platform["requests"] - platform["publishes"]

    def most(what: str, ours: float, target: float) -> Row:
        return Row(f"warm, 50 lines: {what}", ours, None, target, higher=False, absolute=True)

    rows = [
        most("GetObject", reads, 1),
        most("publish", platform["publishes"], 1),
        most("ledger writes", writes, _MOST_WRITES),
        most("other requests", others, 0),
    ]
    ms = "{:.1f} ms"
    time = Row("warm, 50 lines: time", seconds * 1e3, theirs * 1e3, higher=False, form=ms)
    return rows, [time], {"small file": seconds, "ledger writes": writes}


def _seconds(lab: Lab, function: Function) -> float:
    lab.servers.reset()
    return function.call(s3_event("small")).seconds
