"""Files of a window are copied a few at a time, all of one format and up to so many bytes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.ports import FileStore, ListedFile
from capture_forwarder.monitor.data.opening import format_of
from capture_forwarder.monitor.scheduled.copies import Copies, Room

FILES = st.lists(st.tuples(st.sampled_from(["jsonl", "csv", "parquet"]), st.integers(0, 40)))


class Store:
    """Files of so many bytes, each with its own address in it."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = sizes

    def copy(self, address: str, path: Path) -> None:
        path.write_text(address)


@given(FILES, st.integers(1, 60))
def test_files_come_in_their_order_and_no_more_at_once_than_fit(
    made: list[tuple[str, int]], most: int
) -> None:
    sizes = {f"s3://bucket/{n}.{kind}": size for n, (kind, size) in enumerate(made)}
    files = [ListedFile(address, size) for address, size in sizes.items()]
    room = Room(lambda: 10**9, lambda: None, most)
    with TemporaryDirectory() as folder:
        copies = Copies(cast("FileStore", Store(sizes)), Path(folder) / "copies", room)
        some = [[path.read_text() for path in paths] for paths in copies.in_turn(files)]

    assert [address for addresses in some for address in addresses] == list(sizes)
    for addresses in some:
        assert len(addresses) == 1 or sum(map(sizes.__getitem__, addresses)) <= most
        assert len(set(map(format_of, addresses))) == 1
    for one, next_ in itertools.pairwise(some):
        alike = format_of(one[0]) is format_of(next_[0])
        assert not alike or sum(map(sizes.__getitem__, [*one, next_[0]])) > most
