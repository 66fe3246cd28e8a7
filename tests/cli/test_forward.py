"""The command: what it prints, what it writes and how it ends."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from capture_forwarder import __version__
from capture_forwarder.cli.app import app
from tests.support.platforms.fiddler import CHURN_MODEL, MODEL_ID, TOKEN, FiddlerServer
from tests.support.row_files import read_rows

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT / "events" / "captures"
COLUMNS = (
    "tenure_months,monthly_charges,total_charges,contract,payment_method,senior,"
    "support_calls,data_usage_gb"
)
MAPPING = ("--inputs", COLUMNS, "--outputs", "score")
GOOD = CAPTURES / "datacapture" / "churn-untyped"
BUCKET = "captures"
ENDPOINTS = {"churn-endpoint", "churn-pipeline", "churn-untyped"}


@pytest.fixture(autouse=True)
def clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every test works in a folder of its own, without settings and with made-up credentials."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("FORWARDER_", "FIDDLER_", "AWS_")):
            monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def bucket() -> Iterator[None]:
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for path in CAPTURES.rglob("*.jsonl"):
            key = path.relative_to(CAPTURES).as_posix()
            s3.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
        s3.put_object(Bucket=BUCKET, Key="datacapture2/other.jsonl", Body=b"not this one")
        s3.put_object(Bucket=BUCKET, Key="datacapture/folder/", Body=b"")
        yield


def run(*arguments: str | Path, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def json_lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def query(path: str | Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path)) as connection:
        return list(connection.execute(sql).fetchall())


def test_the_version_is_shown() -> None:
    assert run("--version").stdout == f"capture-forwarder {__version__}\n"


@pytest.mark.parametrize("command", ["demo", "forward", "inspect"])
def test_help_shows_an_example(command: str) -> None:
    assert f"capture-forwarder {command}" in run(command, "--help").stdout


def test_the_demo_forwards_the_samples_and_shows_what_was_refused() -> None:
    result = run("demo", "--captures", CAPTURES)

    assert re.search(r"4 files +83 +73 +1 +9 +256", result.stdout)
    assert re.search(r"error-response +1 +line 7 of 45-05-012", result.stdout)
    assert re.search(r"monthly_charges +DOUBLE +\d", result.stdout)
    assert '"object forwarded"' not in result.output
    path = "capture-forwarder-demo.duckdb"
    assert query(path, "SELECT count(*) FROM captures") == [(256,)]
    assert len([*Path("capture-forwarder-demo-quarantine").rglob("captures-*.jsonl")]) == 9


def test_the_demo_shows_queries_that_work() -> None:
    result = run("demo", "--captures", CAPTURES)

    (command,) = re.findall(r"capture-forwarder (query .*)", result.stdout)
    shown = run(*shlex.split(command)).stdout
    assert set(re.findall(r"churn-\w+", shown)) == ENDPOINTS


def test_the_demo_finds_the_samples_of_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    database = Path.cwd() / "demo.duckdb"
    monkeypatch.chdir(ROOT)

    assert "256" in run("demo", "--database", database).stdout


def test_the_demo_ignores_the_settings_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIDDLER_URL", "nonsense")
    monkeypatch.setenv("FORWARDER_TYPO", "1")
    monkeypatch.setenv("FORWARDER_PUBLISHER", "fiddler")

    assert "256" in run("demo", "--captures", CAPTURES).stdout


def test_the_demo_can_be_repeated_and_starts_afresh() -> None:
    run("demo", "--captures", CAPTURES)
    result = run("demo", "--captures", CAPTURES / "datacapture" / "churn-untyped")

    assert query("capture-forwarder-demo.duckdb", "SELECT count(*) FROM captures") == [(31,)]
    assert "What was refused" not in result.stdout


def test_the_demo_never_replaces_a_database_that_is_not_its_own() -> None:
    run("forward", GOOD, "--database", "mine.duckdb", *MAPPING)

    result = run("demo", "--captures", CAPTURES, "--database", "mine.duckdb", exit_code=2)

    assert "not made by the demo" in result.stderr
    assert query("mine.duckdb", 'SELECT count(*) FROM "churn-untyped"') == [(31,)]


def test_the_demo_never_removes_a_folder_that_is_no_quarantine() -> None:
    Path("demo-quarantine").mkdir()
    Path("demo-quarantine/letters.txt").write_text("dear")

    run("demo", "--captures", CAPTURES, "--database", "demo.duckdb", exit_code=2)

    assert Path("demo-quarantine/letters.txt").exists()


def test_the_demo_says_where_it_looked_for_samples() -> None:
    assert "events/captures" in run("demo", exit_code=2).stderr


def test_a_folder_is_forwarded_and_what_was_rejected_is_kept() -> None:
    result = run("forward", CAPTURES, "--publisher", "duckdb", *MAPPING)

    assert "9 lines went to capture-forwarder-quarantine" in result.stdout
    counts = 0
    for endpoint in ENDPOINTS:
        path = "capture-forwarder.duckdb"
        ((count,),) = query(path, f'SELECT count(*) FROM "{endpoint}"')  # noqa: S608 - ours
        assert re.search(rf"files? in table {endpoint} .* {count} *\n", result.stdout)
        counts += count
    assert counts == 256
    assert len([*Path("capture-forwarder-quarantine").rglob("churn-*.jsonl")]) == 9


def test_endpoint_and_variant_are_found_in_a_local_path() -> None:
    metadata = ("--metadata", "spot=endpoint,who=variant")
    run("forward", GOOD, "--database", "x.duckdb", *MAPPING, *metadata)

    rows = query("x.duckdb", 'SELECT DISTINCT spot, who FROM "churn-untyped"')
    assert rows == [("churn-untyped", "AllTraffic")]


def test_one_json_object_a_file_and_a_summary_are_all_that_json_prints() -> None:
    result = run("forward", CAPTURES, "--publisher", "duckdb", "--json", *MAPPING)

    *files, last = json_lines(result)
    assert len(files) == 4
    assert all(file["status"] == "forwarded" for file in files)
    for file in files:
        rejected = sum(file["quarantined"].values())
        assert file["lines"] == file["forwarded"] + file["empty"] + rejected
    assert last["summary"]["inferences"] == sum(file["inferences"] for file in files) == 256
    assert last["summary"]["quarantine"] == "capture-forwarder-quarantine"
    assert result.stderr == ""


def test_one_file_that_fails_does_not_stop_the_others() -> None:
    good = next(GOOD.rglob("*.jsonl"))
    Path("in").mkdir()
    Path("in/a.jsonl.gz").write_bytes(gzip.compress(good.read_bytes())[:-20])
    Path("in/b.jsonl").write_bytes(good.read_bytes())

    result = run("forward", "in", "--publisher", "duckdb", *MAPPING, exit_code=1)

    assert "in/a.jsonl.gz" in result.stderr
    assert "1 of 2 files failed" in result.stderr
    assert query("capture-forwarder.duckdb", "SELECT count(*) FROM captures") == [(31,)]


def test_a_failed_file_is_told_in_json_too() -> None:
    Path("a.gz").write_bytes(gzip.compress(b"x" * 99)[:-9])

    failed, summary = json_lines(
        run("forward", "a.gz", "--publisher", "duckdb", "--json", *MAPPING, exit_code=1)
    )

    assert failed["status"] == "failed"
    assert "gzip" in failed["error"]
    assert summary["summary"]["failed_files"] == 1


def test_gzipped_files_below_a_folder_are_taken_and_others_left() -> None:
    good = next(GOOD.rglob("*.jsonl")).read_bytes()
    Path("in/deep").mkdir(parents=True)
    Path("in/deep/a.jsonl.gz").write_bytes(gzip.compress(good))
    Path("in/b.gz").write_bytes(gzip.compress(good))
    Path("in/notes.txt").write_text("no capture file")

    *files, _ = json_lines(run("forward", "in", "--publisher", "duckdb", "--json", *MAPPING))

    assert [file["file"] for file in files] == ["in/b.gz", "in/deep/a.jsonl.gz"]


def test_the_quarantine_is_never_taken_as_input() -> None:
    bad = CAPTURES / "datacapture" / "churn-endpoint"
    Path("in").symlink_to(bad)
    Path("own.jsonl").write_bytes(next(GOOD.rglob("*.jsonl")).read_bytes())
    run("forward", bad, "--publisher", "duckdb", *MAPPING)

    *files, _ = json_lines(run("forward", ".", "--publisher", "duckdb", "--json", *MAPPING))

    assert [file["file"] for file in files] == ["own.jsonl"]
    entry = next(Path("capture-forwarder-quarantine").rglob("churn-*.jsonl"))
    refused = run("forward", entry, "--publisher", "duckdb", *MAPPING, exit_code=2)
    assert "never taken as input" in refused.stderr


def test_options_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIDDLER_MODEL_COLUMNS", "only,two")
    monkeypatch.setenv("FIDDLER_MODEL_OUTPUT_COLUMN", "score")
    monkeypatch.setenv("FORWARDER_QUARANTINE", "kept")
    monkeypatch.setenv("FORWARDER_DUCKDB_PATH", "other.duckdb")

    run("forward", GOOD, "--database", "mine.duckdb", "--inputs", COLUMNS, "--quarantine", "mine")

    assert query("mine.duckdb", 'SELECT count(*) FROM "churn-untyped"') == [(31,)]
    assert not Path("other.duckdb").exists()


@pytest.mark.parametrize(
    ("form", "suffix"),
    [(None, ".jsonl.gz"), ("json-array", ".json"), ("parquet", ".parquet")],
)
def test_options_say_where_files_go_and_how_they_are_written(form: str | None, suffix: str) -> None:
    asked = ("--files-format", form) if form else ()
    run("forward", GOOD, "--files", "rows", *asked, *MAPPING)

    files = [path for path in Path("rows").rglob("*") if path.is_file()]
    assert {path.name[path.name.index(".") :] for path in files} == {suffix}
    assert sum(len(read_rows(path.name, path.read_bytes())) for path in files) == 31


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((GOOD, "--publisher", "duckdb"), "capture-forwarder inspect"),
        ((GOOD, "--publisher", "duckdb", "--files", "x", *MAPPING), "--files can only be used"),
        ((GOOD, "--database", "y", "--files", "x", *MAPPING), "--files can only be used"),
        ((GOOD, "--database", "y", "--files-format", "parquet", *MAPPING), "--files-format can"),
        ((GOOD, "--files", "x", "--files-format", "csv", *MAPPING), "--files-format: must"),
        ((GOOD, "--files-format", "parquet", *MAPPING), "--files (FORWARDER_FILES): missing"),
        ((GOOD, "--publisher", "duckdb", "--inputs", "a,,b"), "empty entry"),
        ((GOOD, "--publisher", "arrow"), "arrow"),
        ((GOOD, "--publisher", "fiddler", "--database", "x", *MAPPING), "--database"),
        ((GOOD, *MAPPING), "without an account, add `--publisher duckdb`"),
        ((GOOD, "--publisher", "fiddler", *MAPPING), "FIDDLER_TOKEN: missing"),
        (("nowhere", "--publisher", "duckdb", *MAPPING), "no such file or folder"),
        ((".", "--publisher", "duckdb", *MAPPING), "holds no capture files"),
        (("s3://", "--publisher", "duckdb", *MAPPING), "s3:// has no bucket"),
        (("s3://b/p", GOOD, "--publisher", "duckdb", *MAPPING), "some are local"),
    ],
)
def test_wrong_usage_is_explained_and_ends_with_two(arguments: tuple[Any, ...], told: str) -> None:
    result = run("forward", *arguments, exit_code=2)

    assert told in result.stderr
    assert result.stdout == ""


@pytest.mark.usefixtures("bucket")
def test_everything_below_a_prefix_is_forwarded_and_nothing_beside_it() -> None:
    result = run(
        "forward", f"s3://{BUCKET}/datacapture", "--publisher", "duckdb", *MAPPING, "--json"
    )

    *files, last = json_lines(result)
    assert len(files) == 4
    assert all(file["file"].startswith(f"s3://{BUCKET}/datacapture/") for file in files)
    assert last["summary"]["inferences"] == 256


@pytest.mark.usefixtures("bucket")
def test_one_object_can_be_named_in_full() -> None:
    key = next(GOOD.rglob("*.jsonl")).relative_to(CAPTURES).as_posix()

    *files, _ = json_lines(
        run("forward", f"s3://{BUCKET}/{key}", "--publisher", "duckdb", *MAPPING, "--json")
    )

    assert [file["file"] for file in files] == [f"s3://{BUCKET}/{key}"]


@pytest.mark.usefixtures("bucket")
def test_a_quarantine_below_the_prefix_is_skipped() -> None:
    places = (f"s3://{BUCKET}", "--quarantine", f"s3://{BUCKET}/rejected")
    run("forward", *places, "--publisher", "duckdb", *MAPPING)

    *files, last = json_lines(run("forward", *places, "--publisher", "duckdb", *MAPPING, "--json"))

    skipped = [file["file"] for file in files if file["status"] == "skipped"]
    assert skipped
    assert all(name.startswith(f"s3://{BUCKET}/rejected/") for name in skipped)
    assert last["summary"]["skipped_files"] == len(skipped) == 10


@pytest.mark.usefixtures("bucket")
def test_an_empty_prefix_is_wrong_usage_and_a_missing_bucket_an_error() -> None:
    options = ("--publisher", "duckdb", *MAPPING)

    run("forward", f"s3://{BUCKET}/nothing", *options, exit_code=2)

    result = run("forward", "s3://no-such-bucket/x", *options, exit_code=1)
    assert "NoSuchBucket" in result.stderr


def test_a_wrong_aws_profile_is_an_error_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "there-is-none")
    monkeypatch.setenv("AWS_CONFIG_FILE", "no-file")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "no-file")

    result = run("inspect", f"s3://{BUCKET}/x", exit_code=2)

    assert "the AWS profile is not configured" in result.stderr
    assert "aws configure list-profiles" in result.stderr


def test_files_go_to_fiddler_by_the_settings_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with FiddlerServer(CHURN_MODEL) as server:
        monkeypatch.setenv("FIDDLER_URL", server.url)
        monkeypatch.setenv("FIDDLER_TOKEN", TOKEN)
        monkeypatch.setenv("FIDDLER_MODEL_UUID", MODEL_ID)
        monkeypatch.setenv("FIDDLER_MODEL_COLUMNS", COLUMNS)
        monkeypatch.setenv("FIDDLER_MODEL_OUTPUT_COLUMN", "score")

        result = run("forward", CAPTURES, "--metadata", "endpoint=endpoint,variant=variant")

        assert len(server.events) == 256
        assert "Forwarded to fiddler" in result.stdout
        assert TOKEN not in result.output


def test_a_platform_that_refuses_the_token_fails_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    with FiddlerServer(CHURN_MODEL) as server:
        monkeypatch.setenv("FIDDLER_URL", server.url)
        monkeypatch.setenv("FIDDLER_TOKEN", "wrong-token")
        monkeypatch.setenv("FIDDLER_MODEL_UUID", MODEL_ID)

        result = run("forward", GOOD, *MAPPING, exit_code=1)

    assert "FIDDLER_TOKEN" in result.stderr
    assert "wrong-token" not in result.output


def test_inspect_shows_what_files_hold_and_settings_to_paste() -> None:
    result = run("inspect", CAPTURES)

    assert "Endpoint churn-pipeline, variant AllTraffic" in result.stdout
    assert "FIDDLER_MODEL_COLUMNS=f0,f1,f2,f3,f4,f5,f6,f7\n" in result.stdout
    assert "FIDDLER_MODEL_OUTPUT_COLUMN=score,predicted_label\n" in result.stdout
    assert re.search(r"error-response +1 +line 7 of 45-05-012", result.stdout)
    assert re.search(r"20-30-123 +2026-03-01 10 +40 +40 +0 +0 +1 to 25, median 2.5", result.stdout)


def test_inspect_gives_the_same_facts_as_json() -> None:
    document = json.loads(run("inspect", CAPTURES, "--json").stdout)

    found = {endpoint["endpoint"]: endpoint for endpoint in document["endpoints"]}
    assert set(found) == {"churn-endpoint", "churn-pipeline", "churn-untyped"}
    assert found["churn-untyped"]["settings"] == {
        "FIDDLER_MODEL_COLUMNS": "f0,f1,f2,f3,f4,f5,f6,f7",
        "FIDDLER_MODEL_OUTPUT_COLUMN": "score",
    }
    files = [file for endpoint in found.values() for file in endpoint["files"]]
    assert sum(file["mapped"] for file in files) == 73
    assert all(
        file["lines"] == file["mapped"] + file["empty"] + sum(r["lines"] for r in file["rejected"])
        for file in files
    )
    assert len(found["churn-endpoint"]["preview"]) == 5


def test_the_settings_that_inspect_proposes_forward_every_line_that_it_maps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (endpoint,) = json.loads(run("inspect", GOOD, "--json").stdout)["endpoints"]
    for name, value in endpoint["settings"].items():
        monkeypatch.setenv(name, value)

    _, last = json_lines(run("forward", GOOD, "--publisher", "duckdb", "--json"))

    assert last["summary"]["forwarded"] == sum(file["mapped"] for file in endpoint["files"]) == 15


def test_inspect_keeps_what_the_environment_or_an_option_settles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FIDDLER_MODEL_COLUMNS", COLUMNS)

    shown = run("inspect", GOOD).stdout

    assert f"FIDDLER_MODEL_COLUMNS={COLUMNS}\nFIDDLER_MODEL_OUTPUT_COLUMN=score\n" in shown
    assert (
        "FIDDLER_MODEL_OUTPUT_COLUMN=churn\n" in run("inspect", GOOD, "--outputs", "churn").stdout
    )
    assert "empty entry" in run("inspect", GOOD, "--outputs", "a,,b", exit_code=2).stderr


def test_inspect_looks_at_as_many_lines_as_it_is_told() -> None:
    document = json.loads(run("inspect", GOOD, "--lines", "3", "--json").stdout)

    (file,) = document["endpoints"][0]["files"]
    assert (file["lines"], file["complete"]) == (3, False)


def test_inspect_says_that_a_file_has_no_capture_lines() -> None:
    Path("a.jsonl").write_text("{}\nwhat [bold]is[/] this\n")
    Path("b.jsonl").write_bytes(b"")

    result = run("inspect", "a.jsonl", "b.jsonl")

    assert result.stdout.count("no capture lines") == 2
    assert "Settings" not in result.stdout


def test_inspect_tells_of_a_file_that_cannot_be_read_and_goes_on() -> None:
    Path("a.gz").write_bytes(gzip.compress(b"x" * 99)[:-9])

    result = run("inspect", "a.gz", GOOD, exit_code=1)

    assert "a.gz" in result.stderr
    assert "FIDDLER_MODEL_COLUMNS=" in result.stdout


@pytest.mark.usefixtures("bucket")
def test_inspect_reads_from_s3() -> None:
    document = json.loads(
        run("inspect", f"s3://{BUCKET}/datacapture/churn-untyped", "--json").stdout
    )

    (file,) = document["endpoints"][0]["files"]
    assert (file["lines"], file["mapped"]) == (15, 15)


def test_values_that_look_like_markup_are_shown_as_they_are() -> None:
    sides = {
        "endpointInput": {"data": '{"text": "[red]x[/nope]"}', "encoding": "JSON"},
        "endpointOutput": {"data": '{"score": 1}', "encoding": "JSON"},
    }
    record = {"captureData": sides, "eventMetadata": {"eventId": "1"}, "eventVersion": "0"}
    Path("a.jsonl").write_text(json.dumps(record))

    assert "[red]x[/nope]" in run("inspect", "a.jsonl").stdout


@pytest.mark.parametrize("strict", [False, True])
def test_when_nothing_arrives_the_reason_and_the_next_command_are_told(*, strict: bool) -> None:
    options = (*("--strict" for _ in range(strict)), "--database", "x.duckdb")

    result = run(
        "forward", GOOD, *options, "--inputs", "a,b", "--outputs", "c", exit_code=int(strict)
    )

    assert "Not one row has arrived." in result.stderr
    assert "column-count-mismatch" in result.stderr
    assert "No reading fits the columns" in result.stderr
    assert "Query them" not in result.stdout
    for command in re.findall(r"capture-forwarder ((?:quarantine show|inspect) .*)", result.stderr):
        shown = run(*shlex.split(command)).stdout
        assert "column-count-mismatch" in shown or "tenure" in shown or "Settings" in shown
    assert result.stderr.count("capture-forwarder quarantine show") == 1
    assert result.stderr.count("capture-forwarder inspect") == 1


def test_strict_changes_nothing_when_rows_arrive_also_in_a_run_before() -> None:
    options = ("--strict", "--database", "x.duckdb", "--ledger", "ledger.sqlite", *MAPPING)

    for told in ("", "1 file had been forwarded before"):
        result = run("forward", next(GOOD.rglob("*.jsonl")), *options)
        assert told in result.stdout
        assert "Not one row" not in result.stderr


def test_of_several_reasons_why_nothing_arrives_the_most_frequent_is_told() -> None:
    lines = next(GOOD.rglob("*.jsonl")).read_text().splitlines()[:2]
    Path("a.jsonl").write_text("\n".join(["damaged", *lines]) + "\n")

    told = run("forward", "a.jsonl", "--database", "x.duckdb", "--inputs", "a", "--outputs", "b")

    assert "2 lines are in the quarantine as column-count-mismatch" in told.stderr
