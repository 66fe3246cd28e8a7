"""Code in a process of its own, where nothing is imported yet."""

from __future__ import annotations

import os
import subprocess
import sys


def run(code: str) -> list[str]:
    """Run code; what it printed, line by line."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
