"""The script of docs/how-to/monitor-on-spark.md, which jobs run, as the services start it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import validate_parameters

from docs.generate import command as reference
from tests.support.docs_pages import REPOSITORY, text_of
from tests.support.monitoring import write_csv

COMMANDS = dict(reference.commands())
PAGE = REPOSITORY / "docs/how-to/monitor-on-spark.md"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text_of(PAGE), re.DOTALL)


def job(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a baseline of 300 rows in a folder."""
    (script,) = blocks("python")
    (folder / "job.py").write_text(script)
    command = [sys.executable, "job.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_csv(tmp_path / "x.csv", ["n", "t"], [(n % 9, "ab"[n % 2]) for n in range(300)])
    write_csv(tmp_path / "bad.csv", ["n", "t"], [("x", "c")] * 300)
    assert job(tmp_path, "monitor", "baseline", "x.csv", "--to", "baseline").returncode == 0
    return tmp_path


def test_violations_are_no_failure_of_the_job(folder: Path) -> None:
    done = job(folder, "monitor", "check", "bad.csv", "--baseline", "baseline")

    assert (done.returncode, done.stderr) == (0, "")
    assert list(folder.rglob("constraint_violations.json"))


def test_a_command_of_glue_is_one_text_among_its_own_arguments(folder: Path) -> None:
    command = "monitor check bad.csv --baseline baseline --schedule 'by glue'"

    done = job(folder, "--job-bookmark-option", "x", "--command", command, "--JOB_NAME", "monitor")

    assert done.returncode == 0, done.stderr
    assert list(folder.glob("monitor-reports/none/by-glue/**/execution.json"))


def test_a_check_that_cannot_be_made_fails_the_job(folder: Path) -> None:
    assert job(folder, "monitor", "check", "none.csv", "--baseline", "baseline").returncode == 2


@pytest.mark.parametrize(
    ("service", "operation", "index"),
    [
        ("emr-serverless", "StartJobRun", 0),
        ("glue", "CreateJob", 1),
        ("sagemaker", "CreateProcessingJob", 2),
    ],
)
def test_a_job_is_what_the_service_takes_and_its_command_has_our_options(
    service: str, operation: str, index: int
) -> None:
    document = json.loads(blocks("json")[index])
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation)

    assert shape.input_shape is not None
    # The command line itself makes up the token of a request.
    token = {"clientToken": "x"} if "clientToken" in shape.input_shape.required_members else {}
    validate_parameters(token | document, shape.input_shape)
    command = [
        document.get("DefaultArguments", {}).get("--command"),
        *document.get("jobDriver", {}).get("sparkSubmit", {}).get("entryPointArguments", []),
        *document.get("AppSpecification", {}).get("ContainerArguments", []),
    ]
    words = [word for one in command if one for word in shlex.split(one)]
    assert words[:2] == ["monitor", "check"]
    known = {name for one in COMMANDS["monitor check"].params for name in one.opts}
    assert {word for word in words if word.startswith("--")} <= known
    assert words[words.index("--engine") + 1] == "spark"
