"""How tables in files are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from capture_forwarder.core.inference import Row


class TableReader(Protocol):
    """Reads tables in a format that needs a library, such as Parquet."""

    def rows(self, stream: BinaryIO) -> Iterator[Row]:
        """Yield the rows of a table, in its order; their values are what JSON can hold.

        Raises
        ------
        CaptureFileError
            It is no such table.
        """
        ...
