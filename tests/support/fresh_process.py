"""Code in a process of its own, where nothing is imported yet."""

from __future__ import annotations

import os
import subprocess
import sys

INTERRUPTIBLE = """
import signal
# A shell starts what runs in the background with interrupts ignored, and tests may run so.
signal.signal(signal.SIGINT, signal.default_int_handler)
from capture_forwarder.cli import main
main()
"""
"""Code of the command, which can be interrupted however the tests were started."""


def run(code: str, *arguments: str) -> list[str]:
    """Run code; what it printed, line by line."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
