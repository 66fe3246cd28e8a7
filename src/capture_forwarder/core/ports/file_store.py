"""Files by their addresses: rows, baselines and reports of the monitor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec


class ListedFile(msgspec.Struct, frozen=True):
    """A file by its address, and its size in bytes."""

    address: str
    size: int


class FileStore(Protocol):
    """Files at addresses such as `s3://bucket/folder/file`.

    All methods raise `FileStoreError` where something is not there, not allowed, or cannot be
    reached. Whether a file is there, a listing says.
    """

    def folders(self, folder: str) -> Sequence[str]:
        """The addresses of the folders directly in a folder, in order; empty if it is not there."""
        ...

    def files(self, folder: str) -> Iterator[ListedFile]:
        """The files anywhere below a folder, in the order of their addresses."""
        ...

    def read(self, address: str) -> bytes:
        """The content of a file."""
        ...

    def copy(self, address: str, path: Path) -> None:
        """Copy a file to a path, whose folder is there."""
        ...

    def write(self, address: str, data: bytes) -> None:
        """Write a whole file, replacing one of that address."""
        ...
