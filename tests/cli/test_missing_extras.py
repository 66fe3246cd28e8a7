"""What the command does without the libraries of the extras: it works, or says what to install."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "events" / "captures"
MAPPING = ("--inputs", "age,income", "--outputs", "score")
FIDDLER = {
    "FIDDLER_URL": "http://127.0.0.1:9",
    "FIDDLER_TOKEN": "t",
    "FIDDLER_MODEL_UUID": "0" * 32,
}
# What each extra brings along, by the names under which it is imported.
BROUGHT = {
    "cli": ("rich", "tomlkit", "typer"),
    "duckdb": ("duckdb",),
    "monitor": ("jinja2",),
    "fiddler": ("fiddler", "numpy", "pandas", "pyarrow", "requests_toolbelt", "tqdm"),
}
# In a process of its own, where nothing of it can have been imported yet.
COMMAND = """
import sys
sys.modules.update(dict.fromkeys(sys.argv.pop(1).split()))  # None: cannot be imported
from capture_forwarder.cli import main
main()
"""


def run(
    folder: Path, *arguments: str | Path, without: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command where the libraries of some extras cannot be imported."""
    blocked = " ".join(module for extra in without.split() for module in BROUGHT[extra])
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", COMMAND, blocked, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    side = {"observedContentType": "text/csv", "mode": "INPUT", "encoding": "CSV"}
    data = {"endpointInput": side | {"data": "39,5"}, "endpointOutput": side | {"data": "0.25"}}
    metadata = {"eventId": "call-1", "inferenceTime": "2026-03-01T10:20:30Z"}
    path = tmp_path / "20-30-1.jsonl"
    path.write_text(json.dumps({"captureData": data, "eventMetadata": metadata}) + "\n")
    return path


@pytest.mark.parametrize(
    ("extra", "needs", "arguments"),
    [
        ("cli", "The command needs typer", ["--help"]),
        (
            "fiddler",
            "Publishing to Fiddler needs fiddler-client",
            ["forward", SAMPLES, "--publisher", "fiddler", *MAPPING],
        ),
        (
            "duckdb",
            "Publishing to DuckDB needs duckdb",
            ["forward", SAMPLES, "--publisher", "duckdb", *MAPPING],
        ),
        ("duckdb", "Monitoring needs duckdb", ["monitor", "baseline", SAMPLES, "--to", "b"]),
    ],
    ids=["command", "fiddler", "duckdb", "monitor"],
)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    tmp_path: Path, extra: str, needs: str, arguments: list[str | Path]
) -> None:
    done = run(tmp_path, *arguments, without=extra, **FIDDLER)

    assert done.returncode == 2
    said = " ".join(done.stderr.replace("Install", "install").split())
    assert f"{needs}, which is not installed" in said
    assert f"install it with: pip install 'capture-forwarder[{extra}]'" in said
    assert "Traceback" not in said
    assert "proxy" not in said


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        ("duckdb", "duckdb, which is"),
        ("monitor", "jinja2, which is"),
        ("duckdb monitor", "duckdb and jinja2, which are"),
    ],
)
def test_the_demo_names_at_its_start_all_that_it_needs(
    tmp_path: Path, without: str, missing: str
) -> None:
    (tmp_path / "capture-forwarder-demo.duckdb").touch()

    done = run(tmp_path, "demo", "--captures", SAMPLES, without=without)

    assert done.returncode == 2
    assert done.stdout == ""
    assert " ".join(done.stderr.split()) == (
        f"Error: The demo needs {missing} not installed. "
        "Install what it needs: pip install 'capture-forwarder[cli,monitor]'"
    )


def test_rows_go_into_files_without_the_libraries_of_any_platform(
    tmp_path: Path, capture: Path
) -> None:
    rows = tmp_path / "rows"
    arguments = ("forward", capture, "--publisher", "files", *MAPPING)

    done = run(tmp_path, *arguments, without="fiddler duckdb", FORWARDER_FILES=str(rows))

    assert done.returncode == 0, done.stderr
    (file,) = rows.rglob("*.jsonl.gz")
    assert json.loads(gzip.decompress(file.read_bytes()))["score"] == 0.25


def test_parquet_needs_a_library_and_says_so_before_anything_is_read(
    tmp_path: Path, capture: Path
) -> None:
    arguments = ("forward", capture, "--files", "rows", "--files-format", "parquet", *MAPPING)

    done = run(tmp_path, *arguments, without="fiddler duckdb")

    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "Writing Parquet files, which the Lambda function cannot do" in said
    assert "nstall it with: pip install 'capture-forwarder[duckdb]'" in said
    assert not (tmp_path / "rows").exists()


def test_pyarrow_alone_writes_parquet(tmp_path: Path, capture: Path) -> None:
    arguments = ("forward", capture, "--files", "rows", "--files-format", "parquet", *MAPPING)

    done = run(tmp_path, *arguments, without="duckdb")

    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "rows").rglob("*.parquet")
    assert file.read_bytes().startswith(b"PAR1")


def test_rows_go_into_duckdb_without_the_libraries_of_other_platforms(
    tmp_path: Path, capture: Path
) -> None:
    done = run(tmp_path, "forward", capture, "--publisher", "duckdb", *MAPPING, without="fiddler")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "capture-forwarder.duckdb").is_file()
