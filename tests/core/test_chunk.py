"""Parts of a chunk are its lines, where they stand in the file, and keep little else."""

from __future__ import annotations

import sys
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.line import Position

LINES = st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), min_size=1)


def chunk_of(lines: list[bytes], before: bytes = b"") -> Chunk:
    ends = [end - 1 for end in accumulate((len(line) + 1 for line in lines), initial=len(before))]
    data = before + b"".join(line + b"\n" for line in lines) + b"what follows"
    return Chunk(data, ends[1:], Position(1000, 10), len(before))


@given(LINES, st.binary(max_size=20), st.data())
def test_a_part_of_a_part_has_the_lines_and_positions_of_the_whole(
    lines: list[bytes], before: bytes, data: st.DataObject
) -> None:
    whole = part = chunk_of(lines, before)
    left = range(len(lines))
    for _ in range(2):
        first = data.draw(st.integers(0, len(left) - 1))
        stop = data.draw(st.integers(first + 1, len(left)))
        part, left = part.part(first, stop), left[first:stop]

    assert len(part) == len(left)
    assert [part.line(n) for n in range(len(part))] == [whole.line(n) for n in left]
    assert part.texts(len(part)) == [lines[n] for n in left]
    assert part.size(len(part)) == sum(len(lines[n]) for n in left)
    assert part.start == whole.line(left[0]).before()


@given(st.integers(0, 199), st.integers(1, 20))
def test_a_few_lines_do_not_keep_all_that_were_read_with_them(first: int, count: int) -> None:
    whole = chunk_of([b"x" * 100] * 200)
    part = whole.part(first, first + count)
    assert sys.getsizeof(part.data) < 5 * (part.size(len(part)) + 100)
