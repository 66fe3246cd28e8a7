"""What `forward` says when something is odd: once, in words, with what to type next."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.captures import line, side
from tests.support.command_line import capture, run, work_in

MAPPING = ("--inputs", "a,b", "--outputs", "score")
DUCKDB = ("--publisher", "duckdb", *MAPPING)


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    work_in(tmp_path, monkeypatch, columns=80)


def routes(*endpoints: str) -> None:
    made = [
        {
            "name": endpoint,
            "match": {"endpoint": endpoint},
            "mapping": {"inputs": ["a", "b"], "outputs": ["score"]},
            "publisher": {"type": "duckdb"},
        }
        for endpoint in endpoints
    ]
    Path("routes.yaml").write_text(json.dumps({"routes": made}))


@pytest.mark.parametrize("columns", ["80", "120"])
def test_beside_routes_the_names_of_files_are_not_broken_into_snippets(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    capture("churn-of-customers", "1,x")
    routes("churn-of-customers", "a-second-model")

    shown = run("forward", "in", "--routes", "routes.yaml").stdout

    (first, *_) = [text for text in shown.splitlines() if "churn-of-customers/blue" in text]
    assert re.search(r"1 +1 +0 +0 +1 *$", first)
    table = shown.partition("Query them")[0]
    assert "churn-of-customers → duckdb" in " ".join(table.split())
    assert "a-second-model → duckdb" in " ".join(table.split())
    assert all(len(text) <= int(columns) for text in table.splitlines())
    assert len(table.splitlines()) < 20


def test_what_is_wrong_with_every_file_is_said_once() -> None:
    for number in range(30):
        capture(f"model-{number}", "1,x")

    told = run("forward", "in", *DUCKDB, "--ledger", "no/where/ledger.sqlite", exit_code=1).stderr

    assert "30 of 30 files failed" in told
    assert "and 29 files more: " in told
    assert told.count("The ledger (no/where/ledger.sqlite) cannot be used") == 1


def test_of_many_different_errors_only_the_first_are_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("capture_forwarder.cli.forward.view._MOST_PROBLEMS", 1)
    whole = gzip.compress(line(side("1,x"), side("0.5")))
    Path("cut.gz").write_bytes(whole[:40])
    Path("damaged.gz").write_bytes(whole[:-8] + bytes(8))

    told = run("forward", "cut.gz", "damaged.gz", *DUCKDB, exit_code=1).stderr

    assert told.count("Error: ") == told.count("Error: cut.gz: ") == 1
    assert "... and 1 error more; --json prints all of them." in told


@pytest.mark.parametrize("strict", [False, True])
def test_that_nothing_arrived_is_an_error_only_where_the_exit_code_says_so(*, strict: bool) -> None:
    capture("churn", "1,x,too many")
    option = ["--strict"] if strict else []

    told = run("forward", "in", *DUCKDB, *option, exit_code=int(strict)).stderr

    word = "Error" if strict else "Note"
    assert f"{word}: Not one row has arrived." in told
    assert ("Error:" in told) == strict


@pytest.mark.parametrize(
    "words",
    [
        ("forward", "in", "--inputs", "a,b", "--outputs", "score"),
        ("labels", "send", "labels.csv"),
        ("quarantine", "redrive", "capture-forwarder-quarantine"),
    ],
)
def test_without_a_publisher_it_is_said_how_to_do_without_an_account(
    words: tuple[str, ...],
) -> None:
    capture("churn", "1,x", "2,y,z")
    run("forward", "in", *DUCKDB)
    Path("labels.csv").write_text("id,label\ncall 1,1\n")

    told = run(*words, exit_code=2).stderr
    assert "No publisher is named, so the rows have nowhere to go." in told
    assert "add `--publisher duckdb`" in told
    assert "FIDDLER" not in told

    options = ("--publisher", "duckdb")
    mapping = ("--inputs", "a,b,c", "--outputs", "score") if words[0] == "quarantine" else ()
    run(*words, *options, *mapping)


def test_a_column_that_is_never_found_is_no_error_while_rows_arrive() -> None:
    with_header()
    mapping = ("--inputs", "a,bb", "--outputs", "score", "--csv-header", "present")

    told = run("forward", "captures.jsonl", "--publisher", "duckdb", *mapping).stderr

    assert "Note: `bb` was never found; the request has a, b." in told
    assert "Error" not in told


def with_header() -> None:
    call = line(side("a,b\n1,x"), side("score\n0.5"))
    Path("captures.jsonl").write_bytes(call)


def test_the_option_that_would_help_is_named_as_it_is_typed() -> None:
    with_header()

    told = run("forward", "captures.jsonl", *DUCKDB).stderr

    assert "--csv-header present" in told
    assert "FORWARDER_" not in told
    again = run("forward", "captures.jsonl", *DUCKDB, "--csv-header", "present")
    assert "Not one row" not in again.stderr


def test_with_a_routes_file_the_key_that_would_help_is_named() -> None:
    with_header()
    routes("churn")
    text = Path("routes.yaml").read_text().replace('"match": {"endpoint": "churn"}, ', "")
    Path("routes.yaml").write_text(text)

    told = run("forward", "captures.jsonl", "--routes", "routes.yaml").stderr

    assert "set csv_header to present" in told
    assert "--csv-header" not in told


def test_files_that_the_ledger_passes_over_can_be_forwarded_again_as_it_says() -> None:
    with_header()
    ledger = ("--ledger", "first.sqlite")
    run("forward", "captures.jsonl", *DUCKDB, *ledger)

    header = ("--csv-header", "present")
    shown = run("forward", "captures.jsonl", *DUCKDB, *ledger, *header).stdout
    assert "1 file had been forwarded before, says the ledger." in shown
    assert "To forward again, as with other columns, name another file by --ledger." in shown

    again = run("forward", "captures.jsonl", *DUCKDB, "--ledger", "second.sqlite", *header)
    assert "had been forwarded before" not in again.stdout
    assert "Not one row" not in again.stderr


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("s3:/bucket/captures", "write s3://bucket/captures"),
        ("S3://bucket/captures", "write s3://bucket/captures"),
        ("nowhere", "It was looked for in /"),
        ("empty", "To see what is there: ls empty"),
        ("table.csv", "capture-forwarder labels send table.csv"),
    ],
)
@pytest.mark.parametrize("command", ["forward", "inspect"])
def test_an_address_that_cannot_be_meant_is_told_with_what_to_type(
    command: str, address: str, told: str
) -> None:
    Path("empty").mkdir()
    Path("table.csv").write_text("a,b\n1,2\n")
    is_shown = command == "inspect" and address == "table.csv"  # labels, as it says

    options = DUCKDB if command == "forward" else ()
    result = run(command, address, *options, exit_code=0 if is_shown else 2)

    assert told in result.output
    assert not Path("capture-forwarder-quarantine").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("forward", "s3://bucket/captures", *DUCKDB),
        ("inspect", "s3://bucket/captures"),
        ("quarantine", "list", "s3://bucket/quarantine"),
        ("routes", "check", "s3://bucket/routes.yaml"),
        ("dead-letters", "list", "https://sqs.eu-west-1.amazonaws.com/123456789012/dead"),
    ],
)
@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, ("there are no AWS credentials", "aws sso login", "AWS_PROFILE", "AWS_ACCESS_KEY_ID")),
        (
            {"AWS_PROFILE": "mistyped"},
            ("the AWS profile is not configured", "`aws configure list-profiles`"),
        ),
    ],
)
def test_without_credentials_every_command_says_how_to_log_in(
    words: tuple[str, ...],
    variables: dict[str, str],
    told: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(Path("none").absolute()))
    own = {"AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true", **variables}

    done = in_a_process(words, own)

    assert done.returncode in {1, 2}
    said = " ".join(done.stderr.split())
    assert all(one in said for one in told), said
    assert "allow" not in said


def in_a_process(
    words: tuple[str, ...], variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own: clients are shared within one."""
    code = "from capture_forwarder.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, **variables},
        check=False,
        capture_output=True,
        text=True,
    )
