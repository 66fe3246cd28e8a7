"""What the template has to know of routes, and of where captures are."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.settings.routes_file import parse_routes
from capture_forwarder.setup.sam.parameters import (
    QUICK_START,
    Where,
    capture_prefix,
    parameters_of,
    why_only_local,
)
from capture_forwarder.setup.sam.template import read_template
from tests.support.package import REPOSITORY
from tests.support.template_values import PARAMETERS, Deployment

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:{}-AbCdEf"
APP = "arn:aws:sagemaker:us-east-1:123456789012:partner-app/app-1A2B3C"
NAME = "/forwarder/token"
UUID = "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15"
BASE = {"CaptureBucket": "captures", "RoutesFile": "ssm:///capture-forwarder/routes"}


def fiddler(**settings: str) -> dict[str, str]:
    given = {"type": "fiddler", "url": "https://x.fiddler.ai", "model_uuid": UUID}
    return given | (settings or {"token_secret_arn": ARN.format("fiddler")})


def parameters(*publishers: dict[str, str]) -> dict[str, str]:
    return parameters_of(
        routes(*publishers), lambda: Where("aws-us-gov", "us-gov-west-1", "123456789012")
    )


def routes(*publishers: dict[str, str]) -> Any:
    mapping = {"inputs": "a", "outputs": "b"}
    written = [
        {"name": f"r{number}", "mapping": mapping, "publisher": publisher}
        for number, publisher in enumerate(publishers)
    ]
    return parse_routes(yaml.safe_dump({"routes": written}), "routes.yaml")


def test_every_parameter_is_one_of_the_template_and_they_fit_together() -> None:
    found = parameters(
        fiddler(token_secret_arn=ARN.format("one"), partner_app_arn=APP),
        fiddler(token_parameter=NAME),
        {"type": "files", "place": "s3://rows/out/a"},
        {"type": "files", "place": "s3://rows/out/b"},
    )

    assert found == {
        "SecretArns": ARN.format("one"),
        "ParameterArns": "arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter/forwarder/token",
        "PartnerAppArn": APP,
        "FilesPlace": "s3://rows/out",
    }
    assert Deployment({**BASE, **found, **dict.fromkeys(QUICK_START, "")}).refusals() == []


def test_each_secret_is_named_once() -> None:
    found = parameters(fiddler(), fiddler(), fiddler(token_secret_arn=ARN.format("other")))

    assert found["SecretArns"] == f"{ARN.format('fiddler')},{ARN.format('other')}"


def test_the_account_is_asked_only_where_an_arn_has_to_be_made() -> None:
    def nobody() -> Where:
        raise AssertionError

    own = "arn:aws:ssm:us-east-1:123456789012:parameter/token"
    assert parameters_of(routes(fiddler()), nobody)["ParameterArns"] == ""
    assert parameters_of(routes(fiddler(token_parameter=own)), nobody)["ParameterArns"] == own


@pytest.mark.parametrize(
    "publishers",
    [
        [{"type": "files", "place": f"s3://{bucket}/x"} for bucket in ("one", "two")],
        [{"type": "files", "place": f"s3://one/{prefix}"} for prefix in ("a", "b")],
        [fiddler(token_secret_arn=ARN, partner_app_arn=f"{APP}{end}") for end in "AB"],
    ],
)
def test_what_one_template_cannot_take_is_refused(publishers: list[dict[str, str]]) -> None:
    with pytest.raises(UsageError, match="the template takes one"):
        parameters(*publishers)


@pytest.mark.parametrize(
    ("publisher", "says"),
    [
        ({"type": "duckdb"}, "route r0 writes to DuckDB, which the function cannot"),
        ({"type": "files", "place": "rows"}, "route r0 writes to a folder, which the function"),
        ({"type": "files", "place": "s3://rows/out"}, ""),
        (fiddler(), ""),
    ],
)
def test_what_only_a_command_can_write_is_not_deployed(
    publisher: dict[str, str], says: str
) -> None:
    assert why_only_local(routes(publisher)).startswith(says)
    assert bool(why_only_local(routes(publisher))) is bool(says)


def test_the_quick_start_is_what_the_template_refuses_beside_a_routes_file() -> None:
    values = {"FiddlerModelUuid": UUID, "FiddlerTokenSecretArn": ARN.format("x")}
    for name in QUICK_START:
        default = str(PARAMETERS[name].get("Default", ""))
        given = values.get(name, "https://x" if name.endswith("Url") else "a")
        assert given != default
        assert Deployment({**BASE, name: given}).refusals() != []


def test_the_template_is_read_with_its_patterns() -> None:
    found = read_template((REPOSITORY / "template.yaml").read_text(), "template.yaml")

    assert found.keys() == PARAMETERS.keys()
    assert found["CaptureBucket"].pattern == PARAMETERS["CaptureBucket"]["AllowedPattern"]
    assert found["Runtime"].allowed == tuple(PARAMETERS["Runtime"]["AllowedValues"])


@pytest.mark.parametrize("text", ["[", "Resources: {}", "Parameters: [a]", "x"])
def test_another_file_is_no_template(text: str) -> None:
    with pytest.raises(UsageError, match="is not a template"):
        read_template(text, "x.yaml")


FOLDERS = st.sampled_from(["dc/churn/AllTraffic", "dc/credit/v", "churn/v"])
KEYS = st.builds(
    lambda folder, hour: f"{folder}/2026/03/01/{hour:02}/a.jsonl", FOLDERS, st.integers(0, 23)
)


@given(st.lists(KEYS, min_size=1), st.integers(0, 12))
def test_the_prefix_takes_every_file_and_the_same_endpoints_at_any_hour(
    keys: list[str], parts: int
) -> None:
    folder = "/".join(keys[0].split("/")[:-1][:parts])
    looked_at = f"{folder}/" if folder else ""
    below = [key for key in keys if key.startswith(looked_at)]
    files = [FoundFile(CaptureFile("b", key), f"s3://b/{key}", 1) for key in below]

    prefix = capture_prefix(looked_at, files)

    assert looked_at.startswith(prefix)
    for key in below:
        assert key.replace("2026/03/01", "2031/12/24").startswith(prefix)
