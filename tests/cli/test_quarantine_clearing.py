"""Entries that leave the quarantine unsent: delivered by a later forward, or discarded."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app

WRONG = ("--inputs", "a,b", "--outputs", "score")
RIGHT = ("--inputs", "a,b,c", "--outputs", "score")
TO = ("--database", "rows.duckdb")
FOLDER = "in/churn/blue/2026/03/01/10"
KEPT = "capture-forwarder-quarantine"


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("FORWARDER_", "FIDDLER_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="kept")
        yield


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == exit_code, result.output
    return result


def call(row: str, encoding: str = "CSV") -> str:
    def payload(text: str) -> dict[str, str]:
        data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
        return {"observedContentType": "text/csv", "data": data, "encoding": encoding}

    sides = {"endpointInput": payload(row), "endpointOutput": payload("0.5")}
    about = {"eventId": f"call {row}", "inferenceTime": "2026-03-01T10:20:30Z"}
    return json.dumps({"captureData": sides, "eventMetadata": about}) + "\n"


def capture(*lines: str, name: str = "a") -> Path:
    path = Path(FOLDER, f"{name}.jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))
    return path


def kept(address: str = KEPT) -> dict[str, int]:
    """Reason → entries of the quarantine."""
    found = json.loads(run("quarantine", "list", address, "--json").stdout)
    return {name: int(count) for name, count in found["reasons"].items()}


def test_entries_leave_once_their_file_was_forwarded_with_columns_that_fit() -> None:
    capture(call("1,2,3"), call("4,5,6"))
    run("forward", "in", *TO, *WRONG)
    assert kept() == {"column-count-mismatch": 2}

    result = run("forward", "in", *TO, *RIGHT)

    assert "2 entries of earlier runs have left capture-forwarder-quarantine" in result.stdout
    assert not list(Path(KEPT).rglob("*.jsonl"))


@pytest.mark.usefixtures("bucket")
def test_entries_leave_a_quarantine_in_s3_too() -> None:
    capture(call("1,2,3"), call("4,5,6"))
    address = "s3://kept/quarantine"
    run("forward", "in", *TO, *WRONG, "--quarantine", address)
    assert kept(address) == {"column-count-mismatch": 2}

    result = run("forward", "in", *TO, *RIGHT, "--quarantine", address, "--json")

    assert json.loads(result.stdout.splitlines()[-1])["summary"]["cleared"] == 2
    assert kept(address) == {}


def test_what_is_rejected_again_stays_and_is_there_once() -> None:
    capture(call("1,2,3"), "damaged\n", call("4,5,6"))
    run("forward", "in", *TO, *WRONG)

    run("forward", "in", *TO, *RIGHT)
    assert kept() == {"invalid-json": 1}

    run("forward", "in", *TO, *RIGHT)
    assert kept() == {"invalid-json": 1}


def test_entries_of_other_files_routes_and_contents_stay() -> None:
    path = capture(call("1,2,3"))
    capture(call("4,5,6"), name="b")
    run("forward", "in", *TO, *WRONG)
    run("forward", str(path), *TO, *WRONG, "--table", "other")
    before = kept()["column-count-mismatch"]
    assert before == 3

    path.write_text(call("1,2,3") + call("7,8,9"))  # what it held is delivered nowhere
    run("forward", str(path), *TO, *RIGHT)
    assert kept()["column-count-mismatch"] == 3

    path.write_text(call("4,5,6"))
    run("forward", str(Path(FOLDER, "b.jsonl")), *TO, *RIGHT)
    assert kept()["column-count-mismatch"] == 2


def test_entries_of_a_file_that_fails_or_was_done_before_stay(tmp_path: Path) -> None:
    capture(call("1,2,3"))
    run("forward", "in", *TO, *WRONG, "--ledger", "ledger.sqlite")

    run("forward", "in", *TO, *RIGHT, "--ledger", "ledger.sqlite")
    assert kept() == {"column-count-mismatch": 1}

    nowhere = str(tmp_path / "nowhere" / "rows.duckdb")
    run("forward", "in", "--database", nowhere, *RIGHT, exit_code=1)
    assert kept() == {"column-count-mismatch": 1}


@pytest.mark.parametrize("apply", [False, True])
def test_entries_are_discarded_by_reason_once_it_is_applied(*, apply: bool) -> None:
    capture(call("1,2,3"), "damaged\n", call("4,5,6"), "damaged\n")
    run("forward", "in", *TO, *WRONG)

    options = ("--reason", "invalid-json", *(["--apply"] if apply else []))
    shown = run("quarantine", "discard", KEPT, *options).stdout

    assert f"2 entries with invalid-json {'deleted' if apply else 'would be deleted'}" in shown
    assert ("Add --apply" in shown) != apply
    left = {"column-count-mismatch": 2} | ({} if apply else {"invalid-json": 2})
    assert kept() == left


def test_entries_are_discarded_by_route_or_all_and_never_by_default() -> None:
    capture(call("1,2,3"))
    run("forward", "in", *TO, *WRONG)
    run("forward", "in", *TO, *WRONG, "--table", "other")

    refused = run("quarantine", "discard", KEPT, "--apply", exit_code=2)
    assert "--reason REASON, --route NAME or --all" in refused.stderr
    assert kept() == {"column-count-mismatch": 2}

    run("quarantine", "discard", KEPT, "--route", "other", "--apply")
    assert kept() == {"column-count-mismatch": 1}

    found = run("quarantine", "discard", KEPT, "--all", "--apply", "--json").stdout
    assert json.loads(found)["reasons"] == {"column-count-mismatch": 1}
    assert kept() == {}
    assert "no such entries" in run("quarantine", "discard", KEPT, "--all").stdout


def test_a_damaged_file_is_left_and_told() -> None:
    capture("damaged\n")
    run("forward", "in", *TO, *WRONG)
    Path(KEPT, "notes.jsonl").write_text("no entry\n")

    result = run("quarantine", "discard", KEPT, "--all", "--apply", exit_code=1)

    assert "notes.jsonl is not a quarantine file" in result.stderr
    assert [path.name for path in Path(KEPT).rglob("*.jsonl")] == ["notes.jsonl"]


def test_payloads_in_base64_are_shown_decoded() -> None:
    capture(call("1,2,\x1b[31mred", "BASE64"))
    run("forward", "in", *TO, *WRONG)

    shown = run("quarantine", "show", KEPT).stdout

    assert "request, decoded: 1,2,\\x1b[31mred" in shown
    assert "response, decoded: 0.5" in shown


def test_a_local_file_is_shown_by_its_path() -> None:
    path = capture(call("1,2,3"))
    run("forward", "in", *TO, *WRONG)

    shown = run("quarantine", "show", KEPT).stdout

    assert str(path.absolute()) in shown
    assert "s3://" not in shown
    assert re.search(r"route churn, \d{4}-\d\d-\d\d \d\d:\d\d UTC", shown)


def test_that_there_is_nothing_to_show_is_said() -> None:
    Path("empty").mkdir()

    shown = CliRunner().invoke(app, ["quarantine", "show", "empty"]).output
    assert shown.strip() == "empty holds no entries."
    asked = ["quarantine", "show", "empty", "--reason", "invalid-json"]
    told = CliRunner().invoke(app, asked).output
    assert told.strip() == "empty holds no entries with the reason invalid-json."
    assert CliRunner().invoke(app, [*asked, "--json"]).output == ""


def test_no_word_is_broken_in_a_terminal_of_80_columns() -> None:
    capture(call("1,2,3"), "damaged\n", call('4,5,6"'), "[]\n")
    run("forward", "in", *TO, *WRONG)

    shown = run("quarantine", "list", KEPT).stdout

    for word in ("column-count-mismatch", "invalid-json", "not-a-capture-record", "entries"):
        assert word in shown
    assert re.search(r"invalid-json +churn +1 +1 +\d{4}-\d\d-\d\d \d\d:\d\d", shown)
