"""What template.yaml makes of its parameters: what it refuses, allows and tells the function."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from itertools import combinations
from typing import Any

import pytest

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.publishers.files.formats import JsonArray, JsonLines
from capture_forwarder.publishers.files.parquet import Parquet
from capture_forwarder.settings import PublisherName, load
from capture_forwarder.settings.publishers import FiddlerSettings, FilesSettings
from tests.support.package import REPOSITORY
from tests.support.template_values import PARAMETERS, TEMPLATE, Deployment, fits, properties

ARN = "arn:aws:{}:us-east-1:123456789012:{}"
SECRET = ARN.format("secretsmanager", "secret:token-AbCdEf")
OTHER_SECRET = ARN.format("secretsmanager", "secret:other-AbCdEf")
PARAMETER = ARN.format("ssm", "parameter/forwarder/token")
KEY = ARN.format("kms", "key/3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15")
APP = ARN.format("sagemaker", "partner-app/app-ABCDEF123456")

BUCKET = {"CaptureBucket": "captures"}
MODEL = {
    "FiddlerTokenSecretArn": SECRET,
    "FiddlerModelUuid": "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15",
    "FiddlerModelColumns": "age,income",
    "FiddlerModelOutputColumn": "score",
}
DATA = "arn:aws:s3:::data/transform/*"
OTHER_DATA = "arn:aws:s3:::more-data/*"
FIDDLER = {**BUCKET, **MODEL, "FiddlerUrl": "https://example.fiddler.ai"}
PARTNER_APP = {
    **BUCKET,
    **MODEL,
    "PartnerAppUrl": "https://app.example.com",
    "PartnerAppArn": APP,
}
ARTHUR = {
    **BUCKET,
    "ArthurHost": "https://arthur.example.com",
    "ArthurModelId": "churn",
    "ArthurAccessTokenSecretArn": SECRET,
}
FILES = {
    **BUCKET,
    "FilesPlace": "s3://rows/monitoring/churn",
    "InputColumns": "age,income",
    "OutputColumns": "score",
}
ROUTES = {**BUCKET, "RoutesFile": "s3://settings/forwarder/routes.yaml"}
ROUTES_PARAMETER = {**BUCKET, "RoutesFile": "ssm:///forwarder/routes"}

WHOLE = {
    "Fiddler": FIDDLER,
    "a partner app": PARTNER_APP,
    "Arthur": ARTHUR,
    "files": FILES,
    "a routes file in S3": ROUTES,
    "a routes file in a parameter": ROUTES_PARAMETER,
}
OTHERS = {
    "CsvHeader": "present",
    "EventIdColumn": "event_id",
    "FiddlerTimestampColumn": "at",
    "FilesKmsKeyArn": KEY,
    "InputPath": "instances",
    "MetadataColumns": "endpoint=endpoint",
    "OutputPath": "predictions",
    "ParameterArns": PARAMETER,
    "SecretArns": f"{SECRET},{OTHER_SECRET}",
    "TimestampColumn": "at",
}
ALWAYS = {
    "TakeMessages",
    "ContinueLater",
    "KeepPlaces",
    "ReadCaptures",
    "WriteQuarantine",
    "WriteLogs",
}


def granted(given: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What the role may do beyond what it always may."""
    deployment = Deployment(given)
    assert deployment.refusals() == []
    statements = deployment.statements()
    assert statements.keys() >= ALWAYS
    return {name: one for name, one in statements.items() if name not in ALWAYS}


def allowed(given: dict[str, str]) -> dict[str, list[str]]:
    """Action → the only resources for it, beyond what the role always may."""
    found: dict[str, list[str]] = {}
    for statement in granted(given).values():
        resources = statement["Resource"]
        resources = resources if isinstance(resources, list) else [resources]
        found.setdefault(statement["Action"], []).extend(resources)
    return found


def refusal(given: dict[str, str]) -> str:
    """All that the rules say against parameters."""
    return " ".join(Deployment(given).refusals())


def without(given: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in names}


@pytest.mark.parametrize("given", WHOLE.values(), ids=WHOLE)
def test_what_is_deployed_is_what_the_function_accepts(given: dict[str, str]) -> None:
    assert Deployment(given).refusals() == []
    load(Deployment(given).environment())


def test_the_function_is_told_where_rows_go() -> None:
    platforms = {name: load(Deployment(given).environment()) for name, given in WHOLE.items()}
    assert {name: one.route and one.route.publisher_name for name, one in platforms.items()} == {
        "Fiddler": PublisherName.FIDDLER,
        "a partner app": PublisherName.FIDDLER,
        "Arthur": PublisherName.ARTHUR,
        "files": PublisherName.FILES,
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
    assert route.publisher.url == PARTNER_APP["PartnerAppUrl"]


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
        (BUCKET, "Say where the rows go"),
        (without(FIDDLER, "FiddlerTokenSecretArn"), "Fiddler needs FiddlerTokenSecretArn"),
        (without(FIDDLER, "FiddlerModelUuid"), "Fiddler needs FiddlerModelUuid"),
        (without(FIDDLER, "FiddlerModelColumns"), "Fiddler needs FiddlerModelColumns"),
        (without(FIDDLER, "FiddlerModelOutputColumn"), "FiddlerModelOutputColumn"),
        (FIDDLER | ARTHUR, "Rows go to Fiddler, so ArthurHost and FilesPlace must be empty"),
        (FIDDLER | FILES, "Rows go to Fiddler, so ArthurHost and FilesPlace must be empty"),
        (FIDDLER | ROUTES, "FiddlerUrl, PartnerAppUrl and ArthurHost must be empty beside it"),
        (FIDDLER | PARTNER_APP, "Fiddler has one address"),
        (FIDDLER | {"InputColumns": "age"}, "Fiddler's columns are FiddlerModelColumns"),
        (FIDDLER | {"PartnerAppArn": APP}, "PartnerAppArn is for PartnerAppUrl or RoutesFile"),
        (without(PARTNER_APP, "PartnerAppArn"), "A partner app needs PartnerAppArn"),
        (without(PARTNER_APP, "PartnerAppUrl"), "PartnerAppArn is for PartnerAppUrl"),
        (without(ARTHUR, "ArthurModelId"), "Arthur needs ArthurModelId"),
        (without(ARTHUR, "ArthurAccessTokenSecretArn"), "Arthur needs ArthurAccessTokenSecretArn"),
        (without(ARTHUR, "ArthurHost"), "are for ArthurHost"),
        (ARTHUR | FILES, "Rows go to Arthur, so FilesPlace must be empty"),
        (ARTHUR | ROUTES, "PartnerAppUrl and ArthurHost must be empty beside it"),
        (ARTHUR | {"FiddlerModelColumns": "age"}, "are for FiddlerUrl or PartnerAppUrl"),
        (ARTHUR | {"InputColumns": "age"}, "both InputColumns and OutputColumns, or neither"),
        (ARTHUR | {"InputPath": "instances"}, "say nothing without columns"),
        (ARTHUR | {"MetadataColumns": "endpoint=endpoint"}, "which have no place for"),
        (without(FILES, "OutputColumns"), "Files need InputColumns and OutputColumns"),
        (FIDDLER | {"FilesKmsKeyArn": KEY}, "FilesKmsKeyArn is for the bucket of FilesPlace"),
        (FIDDLER | {"FilesFormat": "json-array"}, "FilesFormat is for FilesPlace without Rou"),
        (
            ROUTES | {"FilesPlace": "s3://rows/x", "FilesFormat": "json-array"},
            "FilesFormat is for FilesPlace without RoutesFile",
        ),
        (FIDDLER | {"SecretArns": SECRET}, "SecretArns and ParameterArns are for RoutesFile"),
        (FIDDLER | {"ParameterArns": PARAMETER}, "ParameterArns are for RoutesFile"),
        (ROUTES | {"InputColumns": "age"}, "RoutesFile says which columns there are"),
        (ROUTES | {"CsvHeader": "present"}, "CsvHeader absent beside it"),
        (ROUTES | {"FiddlerModelUuid": MODEL["FiddlerModelUuid"]}, "are for FiddlerUrl"),
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
        (ARTHUR, {"secretsmanager:GetSecretValue": [SECRET]}),
        (FILES, {"s3:PutObject": ["arn:aws:s3:::rows/monitoring/churn/*"]}),
        (
            FIDDLER | {"BatchTransformData": f"{DATA},{OTHER_DATA}"},
            {
                "secretsmanager:GetSecretValue": [SECRET],
                "s3:GetObject": [DATA, OTHER_DATA],
                "s3:ListBucket": ["arn:aws:s3:::captures"],
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
    ],
)
def test_a_permission_is_there_only_with_its_parameter_and_only_for_it(
    given: dict[str, str], expected: dict[str, list[str]]
) -> None:
    assert allowed(given) == expected


@pytest.mark.parametrize(
    ("given", "statement", "services"),
    [
        (FIDDLER | {"CaptureKmsKeyArn": KEY}, "DecryptCaptures", ["s3"]),
        (FIDDLER | {"SecretKmsKeyArn": KEY}, "DecryptSecrets", ["secretsmanager"]),
        (ROUTES | {"SecretKmsKeyArn": KEY}, "DecryptSecrets", ["secretsmanager", "s3"]),
        (ROUTES_PARAMETER | {"SecretKmsKeyArn": KEY}, "DecryptSecrets", ["secretsmanager", "ssm"]),
        (FILES | {"FilesKmsKeyArn": KEY}, "EncryptFiles", ["s3"]),
    ],
)
def test_a_key_may_be_used_only_where_it_is_given_and_only_by_what_it_is_for(
    given: dict[str, str], statement: str, services: list[str]
) -> None:
    found = granted(given)[statement]
    told = found["Condition"]["StringEquals"]["kms:ViaService"]
    assert found["Resource"] in (KEY, [KEY])
    assert (told if isinstance(told, list) else [told]) == [
        f"{service}.us-east-1.amazonaws.com" for service in services
    ]
    # With no key given there is no such permission.
    keyless = without(given, "CaptureKmsKeyArn", "SecretKmsKeyArn", "FilesKmsKeyArn")
    assert not [action for action in allowed(keyless) if action.startswith("kms:")]


def test_manifests_of_batch_transforms_are_announced_where_their_data_may_be_read() -> None:
    given = FIDDLER | {"BatchTransformData": DATA, "CapturePrefix": "captures/"}
    pattern = Deployment(given).value(properties("CaptureRule")["EventPattern"])

    endpoints, transforms = pattern["detail"]["object"]["key"]

    assert endpoints == {"wildcard": "captures/*.jsonl"}
    name = transforms["wildcard"]
    assert fnmatchcase("captures/output/2023/01/21/01/e824d723-e1f2.json", name)
    assert fnmatchcase("captures/churn/output/2023/01/21/01/e824d723-e1f2.json", name)
    assert not fnmatchcase("captures/churn/input/2023/01/21/01/e824d723-e1f2.json", name)
    found = Deployment(given).statements()["ListManifests"]
    assert found["Condition"] == {"StringLike": {"s3:prefix": "captures/*"}}


def test_several_buckets_have_one_rule_and_a_permission_each() -> None:
    buckets = ["one", "two.b", "three", "four", "five"]
    for count in range(1, len(buckets) + 1):
        given = {"CaptureBucket": ",".join(buckets[:count]), "CapturePrefix": "a,b/"}
        deployment = Deployment(given)
        pattern = deployment.value(properties("CaptureRule")["EventPattern"])
        assert pattern["detail"]["bucket"]["name"] == buckets[:count]
        assert deployment.statements()["ReadCaptures"]["Resource"] == [
            f"arn:aws:s3:::{bucket}/a,b/*" for bucket in buckets[:count]
        ]
    assert not fits("CaptureBucket", ",".join([*buckets, "six"]))


LABELS = {**ROUTES, "LabelBucket": "truth", "LabelPrefix": "ground-truth/"}


def test_files_of_labels_have_a_rule_and_a_permission_of_their_own() -> None:
    deployment = Deployment(LABELS)
    assert deployment.refusals() == []
    pattern = deployment.value(properties("LabelRule")["EventPattern"])
    assert pattern["detail"] == {
        "bucket": {"name": ["truth"]},
        "object": {"key": [{"wildcard": "ground-truth/*"}]},
    }
    assert deployment.statements()["ReadLabels"]["Resource"] == "arn:aws:s3:::truth/ground-truth/*"
    assert TEMPLATE["Resources"]["LabelRule"]["Condition"] == "HasLabels"
    assert "ReadLabels" not in granted(ROUTES)


def test_labels_are_for_routes_and_their_prefix_for_their_bucket() -> None:
    assert Deployment({**FIDDLER, "LabelBucket": "truth"}).refusals()
    assert Deployment({**ROUTES, "LabelPrefix": "ground-truth/"}).refusals()


def test_files_are_written_as_the_template_says() -> None:
    assert "parquet" not in PARAMETERS["FilesFormat"]["AllowedValues"]
    for form in PARAMETERS["FilesFormat"]["AllowedValues"]:
        written = load(Deployment(FILES | {"FilesFormat": form}).environment()).route
        assert written is not None
        assert isinstance(written.publisher, FilesSettings)
        assert written.publisher.format == form


def test_what_the_file_publisher_writes_does_not_come_back() -> None:
    pattern = Deployment(FILES).value(properties("CaptureRule")["EventPattern"])
    assert pattern["detail"]["object"]["key"] == [{"wildcard": "*.jsonl"}]
    for form in (JsonLines, JsonArray, Parquet):
        assert not form.suffix.endswith(".jsonl")


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("CaptureBucket", "s3://captures"),
        ("CaptureBucket", "one, two"),
        ("FilesPlace", "s3://rows"),
        ("BatchTransformData", "s3://data/transform"),
        ("BatchTransformData", "arn:aws:s3:::data"),
        ("BatchTransformData", "arn:aws:s3:::*"),
        ("FilesPlace", "s3://rows/monitoring/"),
        ("FilesPlace", "s3://rows/*"),
        ("FilesPlace", "/tmp/rows"),  # noqa: S108 - what is refused here
        ("PartnerAppArn", ARN.format("sagemaker", "partner-app/*")),
        ("RoutesFile", "routes.yaml"),
        ("RoutesFile", "s3://settings"),
        ("RoutesFile", "s3://settings/*"),
        ("RoutesFile", "ssm://"),
        ("RoutesFile", "ssm:///*"),
        ("SecretArns", f"{SECRET}, {OTHER_SECRET}"),
        ("SecretArns", ARN.format("secretsmanager", "secret:*")),
        ("ParameterArns", "forwarder/token"),
    ],
)
def test_a_parameter_refuses_what_would_allow_more_or_nothing(parameter: str, value: str) -> None:
    assert not fits(parameter, value)
    assert fits(parameter, "") == (PARAMETERS[parameter].get("Default") == "")


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
