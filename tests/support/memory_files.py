"""Files at addresses, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from capture_forwarder.core.ports import ListedFile


class MemoryFileStore:
    """A `FileStore`; `on_copy` is called after each copy with its path."""

    def __init__(self, on_copy: Callable[[Path], None] = lambda _: None) -> None:
        self.held: dict[str, bytes] = {}
        self.listed: list[str] = []
        self._on_copy = on_copy

    def folders(self, folder: str) -> Sequence[str]:
        below = [
            one.removeprefix(f"{folder}/") for one in self.held if one.startswith(f"{folder}/")
        ]
        return sorted({f"{folder}/{one.partition('/')[0]}" for one in below if "/" in one})

    def files(self, folder: str) -> Iterator[ListedFile]:
        self.listed.append(folder)
        for address, data in sorted(self.held.items()):
            if address.startswith(f"{folder}/"):
                yield ListedFile(address, len(data))

    def read(self, address: str) -> bytes:
        return self.held[address]

    def copy(self, address: str, path: Path) -> None:
        path.write_bytes(self.held[address])
        self._on_copy(path)

    def write(self, address: str, data: bytes) -> None:
        self.held[address] = data
