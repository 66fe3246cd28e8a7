"""What is kept of a rejected line, under which name, and in a folder."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import QuarantineError
from capture_forwarder.core.line import Line
from capture_forwarder.core.quarantine_entry import (
    LONGEST_PREFIX,
    QuarantineEntry,
    encode_entries,
    entry_path,
    make_entry,
)
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.local.quarantine import FolderQuarantine

SOURCE = CaptureFile("bucket", "captures/churn/AllTraffic/2026/03/01/10/a.jsonl")
VERSIONED = CaptureFile("bucket", SOURCE.key, "v-1")
REJECTION = Rejection(Reason.INVALID_JSON, "It is cut off.")
TIME = "2026-03-01T10:20:30+00:00"


def entry(
    data: bytes = b"{",
    number: int = 3,
    source: CaptureFile = SOURCE,
    reason: Reason = Reason.INVALID_JSON,
    route: str = "default",
) -> QuarantineEntry:
    line = Line(number, 100, data, len(data))
    return make_entry(source, line, Rejection(reason, "It is cut off."), route, TIME)


def raw_line(kept: dict[str, Any]) -> bytes:
    text = kept["line"]
    return base64.b64decode(text) if kept["encoding"] == "base64" else text.encode()


def read_back(data: bytes) -> list[dict[str, Any]]:
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data[:-1].split(b"\n")]


# --- entries -------------------------------------------------------------------------------


def test_an_entry_says_all_that_is_known_of_the_line() -> None:
    line = Line(7, 1234, b'{"cut', 5)

    made = make_entry(VERSIONED, line, REJECTION, "churn", TIME, "v-1")

    assert read_back(encode_entries([made])) == [
        {
            "reason": "invalid-json",
            "detail": "It is cut off.",
            "bucket": "bucket",
            "key": SOURCE.key,
            "version_id": "v-1",
            "route": "churn",
            "line_number": 7,
            "offset": 1234,
            "length": 5,
            "time": TIME,
            "encoding": "utf-8",
            "line": '{"cut',
            "inference_id": None,
            "row_index": None,
            "revision": "v-1",
        }
    ]


def test_a_line_over_the_limit_keeps_its_true_length() -> None:
    line = Line(1, 0, b"begin", 1_000_000, too_long=True)

    made = make_entry(SOURCE, line, Rejection(Reason.LINE_TOO_LONG, "long"), "default", TIME)

    assert (made.line, made.length) == ("begin", 1_000_000)


def test_a_line_over_the_limit_that_was_cut_within_a_character_is_kept_to_the_byte() -> None:
    cut = "ü".encode()[:1]
    made = make_entry(SOURCE, Line(1, 0, cut, 9, too_long=True), REJECTION, "default", TIME)

    assert raw_line(read_back(encode_entries([made]))[0]) == cut


@pytest.mark.parametrize("data", [b"", b"{", "ü\u2028\u0085\x00".encode(), b'"\\ud800"', b"a\rb"])
def test_utf8_is_kept_as_text(data: bytes) -> None:
    assert entry(data).encoding == "utf-8"
    assert raw_line(read_back(encode_entries([entry(data)]))[0]) == data


@pytest.mark.parametrize("data", [b"\xff", b"\x80{}", b"\xed\xa0\x80", b"{\xc3}"])
def test_what_is_not_utf8_is_kept_as_base64(data: bytes) -> None:
    assert entry(data).encoding == "base64"
    assert raw_line(read_back(encode_entries([entry(data)]))[0]) == data


@given(lines=st.lists(st.binary() | st.text().map(str.encode), min_size=1))
def test_any_lines_come_back_to_the_byte_and_one_a_line(lines: list[bytes]) -> None:
    kept = read_back(encode_entries([entry(line, number) for number, line in enumerate(lines, 1)]))

    assert [raw_line(one) for one in kept] == lines
    assert [one["line_number"] for one in kept] == list(range(1, len(lines) + 1))


# --- names ---------------------------------------------------------------------------------


def test_a_name_is_made_of_reason_object_version_route_and_line() -> None:
    assert entry_path(VERSIONED, entry(number=42)) == (
        "invalid-json/bucket/captures/churn/AllTraffic/2026/03/01/10/a.jsonl/v-1/"
        "default-000000042.jsonl"
    )
    assert entry_path(SOURCE, entry()).endswith("/a.jsonl/unversioned/default-000000003.jsonl")


def test_the_content_of_a_file_is_part_of_the_name_where_the_bucket_has_no_versions() -> None:
    """The same key written again must not overwrite what was quarantined of it before."""

    def name(etag: str) -> str:
        line = Line(3, 5, b"x", 1)
        return entry_path(SOURCE, make_entry(SOURCE, line, REJECTION, "r", TIME, etag))

    etag = "9b2cf535f27731c974343645a3985328"
    assert name(f'"{etag}"').endswith(f"/a.jsonl/{etag}/r-000000003.jsonl")
    assert name(f'"{etag}-12"').endswith(f"/a.jsonl/{etag}-12/r-000000003.jsonl")
    assert len({name(one) for one in ("one", "two", "../three", "a/b", "..", "x" * 900)}) == 6
    assert "/../" not in name("..")


@pytest.mark.parametrize("key", ["k" * 1024, "k" * 560, "é" * 512, "a/" * 512])
@pytest.mark.parametrize("route", ["default", "r" * 200, "r" * 5000, "é" * 300])
@pytest.mark.parametrize("version", [None, "v" * 1024, "v" * 128])
def test_with_the_longest_prefix_every_key_fits_s3(
    key: str, route: str, version: str | None
) -> None:
    source = CaptureFile("b" * 63, key, version)
    rejection = Rejection(max(Reason, key=len), "")
    made = make_entry(source, Line(10**12, 5, b"x", 1), rejection, route, TIME)
    made = msgspec.structs.replace(made, row_index=10**9)
    path = entry_path(source, made)

    assert len(f"{'p' * LONGEST_PREFIX}/{path}".encode()) <= 1024
    other = CaptureFile("b" * 63, f"{key[:-1]}x", version)
    assert entry_path(other, made) != path
    assert entry_path(source, msgspec.structs.replace(made, route=f"{route}x")) != path


def test_rows_of_one_line_have_names_of_their_own() -> None:
    rows = [msgspec.structs.replace(entry(), row_index=row) for row in (None, 0, 1, 2)]

    names = [entry_path(SOURCE, row) for row in rows]

    assert names[0] == names[1]
    assert names[2].endswith("/default-000000003-1.jsonl")
    assert len(set(names)) == 3


def test_a_name_does_not_depend_on_when_or_what() -> None:
    later = make_entry(SOURCE, Line(3, 5, b"other", 5), REJECTION, "default", "2027-01-01")

    assert entry_path(SOURCE, later) == entry_path(SOURCE, entry())


def test_different_runs_have_different_names() -> None:
    other = CaptureFile("bucket-2", SOURCE.key)
    names = [
        entry_path(SOURCE, entry()),
        entry_path(VERSIONED, entry(source=VERSIONED)),
        entry_path(other, entry(source=other)),
        entry_path(SOURCE, entry(number=4)),
        entry_path(SOURCE, entry(reason=Reason.LINE_TOO_LONG)),
        entry_path(SOURCE, entry(route="other")),
    ]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("key", ["x" * 1024, "ü" * 512, "a/" * 512])
def test_a_long_key_is_replaced_by_its_digest(key: str) -> None:
    source = CaptureFile("b" * 63, key, "v" * 32)

    name = entry_path(source, entry(source=source))

    assert len(name.encode()) < 800
    assert name.startswith(f"invalid-json/{'b' * 63}/")
    assert key[:20] not in name
    assert name == entry_path(source, entry(source=source))
    assert entry(source=source).key == key


def test_two_long_keys_have_two_names() -> None:
    first, second = (CaptureFile("bucket", "x" * 1000 + end) for end in "ab")

    assert entry_path(first, entry(source=first)) != entry_path(second, entry(source=second))


# --- a folder ------------------------------------------------------------------------------


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_keeps_entries_under_their_name(tmp_path: Path) -> None:
    entries = [entry(b"{", 3), entry(b"\xff", 9)]

    FolderQuarantine(tmp_path / "new" / "folder").put(SOURCE, entries)

    kept = files_in(tmp_path / "new" / "folder")
    assert kept == {entry_path(SOURCE, entries[0]): encode_entries(entries)}


def test_putting_the_same_entries_again_changes_nothing(tmp_path: Path) -> None:
    quarantine = FolderQuarantine(tmp_path)
    quarantine.put(SOURCE, [entry()])
    before = files_in(tmp_path)

    quarantine.put(SOURCE, [entry()])

    assert files_in(tmp_path) == before


ODD_KEYS = [
    *("a//b", "a/b", "/a/b", "a/b/", "//a/b", "a/./b", "a/../b", "../a/b", "a/.../b", "..", "."),
    *("a/%2E/b", "a/%2E%2E/b", "a/%/b", "a/%25/b", "a b", "ü", 'a"b', "a\\b", "a:b"),
]


def test_odd_keys_neither_leave_the_folder_nor_overwrite_each_other(tmp_path: Path) -> None:
    quarantine = FolderQuarantine(tmp_path / "quarantine")

    for key in ODD_KEYS:
        source = CaptureFile("bucket", key)
        quarantine.put(source, [entry(source=source)])

    kept = files_in(tmp_path / "quarantine")
    assert files_in(tmp_path).keys() == {f"quarantine/{name}" for name in kept}
    assert sorted(read_back(data)[0]["key"] for data in kept.values()) == sorted(ODD_KEYS)


@pytest.mark.parametrize("key", ["a\0b", "x" * 600])
def test_a_key_that_no_file_can_be_called_is_kept_all_the_same(tmp_path: Path, key: str) -> None:
    source = CaptureFile("bucket", key)

    FolderQuarantine(tmp_path).put(source, [entry(source=source)])

    ((data,),) = [tuple(files_in(tmp_path).values())]
    assert read_back(data)[0]["key"] == key


def test_entries_that_cannot_be_written_are_an_error_that_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(QuarantineError, match="FORWARDER_QUARANTINE") as raised:
        FolderQuarantine(tmp_path / "file").put(SOURCE, [entry(b"secret row")])

    assert str(SOURCE) in raised.value.message
    assert "secret row" not in str(raised.value)


def test_no_object_of_s3_lies_in_a_folder(tmp_path: Path) -> None:
    assert not FolderQuarantine(tmp_path).holds(SOURCE)
