"""samconfig.toml: what `sam deploy` reads of it afterwards, and what stays as it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from capture_forwarder.core.errors import UsageError
from capture_forwarder.setup.sam.overrides import write_override
from capture_forwarder.setup.sam.sam_config import SamSettings, change_sam_config, stack_in
from tests.support.sam_cli import as_deploy_reads

REPOSITORY = Path(__file__).parents[3]
OURS = (REPOSITORY / "samconfig.toml").read_text()
SETTINGS = SamSettings(
    {"CaptureBucket": "captures", "RoutesFile": "ssm:///a b/routes"},
    {"stack_name": "forwarder", "region": "eu-west-1"},
)


def test_what_is_written_into_our_own_file_is_what_sam_deploys() -> None:
    changed = change_sam_config(OURS, SETTINGS)

    read = as_deploy_reads(changed.text)
    assert read["parameter_overrides"] == {
        "Architecture": "arm64",
        "Runtime": "python3.13",
        **SETTINGS.parameters,
    }
    assert (read["stack_name"], read["region"]) == ("forwarder", "eu-west-1")
    assert changed.replaced == {"stack_name": "capture-forwarder"}
    assert "# sam build and sam deploy must agree on these two" in changed.text


@pytest.mark.parametrize(
    "text", [OURS, "", "version = 0.1\n[default.deploy.parameters]\nguided = true\n"]
)
def test_sam_deploy_asks_nothing_afterwards(text: str) -> None:
    read = as_deploy_reads(change_sam_config(text, SETTINGS).text)

    assert (read["guided"], read["confirm_changeset"]) == (False, False)
    assert read["resolve_s3"] is True
    assert read["capabilities"] == ["CAPABILITY_IAM"]
    assert read["stack_name"]


def test_a_second_time_nothing_changes() -> None:
    once = change_sam_config(OURS, SETTINGS)
    twice = change_sam_config(once.text, SETTINGS)

    assert (twice.text, twice.replaced) == (once.text, {})


def test_values_that_are_replaced_are_named_with_their_old_ones() -> None:
    before = change_sam_config(OURS, SETTINGS).text

    changed = change_sam_config(before, SamSettings({"CaptureBucket": "other"}, {"region": "x"}))

    assert changed.replaced == {"CaptureBucket": "captures", "region": "eu-west-1"}


def test_overrides_of_the_deployment_alone_are_changed_where_sam_reads_them() -> None:
    text = """
version = 0.1
[default.global.parameters]
parameter_overrides = "Architecture=x86_64"
[default.deploy.parameters]
s3_bucket = "code" # ours
parameter_overrides = 'A="b c" CaptureBucket=old'
region = "us-east-1"
"""
    changed = change_sam_config(text, SETTINGS)

    read = as_deploy_reads(changed.text)
    assert read["parameter_overrides"] == {"A": "b c", **SETTINGS.parameters}
    assert (read["region"], read["s3_bucket"], read["resolve_s3"]) == ("eu-west-1", "code", False)
    assert 'parameter_overrides = "Architecture=x86_64"' in changed.text
    assert "# ours" in changed.text


def test_comments_between_overrides_stay() -> None:
    text = """version = 0.1
[default.global.parameters]
parameter_overrides = [
    # the bucket
    "CaptureBucket=old", # prod
    "MemorySize=1024", # measured
]
"""
    changed = change_sam_config(text, SETTINGS).text

    for kept in ("# the bucket", "# prod", '"MemorySize=1024", # measured'):
        assert kept in changed
    assert as_deploy_reads(changed)["parameter_overrides"]["CaptureBucket"] == "captures"


@pytest.mark.parametrize(
    "text",
    [
        "version = = 0.1",
        "version = 0.1\ndefault = 1",
        "version = 0.1\n[default]\ndeploy = 3",
        "[default.deploy.parameters]",
    ],
)
def test_a_file_that_is_something_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a samconfig"):
        change_sam_config(text, SETTINGS)


def test_the_name_of_the_stack_is_found() -> None:
    assert stack_in(OURS) == "capture-forwarder"
    assert stack_in("") is None


NAMES = st.sampled_from(["CaptureBucket", "RoutesFile", "SecretArns", "MemorySize", "AlarmEmail"])
# Without backslashes, which the SAM CLI cannot read back everywhere.
VALUES = st.text(max_size=12).filter(lambda text: "\\" not in text and "\r" not in text)
PARAMETERS = st.dictionaries(NAMES, VALUES, max_size=4)
OPTIONS = st.fixed_dictionaries(
    {}, optional={"region": st.sampled_from(["eu-west-1", "us-west-2"]), "s3_prefix": st.just("a")}
)
WRITINGS = st.sampled_from(["list", "text", "none"])


@dataclass(frozen=True)
class Case:
    """What is in the file of all commands' parameters and of `sam deploy`'s own, and what changes.

    `apart` puts another section between the two.
    """

    shared: dict[str, str]
    own: dict[str, str]
    writings: tuple[str, str]
    apart: bool
    parameters: dict[str, str]
    options: dict[str, str]

    @property
    def text(self) -> str:
        """The file."""
        own = section(self.own, self.writings[0], {"stack_name": "a", "max_wait_duration": 7})
        shared = section(self.shared, self.writings[1], {"debug": False})
        between = tomlkit.dumps({"prod": {"deploy": {"parameters": {"stack_name": "z"}}}})
        parts = [
            tomlkit.dumps({"default": {name: {"parameters": found}}})
            for name, found in (("deploy", own), ("global", shared))
        ]
        ordered = [parts[0], between, parts[1]] if self.apart else [between, *parts]
        return "\n".join(["version = 0.1", *ordered])


def section(parameters: dict[str, str], writing: str, others: dict[str, Any]) -> dict[str, Any]:
    items = [write_override(*pair) for pair in parameters.items()]
    written: Any = items if writing == "list" else " ".join(items)
    return others if writing == "none" or not items else {**others, "parameter_overrides": written}


CASES = st.builds(
    Case, PARAMETERS, PARAMETERS, st.tuples(WRITINGS, WRITINGS), st.booleans(), PARAMETERS, OPTIONS
)


@settings(max_examples=20)
@given(CASES)
def test_sam_reads_the_old_settings_with_the_new_ones_in_their_place(case: Case) -> None:
    before = as_deploy_reads(case.text)
    wanted = SamSettings(case.parameters, {"stack_name": "s", **case.options})

    changed = change_sam_config(case.text, wanted)

    after = as_deploy_reads(changed.text)
    assert after["parameter_overrides"] == {**before["parameter_overrides"], **case.parameters}
    assert {name: after[name] for name in case.options} == case.options
    assert (after["stack_name"], after["max_wait_duration"]) == ("s", 7)
    assert after["confirm_changeset"] is False
    assert 'stack_name = "z"' in changed.text
