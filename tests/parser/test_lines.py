"""An object's bytes come out as lines: all of them, in their places, in bounded memory."""

from __future__ import annotations

import gzip
import io
import itertools
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.core.line import Line, Position
from capture_forwarder.parser.lines import read_lines

LIMIT = 1000
MEBIBYTE = 1024 * 1024


class Chunks(io.RawIOBase):
    """A stream that is made while it is read and brings as little at a time as it likes."""

    def __init__(self, chunks: Iterable[bytes], failure: Exception | None = None) -> None:
        super().__init__()
        self._chunks = iter(chunks)
        self._rest = b""
        self._failure = failure
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                if self._failure:
                    raise self._failure
                return 0
            self._rest = chunk
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        self.taken += len(part)
        return len(part)


def stream(*chunks: bytes) -> BinaryIO:
    return cast("BinaryIO", Chunks(chunks))


def split(data: bytes, limit: int = LIMIT) -> list[Line]:
    return list(read_lines(stream(data), limit))


def contents(data: bytes) -> list[bytes]:
    return [line.data for line in split(data)]


# --- where a line ends ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "inside",
    ["\u2028", "\u2029", "\u0085", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x00", "\ufeff"],
)
def test_nothing_but_a_newline_ends_a_line(inside: str) -> None:
    line = f'{{"text":"a{inside}b"}}'.encode()

    assert contents(line + b"\nnext\n") == [line, b"next"]


def test_a_carriage_return_before_the_newline_stays() -> None:
    assert contents(b"a\r\nb\r\n") == [b"a\r", b"b\r"]


def test_the_last_line_needs_no_newline() -> None:
    assert contents(b"a\nb") == contents(b"a\nb\n") == [b"a", b"b"]


def test_blank_lines_are_lines() -> None:
    assert contents(b"\n\na\n \n\n") == [b"", b"", b"a", b" ", b""]


def test_an_empty_object_has_no_lines() -> None:
    assert split(b"") == []


def test_numbers_count_from_one_and_offsets_are_in_bytes() -> None:
    assert split("ü\n\nb\nlast".encode()) == [
        Line(1, 0, "ü".encode(), 2),
        Line(2, 3, b"", 0),
        Line(3, 4, b"b", 1),
        Line(4, 6, b"last", 4, ended=False),
    ]


def test_bytes_that_are_no_text_are_kept() -> None:
    assert contents(b"\xff\xfe\n\x80") == [b"\xff\xfe", b"\x80"]


PIECES = st.binary() | st.sampled_from([b"\n", b"\n\n", b"\r\n", b"\xe2\x80\xa8", b"{}", b"x" * 40])


@given(pieces=st.lists(PIECES), limit=st.integers(1, 50))
def test_the_lines_are_the_input_however_it_comes(pieces: list[bytes], limit: int) -> None:
    data = b"".join(pieces)
    if data.startswith(b"\x1f\x8b"):
        return

    lines = list(read_lines(stream(*pieces), limit))

    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    ends = [*(line.offset for line in lines[1:]), len(data)]
    rebuilt = b""
    for line, end in zip(lines, ends, strict=False):
        assert line.offset == len(rebuilt)
        whole = data[line.offset : line.offset + line.length]
        assert b"\n" not in whole
        assert line.too_long == (line.length > limit)
        assert line.data == whole[:limit]
        rebuilt += data[line.offset : end]
        assert data[line.offset + line.length : end] in {b"\n", b""}
    assert rebuilt == data


def test_lines_come_while_the_stream_still_comes() -> None:
    endless = Chunks(itertools.repeat(b"x" * 99 + b"\n"))

    lines = read_lines(cast("BinaryIO", endless), LIMIT)

    assert next(lines).data == b"x" * 99
    assert endless.taken < MEBIBYTE


def test_a_stream_that_breaks_off_is_an_error_after_the_lines_before_it() -> None:
    broken = Chunks([b"a\nb\nhalf a li"], CaptureFileError("the connection broke"))
    lines = read_lines(cast("BinaryIO", broken), LIMIT)
    found: list[bytes] = []

    with pytest.raises(CaptureFileError, match="the connection broke"):
        found.extend(line.data for line in lines)

    assert b"half a li" not in found


# --- gzip ----------------------------------------------------------------------------------

PLAIN = b"".join(b'{"line":%d}\n' % number for number in range(500))
ZIPPED = gzip.compress(PLAIN, mtime=0)


def test_gzip_is_known_by_its_first_bytes() -> None:
    assert split(ZIPPED) == split(PLAIN)


def test_offsets_are_those_of_the_unzipped_object() -> None:
    assert [line.offset for line in split(gzip.compress(b"ab\nc\n"))] == [0, 3]


def test_all_members_of_a_gzip_file_are_read() -> None:
    members = gzip.compress(b"a\nb") + gzip.compress(b"c\n") + gzip.compress(b"") + ZIPPED

    assert contents(members) == [b"a", b"bc", *contents(PLAIN)]


def test_zeros_behind_a_gzip_file_are_padding() -> None:
    assert split(ZIPPED + b"\0" * 512) == split(PLAIN)


@pytest.mark.parametrize("data", [b"\x1f", b"\x1f\n\x8b", b"\x8b\x1f", b"\x1fx\n"])
def test_almost_gzip_is_text(data: bytes) -> None:
    assert contents(data) == data.rstrip(b"\n").split(b"\n")


@pytest.mark.parametrize("cut", [2, 3, 9, 10, 11, 50, len(ZIPPED) - 9, -8, -4, -1])
def test_truncated_gzip_never_looks_like_the_end(cut: int) -> None:
    with pytest.raises(CaptureFileError, match="damaged or cut short") as raised:
        split(ZIPPED[:cut])

    assert raised.value.permanent


def test_gzip_that_ends_within_its_second_member_is_damaged() -> None:
    with pytest.raises(CaptureFileError):
        split(ZIPPED + ZIPPED[:40])


@pytest.mark.parametrize("place", [2, 20, len(ZIPPED) // 2, -8, -5, -4, -1])
def test_damaged_gzip_is_an_error(place: int) -> None:
    damaged = bytearray(ZIPPED)
    damaged[place] ^= 0xFF

    with pytest.raises(CaptureFileError, match="damaged or cut short") as raised:
        split(bytes(damaged))

    assert raised.value.permanent


def test_something_else_behind_a_gzip_file_is_an_error() -> None:
    with pytest.raises(CaptureFileError):
        split(ZIPPED + b"more")


def test_a_broken_connection_within_gzip_is_not_the_objects_fault() -> None:
    broken = Chunks([ZIPPED[:100]], CaptureFileError("the connection broke"))

    with pytest.raises(CaptureFileError, match="the connection broke") as raised:
        list(read_lines(cast("BinaryIO", broken), LIMIT))

    assert not raised.value.permanent


# --- lines over the limit ------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"", b"\n", b"\nnext\n"])
@pytest.mark.parametrize("over", [1, 2, 3, 5000])
def test_a_line_over_the_limit_is_only_its_beginning(over: int, end: bytes) -> None:
    first, *rest = split(b"x" * (LIMIT + over) + end)

    assert first == Line(1, 0, b"x" * LIMIT, LIMIT + over, too_long=True, ended=bool(end))
    assert rest == ([Line(2, LIMIT + over + 1, b"next", 4)] if len(end) > 1 else [])


@pytest.mark.parametrize("end", [b"", b"\n", b"\nnext"])
def test_a_line_of_just_the_limit_is_whole(end: bytes) -> None:
    first = split(b"x" * LIMIT + end)[0]

    assert first == Line(1, 0, b"x" * LIMIT, LIMIT, ended=bool(end))


def huge_line(mebibytes: int) -> Iterator[bytes]:
    yield b"before\n"
    yield from itertools.repeat(b"x" * MEBIBYTE, mebibytes)
    yield b"\nafter\n\nlast"


def peak_of_reading(source: BinaryIO) -> tuple[list[Line], int]:
    tracemalloc.start()
    try:
        lines = list(read_lines(source, 64 * 1024))
        return lines, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
def test_a_line_over_the_limit_is_never_held(*, zipped: bool) -> None:
    mebibytes = 200
    source = stream_of(huge_line(mebibytes), zipped=zipped)

    lines, peak = peak_of_reading(source)

    length = mebibytes * MEBIBYTE
    after = 7 + length + 1
    assert [(line.number, line.offset, line.length, line.too_long) for line in lines] == [
        (1, 0, 6, False),
        (2, 7, length, True),
        (3, after, 5, False),
        (4, after + 6, 0, False),
        (5, after + 7, 4, False),
    ]
    assert [lines[index].data for index in (0, 2, 3, 4)] == [b"before", b"after", b"", b"last"]
    assert len(lines[1].data) == 64 * 1024
    assert peak < 4 * MEBIBYTE


def stream_of(chunks: Iterable[bytes], *, zipped: bool) -> BinaryIO:
    if not zipped:
        return cast("BinaryIO", Chunks(chunks))
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1) as file:
        for chunk in chunks:
            file.write(chunk)
    target.seek(0)
    return target


@given(
    st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line), min_size=1), st.data()
)
def test_reading_goes_on_at_a_lines_place_as_if_it_had_never_stopped(
    lines: list[bytes], data: st.DataObject
) -> None:
    content = b"\n".join([b"first", *lines])  # what begins like gzip would be read as gzip
    whole = list(read_lines(io.BytesIO(content), 10))
    done = data.draw(st.integers(0, len(whole)))
    start = whole[done - 1].position if done else Position()
    stored = data.draw(st.sampled_from([content, gzip.compress(content)]))

    assert list(read_lines(io.BytesIO(stored), 10, start)) == whole[done:]


def test_an_object_shorter_than_what_was_delivered_of_it_is_an_error() -> None:
    with pytest.raises(CaptureFileError, match="shorter"):
        list(read_lines(io.BytesIO(b"a\n"), 10, Position(5, 2)))


class Dripping(io.RawIOBase):
    """Gives one byte at a time, as a slow connection may."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = min(1, len(self._data))
        buffer[:count] = self._data[:count]
        self._data = self._data[count:]
        return count


@pytest.mark.parametrize("text", [b"", b"a", b"ab", b"one\ntwo\n", b"\n"])
def test_gzip_is_known_also_when_the_first_read_gives_one_byte(text: bytes) -> None:
    for data in (text, gzip.compress(text)):
        stream = cast("BinaryIO", Dripping(data))
        found = [line.data for line in read_lines(stream, 100)]
        assert found == ([] if not text else text.removesuffix(b"\n").split(b"\n"))
