"""Names of files with rows: the same for the same batch, and no two batches share one."""

from __future__ import annotations

import itertools
import re
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.batch import Batch, LineSlice
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import Row
from capture_forwarder.core.line import Line, Position
from capture_forwarder.publishers.files.part_names import part_name
from tests.support.rows import inference_of

TIME = "inference_time"
KEY = "captures/churn/AllTraffic/2026/03/01/10/20-30-123-4fae283c.jsonl"
SAFE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9][A-Za-z0-9_-]*/(unknown-hour|\d{4}/\d\d/\d\d/\d\d)"
    r"/[A-Za-z0-9][A-Za-z0-9_-]*-[0-9a-f]{12}-\d{12}-\d{6}\.jsonl\.gz"
)


def batch(  # noqa: PLR0913 - what a name depends on
    key: str = KEY,
    *,
    bucket: str = "bucket",
    revision: str = "revision",
    start: tuple[int, int] = (0, 0),
    row: Row | None = None,
    place: Position | None = None,
) -> Batch:
    """A batch of one inference that begins at an offset and index."""
    offset, index = start
    return Batch(
        CaptureFile(bucket, key),
        revision,
        [inference_of("id", {"a": 1} if row is None else row)],
        [LineSlice(Line(1, offset, b"", 9), index, 1, index + 1)],
        Position(offset + 10, 1) if place is None else place,
    )


def name(of: Batch, route: str = "captures") -> str:
    return part_name(of, route, of.inferences[0].row.get(TIME), ".jsonl.gz")


def folder(of: Batch) -> str:
    return name(of).rpartition("/")[0]


def test_a_name_tells_endpoint_hour_object_and_place() -> None:
    path, _, file = name(batch(start=(4711, 12))).rpartition("/")

    assert path == "churn/AllTraffic/2026/03/01/10"
    assert re.fullmatch(r"20-30-123-4fae283c-[0-9a-f]{12}-000000004711-000012\.jsonl\.gz", file)


def test_names_stay_the_same_from_release_to_release() -> None:
    # Another name would double the rows of an object that is resumed by a newer release.
    assert name(batch(start=(7, 0))) == (
        "churn/AllTraffic/2026/03/01/10/20-30-123-4fae283c-4d5077b019b8-000000000007-000000.jsonl.gz"
    )


def test_files_sort_in_the_order_of_the_object() -> None:
    starts = [(0, 0), (9, 0), (10, 0), (10, 2), (10, 11), (123_456_789_012, 0)]

    names = [name(batch(start=start)) for start in starts]

    assert names == sorted(names)


@pytest.mark.parametrize(
    "other",
    [
        batch(bucket="another"),
        batch(KEY.replace("4fae", "5fae")),
        batch(f"elsewhere/{KEY}"),
        batch(f"{KEY}.gz"),
        batch(revision="another"),
        batch(start=(1, 0)),
        batch(start=(0, 1)),
    ],
)
def test_another_object_content_or_place_is_another_file(other: Batch) -> None:
    assert name(other) != name(batch())


def test_another_route_is_another_file() -> None:
    assert name(batch(), "captures") != name(batch(), "fraud")


def test_what_stands_on_two_sides_of_a_border_is_told_apart() -> None:
    assert name(batch("b/c", bucket="a")) != name(batch("c", bucket="a/b"))


def test_how_far_a_batch_goes_does_not_change_its_name() -> None:
    longer = msgspec.structs.replace(
        batch(),
        inferences=[inference_of("id", {}), inference_of("id-2", {})],
        position=Position(99, 9),
    )
    assert name(longer) == name(batch())


def test_the_version_in_an_event_does_not_change_the_name() -> None:
    # A command that is given the key alone reads the same revision.
    known = msgspec.structs.replace(batch(), capture_file=CaptureFile("bucket", KEY, "version"))
    assert name(known) == name(batch())


# --- batches that are no stretch of an object ------------------------------------------------


def test_a_batch_out_of_quarantine_never_replaces_a_part_of_its_object() -> None:
    assert name(batch(place=Position())) != name(batch())


def test_batches_of_no_stretch_are_told_apart_by_their_ids() -> None:
    first, second = (Batch.of([inference_of(one, {})]) for one in "ab")
    both = Batch.of([*first.inferences, *second.inferences])

    names = {name(first), name(second), name(both)}

    assert len(names) == 3
    assert name(Batch.of(both.inferences)) in names


# --- folders -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("churn/blue/2026/03/01/10/x.jsonl", "churn/blue/2026/03/01/10"),
        ("a//b/churn/blue/2026/03/01/10/x.jsonl", "churn/blue/2026/03/01/10"),
        ("Churn-2/v_1/2026/12/31/23/x", "Churn-2/v_1/2026/12/31/23"),
        ("ü b/../2026/03/01/10/x.jsonl", "b/other/2026/03/01/10"),
        ("./_v/2026/03/01/10/x.jsonl", "other/v/2026/03/01/10"),
        ("日本/a\\b:c*?/2026/03/01/10/x.jsonl", "other/a-b-c-/2026/03/01/10"),
        ("team=x/a+b%2F/2026/03/01/10/x.jsonl", "team-x/a-b-2F/2026/03/01/10"),
        (f"{'e' * 99}/{'v' * 99}/2026/03/01/10/x", f"{'e' * 63}/{'v' * 63}/2026/03/01/10"),
    ],
)
def test_folders_are_those_of_the_key_made_safe(key: str, expected: str) -> None:
    assert folder(batch(key)) == expected


@pytest.mark.parametrize(
    ("time", "hour"),
    [
        ("2026-03-01T10:20:30Z", "2026/03/01/10"),
        ("2026-03-01T10:20:30.5+05:30", "2026/03/01/04"),
        ("2026-03-01T00:20:30-08:00", "2026/03/01/08"),
        ("2026-03-01T10:20:30", "2026/03/01/10"),
        ("0900-03-01T10:20:30Z", "0900/03/01/10"),
        ("0001-01-01T00:00:00+10:00", "unknown-hour"),
        ("9999-12-31T23:59:59-10:00", "unknown-hour"),
        ("../../etc", "unknown-hour"),
        ("", "unknown-hour"),
        (1_772_360_430, "unknown-hour"),
        (None, "unknown-hour"),
    ],
)
def test_the_hour_of_an_object_outside_of_the_layout_is_its_first_rows(
    time: object, hour: str
) -> None:
    assert folder(batch("file.jsonl", row={TIME: time})) == f"other/other/{hour}"


def test_without_a_time_the_hour_is_unknown() -> None:
    assert folder(batch("file.jsonl", row={})) == "other/other/unknown-hour"


def test_the_keys_hour_comes_before_the_rows() -> None:
    assert folder(batch(row={TIME: "1999-01-01T00:00:00Z"})) == "churn/AllTraffic/2026/03/01/10"


@pytest.mark.parametrize(
    ("key", "stem"),
    [
        ("a/20-30-1.jsonl.gz", "20-30-1"),
        ("a/.hidden", "other"),
        ("a/_hidden.jsonl", "hidden"),
        ("a/", "other"),
        ("", "other"),
        ("a/..", "other"),
        ("a/x\n\0y.jsonl", "x-y"),
        ("a/" + "x" * 500, "x" * 80),
    ],
)
def test_a_file_is_called_after_its_object(key: str, stem: str) -> None:
    file = name(batch(key)).rpartition("/")[2]
    assert file[: -len("-0123456789ab-000000000000-000000.jsonl.gz")] == stem


# --- anything ------------------------------------------------------------------------------

KEYS = st.text() | st.builds(
    "{}/{}/2026/03/01/10/{}".format,
    *(st.text(string.ascii_letters + "./_-\\~ üß\0=", max_size=8) for _ in range(3)),
)


@given(KEYS, st.text(), st.text())
def test_every_name_is_safe_in_a_folder_and_in_s3(key: str, route: str, time: str) -> None:
    found = name(batch(key, row={TIME: time}), route)

    assert SAFE.fullmatch(found)
    assert len(found) <= 300
    assert max(map(len, found.split("/"))) <= 255


@given(st.lists(st.tuples(st.sampled_from(["r", "s"]), st.text(), KEYS, st.text()), unique=True))
def test_no_two_objects_share_a_name(objects: list[tuple[str, str, str, str]]) -> None:
    names = [
        name(batch(key, bucket=bucket, revision=revision), route)
        for route, bucket, key, revision in objects
    ]
    # A file system may not tell upper from lower case.
    assert all(a.lower() != b.lower() for a, b in itertools.combinations(names, 2))
