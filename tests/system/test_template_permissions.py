"""What the function's role may do, for the parameters of template.yaml."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.template_parameters import (
    APP,
    ARN,
    BUCKET,
    DATA,
    FIDDLER,
    KEY,
    LABELS,
    NETWORK,
    OTHER_DATA,
    OTHER_SECRET,
    PARAMETER,
    PARTNER_APP,
    ROUTES,
    ROUTES_PARAMETER,
    SECRET,
)
from tests.support.template_values import Deployment

ALWAYS = {
    "TakeMessages",
    "ContinueLater",
    "KeepPositions",
    "ReadCaptures",
    "ListCaptures",
    "WriteQuarantine",
    "WriteLogs",
}
NOBODYS = "arn:aws:s3:::-"
"""What a bucket comes to that is not given: none can have that name."""


def granted(given: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What the role may do beyond what it always may."""
    deployment = Deployment(given)
    assert deployment.refusals() == []
    statements = deployment.statements()
    assert statements.keys() >= ALWAYS
    return {name: one for name, one in statements.items() if name not in ALWAYS}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed(given: dict[str, str]) -> dict[str, list[str]]:
    """Action → the only resources for it, beyond what the role always may."""
    found: dict[str, list[str]] = {}
    for statement in granted(given).values():
        for action in as_list(statement["Action"]):
            found.setdefault(action, []).extend(as_list(statement["Resource"]))
    return found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (FIDDLER, {"secretsmanager:GetSecretValue": [SECRET]}),
        (
            PARTNER_APP,
            {
                "secretsmanager:GetSecretValue": [SECRET],
                "sagemaker:CallPartnerAppApi": [APP],
            },
        ),
        (
            FIDDLER | {"BatchTransformData": f"{DATA},{OTHER_DATA}"},
            {
                "secretsmanager:GetSecretValue": [SECRET],
                "s3:GetObject": [DATA, OTHER_DATA],
            },
        ),
        (ROUTES, {"s3:GetObject": ["arn:aws:s3:::settings/forwarder/routes.yaml"]}),
        (ROUTES_PARAMETER, {"ssm:GetParameter": [ARN.format("ssm", "parameter/forwarder/routes")]}),
        (
            BUCKET | {"RoutesFile": "ssm://routes"},
            {"ssm:GetParameter": [ARN.format("ssm", "parameter/routes")]},
        ),
        (
            ROUTES
            | {
                "SecretArns": f"{SECRET},{OTHER_SECRET}",
                "ParameterArns": PARAMETER,
                "FilesPlace": "s3://rows/monitoring",
                "PartnerAppArn": APP,
            },
            {
                "s3:GetObject": ["arn:aws:s3:::settings/forwarder/routes.yaml"],
                "secretsmanager:GetSecretValue": [SECRET, OTHER_SECRET],
                "ssm:GetParameter": [PARAMETER],
                "s3:PutObject": ["arn:aws:s3:::rows/monitoring/*"],
                "sagemaker:CallPartnerAppApi": [APP],
            },
        ),
        (
            ROUTES_PARAMETER | LABELS,
            {
                "ssm:GetParameter": [ARN.format("ssm", "parameter/forwarder/routes")],
                "s3:GetObject": ["arn:aws:s3:::truth/ground-truth/*"],
                "s3:GetObjectVersion": ["arn:aws:s3:::truth/ground-truth/*"],
                "s3:ListBucket": ["arn:aws:s3:::truth"],
            },
        ),
        (
            FIDDLER | NETWORK,
            {
                "secretsmanager:GetSecretValue": [SECRET],
                # What AWSLambdaVPCAccessExecutionRole allows, beyond logs.
                "ec2:CreateNetworkInterface": ["*"],
                "ec2:DescribeNetworkInterfaces": ["*"],
                "ec2:DescribeSubnets": ["*"],
                "ec2:DeleteNetworkInterface": ["*"],
                "ec2:AssignPrivateIpAddresses": ["*"],
                "ec2:UnassignPrivateIpAddresses": ["*"],
            },
        ),
    ],
)
def test_a_permission_is_there_only_with_its_parameter_and_only_for_it(
    given: dict[str, str], expected: dict[str, list[str]]
) -> None:
    assert allowed(given) == expected


@pytest.mark.parametrize(
    ("given", "statement", "action", "services"),
    [
        # Capture files may be in another region than the function.
        (FIDDLER | {"CaptureKmsKeyArn": KEY}, "DecryptCaptures", "Decrypt", ["s3.*"]),
        (
            FIDDLER | {"SecretKmsKeyArn": KEY},
            "DecryptSecrets",
            "Decrypt",
            ["secretsmanager.us-east-1"],
        ),
        (
            ROUTES | {"SecretKmsKeyArn": KEY},
            "DecryptSecrets",
            "Decrypt",
            ["secretsmanager.us-east-1", "s3.us-east-1"],
        ),
        (
            ROUTES_PARAMETER | {"SecretKmsKeyArn": KEY},
            "DecryptSecrets",
            "Decrypt",
            ["secretsmanager.us-east-1", "ssm.us-east-1"],
        ),
        (
            ROUTES | {"FilesPlace": "s3://rows/x", "FilesKmsKeyArn": KEY},
            "EncryptFiles",
            "GenerateDataKey",
            ["s3.us-east-1"],
        ),
        (FIDDLER | {"KmsKeyArn": KEY}, "EncryptQuarantine", "GenerateDataKey", ["s3.us-east-1"]),
    ],
)
def test_a_key_may_be_used_only_where_it_is_given_and_only_by_what_it_is_for(
    given: dict[str, str], statement: str, action: str, services: list[str]
) -> None:
    found = granted(given)[statement]
    told = found["Condition"]["StringLike"]["kms:ViaService"]
    assert found["Action"] == f"kms:{action}"
    assert as_list(found["Resource"]) == [KEY]
    # Services' names end in .com, .com.cn or .eu, by the partition.
    assert as_list(told) == [f"{service}.amazonaws.*" for service in services]
    # With no key given there is no such permission.
    keyless = {name: value for name, value in given.items() if not name.endswith("KmsKeyArn")}
    assert not [name for name in allowed(keyless) if name.startswith("kms:")]


def test_several_buckets_have_a_permission_each() -> None:
    buckets = ["one", "two.b", "three", "four", "five"]
    for count in range(1, len(buckets) + 1):
        given = {"CaptureBucket": ",".join(buckets[:count]), "CapturePrefix": "a,b/"}
        statements = Deployment(given).statements()
        read = [f"arn:aws:s3:::{bucket}/a,b/*" for bucket in buckets[:count]]
        listed = [f"arn:aws:s3:::{bucket}" for bucket in buckets[:count]]
        rest = len(buckets) - count
        assert statements["ReadCaptures"]["Resource"] == read + [f"{NOBODYS}/a,b/*"] * rest
        assert statements["ListCaptures"]["Resource"] == listed + [NOBODYS] * rest


def test_the_role_may_list_what_it_may_read_so_that_a_file_that_is_gone_is_not_forbidden() -> None:
    statements = Deployment({**ROUTES, **LABELS, "CapturePrefix": "captures/"}).statements()
    for name, prefix in (("ListCaptures", "captures/*"), ("ListLabels", "ground-truth/*")):
        assert statements[name]["Action"] == "s3:ListBucket"
        # Where S3 itself asks for the right to list, it names no prefix.
        assert statements[name]["Condition"] == {"StringLikeIfExists": {"s3:prefix": prefix}}


def test_a_detached_backfill_may_list_files_and_send_messages_to_the_own_queue() -> None:
    statements = Deployment(FIDDLER).statements()
    assert statements["ListCaptures"]["Resource"][0] == "arn:aws:s3:::captures"
    assert statements["ContinueLater"] == {
        "Sid": "ContinueLater",
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": "CaptureQueue.Arn",
    }
