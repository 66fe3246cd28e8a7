"""`capture-forwarder quarantine`: what it shows, what it sends again and what it leaves."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import duckdb
import msgspec
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from capture_forwarder.aws.quarantine_files import S3QuarantineFiles
from capture_forwarder.cli.app import app
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import QuarantineError
from capture_forwarder.core.line import Line
from capture_forwarder.core.quarantine_entry import (
    QuarantineEntry,
    encode_entries,
    entry_path,
    make_entry,
)
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.local.quarantine_files import FolderQuarantineFiles
from tests.support.captures import line, side
from tests.support.platforms.faults import Reset, Status
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, FiddlerServer
from tests.support.platforms.fiddler_model import Model
from tests.support.platforms.server import Request

BUCKET = "kept"
PREFIX = "quarantine"
S3_PLACE = f"s3://{BUCKET}/{PREFIX}"
FOLDER = "quarantine"
KEY = "captures/endpoint/variant/2026/03/01/10/20-30-123-a.jsonl"
SOURCE = CaptureFile("captured", KEY, "v7")
MODEL = Model.of(
    inputs={"age": "int", "income": "float"},
    outputs={"score": "float"},
    metadata={"endpoint": "str", "variant": "str", "event_id": "str", "time": "timestamp"},
    event_id_col="event_id",
    event_ts_col="time",
)
RIGHT = ("--inputs", "age,income", "--outputs", "score")
WRONG = ("--inputs", "age", "--outputs", "score")

Put = Callable[..., str]


@pytest.fixture(autouse=True)
def clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every test works in a folder of its own, without settings of the developer."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("FORWARDER_", "FIDDLER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "160")
    # A platform that is down ends a test at once.
    monkeypatch.setenv("FORWARDER_RETRY_SECONDS", "0")


@pytest.fixture
def fiddler(monkeypatch: pytest.MonkeyPatch) -> Iterator[FiddlerServer]:
    with FiddlerServer(MODEL) as server:
        monkeypatch.setenv("FIDDLER_URL", server.url)
        monkeypatch.setenv("FIDDLER_TOKEN", TOKEN)
        monkeypatch.setenv("FIDDLER_MODEL_UUID", MODEL_ID)
        yield server


@pytest.fixture(params=["folder", "s3"])
def put(request: pytest.FixtureRequest) -> Iterator[Put]:
    """Put entries into a quarantine, a file for each call; return the quarantine's place."""
    if request.param == "folder":
        Path(FOLDER).mkdir()

        def put_file(*entries: QuarantineEntry) -> str:
            path = Path(FOLDER) / entry_path(source_of(entries[0]), entries[0])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_entries(entries))
            return FOLDER

        yield put_file
        return
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)

        def put_object(*entries: QuarantineEntry) -> str:
            key = f"{PREFIX}/{entry_path(source_of(entries[0]), entries[0])}"
            s3.put_object(Bucket=BUCKET, Key=key, Body=encode_entries(entries))
            return S3_PLACE

        yield put_object


def source_of(entry: QuarantineEntry) -> CaptureFile:
    return CaptureFile(entry.bucket, entry.key, entry.version_id)


def entry(
    number: int,
    raw: bytes | None = None,
    *,
    reason: Reason = Reason.COLUMN_COUNT_MISMATCH,
    source: CaptureFile = SOURCE,
    route: str = "captures",
    **changes: Any,
) -> QuarantineEntry:
    """Make an entry as the function makes it, of a line with one inference if none is given."""
    raw = call(f"event-{number}", [(number, 1.5, 0.5)]) if raw is None else raw
    place = Line(number, number * 1000, raw, changes.pop("length", len(raw)))
    made = make_entry(
        source, place, Rejection(reason, "told then"), route, f"2026-03-01T10:00:{number % 60:02}"
    )
    return msgspec.structs.replace(made, **changes)


def call(event_id: str, rows: list[tuple[int, float, float]]) -> bytes:
    request = "\n".join(f"{age},{income}" for age, income, _ in rows)
    response = "\n".join(str(score) for *_, score in rows)
    return line(side(request), side(response), eventId=event_id)


def run(*arguments: str | Path, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["quarantine", *(str(argument) for argument in arguments)])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    assert TOKEN not in result.output
    return result


def summary(*arguments: str, exit_code: int = 0) -> dict[str, Any]:
    result = run("redrive", *arguments, "--json", exit_code=exit_code)
    (document,) = [json.loads(text) for text in result.stdout.splitlines()]
    counted = ("delivered", "empty", "repeated", "rejected_again", "too_long", "not_sent")
    assert document["entries"] == sum(document[name] for name in counted)
    return dict(document)


def left(place: str) -> list[dict[str, Any]]:
    """Every entry of a quarantine."""
    result = run("show", place, "--json", "--limit", "100000")
    return [json.loads(text) for text in result.stdout.splitlines()]


def ids(server: FiddlerServer) -> list[str]:
    return [event["event_id"] for event in server.events]


@pytest.mark.parametrize("name", ["list", "show", "redrive"])
def test_help_shows_an_example(name: str) -> None:
    assert f"capture-forwarder quarantine {name}" in run(name, "--help").stdout


def test_list_counts_by_reason_object_and_route(put: Put) -> None:
    other = CaptureFile("captured", KEY.replace("endpoint", "other"))
    put(entry(1), entry(2), entry(3))
    put(entry(4, reason=Reason.INVALID_JSON, source=other))
    place = put(entry(5, route="second"))

    shown = run("list", place).stdout
    document = json.loads(run("list", place, "--json").stdout)

    times = "2026-03-01 10:00"
    assert re.search(rf"column-count-mismatch +captures +3 +1 +{times}", shown)
    assert re.search(rf"column-count-mismatch +second +1 +1 +{times}", shown)
    name = "endpoint/variant/2026/03/01/10/20-30-123-a.jsonl"
    assert re.search(rf"{name} +captures +column-count-mismatch +3", shown)
    assert "5 entries in 3 files" in shown
    assert document["entries"] == 5
    assert document["reasons"] == {"column-count-mismatch": 4, "invalid-json": 1}
    (group,) = [group for group in document["groups"] if group["entries"] == 3]
    assert group == {
        "reason": "column-count-mismatch",
        "bucket": "captured",
        "key": KEY,
        "version_id": "v7",
        "route": "captures",
        "entries": 3,
        "first": "2026-03-01T10:00:01",
        "last": "2026-03-01T10:00:03",
    }


def test_an_empty_quarantine_is_told_of(put: Put) -> None:
    place = put(entry(1))

    run("redrive", place, "--database", "x.duckdb", *RIGHT)

    assert "holds no entries" in run("list", place).stdout
    assert json.loads(run("list", place, "--json").stdout)["entries"] == 0
    assert "holds no entries" in run("show", place).stdout
    assert run("show", place, "--json").stdout == ""
    assert summary(place, "--database", "x.duckdb", *RIGHT)["entries"] == 0


def test_show_tells_why_and_where_and_shortens_the_line(put: Put) -> None:
    long = call("long", [(n, 1.5, 0.5) for n in range(100)])
    put(entry(1, long), entry(2))
    place = put(entry(3, b"\x1b[31mred\xff", reason=Reason.INVALID_JSON))

    shown = run("show", place, "--reason", "column-count-mismatch", "--limit", "1").stdout
    invalid = run("show", place, "--reason", "invalid-json").stdout
    entries = left(place)

    assert f"s3://captured/{KEY} (version v7)" in shown
    assert f"line 1, offset 1000, {len(long)} bytes" in shown
    assert "told then" in shown
    assert max(map(len, shown.splitlines())) < 300
    assert "line 2" not in shown
    assert "\\x1b[31mred\\xff" in invalid
    assert "\x1b[31m" not in invalid
    assert [one["line_number"] for one in entries] == [1, 2, 3]
    assert entries[0]["line"].encode() == long
    assert base64.b64decode(entries[2]["line"]) == b"\x1b[31mred\xff"


def test_a_file_that_is_no_quarantine_is_named_and_left_and_the_others_are_used(put: Put) -> None:
    place = put(entry(1))
    Path("mixed").mkdir()
    Path("mixed/a.jsonl").write_bytes(call("captured", [(1, 1.5, 0.5)]))
    Path("mixed/b.jsonl").write_bytes(encode_entries([entry(2)]))

    listed = run("list", "mixed", exit_code=1)
    done = summary("mixed", "--database", "x.duckdb", *RIGHT, exit_code=1)

    assert "mixed/a.jsonl is not a quarantine file" in listed.stderr
    assert "1 entry in 1 file" in listed.stdout
    assert (done["delivered"], len(done["problems"])) == (1, 1)
    assert [path.name for path in Path("mixed").iterdir()] == ["a.jsonl"]
    assert len(left(place)) == 1


def test_what_a_wrong_mapping_rejected_is_delivered_under_the_right_one_and_vanishes(
    fiddler: FiddlerServer,
) -> None:
    folder = Path("in/endpoint/variant/2026/03/01/10")
    folder.mkdir(parents=True)
    calls = [call(f"event-{n}", [(n, 1.5, 0.25), (n, 2.5, 0.75)]) for n in range(30)]
    (folder / "20-30-123-a.jsonl").write_bytes(b"\n".join(calls))
    CliRunner().invoke(app, ["forward", "in", *WRONG])
    assert fiddler.events == []
    (kept,) = Path().glob("capture-forwarder-*")
    assert len(left(str(kept))) == 30

    shown = run("redrive", kept, *RIGHT, "--metadata", "endpoint=endpoint,variant=variant").stdout

    assert re.search(r"column-count-mismatch +30 +30 +0", shown)
    assert "60 inferences of 30 entries went to fiddler" in shown
    assert ids(fiddler) == [f"event-{n}_{index}" for n in range(30) for index in (0, 1)]
    assert {(event["endpoint"], event["variant"]) for event in fiddler.events} == {
        ("endpoint", "variant")
    }
    assert list(kept.rglob("*")) == []


def test_delivered_entries_leave_the_quarantine_and_others_stay_in_place(
    fiddler: FiddlerServer, put: Put
) -> None:
    wide = line(side("1,2,3"), side("0.5"), eventId="wide")
    untouched = entry(4, reason=Reason.INVALID_JSON)
    place = put(entry(1), entry(2, wide, reason=Reason.MISSING_INPUT), entry(3), untouched)

    done = summary(place, *RIGHT, "--reason", "column-count-mismatch")
    rest = left(place)
    again = summary(place, *RIGHT, "--reason", "missing-input", exit_code=1)

    assert done["delivered"] == 2
    assert ids(fiddler) == ["event-1", "event-3"]
    assert [one["line_number"] for one in rest] == [2, 4]
    assert again["again"] == {"column-count-mismatch": 1}
    changed, same = left(place)
    assert changed["reason"] == "column-count-mismatch"
    assert changed["detail"] != "told then"
    assert changed["line"].encode() == wide
    assert changed["file"] == same["file"] == rest[0]["file"]
    assert {name: same[name] for name in same if name != "file"} == msgspec.to_builtins(untouched)


def test_a_dry_run_says_what_would_happen_and_changes_nothing(
    fiddler: FiddlerServer, put: Put
) -> None:
    place = put(entry(1), entry(2), entry(3, b"{", reason=Reason.MISSING_INPUT))
    before = left(place)

    shown = run("redrive", place, *RIGHT, "--dry-run", exit_code=1).stdout
    done = summary(place, *RIGHT, "--dry-run", exit_code=1)
    fine = summary(place, *RIGHT, "--dry-run", "--reason", "column-count-mismatch")

    assert re.search(r"reason +entries +would be sent +would be rejected", shown)
    assert re.search(r"column-count-mismatch +2 +2 +0", shown)
    assert re.search(r"invalid-json +1", shown)
    assert "2 inferences of 2 entries would go to fiddler" in shown
    assert (done["dry_run"], done["delivered"], done["rejected_again"]) == (True, 2, 1)
    assert fine["delivered"] == 2
    assert fiddler.publish_requests == []
    assert left(place) == before


def test_a_dry_run_makes_no_database(put: Put) -> None:
    place = put(entry(1))

    run("redrive", place, *RIGHT, "--database", "x.duckdb", "--dry-run")

    assert not Path("x.duckdb").exists()


def test_keep_delivers_and_leaves_the_quarantine_as_it_is(fiddler: FiddlerServer, put: Put) -> None:
    place = put(entry(1), entry(2, b"{"))
    before = left(place)

    done = summary(place, *RIGHT, "--keep", exit_code=1)

    assert done["delivered"] == 1
    assert ids(fiddler) == ["event-1"]
    assert left(place) == before


def test_entries_go_in_batches_and_not_one_by_one(fiddler: FiddlerServer, put: Put) -> None:
    place = put(*(entry(n) for n in range(1, 2501)))

    done = summary(place, *RIGHT)

    assert done["inferences"] == 2500
    assert fiddler.batch_sizes == [1000, 1000, 500]


def test_a_line_with_more_inferences_than_a_batch_holds_is_sent_in_several(
    fiddler: FiddlerServer, put: Put
) -> None:
    big = call("big", [(n, 1.5, 0.5) for n in range(2100)])
    place = put(entry(1), entry(2, big), entry(3))

    assert summary(place, *RIGHT)["inferences"] == 2102
    assert len(set(ids(fiddler))) == len(ids(fiddler)) == 2102
    assert max(fiddler.batch_sizes) <= 1000
    assert left(place) == []


@pytest.mark.parametrize("fault", [Status(503), Reset(stored=False)])
def test_a_platform_that_fails_in_the_middle_loses_nothing_and_doubles_nothing(
    fiddler: FiddlerServer, put: Put, fault: Status | Reset
) -> None:
    put(*(entry(n) for n in range(1, 2501)))
    place = put(*(entry(n, reason=Reason.MISSING_INPUT) for n in range(3001, 3101)))
    fiddler.fail_next(None, fault)

    broken = summary(place, *RIGHT, exit_code=1)
    kept = {one["line_number"] for one in left(place)}
    after = {name.removeprefix("event-") for name in ids(fiddler)}
    done = summary(place, *RIGHT)

    assert (broken["delivered"], broken["not_sent"], broken["files_left"]) == (1000, 1500, 1)
    assert broken["stopped"]
    assert kept == {*range(1001, 2501), *range(3001, 3101)}
    assert after == {str(n) for n in range(1, 1001)}
    assert done["delivered"] == 1600
    assert len(set(ids(fiddler))) == len(ids(fiddler)) == 2600
    assert left(place) == []


def test_a_platform_that_fails_once_is_tried_again(
    fiddler: FiddlerServer, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDER_RETRY_SECONDS", "30")
    place = put(entry(1))
    fiddler.fail_next(Status(503))

    assert summary(place, *RIGHT)["delivered"] == 1


def test_a_schema_that_cannot_be_read_at_once_is_asked_for_again(
    fiddler: FiddlerServer, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDER_RETRY_SECONDS", "30")
    place = put(entry(1))
    asked: list[str] = []

    def at_first(request: Request) -> bool:
        asked.append(request.path)
        return len(asked) == 1

    fiddler.fail_when(at_first, Status(503))

    assert summary(place, *RIGHT)["delivered"] == 1


def test_a_platform_that_is_down_is_explained(fiddler: FiddlerServer, put: Put) -> None:
    place = put(entry(1))
    fiddler.fail_next(Status(503))

    told = run("redrive", place, *RIGHT, exit_code=1).stderr

    assert "503" in told
    assert "Not sent: 1 entry and 0 more files; run the command again" in told


def test_a_crash_before_the_quarantine_is_changed_sends_the_same_ids_again(
    fiddler: FiddlerServer, put: Put
) -> None:
    def crash(*_: object) -> None:
        raise QuarantineError("The disk is gone.")

    place = put(entry(1), entry(2))
    with pytest.MonkeyPatch.context() as patch:
        for files in (FolderQuarantineFiles, S3QuarantineFiles):
            patch.setattr(files, "remove", crash)
        assert summary(place, *RIGHT, exit_code=1)["problems"] == ["The disk is gone."]
    assert len(left(place)) == 2

    assert summary(place, *RIGHT)["delivered"] == 2

    assert ids(fiddler) == ["event-1", "event-2"] * 2
    assert left(place) == []


def test_a_refused_inference_is_sent_alone_and_not_with_its_whole_line(
    fiddler: FiddlerServer, put: Put
) -> None:
    raw = call("many", [(n, 1.5, 0.5) for n in range(5)])
    refused = Reason.REJECTED_BY_PLATFORM
    place = put(
        entry(1, raw, reason=refused, inference_id="many_1", row_index=1),
        entry(1, raw, reason=refused, inference_id="many_3", row_index=3),
    )

    done = summary(place, *RIGHT)

    assert (done["delivered"], done["inferences"]) == (2, 2)
    assert [(event["event_id"], event["age"]) for event in fiddler.events] == [
        ("many_1", 1),
        ("many_3", 3),
    ]
    assert left(place) == []


def test_an_inference_that_is_no_longer_in_its_line_stays(fiddler: FiddlerServer, put: Put) -> None:
    place = put(entry(1, inference_id="event-1_4", row_index=4))

    done = summary(place, *RIGHT, exit_code=1)

    assert done["again"] == {"record-count-mismatch": 1}
    assert fiddler.publish_requests == []
    assert left(place)[0]["inference_id"] == "event-1_4"


def test_inferences_that_the_platform_refuses_stay_alone_and_the_rest_is_delivered(
    fiddler: FiddlerServer, put: Put
) -> None:
    raw = call("many", [(n, 1.5, 0.5) for n in range(5)])
    fiddler.refuse(lambda event: event["age"] in {3, 77})
    place = put(entry(1), entry(2, raw), entry(77))

    done = summary(place, *RIGHT, exit_code=1)
    of_line, whole = left(place)
    fiddler.refuse(None)
    last = summary(place, *RIGHT)

    assert (done["delivered"], done["rejected_again"], done["inferences"]) == (1, 2, 5)
    assert done["again"] == {"rejected-by-platform": 2}
    assert (of_line["inference_id"], of_line["row_index"]) == ("many_3", 3)
    assert "Invalid event data" in of_line["detail"]
    assert of_line["line"].encode() == raw
    assert (whole["line_number"], whole["reason"]) == (77, "rejected-by-platform")
    assert last["inferences"] == 2
    assert sorted(ids(fiddler)) == sorted(
        ["event-1", "event-77", *(f"many_{index}" for index in range(5))]
    )


def test_a_line_that_is_not_utf_8_goes_through_the_parser_byte_for_byte(
    fiddler: FiddlerServer, put: Put
) -> None:
    # The parser does not read what no column needs, so that this line is a good one.
    good = entry(1).line.encode()[:-1] + b', "note": "\xff"}'
    bad = b'{"captureData": "\xff"}'
    place = put(entry(1, good), entry(2, bad, reason=Reason.MISSING_INPUT))

    done = summary(place, *RIGHT, exit_code=1)

    (one,) = left(place)
    assert ids(fiddler) == ["event-1"]
    assert (done["delivered"], done["rejected_again"]) == (1, 1)
    assert (one["line_number"], one["encoding"]) == (2, "base64")
    assert one["reason"] != "missing-input"
    assert base64.b64decode(one["line"]) == bad


def test_a_good_line_kept_as_base64_is_delivered(fiddler: FiddlerServer, put: Put) -> None:
    made = entry(1)
    place = put(
        msgspec.structs.replace(
            made, encoding="base64", line=base64.b64encode(made.line.encode()).decode()
        )
    )

    assert summary(place, *RIGHT)["delivered"] == 1
    assert ids(fiddler) == ["event-1"]


def test_an_entry_with_only_the_beginning_of_its_line_stays_and_says_how_to_send_it(
    fiddler: FiddlerServer, put: Put
) -> None:
    long = entry(2, b'{"captureData": {"en', reason=Reason.LINE_TOO_LONG, length=20_000_000)
    place = put(entry(1), long)
    result = run("redrive", place, *RIGHT, exit_code=1)

    assert re.search(r"line-too-long +1 +0 +0 +1", result.stdout)
    assert (
        f"FORWARDER_MAX_LINE_BYTES=20000000 capture-forwarder forward 's3://captured/{KEY}'"
        in result.stderr
    )
    assert ids(fiddler) == ["event-1"]
    (kept,) = left(place)
    assert kept["reason"] == "line-too-long"
    assert kept["detail"] == "told then"
    assert "20000000" in summary(place, *RIGHT, exit_code=1)["advice_on_too_long"]


def test_a_line_that_holds_nothing_under_the_new_settings_is_done(put: Put) -> None:
    place = put(entry(1, line(side("[]", "application/json"), side("[]", "application/json"))))

    done = summary(place, "--database", "x.duckdb", *RIGHT)

    assert (done["empty"], done["delivered"]) == (1, 0)
    assert left(place) == []


def test_an_entry_that_a_retry_left_twice_is_sent_once(fiddler: FiddlerServer, put: Put) -> None:
    put(entry(1), entry(2))
    place = put(entry(2))

    done = summary(place, *RIGHT)

    assert (done["delivered"], done["repeated"]) == (2, 1)
    assert ids(fiddler) == ["event-1", "event-2"]
    assert left(place) == []


def test_entries_of_another_route_are_left_unless_it_is_named(
    fiddler: FiddlerServer, put: Put
) -> None:
    place = put(entry(1), entry(2, route="second"))

    result = run("redrive", place, *RIGHT)
    assert "Left alone: 1 entry of route second" in result.stderr
    assert ids(fiddler) == ["event-1"]

    assert summary(place, *RIGHT, "--route", "second")["delivered"] == 1
    assert left(place) == []


def test_a_part_of_the_quarantine_or_one_file_can_be_named(put: Put) -> None:
    put(entry(1))
    place = put(entry(2, reason=Reason.MISSING_INPUT))
    options = ("--database", "x.duckdb", *RIGHT)

    assert summary(f"{place}/missing-input", *options)["delivered"] == 1
    (kept,) = left(place)
    assert summary(kept["file"], *options)["delivered"] == 1
    assert left(place) == []


def test_entries_go_to_duckdb_too(put: Put) -> None:
    place = put(entry(1), entry(2))

    run("redrive", place, *RIGHT, "--database", "x.duckdb")

    with duckdb.connect("x.duckdb") as connection:
        rows = connection.execute("FROM captures SELECT inference_id, age ORDER BY age").fetchall()
    assert rows == [("event-1", 1), ("event-2", 2)]


def test_a_file_that_the_function_wrote_anew_meanwhile_is_never_deleted(
    fiddler: FiddlerServer, put: Put
) -> None:
    place = put(entry(1))
    newer = (entry(1), entry(9))
    fiddler.refuse(lambda _: bool(put(*newer)) and False)

    done = summary(place, *RIGHT, exit_code=1)

    assert "changed by somebody else" in done["problems"][0]
    assert [one["line_number"] for one in left(place)] == [1, 9]


def test_a_file_that_was_deleted_meanwhile_is_told_of() -> None:
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        files = S3QuarantineFiles(lambda: s3, BUCKET, PREFIX)
        name = f"{S3_PLACE}/a.jsonl"
        with pytest.raises(QuarantineError, match="NoSuchKey"):
            files.read(name)
        for change in (files.remove, lambda *a: files.replace(a[0], b"", a[1])):
            with pytest.raises(QuarantineError, match="changed by somebody else"):
                change(name, '"0123"')


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("list", "nowhere"), "no such file or folder"),
        (("list", f"s3://{BUCKET}"), "has no prefix"),
        (("show", "s3://"), "has no prefix"),
        (("redrive", "nowhere", "--database", "x.duckdb", *RIGHT), "no such file or folder"),
        (("redrive", ".", "--publisher", "duckdb"), "no column is configured"),
        (("redrive", ".", "--publisher", "fiddler", "--database", "x", *RIGHT), "--database"),
        (("redrive", ".", *RIGHT), "No publisher is named"),
        (("redrive", ".", "--publisher", "fiddler", *RIGHT), "FIDDLER_TOKEN: missing"),
        (("redrive", ".", *RIGHT, "--reason", "bad-luck"), "bad-luck"),
    ],
)
def test_wrong_usage_is_explained_and_ends_with_two(arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments, exit_code=2)

    assert told in result.stderr
    assert result.stdout == ""


def test_a_bucket_that_cannot_be_read_is_an_error() -> None:
    with mock_aws():
        assert "NoSuchBucket" in run("list", S3_PLACE, exit_code=1).stderr


def test_columns_of_the_model_that_nothing_fills_are_warned_of(
    fiddler: FiddlerServer, put: Put
) -> None:
    place = put(entry(1, line(side("1"), side("0.5"), eventId="narrow")))

    shown = run("redrive", place, *WRONG, "--dry-run")
    done = summary(place, *WRONG)

    assert "Note: model columns that no setting fills (columns: income)" in shown.stderr
    assert done["warnings"] == ["model columns that no setting fills (columns: income)"]
    assert ids(fiddler) == ["narrow"]


def test_columns_that_the_model_does_not_have_end_it_before_anything_is_sent(
    fiddler: FiddlerServer, put: Put
) -> None:
    place = put(entry(1))

    told = run("redrive", place, "--inputs", "age,wage", "--outputs", "score", exit_code=1).stderr

    assert "'wage'" in told
    assert fiddler.publish_requests == []
    assert len(left(place)) == 1
