"""What takes long to make and is only read: made once, however many processes run the tests."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Path]) -> Path:
    """Make something, unless another process of these tests has; then wait for it and share it.

    Parameters
    ----------
    factory
        Where this process has its folders.
    name
        The name of the folder for it, and of the lock.
    make
        Makes it in a new folder; returns where it lies in there.

    Returns
    -------
    Path
        What `make` returned, here or in the other process.
    """
    own = factory.getbasetemp()
    # Each process of pytest-xdist has its folder in that of the run.
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    answer = shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answer.exists():
            # Numbered, since one that failed may have left something.
            made = make(factory.mktemp(name))
            answer.write_text(str(made))
    return Path(answer.read_text())
