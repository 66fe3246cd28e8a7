"""What runs on the forge is pinned, may little, and calls what is there."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

from tests.support.docs_pages import REPOSITORY

FOLDER = REPOSITORY / ".github/workflows"
WORKFLOWS = sorted(path.name for path in FOLDER.glob("*.yaml"))
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
TARGETS = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


def workflow(name: str) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text())
    return loaded


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_action_is_pinned_to_a_commit_and_says_its_version(name: str) -> None:
    used = re.findall(r"uses: (.*)", (FOLDER / name).read_text())
    assert used
    for one in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one), one


def test_the_same_action_is_the_same_commit_everywhere() -> None:
    used = [step["uses"].split("@") for name in WORKFLOWS for step in steps(name) if "uses" in step]
    assert len({action for action, _ in used}) == len({(one, commit) for one, commit in used})


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_read_unless_one_of_its_jobs_says_more(name: str) -> None:
    assert workflow(name)["permissions"] == {"contents": "read"}
    for job in workflow(name)["jobs"].values():
        assert job["timeout-minutes"] <= 60


def test_checks_and_the_wheel_are_run_on_every_python_that_is_supported() -> None:
    said = {
        found[1]
        for text in PROJECT["classifiers"]
        if (found := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", text))
    }
    for name, job in (("checks.yaml", "checks"), ("release.yaml", "wheel")):
        tried = workflow(name)["jobs"][job]["strategy"]["matrix"]["python"]
        assert set(tried) == said


@pytest.mark.parametrize("name", WORKFLOWS)
def test_make_is_asked_only_for_what_it_has(name: str) -> None:
    asked = {
        target
        for step in steps(name)
        for target in re.findall(r"\bmake ([a-z]+)", step.get("run", ""))
    }
    assert asked <= TARGETS


def test_the_release_is_checked_and_made_twice_before_anything_is_published() -> None:
    jobs = workflow("release.yaml")["jobs"]
    ran = [step.get("run", "") for step in jobs["build"]["steps"]]
    assert any(".ci/run" in run for run in ran)
    assert any("diff dist/SHA256SUMS again/SHA256SUMS" in run for run in ran)
    assert jobs["wheel"]["needs"] == "build"
    assert set(jobs["release"]["needs"]) == {"build", "wheel"}
    assert jobs["publish"]["needs"] == "release"


def test_no_password_is_needed_to_publish() -> None:
    assert workflow("release.yaml")["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in (FOLDER / "release.yaml").read_text()
