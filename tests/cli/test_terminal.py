"""How the command is started, what it prints into a pipe, and what it says of a missing login."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from moto import mock_aws
from typer.testing import CliRunner

from capture_forwarder.cli.app import app
from capture_forwarder.cli.terminal.console import PipedConsole
from capture_forwarder.cli.terminal.tables import add, new_table
from tests.support.captures import line, side

ENDPOINT = "an-endpoint-whose-name-alone-is-longer-than-half-of-a-terminal"


@pytest.fixture(autouse=True)
def clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_columns_is_the_width_whenever_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    console = PipedConsole()

    for columns, width in (("80", 80), ("120", 120), ("0", 10_000), ("", 10_000)):
        monkeypatch.setenv("COLUMNS", columns)
        assert console.width == width


def test_the_title_of_a_narrow_table_stays_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    table = new_table("A title that is wider than its table", "a")
    add(table, "1")

    PipedConsole().print(table)

    assert "A title that is wider than its table" in capsys.readouterr().out


def start(*arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "capture_forwarder", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def captures() -> None:
    folder = Path("captures", ENDPOINT, "AllTraffic/2026/03/01/10")
    folder.mkdir(parents=True)
    names = [f"feature_{n}" for n in range(40)]
    request = json.dumps(dict.fromkeys(names, 1.5))
    call = line(side(request, "application/json"), side("0.5"))
    (folder / "20-30-123-a.jsonl").write_bytes(call)


def test_it_starts_as_a_module_too() -> None:
    assert start("--version").startswith("capture-forwarder ")


def test_what_goes_into_a_pipe_is_not_broken_but_where_columns_says_so() -> None:
    captures()

    piped = start("init", "captures", "--publisher", "duckdb")
    (row,) = [text.strip() for text in piped.splitlines() if text.strip().startswith(ENDPOINT)]
    assert f"endpoint {ENDPOINT}" in row
    assert row.endswith("1 of 1")

    narrow = start("init", "captures", "--publisher", "duckdb", COLUMNS="60")
    table = narrow.partition("Wrote ")[0]
    assert max(map(len, table.splitlines())) <= 60


def credentials_advice(config: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    Path("config").write_text(config)
    with mock_aws():
        for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"):
            monkeypatch.delenv(f"AWS_{name}", raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", "config")
        result = CliRunner().invoke(app, ["connect", "bucket", "x", *arguments])
    assert result.exit_code == 1
    return result.stderr


def test_without_credentials_it_says_how_to_name_some(monkeypatch: pytest.MonkeyPatch) -> None:
    said = credentials_advice("", monkeypatch)

    assert "there are no AWS credentials" in said
    assert "Name a profile by --profile or AWS_PROFILE" in said


def test_with_a_login_that_has_expired_it_says_how_to_log_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    config = """
[profile work]
sso_session = work
sso_account_id = 123456789012
sso_role_name = engineer
[sso-session work]
sso_region = us-east-1
sso_start_url = https://example.awsapps.com/start
"""
    said = credentials_advice(config, monkeypatch, "--profile", "work")

    assert "the AWS login has expired" in said
    assert "aws sso login" in said
