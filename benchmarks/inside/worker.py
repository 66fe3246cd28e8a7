"""The function's process: imports a handler and calls it as it is told on standard input.

    python -m benchmarks.inside.worker MODULE.FUNCTION

One JSON document a line comes in, `{"event": ..., "times": 1, "profile": false}`; one goes out.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path

from .sampler import Sampler

_SECONDS = 900.0


class Context:
    """What Lambda tells of an invocation."""

    function_name = "ForwarderFunction"
    memory_limit_in_mb = 512

    def __init__(self, number: int) -> None:
        self.aws_request_id = f"2c1f5ad0-4a0e-4a44-9f0e-{number:012d}"
        self._end = time.monotonic() + _SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the invocation may still take."""
        return int((self._end - time.monotonic()) * 1000)


def main() -> None:
    """Serve until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    # Logs are written, as on Lambda, but nobody reads them here.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    module, _, name = sys.argv[1].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    number = 0
    for line in sys.stdin:
        order = json.loads(line)
        sampler = Sampler() if order.get("profile") else None
        if sampler:
            sampler.start()
        cpu, started = time.process_time(), time.perf_counter()
        answer = None
        for _ in range(order.get("times", 1)):
            number += 1
            answer = handler(order["event"], Context(number))
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        if sampler:
            sampler.stop()
        report = {
            "seconds": seconds,
            "cpu": cpu,
            "peak": peak(),
            "answer": answer,
            "profile": [[*where, spent] for where, spent in sampler.seconds.items()]
            if sampler
            else [],
        }
        print(json.dumps(report), file=answers, flush=True)


def peak() -> int:
    """Return the most memory that this process has had, in bytes; 0 where it is not told."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * 1024


if __name__ == "__main__":
    main()
