"""Spark's errors without the data that they may quote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from capture_forwarder.monitor.errors import DataError

DAMAGED = "capture-forwarder: damaged"
"""What a statement of ours raises where a line or row cannot be read; the file's name follows."""

_DAMAGED = re.compile(rf"{DAMAGED} (\S+)")
_FILE = re.compile(r"reading file:? (\S+?)\.?\s")
_CONDITION = re.compile(r"\[([A-Z0-9_.]+)\]")
_MISSING = "PATH_NOT_FOUND"


@contextmanager
def explained() -> Iterator[None]:
    """Say what Spark could not do, and where.

    Raises
    ------
    DataError
        Spark failed. The message has no value of the data.
    """
    from py4j.protocol import Py4JError  # noqa: PLC0415 - an extra
    from pyspark.errors import PySparkException  # noqa: PLC0415

    try:
        yield
    except (PySparkException, Py4JError) as error:
        text = str(error)
        if found := _DAMAGED.search(text):
            message = f"A line of {unquote(found[1])} is not what the file's name says."
            raise DataError(message, "Correct or remove the line.") from None
        where = f" at {unquote(found[1])}" if (found := _FILE.search(text)) else ""
        condition = found[1] if (found := _CONDITION.search(text)) else type(error).__name__
        if condition == _MISSING:
            raise DataError("A file is no longer there.", "Run the command again.") from None
        raise DataError(
            f"The data cannot be read{where}: Spark raised {condition}.",
            "Check that the file is what its name says, and that it is whole.",
        ) from None
