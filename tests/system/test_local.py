"""The sample events can be tried on this machine alone, as events/README.md says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from samcli.yamlhelper import yaml_parse

from tests.support.local_servers import local_servers
from tests.support.package import REPOSITORY
from tests.system.local import FUNCTION, lay_out


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"tests.system.{module}", *arguments],
        cwd=REPOSITORY,
        check=False,
        capture_output=True,
        text=True,
    )


def printed_by_invoke() -> str:
    """What events/README.md says that `make invoke` ends with."""
    text = (REPOSITORY / "events/README.md").read_text()
    found = re.search(r"```\n(\d+ rows arrived.*?)```", text, re.DOTALL)
    assert found
    return found[1]


def test_make_invoke_runs_the_built_function_and_ends_with_what_arrived(package: Path) -> None:
    done = run("invoke", "events/sqs-eventbridge.json", "--package", str(package))
    assert done.returncode == 0, done.stderr
    assert 'The function answered: {"batchItemFailures": []}' in done.stdout
    assert printed_by_invoke() in done.stdout
    assert "invalid-json" in done.stdout


@pytest.mark.parametrize("event", ["events/nowhere.json", "events/README.md"])
def test_make_invoke_says_which_events_there_are_when_a_file_is_none(event: str) -> None:
    done = run("invoke", event)
    assert done.returncode == 1
    assert f"{event} is no event" in done.stderr
    assert "events/README.md" in done.stderr


def test_make_local_prints_what_to_type() -> None:
    done = run("local", "--seconds", "0")
    assert done.returncode == 0, done.stderr
    assert "make invoke EVENT=events/sqs-eventbridge.json" in done.stdout


def test_make_local_names_every_variable_in_the_template_that_sam_is_given(tmp_path: Path) -> None:
    built = tmp_path / "template.yaml"
    template = yaml_parse((REPOSITORY / "template.yaml").read_text())
    built.write_text(json.dumps(template))
    with local_servers() as servers:
        local, env = lay_out(servers, "127.0.0.1", built)
    given = json.loads(env.read_text())[FUNCTION]
    function = yaml_parse(local.read_text())["Resources"][FUNCTION]["Properties"]
    assert given.keys() <= function["Environment"]["Variables"].keys()
    assert function["CodeUri"] == template["Resources"][FUNCTION]["Properties"]["CodeUri"]
    for name in ("AWS_ENDPOINT_URL", "FIDDLER_URL"):
        assert given[name].startswith("http://host.docker.internal:")
