"""A function redrives by settings alone, and nothing of a terminal is imported for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.line import Line
from capture_forwarder.core.quarantine_entry import make_entry
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.local.quarantine import FolderQuarantine
from capture_forwarder.quarantine.redrive import Selection
from capture_forwarder.settings import load
from capture_forwarder.wiring.quarantine import build_redrive, open_quarantine
from capture_forwarder.wiring.routes import routes_of
from tests.support.captures import line, side
from tests.support.fresh_process import run

SOURCE = CaptureFile("captured", "dir/churn/AllTraffic/2026/03/01/10/20-30-123-a.jsonl")


def fill(folder: Path) -> None:
    raw = line(side("30,1.5"), side("0.5"))
    rejection = Rejection(Reason.COLUMN_COUNT_MISMATCH, "The mapping was wrong.")
    entry = make_entry(SOURCE, Line(1, 0, raw, len(raw)), rejection, "captures", "2026-03-01")
    FolderQuarantine(folder).put(SOURCE, [entry])


def test_a_function_sends_a_quarantine_again_by_its_settings(tmp_path: Path) -> None:
    fill(tmp_path / "quarantine")
    settings = {
        "FORWARDER_FILES": str(tmp_path / "rows"),
        "FORWARDER_PUBLISHER": "files",
        "FORWARDER_INPUT_COLUMNS": "age,income",
        "FORWARDER_OUTPUT_COLUMNS": "score",
    }

    printed = run(
        "import sys\n"
        "from capture_forwarder.quarantine.redrive import Selection\n"
        "from capture_forwarder.settings import load\n"
        "from capture_forwarder.wiring.quarantine import build_redrive, open_quarantine\n"
        "from capture_forwarder.wiring.routes import routes_of\n"
        f"settings = load({settings!r})\n"
        f"files = open_quarantine({str(tmp_path / 'quarantine')!r})\n"
        "work = build_redrive(routes_of(settings), settings, files, Selection())\n"
        "list(work.run())\n"
        "print(work.tally.complete, work.tally.total.delivered, files.names())\n"
        "print({'typer', 'rich', 'boto3', 'capture_forwarder.cli'} & set(sys.modules))"
    )

    assert printed[-2:] == ["True 1 []", "set()"]
    (part,) = (tmp_path / "rows").rglob("*.jsonl.gz")
    assert "churn" in part.parts


def test_a_route_that_the_file_does_not_have_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text("routes: [{name: churn, mapping: {inputs: a}, publisher: {type: duckdb}}]")
    settings = load({"FORWARDER_ROUTES": str(file)})
    files = open_quarantine(str(tmp_path))

    with pytest.raises(UsageError, match="has no route named gone; its routes are: churn"):
        build_redrive(
            routes_of(settings),
            settings,
            files,
            Selection(route="gone"),
        )
