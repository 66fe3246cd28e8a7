"""`capture-forwarder connect endpoint`, against a server that keeps SageMaker's rules."""

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
from capture_forwarder.local.clock import SystemClock
from tests.support.sagemaker import SageMakerServer, Update, read_model_once

PLACE = "s3://captures/datacapture"
TO = ("--destination", PLACE)
VARIANT = {
    "VariantName": "AllTraffic",
    "ModelName": "model",
    "InitialInstanceCount": 1,
    "InstanceType": "ml.m5.xlarge",
    "InitialVariantWeight": 1.0,
}
ALL_ON = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": PLACE,
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {
        "CsvContentTypes": ["text/csv"],
        "JsonContentTypes": ["application/json", "application/jsonlines"],
    },
}


class Time:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.passed = 0.0

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(SystemClock, "sleep", lambda _, seconds: time.sleep(seconds))
    monkeypatch.setattr(SystemClock, "monotonic", lambda _: time.passed)
    return time


@pytest.fixture
def sagemaker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, time: Time
) -> Iterator[SageMakerServer]:
    assert time.passed == 0
    read_model_once(monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    with mock_aws(), SageMakerServer() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", server.url)
        boto3.client("s3").create_bucket(Bucket="captures")
        server.run("churn", "first", {"ProductionVariants": [VARIANT]})
        yield server


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["connect", "endpoint", *arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def document(*arguments: str, exit_code: int = 0) -> dict[str, Any]:
    return dict(json.loads(run(*arguments, "--json", exit_code=exit_code).stdout))


def undo_files() -> list[Path]:
    return sorted(Path().glob("capture-forwarder-undo-churn-*.json"))


def test_without_apply_it_only_shows_what_would_change(sagemaker: SageMakerServer) -> None:
    shown = run("churn", *TO).stdout

    assert "Data Capture: off → on" in shown
    assert "sampling: - → 100 %" in shown
    assert "sides: - → Input, Output" in shown
    assert f"destination: - → {PLACE}" in shown
    assert "KMS key" not in shown
    assert "stays: ProductionVariants" in shown
    assert "a second fleet of the same size runs (AllTraffic 1)" in shown
    assert "Add --apply" in shown
    assert (sagemaker.writes(), undo_files()) == ([], [])


def test_it_turns_capture_on_and_can_be_undone(sagemaker: SageMakerServer) -> None:
    done = document("churn", *TO, "--apply")

    state = sagemaker.endpoints["churn"]
    assert (state.config, state.capture) == (done["config_after"], ALL_ON)
    assert (done["applied"], done["capturing"], done["capture_before"]) == (True, True, None)
    assert sagemaker.configs[state.config] == {
        "ProductionVariants": [VARIANT],
        "DataCaptureConfig": ALL_ON,
    }
    (undo,) = undo_files()
    assert done["undo"] == str(undo)

    shown = run("--undo", str(undo))
    assert "Add --apply" in shown.stdout
    assert state.config == done["config_after"]
    shown = run("--undo", str(undo), "--apply")

    assert "runs the configuration first again" in shown.stdout
    assert "Data Capture is off." in shown.stdout
    assert (state.config, list(sagemaker.configs)) == ("first", ["first"])
    assert "already" in run("--undo", str(undo), "--apply").stdout


def test_a_second_time_there_is_nothing_to_do(sagemaker: SageMakerServer) -> None:
    run("churn", *TO, "--apply")
    sagemaker.calls.clear()

    shown = run("churn", "--apply")

    assert "is on already" in shown.stdout
    assert (sagemaker.writes(), len(undo_files())) == ([], 1)


def test_instance_counts_weights_and_deployment_settings_stay(sagemaker: SageMakerServer) -> None:
    state = sagemaker.endpoints["churn"]
    state.counts = {"AllTraffic": (7, 0.4)}
    state.deployment = {"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "X", "Value": 1}}}

    run("churn", *TO, "--apply")

    assert state.counts == {"AllTraffic": (7, 0.4)}
    assert state.deployment is not None
    (asked,) = sagemaker.of("UpdateEndpoint")
    assert asked["RetainAllVariantProperties"] is asked["RetainDeploymentConfig"] is True


def test_tags_are_copied_but_those_of_aws(sagemaker: SageMakerServer) -> None:
    tags = {"team": "risk", "aws:servicecatalog:x": "1", "stage": "prod", "owner": "ann"}
    sagemaker.config_tags["first"] = tags

    done = document("churn", *TO, "--apply")

    kept = {"team": "risk", "stage": "prod", "owner": "ann"}
    assert sagemaker.config_tags[done["config_after"]] == done["tags"] == kept


def test_what_is_right_already_stays(sagemaker: SageMakerServer) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    sagemaker.configs["first"]["DataCaptureConfig"] = {
        "InitialSamplingPercentage": 20,
        "DestinationS3Uri": "https://captures.s3.amazonaws.com/own",
        "KmsKeyId": key,
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/x"]},
    }

    shown = run("churn").stdout
    after = document("churn", "--csv-type", "text/special")["capture_after"]

    assert "sampling: 20 % → 100 %" in shown
    assert "KMS key: " in shown
    assert after == {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "https://captures.s3.amazonaws.com/own",
        "KmsKeyId": key,
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/special"],
            "JsonContentTypes": ["application/x"],
        },
    }


def test_types_that_are_captured_in_base64_are_added(sagemaker: SageMakerServer) -> None:
    sagemaker.configs["first"]["DataCaptureConfig"] = {
        **ALL_ON,
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    sagemaker.endpoints["churn"].capture = ALL_ON

    def side(content_type: str, encoding: str) -> dict[str, str]:
        return {"observedContentType": content_type, "encoding": encoding, "data": "e30="}

    lines = [
        {
            "captureData": {
                "endpointInput": side("application/json; charset=utf-8", "BASE64"),
                "endpointOutput": side("image/png", "BASE64"),
            },
            "eventMetadata": {"eventId": "1"},
        },
        {
            "captureData": {
                "endpointInput": side("application/vnd.x+json", "BASE64"),
                "endpointOutput": side("application/jsonlines", "JSON"),
            },
            "eventMetadata": {"eventId": "2"},
        },
    ]
    text = "\n".join(["broken", *map(json.dumps, lines)])
    put_now("datacapture/churn/AllTraffic", text)

    found = document("churn")

    assert found["capture_after"]["CaptureContentTypeHeader"] == {
        "CsvContentTypes": ["text/csv"],
        "JsonContentTypes": ["application/json"],
    }


def put_now(folder: str, text: str) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    key = f"{folder}/{datetime.now(UTC):%Y/%m/%d/%H}/00-00-000-a.jsonl"
    boto3.client("s3").put_object(Bucket="captures", Key=key, Body=text.encode())


def test_a_rollback_is_no_success(sagemaker: SageMakerServer) -> None:
    why = "The primary container did not pass the ping health check."
    sagemaker.next_update = Update(["Updating", "RollingBack"], "rolled back", why)

    shown = run("churn", *TO, "--apply", exit_code=1)

    assert "did not take the configuration first-capture-" in shown.stderr
    assert "runs first as before" in shown.stderr
    assert "did not pass the ping health check" in shown.stderr
    assert "delete-endpoint-config" in shown.stderr
    assert "Done" not in shown.stdout


@pytest.mark.parametrize("status", ["Failed", "UpdateRollbackFailed", "OutOfService", "Deleting"])
def test_an_update_that_fails_for_good_is_told(sagemaker: SageMakerServer, status: str) -> None:
    sagemaker.next_update = Update(["Updating"], status, "No capacity.")

    shown = run("churn", *TO, "--apply", exit_code=1)

    assert f"churn is {status} after the update" in shown.stderr
    assert "No capacity." in shown.stderr


def test_after_a_rollback_the_same_configuration_is_tried_again(
    sagemaker: SageMakerServer,
) -> None:
    sagemaker.next_update = Update(["Updating"], "rolled back", "No capacity.")
    run("churn", *TO, "--apply", exit_code=1)

    done = document("churn", *TO, "--apply")

    assert done["capturing"] is True
    assert sagemaker.writes() == ["CreateEndpointConfig", "UpdateEndpoint", "UpdateEndpoint"]


def test_it_waits_no_longer_than_it_is_told_and_then_goes_on(
    sagemaker: SageMakerServer, time: Time
) -> None:
    sagemaker.next_update = Update(["Updating"] * 30)

    shown = run("churn", *TO, "--apply", "--wait", "5", exit_code=1)
    assert "churn is Updating after 5 minutes" in shown.stderr
    assert 300 <= time.passed < 330

    assert "The update has begun already" in run("churn", *TO).stdout
    assert document("churn", *TO, "--apply")["under_way"] is True
    assert sagemaker.writes() == ["CreateEndpointConfig", "UpdateEndpoint"]


def test_an_update_that_goes_on_is_found_where_the_endpoint_names_its_new_configuration(
    sagemaker: SageMakerServer,
) -> None:
    sagemaker.names_new_at_once = True
    sagemaker.next_update = Update(["Updating"] * 30)
    run("churn", *TO, "--apply", "--wait", "1", exit_code=1)

    assert document("churn", *TO, "--apply")["capturing"] is True
    assert sagemaker.writes() == ["CreateEndpointConfig", "UpdateEndpoint"]


def test_broken_off_before_the_update_it_goes_on_with_the_same_configuration(
    sagemaker: SageMakerServer,
) -> None:
    sagemaker.refusals["UpdateEndpoint"] = ("InternalFailure", "Broken off.")
    shown = run("churn", *TO, "--apply", exit_code=1)
    assert "the next run uses it" in shown.stderr
    sagemaker.refusals.clear()

    done = document("churn", *TO, "--apply")

    assert done["capturing"] is True
    assert len(sagemaker.created()) == 1
    assert len(sagemaker.configs) == 2


@pytest.mark.parametrize(
    "status", ["Creating", "Updating", "SystemUpdating", "RollingBack", "Failed", "OutOfService"]
)
def test_an_endpoint_that_is_not_in_service_is_refused(
    sagemaker: SageMakerServer, status: str
) -> None:
    sagemaker.endpoints["churn"].status = status

    assert f"churn is {status}" in run("churn", *TO, "--apply", exit_code=2).stderr
    assert sagemaker.writes() == []


def test_an_endpoint_that_another_program_updates_is_refused(sagemaker: SageMakerServer) -> None:
    sagemaker.configs["other"] = sagemaker.configs["first"]
    state = sagemaker.endpoints["churn"]
    state.pending, state.update = "other", Update(["Updating"] * 9)

    shown = run("churn", *TO, "--apply", exit_code=2)

    assert "churn is Updating, to the configuration other" in shown.stderr
    assert sagemaker.writes() == []


def test_a_change_between_the_plan_and_the_update_stops_it(sagemaker: SageMakerServer) -> None:
    seen: list[str] = []

    def other_program(operation: str) -> None:
        seen.append(operation)
        if seen.count("DescribeEndpoint") == 2:
            sagemaker.endpoints["churn"].config = "other"

    sagemaker.configs["other"] = sagemaker.configs["first"]
    sagemaker.before = other_program
    shown = run("churn", *TO, "--apply", exit_code=1)

    assert "has changed meanwhile" in shown.stderr
    assert "Nothing was changed." in shown.stderr
    assert sagemaker.writes() == []


def test_another_update_that_comes_between_is_no_success(sagemaker: SageMakerServer) -> None:
    sagemaker.configs["other"] = sagemaker.configs["first"]

    def other_program(operation: str) -> None:
        if operation == "DescribeEndpoint" and sagemaker.of("UpdateEndpoint"):
            state = sagemaker.endpoints["churn"]
            state.config, state.pending, state.status = "other", None, "InService"

    sagemaker.before = other_program

    assert "runs other" in run("churn", *TO, "--apply", exit_code=1).stderr


def test_a_name_that_another_configuration_has_is_refused(sagemaker: SageMakerServer) -> None:
    sagemaker.configs["taken"] = {"ProductionVariants": [{**VARIANT, "ModelName": "other"}]}

    shown = run("churn", *TO, "--config-name", "taken", "--apply", exit_code=2)

    assert "a configuration taken that differs in DataCaptureConfig, Prod" in shown.stderr
    assert "--config-name" in shown.stderr
    assert sagemaker.writes() == []


@pytest.mark.parametrize("name", ["a" * 64, "two words", "-first", "last-", "", "first"])
def test_a_name_that_cannot_be_is_refused(sagemaker: SageMakerServer, name: str) -> None:
    run("churn", *TO, "--config-name", name, "--apply", exit_code=2)

    assert sagemaker.writes() == []


@pytest.mark.parametrize("name", ["a" * 63, "a-" * 31 + "b", "a" * 45 + "-" + "b" * 17, "x"])
def test_the_new_name_fits_whatever_the_old_one_is(sagemaker: SageMakerServer, name: str) -> None:
    sagemaker.run("churn", name, {"ProductionVariants": [VARIANT]})

    first = document("churn", *TO, "--apply")["config_after"]
    again = document("churn", "--csv-type", "text/other", "--apply")["config_after"]

    assert first != again
    assert first.rpartition("-")[0] == again.rpartition("-")[0]


def test_a_quota_is_told_with_what_to_do(sagemaker: SageMakerServer) -> None:
    says = "The account-level service limit 'ml.m5.xlarge for endpoint usage' is 1 Instances."
    sagemaker.refusals["UpdateEndpoint"] = ("ResourceLimitExceeded", says)

    shown = run("churn", *TO, "--apply", exit_code=1)

    assert "ml.m5.xlarge for endpoint usage" in shown.stderr
    assert "higher quota in Service Quotas" in shown.stderr


@pytest.mark.parametrize(
    ("operation", "message", "action"),
    [
        ("DescribeEndpoint", "No.", "sagemaker:DescribeEndpoint"),
        ("DescribeEndpointConfig", "No.", "sagemaker:DescribeEndpointConfig"),
        ("ListTags", "No.", "sagemaker:ListTags"),
        ("CreateEndpointConfig", "No.", "sagemaker:CreateEndpointConfig"),
        (
            "CreateEndpointConfig",
            "User: arn:aws:iam::1:user/a is not authorized to perform: iam:PassRole on resource: r",
            "iam:PassRole",
        ),
        (
            "CreateEndpointConfig",
            "User: a is not authorized to perform: sagemaker:AddTags on resource: r",
            "sagemaker:AddTags",
        ),
        ("UpdateEndpoint", "No.", "sagemaker:UpdateEndpoint"),
    ],
)
def test_a_missing_right_is_named(
    sagemaker: SageMakerServer, operation: str, message: str, action: str
) -> None:
    sagemaker.refusals[operation] = ("AccessDeniedException", message)

    assert f"Allow {action}." in run("churn", *TO, "--apply", exit_code=1).stderr
    assert sagemaker.endpoints["churn"].config == "first"


def test_a_configuration_that_cannot_be_deleted_after_undoing_is_told(
    sagemaker: SageMakerServer,
) -> None:
    done = document("churn", *TO, "--apply")
    sagemaker.refusals["DeleteEndpointConfig"] = ("AccessDeniedException", "No.")

    shown = run("--undo", done["undo"], "--apply")

    assert "Allow sagemaker:DeleteEndpointConfig." in shown.stderr
    assert sagemaker.endpoints["churn"].config == "first"


def test_undoing_waits_for_an_undo_that_has_begun(sagemaker: SageMakerServer) -> None:
    done = document("churn", *TO, "--apply")
    sagemaker.next_update = Update(["Updating"] * 30)
    run("--undo", done["undo"], "--apply", "--wait", "1", exit_code=1)

    assert "has begun already" in run("--undo", done["undo"]).stdout
    assert document("--undo", done["undo"], "--apply")["under_way"] is True
    assert len(sagemaker.of("UpdateEndpoint")) == 2
    assert list(sagemaker.configs) == ["first"]


def test_an_undo_that_is_rolled_back_deletes_nothing(sagemaker: SageMakerServer) -> None:
    done = document("churn", *TO, "--apply")
    sagemaker.next_update = Update(["Updating"], "rolled back", "No capacity.")

    shown = run("--undo", done["undo"], "--apply", exit_code=1)

    assert "did not take the configuration first" in shown.stderr
    assert sagemaker.endpoints["churn"].config == done["config_after"]
    assert "DeleteEndpointConfig" not in sagemaker.writes()


def test_nothing_is_undone_that_came_since(sagemaker: SageMakerServer) -> None:
    done = document("churn", *TO, "--apply")
    sagemaker.configs["other"] = sagemaker.configs["first"]
    sagemaker.endpoints["churn"].config = "other"

    assert "runs the configuration other" in run("--undo", done["undo"], exit_code=2).stderr


def test_an_old_configuration_that_is_gone_is_told(sagemaker: SageMakerServer) -> None:
    done = document("churn", *TO, "--apply")
    kept = sagemaker.configs.pop("first")

    shown = run("--undo", done["undo"], "--apply", exit_code=2)

    assert "The configuration first is gone" in shown.stderr
    assert json.loads(Path(done["undo"]).read_text())["settings"] == kept


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"endpoint": 3}', '{"bucket": "captures", "notifications": {}}']
)
def test_what_is_no_undo_file_is_refused(sagemaker: SageMakerServer, text: str) -> None:
    Path("undo.json").write_text(text)

    assert "undo file cannot be read" in run("--undo", "undo.json", exit_code=2).stderr
    assert sagemaker.calls == []


def test_an_undo_file_of_another_account_is_refused(sagemaker: SageMakerServer) -> None:
    done = document("churn", *TO, "--apply")
    text = Path(done["undo"]).read_text().replace("123456789012", "210987654321")
    Path("other.json").write_text(text)

    assert "--profile and --region" in run("--undo", "other.json", exit_code=2).stderr
    assert sagemaker.endpoints["churn"].config == done["config_after"]


def test_capture_that_sagemaker_keeps_off_is_no_success_and_can_be_turned_on(
    sagemaker: SageMakerServer,
) -> None:
    sagemaker.keeps_capture = True
    sagemaker.endpoints["churn"].counts = {"AllTraffic": (7, 0.4)}
    shown = run("churn", *TO, "--apply", exit_code=1)
    assert "is off, though its configuration" in shown.stderr
    assert "is off, though its configuration" in run("churn", *TO, exit_code=2).stderr

    done = document("churn", *TO, "--reset-counts", "--apply")

    assert done["capturing"] is True
    assert sagemaker.endpoints["churn"].counts == {"AllTraffic": (1, 1.0)}


def test_what_sagemaker_fills_in_is_told(sagemaker: SageMakerServer) -> None:
    sagemaker.fills_in = {"MetricsConfig": {"EnableEnhancedMetrics": False}}

    assert "did not have: MetricsConfig" in run("churn", *TO, "--apply").stdout


def test_what_sagemaker_changes_stops_it_before_the_update(sagemaker: SageMakerServer) -> None:
    sagemaker.fills_in = {"ProductionVariants": [{**VARIANT, "InitialInstanceCount": 2}]}

    shown = run("churn", *TO, "--apply", exit_code=2)

    assert "differs in ProductionVariants[0].InitialInstanceCount" in shown.stderr
    assert sagemaker.writes() == ["CreateEndpointConfig"]


def test_a_configuration_that_can_be_read_only_later_is_waited_for(
    sagemaker: SageMakerServer,
) -> None:
    sagemaker.hidden_reads = 3

    assert document("churn", *TO, "--apply")["capturing"] is True


def test_a_configuration_that_cannot_be_read_stops_it(sagemaker: SageMakerServer) -> None:
    sagemaker.hidden_reads = 100

    assert "cannot be read" in run("churn", *TO, "--apply", exit_code=1).stderr
    assert sagemaker.writes() == ["CreateEndpointConfig"]


@pytest.mark.parametrize(
    ("variants", "words"),
    [
        ({"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}, "is serverless"),
        ({"ModelName": None}, "inference components"),
    ],
)
def test_what_cannot_capture_is_refused_with_the_reason(
    sagemaker: SageMakerServer, variants: dict[str, Any], words: str
) -> None:
    changed = {key: value for key, value in {**VARIANT, **variants}.items() if value is not None}
    sagemaker.configs["first"]["ProductionVariants"] = [changed]

    assert words in run("churn", *TO, "--apply", "--anyway", exit_code=2).stderr
    assert sagemaker.writes() == []


@pytest.mark.parametrize("of_endpoint", [True, False])
@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"aws:cloudformation:stack-name": "models"}, ("stack models", '"DataCaptureConfig": {')),
        ({"ManagedBy": "Terraform"}, ("managed by Terraform", "data_capture_config {")),
        ({"terraform": "true"}, ("managed by Terraform", '"application/jsonlines"]')),
    ],
)
def test_what_a_stack_or_terraform_manages_is_refused_with_what_to_write_there(
    sagemaker: SageMakerServer, tags: dict[str, str], words: tuple[str, str], *, of_endpoint: bool
) -> None:
    if of_endpoint:
        sagemaker.endpoints["churn"].tags = tags
    else:
        sagemaker.config_tags["first"] = tags

    shown = run("churn", *TO, "--apply", exit_code=2).stderr
    assert all(word in shown for word in words)
    assert sagemaker.writes() == []

    assert document("churn", *TO, "--apply", "--anyway")["capturing"] is True


def test_a_stopped_capture_is_told(sagemaker: SageMakerServer) -> None:
    sagemaker.configs["first"]["DataCaptureConfig"] = ALL_ON
    sagemaker.endpoints["churn"].capture = {**ALL_ON, "Status": "Stopped"}

    shown = run("churn")

    assert "on already" in shown.stdout
    assert "It has stopped" in shown.stderr


def test_without_a_destination_it_asks_for_one(sagemaker: SageMakerServer) -> None:
    assert "Name it by --destination." in run("churn", exit_code=2).stderr
    assert sagemaker.writes() == []


@pytest.mark.parametrize("status", ["CREATE_COMPLETE"])
def test_without_a_destination_it_is_that_of_the_stack(
    sagemaker: SageMakerServer, status: str
) -> None:
    parameters = {"CaptureBucket": {"Type": "String"}, "CapturePrefix": {"Type": "String"}}
    resources = {"Topic": {"Type": "AWS::SNS::Topic"}}
    boto3.client("cloudformation").create_stack(
        StackName="capture-forwarder",
        TemplateBody=json.dumps({"Parameters": parameters, "Resources": resources}),
        Parameters=[
            {"ParameterKey": "CaptureBucket", "ParameterValue": "captures"},
            {"ParameterKey": "CapturePrefix", "ParameterValue": "datacapture/"},
        ],
    )

    assert document("churn")["capture_after"] == ALL_ON
    assert sagemaker.calls
    assert status


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Name an endpoint"),
        (("churn", "--undo", "x.json"), "Name an endpoint"),
        (("churn", "--destination", "captures/x"), "is no destination"),
        (("churn", "--destination", "s3://captures/" + "x" * 512), "is no destination"),
        (("churn", "--destination", "s3://captures/a*"), "is no destination"),
        (("churn", "--destination", "s3://nobodys/x"), "There is no bucket nobodys"),
        (("churn", *TO, "--csv-type", "text/csv; charset=utf-8"), "does not take the content"),
        (("churn", *TO, "--json-type", "application/vnd.x+json"), "does not take the content"),
        (("churn", *TO, "--json-type", "text/x", "--csv-type", "text/x"), "both as CSV and as"),
        (
            ("churn", *TO, *(o for n in range(10) for o in ("--csv-type", f"text/x{n}"))),
            "10 CsvContentTypes at most, and these are 11",
        ),
    ],
)
def test_wrong_usage_is_refused(
    sagemaker: SageMakerServer, options: tuple[str, ...], words: str
) -> None:
    assert words in run(*options, exit_code=2).stderr
    assert sagemaker.writes() == []


def test_an_endpoint_that_is_not_there_is_an_error(sagemaker: SageMakerServer) -> None:
    assert 'Could not find endpoint "nobody"' in run("nobody", *TO, exit_code=1).stderr
    assert sagemaker.writes() == []


def test_nothing_is_changed_if_the_undo_file_cannot_be_kept(sagemaker: SageMakerServer) -> None:
    Path("mine.json").write_text("precious")

    shown = run("churn", *TO, "--apply", "--undo-file", "mine.json", exit_code=2)

    assert "is there already" in shown.stderr
    assert Path("mine.json").read_text() == "precious"
    assert sagemaker.writes() == []
