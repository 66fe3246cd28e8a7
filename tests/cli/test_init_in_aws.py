"""`capture-forwarder init` with a bucket: what is deployed, uploaded, asked of the platform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from tests.support.aws_answers import AwsAnswers
from tests.support.captures import line, side
from tests.support.package import REPOSITORY
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, FiddlerServer
from tests.support.platforms.fiddler_model import Model
from tests.support.sam_cli import as_deploy_reads
from tests.support.template_values import PARAMETERS, Deployment

BUCKET = "captures"
HOUR = "2026/03/01/10"
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
TEMPLATE = str(REPOSITORY / "template.yaml")
MODEL = Model.of(
    inputs={"age": "int", "income": "float"}, outputs={"score": "float"}, event_id_col="event_id"
)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    Path("samconfig.toml").write_text((REPOSITORY / "samconfig.toml").read_text())
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield


@pytest.fixture
def fiddler() -> Iterator[FiddlerServer]:
    with FiddlerServer(MODEL) as server:
        yield server


def put(endpoint: str, *lines: bytes, folder: str = "datacapture", hour: str = HOUR) -> str:
    key = f"{folder}/{endpoint}/AllTraffic/{hour}/20-30-123-a.jsonl"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"\n".join(lines))
    return key


def call(request: str = "41,52000", response: str = "0.7") -> bytes:
    return line(side(request), side(response))


def named(**values: object) -> bytes:
    text = json.dumps(values)
    return line(side(text, "application/json"), side('{"score": 0.5}', "application/json"))


def secret(text: str = TOKEN) -> str:
    made = boto3.client("secretsmanager").create_secret(Name="fiddler", SecretString=text)
    return str(made["ARN"])


def run(*arguments: str, exit_code: int = 0, answers: str | None = None) -> Result:
    given = ["init", f"s3://{BUCKET}/datacapture/", "--template", TEMPLATE, *arguments]
    if arguments and "://" in arguments[0]:
        given = ["init", *arguments, "--template", TEMPLATE]
    result = CliRunner().invoke(app, given, input=answers)
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def document(*arguments: str, exit_code: int = 0) -> dict[str, Any]:
    return dict(json.loads(run(*arguments, "--json", exit_code=exit_code).stdout))


def to_fiddler(server: FiddlerServer, arn: str) -> list[str]:
    settings = [f"url={server.url}", f"model_uuid={MODEL_ID}", f"token_secret_arn={arn}"]
    return ["--publisher", "fiddler", *(word for one in settings for word in ("--set", one))]


def deployed() -> dict[str, Any]:
    """What `sam deploy` reads of samconfig.toml, and would not be refused by the template."""
    read = as_deploy_reads(Path("samconfig.toml").read_text())
    overrides = read["parameter_overrides"]
    assert overrides.keys() <= PARAMETERS.keys()
    assert Deployment(overrides).refusals() == []
    return read


TO_FILES = ("--publisher", "files", "--set", "place=s3://rows/out")


def test_two_endpoints_become_routes_and_a_deployment_that_asks_nothing(
    fiddler: FiddlerServer,
) -> None:
    put("churn", named(age=41, income=52000.5))
    put("credit", call())
    arn = secret()

    done = document(*to_fiddler(fiddler, arn), "--set", "credit:inputs=age,income", "--upload")

    assert [route["name"] for route in done["routes"]] == ["churn", "credit"]
    assert [route["model"]["fit"] for route in done["routes"]] == ["fits", "fits"]
    read = deployed()
    assert read["parameter_overrides"] == {
        "Architecture": "arm64",
        "Runtime": "python3.13",
        "CaptureBucket": BUCKET,
        "CapturePrefix": "datacapture/",
        "RoutesFile": "ssm:///capture-forwarder/routes",
        "SecretArns": arn,
    }
    assert (read["confirm_changeset"], read["guided"]) == (False, False)
    assert (read["stack_name"], read["region"]) == ("capture-forwarder", "us-east-1")
    assert done["uploaded"] is True
    keys = [
        f"s3://{BUCKET}/datacapture/{name}/AllTraffic/{HOUR}/x.jsonl" for name in ("churn", "x")
    ]
    checked = CliRunner().invoke(app, ["routes", "check", done["routes_file"], *keys, "--json"])
    assert [one["takes"] for one in json.loads(checked.stdout)["keys"]] == [["churn"], []]
    assert done["next"] == [
        f"capture-forwarder connect bucket {BUCKET} --apply --region us-east-1",
        "sam build && sam deploy",
        "capture-forwarder doctor --stack capture-forwarder --region us-east-1",
    ]
    assert fiddler.stored == []


def test_columns_that_the_model_does_not_have_are_told_with_those_that_it_has(
    fiddler: FiddlerServer,
) -> None:
    put("churn", call())

    shown = run(*to_fiddler(fiddler, secret()), exit_code=1)

    assert "route churn: The model's schema has no column 'f0', 'f1'." in shown.stderr
    assert "Its columns are: age, income, score" in shown.stderr
    assert Path("routes.yaml").exists()
    assert deployed()["parameter_overrides"]["CaptureBucket"] == BUCKET


def test_columns_of_the_model_that_nothing_fills_are_told(fiddler: FiddlerServer) -> None:
    put("churn", named(age=41))

    done = document(*to_fiddler(fiddler, secret()))

    assert any("income" in note for note in done["notes"])


def test_a_platform_that_cannot_be_asked_is_a_note_and_no_failure(
    fiddler: FiddlerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("churn", call())
    arn = secret()
    AwsAnswers(monkeypatch).refuse("GetSecretValue", "AccessDeniedException")

    done = document(*to_fiddler(fiddler, arn))

    assert done["routes"][0]["model"]["fit"] == "unknown"
    assert any(
        "token_secret_arn" in note and "could not be asked" in note for note in done["notes"]
    )


def test_no_secret_stands_in_anything_that_is_written_or_shown(fiddler: FiddlerServer) -> None:
    put("churn", call())

    shown = run(*to_fiddler(fiddler, secret()), exit_code=1)

    texts = [shown.output, *(path.read_text() for path in Path().iterdir())]
    assert [text for text in texts if TOKEN in text] == []


@pytest.mark.parametrize(
    ("place", "prefix"),
    [
        ("", ""),
        ("datacapture", "datacapture/"),
        ("datacapture/churn/", "datacapture/churn/"),
        ("datacapture/churn/AllTraffic/2026/03/", "datacapture/churn/AllTraffic/"),
        (f"datacapture/churn/AllTraffic/{HOUR}/20-30-123-a.jsonl", "datacapture/churn/AllTraffic/"),
    ],
)
def test_the_prefix_holds_the_files_of_every_hour(place: str, prefix: str) -> None:
    put("churn", call())

    done = document(f"s3://{BUCKET}/{place}", *TO_FILES)

    assert done["parameters"].get("CapturePrefix", "") == prefix
    assert done["routes"][0]["match"] == {"endpoint": "churn"}
    assert deployed()["parameter_overrides"].get("CapturePrefix", "") == prefix


def test_only_the_newest_files_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    for hour in range(10):
        put("churn", call("1,2,3" if hour < 5 else "41,5"), hour=f"2026/03/01/{hour:02}")
    aws = AwsAnswers(monkeypatch)

    done = document(*TO_FILES, "--limit", "3")

    assert (done["routes"][0]["files"], done["routes"][0]["lines_read"]) == (3, 3)
    assert len(aws.of("GetObject")) == 3


def test_the_keys_that_encrypt_the_captures_are_given_to_the_function() -> None:
    key = put("churn", call())
    boto3.client("s3").put_object(
        Bucket=BUCKET, Key=key, Body=call(), ServerSideEncryption="aws:kms", SSEKMSKeyId=KEY
    )

    run(*TO_FILES)

    assert deployed()["parameter_overrides"]["CaptureKmsKeyArn"] == KEY


@pytest.mark.parametrize(
    ("operation", "action"),
    [("GetBucketLocation", "s3:GetBucketLocation"), ("HeadObject", "s3:GetObject")],
)
def test_what_may_not_be_looked_at_is_a_note_with_the_action_to_allow(
    monkeypatch: pytest.MonkeyPatch, operation: str, action: str
) -> None:
    put("churn", call())
    AwsAnswers(monkeypatch).refuse(operation)

    done = document(*TO_FILES)

    assert any(f"Allow {action}." in note for note in done["notes"])
    deployed()


def test_a_bucket_that_may_not_be_listed_is_an_error_with_the_action(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    AwsAnswers(monkeypatch).refuse("ListObjectsV2")

    assert "Allow s3:ListBucket." in run(*TO_FILES, exit_code=1).stderr


def test_a_region_that_is_not_the_buckets_is_refused() -> None:
    put("churn", call())

    shown = run(*TO_FILES, "--region", "eu-west-1", exit_code=2)

    assert "captures is in us-east-1, and so the stack must be." in shown.stderr
    assert not Path("routes.yaml").exists()


def test_further_parameters_are_written_so_that_sam_reads_all_of_them() -> None:
    put("churn", call())

    run(*TO_FILES, "--parameter", "AlarmEmail=you@example.com", "--stack", "mine")

    read = deployed()
    assert read["parameter_overrides"]["AlarmEmail"] == "you@example.com"
    assert read["parameter_overrides"]["FilesPlace"] == "s3://rows/out"
    assert read["parameter_overrides"]["RoutesFile"] == "ssm:///mine/routes"
    assert read["stack_name"] == "mine"


@pytest.mark.parametrize(
    ("parameter", "says"),
    [
        ("NoSuch=1", "NoSuch: the template has no such parameter"),
        ("AlarmEmail=nobody", "AlarmEmail=nobody: must be an e-mail address, or empty"),
        ("LogLevel=LOUD", "LogLevel=LOUD: must be one of DEBUG"),
        ("Alarm", "has no value"),
    ],
)
def test_a_parameter_that_the_template_refuses_is_refused_at_once(
    parameter: str, says: str
) -> None:
    put("churn", call())

    assert says in run(*TO_FILES, "--parameter", parameter, exit_code=2).stderr
    assert not Path("routes.yaml").exists()


def test_the_parameters_of_the_quick_start_are_emptied() -> None:
    put("churn", call())
    text = Path("samconfig.toml").read_text()
    own = '"Architecture=arm64", "FiddlerUrl=https://example.fiddler.ai"'
    Path("samconfig.toml").write_text(text.replace('"Architecture=arm64"', own))

    run(*TO_FILES, "--force")

    assert deployed()["parameter_overrides"]["FiddlerUrl"] == ""


# --- what is there already ------------------------------------------------------------------


def test_what_is_there_is_replaced_only_by_force_and_a_copy_is_kept() -> None:
    put("churn", call())
    Path("routes.yaml").write_text("precious")
    run("--parameter", "CaptureBucket=old", *TO_FILES, "--output", "other.yaml")
    before = Path("samconfig.toml").read_text()

    shown = run(*TO_FILES, exit_code=2)

    assert "routes.yaml is there already." in shown.stderr
    assert "samconfig.toml has CaptureBucket=old, which would become captures." in shown.stderr
    assert (Path("routes.yaml").read_text(), Path("samconfig.toml").read_text()) == (
        "precious",
        before,
    )

    done = document(*TO_FILES, "--force")

    copies = [Path(copy).read_text() for copy in done["copies"]]
    assert copies == ["precious", before]
    assert deployed()["parameter_overrides"]["CaptureBucket"] == BUCKET


def test_a_second_time_nothing_is_replaced() -> None:
    put("churn", call())
    run(*TO_FILES)

    assert document(*TO_FILES)["copies"] == []


@pytest.mark.parametrize("address", ["s3://captures/settings/routes.yaml", "ssm:///own/routes"])
def test_routes_are_uploaded_and_others_are_not_replaced(address: str) -> None:
    put("churn", call())
    options = (*TO_FILES, "--routes-file", address, "--upload")
    run(*options)
    assert document(*options)["uploaded"] is True
    put("credit", call())

    shown = run(*options, "--output", "new.yaml", exit_code=2)
    assert f"{address} holds another text." in shown.stderr

    run(*options, "--output", "new.yaml", "--force")
    checked = CliRunner().invoke(app, ["routes", "check", address, "--json"])
    names = [route["name"] for route in json.loads(checked.stdout)["routes"]]
    assert names == ["churn", "credit"]


def test_without_upload_nothing_in_aws_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    put("churn", call())
    aws = AwsAnswers(monkeypatch)

    done = document(*TO_FILES)

    assert {name for name, _ in aws.asked} <= {
        *("ListObjectsV2", "GetObject", "HeadObject", "GetBucketLocation", "GetCallerIdentity")
    }
    assert done["next"][0] == (
        "aws ssm put-parameter --name /capture-forwarder/routes --type String "
        "--tier Intelligent-Tiering --overwrite --value file://routes.yaml --region us-east-1"
    )


def test_a_long_file_goes_to_s3() -> None:
    put("churn", named(**{f"feature_{n:03}": n for n in range(400)}))

    done = document(*TO_FILES)

    assert done["routes_file"] == f"s3://{BUCKET}/capture-forwarder/routes.yaml"
    assert done["next"][0].startswith("aws s3 cp routes.yaml s3://captures/capture-forwarder/")
    deployed()
