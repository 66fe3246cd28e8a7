"""What template.yaml makes of its parameters: what it refuses, and what it tells the function."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.settings import PublisherName, load
from capture_forwarder.settings.publishers import FiddlerSettings
from tests.support.package import REPOSITORY
from tests.support.template_parameters import (
    APP,
    ARN,
    BOUNDARY,
    BUCKET,
    BUS,
    FIDDLER,
    KEY,
    LABELS,
    MODEL,
    NETWORK,
    OTHER_SECRET,
    PARAMETER,
    PARTNER_APP,
    ROUTES,
    ROUTES_PARAMETER,
    SECRET,
    TOPIC,
    WHOLE,
)
from tests.support.template_values import PARAMETERS, TEMPLATE, Deployment, fits, properties

OTHERS = {
    "FilesKmsKeyArn": KEY,
    "FilesPlace": "s3://rows/churn",
    "FiddlerTimestampColumn": "at",
    "ParameterArns": PARAMETER,
    "SecretArns": f"{SECRET},{OTHER_SECRET}",
    **LABELS,
    **NETWORK,
}


def refusal(given: dict[str, str]) -> str:
    """All that the rules say against parameters."""
    return " ".join(Deployment(given).refusals())


def without(given: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in names}


def function(given: dict[str, str]) -> Any:
    return Deployment(given).resources()["ForwarderFunction"]


@pytest.mark.parametrize("given", WHOLE.values(), ids=WHOLE)
def test_what_is_deployed_is_what_the_function_accepts(given: dict[str, str]) -> None:
    assert Deployment(given).refusals() == []
    load(Deployment(given).environment())


def test_the_quick_start_takes_no_more_than_ten_parameters() -> None:
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    first, quick = (group["Parameters"] for group in groups[:2])
    assert FIDDLER.keys() <= {*first, *quick}
    assert len([*first, *quick]) <= 10


def test_the_function_is_told_where_rows_go() -> None:
    platforms = {name: load(Deployment(given).environment()) for name, given in WHOLE.items()}
    assert {name: one.route and one.route.publisher_name for name, one in platforms.items()} == {
        "Fiddler": PublisherName.FIDDLER,
        "a partner app": PublisherName.FIDDLER,
        "a routes file in S3": None,
        "a routes file in a parameter": None,
    }
    assert platforms["a routes file in S3"].routes_file == ROUTES["RoutesFile"]
    assert platforms["a routes file in a parameter"].routes_file == ROUTES_PARAMETER["RoutesFile"]


def test_a_partner_app_is_the_fiddler_that_requests_are_signed_for() -> None:
    route = load(Deployment(PARTNER_APP).environment()).route
    assert route is not None
    assert isinstance(route.publisher, FiddlerSettings)
    assert route.publisher.partner_app_arn == APP
    assert route.publisher.url == PARTNER_APP["FiddlerUrl"]
    # The routes of a routes file say it themselves.
    told = Deployment(ROUTES | {"PartnerAppArn": APP}).environment()
    assert not [name for name in told if name.startswith("AWS_PARTNER_APP")]


def test_no_slip_of_three_parameters_deploys_what_the_function_would_refuse() -> None:
    values = {name: value for given in WHOLE.values() for name, value in given.items()} | OTHERS
    choices = sorted(values.keys() - BUCKET.keys())
    slips = [slip for count in range(4) for slip in combinations(choices, count)]
    accepted = 0
    for given in WHOLE.values():
        for slip in slips:
            kept = without(given, *slip)
            deployment = Deployment(
                kept | {name: values[name] for name in slip if name not in given}
            )
            if not deployment.refusals():
                accepted += 1
                load(deployment.environment())
    assert accepted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (BUCKET, "Say where the rows go, by FiddlerUrl or by RoutesFile"),
        (FIDDLER | ROUTES, "FiddlerUrl must be empty beside it"),
        (without(FIDDLER, "FiddlerTokenSecretArn"), "FiddlerUrl needs FiddlerTokenSecretArn"),
        (without(FIDDLER, "FiddlerModelUuid"), "and FiddlerModelUuid"),
        (without(FIDDLER, "FiddlerModelColumns"), "FiddlerUrl needs the model's columns"),
        (without(FIDDLER, "FiddlerModelOutputColumn"), "FiddlerModelOutputColumn"),
        *(
            (ROUTES | {name: value}, "Without FiddlerUrl, all parameters that begin with Fiddler")
            for name, value in {**MODEL, "FiddlerTimestampColumn": "at"}.items()
        ),
        (FIDDLER | {"SecretArns": SECRET}, "SecretArns and ParameterArns are for RoutesFile"),
        (FIDDLER | {"ParameterArns": PARAMETER}, "ParameterArns are for RoutesFile"),
        (FIDDLER | {"FilesPlace": "s3://rows/x"}, "FilesPlace and LabelBucket are for routes"),
        (FIDDLER | {"LabelBucket": "truth"}, "FilesPlace and LabelBucket are for routes"),
        (ROUTES | {"LabelPrefix": "truth/"}, "LabelPrefix is for LabelBucket"),
        (ROUTES | {"FilesKmsKeyArn": KEY}, "FilesKmsKeyArn is for the bucket of FilesPlace"),
        *((FIDDLER | without(NETWORK, name), "A VPC needs both") for name in NETWORK),
    ],
)
def test_a_wrong_combination_is_refused_with_a_sentence(given: dict[str, str], said: str) -> None:
    assert said in refusal(given)
    assert refusal(given).endswith(".")


def test_each_rule_refuses_something_by_names_of_parameters() -> None:
    for rule in TEMPLATE["Rules"].values():
        for assertion in rule["Assertions"]:
            said = assertion["AssertDescription"]
            assert said.endswith(".")
            assert any(name in said for name in PARAMETERS)


def functions(value: Any) -> Iterator[tuple[str, Any]]:
    """Every function in a value of the template, at any depth, with its operands."""
    for part in value if isinstance(value, list) else []:
        yield from functions(part)
    for name, part in value.items() if isinstance(value, dict) else []:
        if name == "Ref" or name.startswith("Fn::"):
            yield name, part
        yield from functions(part)


def test_rules_use_only_what_cloudformation_has_for_rules() -> None:
    # Other functions, such as Fn::Sub and Fn::Join, are refused there when the stack is deployed.
    used = [*functions(TEMPLATE["Rules"])]
    assert {name for name, _ in used} <= {"Ref", "Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals"}
    combined = [len(parts) for name, parts in used if name in {"Fn::And", "Fn::Or"}]
    assert all(2 <= count <= 10 for count in combined)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("CaptureBucket", "s3://captures"),
        ("CaptureBucket", "one, two"),
        ("CaptureBucket", "one,two,three,four,five,six"),
        ("CaptureBucket", "-"),
        ("CapturePrefix", "/datacapture"),
        ("CapturePrefix", "data*"),
        ("CapturePrefix", "${AWS::AccountId}"),
        ("CapturePrefix", "データ/"),  # IAM takes no characters above U+00FF
        ("LabelPrefix", "Ř/"),
        ("FiddlerUrl", "https://user:password@example.com"),
        ("FiddlerTokenSecretArn", SECRET.removesuffix("-AbCdEf")),
        ("FilesPlace", "s3://rows"),
        ("FilesPlace", "s3://rows/monitoring/"),
        ("FilesPlace", "s3://rows/*"),
        ("FilesPlace", "/tmp/rows"),  # noqa: S108 - what is refused here
        ("BatchTransformData", "s3://data/transform"),
        ("BatchTransformData", "arn:aws:s3:::data"),
        ("BatchTransformData", "arn:aws:s3:::*"),
        ("PartnerAppArn", ARN.format("sagemaker", "partner-app/*")),
        ("RoutesFile", "routes.yaml"),
        ("RoutesFile", "s3://settings"),
        ("RoutesFile", "s3://settings/*"),
        ("RoutesFile", "ssm://"),
        ("RoutesFile", "ssm:///*"),
        ("SecretArns", f"{SECRET}, {OTHER_SECRET}"),
        ("SecretArns", ARN.format("secretsmanager", "secret:*")),
        ("SecretArns", f"{SECRET},{OTHER_SECRET.removesuffix('-AbCdEf')}"),
        ("ParameterArns", "forwarder/token"),
        ("CaptureSource", ""),
        ("CaptureSource", "sns"),
        ("CaptureSource", ARN.format("sns", "*")),
        ("CaptureSource", ARN.format("sqs", "queue")),
        ("CaptureSource", ARN.format("events", "rule/files")),
        ("KmsKeyArn", ARN.format("kms", "alias/mine")),
        ("SubnetIds", "subnet-1, subnet-2"),
        ("SecurityGroupIds", "default"),
        ("HttpsProxy", "http://user:password@proxy.example.com:3128"),
        ("HttpsProxy", "proxy.example.com:3128"),
        ("NoProxy", "a.example.com, b.example.com"),
        ("PermissionsBoundaryArn", "boundary"),
        ("RolePath", "platform"),
        ("UseFips", "yes"),
    ],
)
def test_a_parameter_refuses_what_would_allow_more_or_nothing(parameter: str, value: str) -> None:
    assert not fits(parameter, value)


def test_every_parameter_takes_its_default() -> None:
    for name, declared in PARAMETERS.items():
        assert name == "CaptureBucket" or fits(name, str(declared["Default"]))


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (
            "SecretArns",
            "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:a/_+=.@-b-AbCdEf",
        ),
        ("CaptureSource", TOPIC),
        ("CaptureSource", BUS),
        ("CapturePrefix", "team=retention/a+b (1)/"),
        ("RolePath", "/platform/forwarders/"),
        ("PermissionsBoundaryArn", "arn:aws:iam::aws:policy/PowerUserAccess"),
        ("HttpsProxy", "http://proxy.example.com:3128"),
        ("KmsKeyArn", ARN.format("kms", "key/mrk-3f1c9a520b7e4d869a416d2f8c0e7b15")),
        ("NoProxy", "169.254.169.254,.amazonaws.com"),
    ],
)
def test_a_parameter_takes_what_there_is(parameter: str, value: str) -> None:
    assert fits(parameter, value)


def test_the_function_refuses_nothing_that_stands_in_the_variables_for_local_runs() -> None:
    (given,) = json.loads((REPOSITORY / "events/env.json").read_text()).values()
    declared = properties("ForwarderFunction")["Environment"]["Variables"]
    # sam local gives a function only those that the template has too.
    assert given.keys() <= declared.keys()
    # Without a value for it, sam local leaves a parameter's default, which is empty.
    environment = Deployment({}).environment() | given
    load(environment)
    with pytest.raises(SettingsError):
        load(Deployment({}).environment())


def test_the_variables_leave_room_for_columns() -> None:
    limit = 4096
    used = max(
        sum(len(name) + len(text) for name, text in Deployment(given).environment().items())
        for given in WHOLE.values()
    )
    assert used < limit / 2


def test_the_function_is_in_a_vpc_where_one_is_given() -> None:
    assert "VpcConfig" not in function(FIDDLER)
    assert function(FIDDLER | NETWORK)["VpcConfig"] == {
        "SubnetIds": ["subnet-0a1b2c3d", "subnet-1a2b3c4d"],
        "SecurityGroupIds": ["sg-0a1b2c3d"],
    }


def test_proxy_and_fips_endpoints_are_what_the_clients_read() -> None:
    given = {
        "HttpsProxy": "http://proxy:3128",
        "NoProxy": ".amazonaws.com",
        "UseFips": "true",
    }
    told = Deployment(FIDDLER | given).environment()
    assert told["HTTPS_PROXY"] == "http://proxy:3128"
    assert told["NO_PROXY"] == ".amazonaws.com"
    assert told["AWS_USE_FIPS_ENDPOINT"] == "true"
    plain = Deployment(FIDDLER).environment()
    assert plain["AWS_USE_FIPS_ENDPOINT"] == "false"
    assert not {"HTTPS_PROXY", "NO_PROXY"} & plain.keys()


def test_the_role_has_the_path_and_the_boundary_that_an_account_asks_for() -> None:
    plain = Deployment(FIDDLER).resources()["ForwarderRole"]
    assert plain["Path"] == "/"
    assert "PermissionsBoundary" not in plain
    given = {"RolePath": "/platform/", "PermissionsBoundaryArn": BOUNDARY}
    bound = Deployment(FIDDLER | given).resources()["ForwarderRole"]
    assert bound["Path"] == "/platform/"
    assert bound["PermissionsBoundary"] == BOUNDARY


def test_one_key_encrypts_all_that_holds_data() -> None:
    given = {"AlarmEmail": "a@example.com"}
    plain = Deployment(FIDDLER | given).resources()
    keyed = Deployment(FIDDLER | given | {"KmsKeyArn": KEY}).resources()

    def encryption(made: dict[str, Any]) -> Any:
        configured = made["QuarantineBucket"]["BucketEncryption"]
        (rule,) = configured["ServerSideEncryptionConfiguration"]
        return rule["ServerSideEncryptionByDefault"]

    assert encryption(plain) == {"SSEAlgorithm": "AES256"}
    assert encryption(keyed) == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    for name, member in (("ForwarderLogGroup", "KmsKeyId"), ("AlarmTopic", "KmsMasterKeyId")):
        assert member not in plain[name]
        assert keyed[name][member] == KEY
