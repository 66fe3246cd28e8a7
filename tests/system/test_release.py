"""A release is the same bytes each time, and has all that a deployment takes."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from capture_forwarder import __version__
from release.dist import make_release, templates
from release.template import functions_of
from tests.support.made_once import made_once
from tests.support.moto_resources import complete_cloudformation
from tests.support.package import ARCHITECTURE, PYTHON_VERSION, REPOSITORY

NAME = f"capture-forwarder-{__version__}-{ARCHITECTURE}"
REGION = "us-east-1"
pytestmark = pytest.mark.package


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a release for this machine."""
    return made_once(tmp_path_factory, "release", make)


def make(folder: Path) -> Path:
    make_release(folder, PYTHON_VERSION, [ARCHITECTURE])
    return folder


@pytest.fixture
def unpacked(release: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(release / f"{NAME}.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path / NAME


def code_of(properties: dict[str, Any]) -> str:
    """Where the code is: SAM's functions have a CodeUri, CloudFormation's own have Code."""
    return str(properties.get("CodeUri") or properties["Code"])


def test_made_again_it_is_the_same_bytes(release: Path, tmp_path: Path) -> None:
    again = make(tmp_path / "again")
    assert (again / "SHA256SUMS").read_text() == (release / "SHA256SUMS").read_text()


def test_each_file_has_its_checksum(release: Path) -> None:
    lines = [line.split() for line in (release / "SHA256SUMS").read_text().splitlines()]
    sums = {name: digest for digest, name in lines}
    files = {path.name for path in release.iterdir()} - {"SHA256SUMS"}
    assert sums.keys() == files
    for name, digest in sums.items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest


def test_every_function_of_its_templates_is_an_archive_with_the_handler_at_its_top(
    unpacked: Path,
) -> None:
    found = 0
    for template in templates():
        place = unpacked / template.relative_to(REPOSITORY)
        resources = yaml_parse(place.read_text())["Resources"]
        for function in functions_of(template.read_text()):
            properties = resources[function]["Properties"]
            module = properties["Handler"].rpartition(".")[0].replace(".", "/")
            with zipfile.ZipFile(place.parent / code_of(properties)) as archive:
                assert f"{module}.py" in archive.namelist()
            found += 1
    assert found


def test_the_sam_cli_has_nothing_to_ask_but_the_parameters(unpacked: Path) -> None:
    settings = tomllib.loads((unpacked / "samconfig.toml").read_text())["default"]
    assert "CAPABILITY_IAM" in settings["deploy"]["parameters"]["capabilities"]
    assert settings["global"]["parameters"]["stack_name"]


def test_what_the_packages_are_made_of_is_in_the_bill_and_in_the_licences(
    release: Path, package: Path
) -> None:
    bill = json.loads((release / f"{NAME}.cdx.json").read_text())
    said = {(part["name"], part["version"]) for part in bill["components"]}
    licences = (release / f"{NAME}.txt").read_text()
    for info in package.glob("*.dist-info"):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        assert any(
            one.replace("-", "_").lower() == name.replace("-", "_").lower() and known == version
            for one, known in said
        ), name
        assert f" {version}: " in licences


@pytest.fixture
def packaged(unpacked: Path, aws: str) -> Iterator[str]:
    """The template as `sam deploy` hands it over, in an emulated account that has what it names."""
    complete_cloudformation()
    session = boto3.Session("testing", "testing", region_name=REGION)
    s3 = session.client("s3", endpoint_url=aws)
    for bucket in ("deployments", "captures"):
        s3.create_bucket(Bucket=bucket)
    # moto knows a template's bucket only in an address of S3 itself.
    text = sam_package(unpacked, aws).read_text().replace(aws, "https://s3.amazonaws.com")
    account = mock_aws()
    account.start(reset=False)
    yield json.dumps(Translator({}, Parser(), boto_session=session).translate(yaml_parse(text), {}))
    account.stop()


def test_its_files_alone_deploy_a_stack_with_the_function_that_was_built(
    unpacked: Path, packaged: str
) -> None:
    parameters = {"CaptureBucket": "captures", "RoutesFile": "ssm:///routes"}
    cloudformation = boto3.client("cloudformation", region_name=REGION)
    cloudformation.create_stack(
        StackName="released",
        TemplateBody=packaged,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ],
    )

    (stack,) = cloudformation.describe_stacks(StackName="released")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    deployed = boto3.client("lambda", region_name=REGION).get_function_configuration(
        FunctionName=outputs["ForwarderFunctionName"]
    )
    built = (unpacked / "ForwarderFunction.zip").read_bytes()
    assert deployed["CodeSha256"] == base64.b64encode(hashlib.sha256(built).digest()).decode()
    assert deployed["Architectures"] == [ARCHITECTURE]
    assert deployed["Runtime"] == f"python{PYTHON_VERSION}"


def sam_package(folder: Path, aws: str) -> Path:
    """Bring what the templates name to S3, as `sam deploy` does first."""
    packaged = folder / "packaged.yaml"
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("sam")), "package"),
            *("--template-file", str(folder / "template.yaml"), "--s3-bucket", "deployments"),
            *("--output-template-file", str(packaged), "--region", REGION),
        ],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": aws,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "SAM_CLI_TELEMETRY": "0",
        },
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return packaged
