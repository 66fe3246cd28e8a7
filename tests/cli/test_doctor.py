"""`capture-forwarder doctor`: a deployment that works, and each thing of it broken one by one."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner, Result

from capture_forwarder.aws.operator.calls import AwsCalls
from capture_forwarder.cli.app import app
from capture_forwarder.setup.checks.function import package
from capture_forwarder.setup.doctor import CHECKS, open_subject
from capture_forwarder.setup.subject import Subject
from capture_forwarder.wiring.doctor import build_account
from tests.support.deployed import CAPTURES, STACK, queue_arn
from tests.support.working_deployment import ENDPOINT, FILES, FOLDER, VARIANT, WorkingDeployment

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
Break = Callable[[WorkingDeployment], None]


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkingDeployment]:
    monkeypatch.setenv("COLUMNS", "200")
    with ExitStack() as stack:
        yield WorkingDeployment(stack, monkeypatch)


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["doctor", *arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def examination(exit_code: int | None = None) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["doctor", "--json"])
    assert exit_code in {None, result.exit_code}, result.output
    assert isinstance(result.exception, SystemExit | None), result.exception
    return dict(json.loads(result.stdout))


def found(document: dict[str, Any], status: str) -> dict[str, str]:
    """Check → what it found with that status, and what to do."""
    return {
        one["check"]: f"{one['finding']} {one['advice']}"
        for one in document["findings"]
        if one["status"] == status
    }


def test_all_is_well_with_a_deployment_that_works(working: WorkingDeployment) -> None:
    document = examination(exit_code=0)

    assert [one["status"] for one in document["findings"]] == ["ok"] * len(CHECKS)
    assert {one["check"] for one in document["findings"]} == {check.name for check in CHECKS}
    assert [step["count"] for step in document["funnel"]["steps"]] == [FILES] * 5
    table = run().stdout
    assert f"{FILES} files of a day, {FILES} done, {FILES} rows." in table
    assert f"{len(CHECKS)} ok, 0 warning, 0 failure, 0 unknown" in table
    assert working.keys


def test_nothing_is_changed_and_nothing_is_read_of_a_secret(working: WorkingDeployment) -> None:
    working.aws.asked.clear()

    examination()

    reading = ("Get", "List", "Describe", "Head", "Filter")
    others = {name for name, _ in working.aws.asked if not name.startswith(reading)}
    # The last two by the function itself: a condition that cannot hold, a digest that is wrong.
    assert others == {"Invoke", "UpdateItem", "PutObject"}
    assert "GetSecretValue" not in {name for name, _ in working.aws.asked}
    table: Any = boto3.client("dynamodb")
    assert table.scan(TableName=working.resources["LedgerTable"])["Count"] == 0
    s3: Any = boto3.client("s3")
    bucket = working.resources["QuarantineBucket"]
    assert s3.list_objects_v2(Bucket=bucket).get("KeyCount") == 0


# --- each thing broken, one by one ---------------------------------------------------------


def patched(operation: str, **changes: Any) -> Break:
    """AWS answers an operation as before, but for some members; None takes a member away."""

    def change(answer: Any) -> Any:
        changed = {**answer, **changes}
        return {name: value for name, value in changed.items() if value is not None}

    return lambda working: working.aws.change(operation, change)


def capture(**changes: Any) -> Break:
    return lambda working: working.running["DataCaptureConfig"].update(changes)


def config(**changes: Any) -> Break:
    return lambda working: working.config["DataCaptureConfig"].update(changes)


def no_event_bridge(working: WorkingDeployment) -> None:
    working.announce({})


def own_queue_too(working: WorkingDeployment) -> None:
    arn = queue_arn(working.resources["CaptureQueue"])
    entry = {"Id": "q", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    working.announce({"EventBridgeConfiguration": {}, "QueueConfigurations": [entry]})


def stack_bucket_without_event_bridge(working: WorkingDeployment) -> None:
    working.announce({})
    tags = [{"Key": "aws:cloudformation:stack-name", "Value": "lake"}]
    working.aws.answer("GetBucketTagging", {"TagSet": tags})


def serverless(working: WorkingDeployment) -> None:
    working.config["ProductionVariants"][0]["ServerlessConfig"] = {"MaxConcurrency": 1}


def capture_lost(working: WorkingDeployment) -> None:
    working.running["DataCaptureConfig"] = working.config["DataCaptureConfig"] = {}


def capture_lost_long_ago(working: WorkingDeployment) -> None:
    capture_lost(working)
    no_files(working)
    working.put(datetime(2026, 3, 1, 10, tzinfo=UTC))


def no_files(working: WorkingDeployment) -> None:
    for key in working.keys:
        boto3.client("s3").delete_object(Bucket=CAPTURES, Key=key)


def no_files_no_metrics(working: WorkingDeployment) -> None:
    no_files(working)
    working.aws.answer("GetMetricData", {"MetricDataResults": []})


def called_without_files(working: WorkingDeployment) -> None:
    no_files(working)
    working.measure("AWS/SageMaker", "Invocations", 7, EndpointName=ENDPOINT, VariantName=VARIANT)


def rule_off(working: WorkingDeployment) -> None:
    boto3.client("events").disable_rule(Name=working.resources["CaptureRule"])


def rule_without_target(working: WorkingDeployment) -> None:
    boto3.client("events").remove_targets(
        Rule=working.resources["CaptureRule"], Ids=["CaptureQueue"]
    )


def pattern(bucket: str, wildcard: str) -> Break:
    detail = {"bucket": {"name": [bucket]}, "object": {"key": [{"wildcard": wildcard}]}}
    return patched("DescribeRule", EventPattern=json.dumps({"detail": detail}))


def queue(**attributes: str | None) -> Break:
    def change(working: WorkingDeployment) -> None:
        url = working.resources["CaptureQueue"]

        def answer(given: Any) -> Any:
            found = given["Attributes"]
            if found["QueueArn"] == url_arn:
                found.update({k: v for k, v in attributes.items() if v is not None})
                for name in [k for k, v in attributes.items() if v is None]:
                    found.pop(name, None)
            return given

        url_arn = queue_arn(url)
        working.aws.change("GetQueueAttributes", answer)

    return change


def dead_letter(working: WorkingDeployment) -> None:
    url = working.resources["DeadLetterQueue"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    name = working.queue_name("DeadLetterQueue")
    working.measure("AWS/SQS", "ApproximateAgeOfOldestMessage", 3 * 86400.0, QueueName=name)


def switched_off(working: WorkingDeployment) -> None:
    client: Any = boto3.client("lambda")
    name = working.resources["ForwarderFunction"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)


def few_invocations(working: WorkingDeployment) -> None:
    limit = {"UnreservedConcurrentExecutions": 3}
    working.aws.answer("GetAccountSettings", {"AccountLimit": limit})


def variables(**changes: str) -> Break:
    def change(working: WorkingDeployment) -> None:
        client: Any = boto3.client("lambda")
        name = working.resources["ForwarderFunction"]
        found = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        client.update_function_configuration(
            FunctionName=name,
            Environment={"Variables": {k: str(v) for k, v in {**found, **changes}.items()}},
        )

    return change


SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf"  # noqa: S105 - its name
FIDDLER = {
    "FORWARDER_ROUTES": "",
    "FIDDLER_URL": "http://127.0.0.1:9",
    "FIDDLER_MODEL_UUID": "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15",
    "FIDDLER_TOKEN_SECRET_ARN": SECRET,
    "FIDDLER_MODEL_COLUMNS": "age,income",
    "FIDDLER_MODEL_OUTPUT_COLUMN": "score",
}


def secret(**state: Any) -> Break:
    def change(working: WorkingDeployment) -> None:
        variables(**FIDDLER)(working)
        working.aws.answer("DescribeSecret", state)
        working.aws.answer("GetSecretValue", {"SecretString": "token-of-nobody"})

    return change


def secret_missing(working: WorkingDeployment) -> None:
    variables(**FIDDLER)(working)


def secret_unreadable(working: WorkingDeployment) -> None:
    secret()(working)
    working.aws.refuse("GetSecretValue")


def line(text: str) -> Break:
    def change(working: WorkingDeployment) -> None:
        # A second later they would stand beside the files that fit.
        stored = boto3.client("s3").list_objects_v2(Bucket=CAPTURES).get("Contents", [])
        for one in stored:
            boto3.client("s3").delete_object(Bucket=CAPTURES, Key=one["Key"])
        for hours in range(FILES):
            working.put(datetime.now(UTC) - timedelta(hours=hours), text)

    return change


def quarantined(working: WorkingDeployment) -> None:
    boto3.client("s3").put_object(
        Bucket=working.resources["QuarantineBucket"],
        Key="quarantine/column-count-mismatch/a.jsonl",
        Body=b"{}",
    )


def logged(working: WorkingDeployment) -> None:
    group = working.resources["ForwarderLogGroup"]
    entry = {
        "message": "delivery failed",
        "route": "captures",
        "error": "PlatformUnavailableError",
        "problem": "It is down.",
        "advice": "Wait.",
    }
    logs = boto3.client("logs")
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(datetime.now(UTC).timestamp() * 1000)
    messages = [json.dumps(entry), "no json: delivery failed", json.dumps(entry)]
    logs.put_log_events(
        logGroupName=group,
        logStreamName="s",
        logEvents=[{"timestamp": now, "message": text} for text in messages],
    )


def raised(working: WorkingDeployment) -> None:
    boto3.client("cloudwatch").set_alarm_state(
        AlarmName=f"{STACK}-dead-letters", StateValue="ALARM", StateReason="1 is above 0."
    )
    assert working.resources


def alarm(**changes: Any) -> Break:
    def change(answer: Any) -> Any:
        answer["MetricAlarms"] = [{**one, **changes} for one in answer["MetricAlarms"]]
        return answer

    return lambda working: working.aws.change("DescribeAlarms", change)


def unconfirmed(working: WorkingDeployment) -> None:
    one = {"SubscriptionArn": "PendingConfirmation", "Endpoint": "you@example.com"}
    working.aws.answer("ListSubscriptionsByTopic", {"Subscriptions": [one]})


def no_topic(working: WorkingDeployment) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:told"
    boto3.client("sns").delete_topic(TopicArn=topic)
    assert working.resources


def no_metric(name: str, value: float = 0.0) -> Break:
    """CloudWatch has another number for a metric."""

    def change(working: WorkingDeployment) -> None:
        def answered(answer: Any) -> Any:
            (asked,) = working.aws.of("GetMetricData")[-1:]
            ids = {
                query["Id"]
                for query in asked["MetricDataQueries"]
                if query["MetricStat"]["Metric"]["MetricName"] == name
            }
            for result in answer["MetricDataResults"]:
                if result["Id"] in ids:
                    result["Values"] = [value]
            return answer

        working.aws.change("GetMetricData", answered)

    return change


def stack_status(status: str) -> Break:
    def change(answer: Any) -> Any:
        answer["Stacks"][0]["StackStatus"] = status
        return answer

    return lambda working: working.aws.change("DescribeStacks", change)


def refuse(operation: str, code: str) -> Break:
    return lambda working: working.aws.refuse(operation, code)


def encrypted(working: WorkingDeployment) -> None:
    working.aws.change("HeadObject", lambda answer: {**answer, "SSEKMSKeyId": KEY})


def policy(working: WorkingDeployment) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{CAPTURES}/*",
        "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
    }
    boto3.client("s3").put_bucket_policy(
        Bucket=CAPTURES, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    assert working.resources


BROKEN: dict[str, tuple[Break, str, str, str]] = {
    "another account": (
        patched("GetCallerIdentity", Account="999999999999"),
        "account",
        "failure",
        "You look at account 999999999999 in us-east-1; the stack is in 123456789012",
    ),
    "stack rolled back": (stack_status("ROLLBACK_COMPLETE"), "stack", "failure", "sam deploy"),
    "update failed": (stack_status("UPDATE_ROLLBACK_FAILED"), "stack", "failure", "sam deploy"),
    "update undone": (stack_status("UPDATE_ROLLBACK_COMPLETE"), "stack", "warning", "undone"),
    "stack changing": (stack_status("UPDATE_IN_PROGRESS"), "stack", "warning", "being changed"),
    "function failed": (
        patched("GetFunctionConfiguration", State="Failed", StateReason="No disk"),
        "function",
        "failure",
        "No disk",
    ),
    "function pending": (
        patched("GetFunctionConfiguration", State="Pending"),
        "function",
        "warning",
        "is Pending",
    ),
    "update of function": (
        patched(
            "GetFunctionConfiguration",
            LastUpdateStatus="Failed",
            LastUpdateStatusReasonCode="EniLimitExceeded",
            LastUpdateStatusReason="Too many",
        ),
        "function",
        "failure",
        "EniLimitExceeded: Too many",
    ),
    "variables encrypted": (
        patched("GetFunctionConfiguration", Environment={"Error": {"ErrorCode": "KMSDenied"}}),
        "function",
        "failure",
        "kms:Decrypt",
    ),
    "other architecture": (
        patched("GetFunctionConfiguration", Architectures=["arm64"]),
        "function",
        "failure",
        "built for x86_64, and the function runs on arm64",
    ),
    "other runtime": (
        patched("GetFunctionConfiguration", Runtime="python3.12"),
        "function",
        "failure",
        "built for python3.13",
    ),
    "wrong settings": (
        variables(**{**FIDDLER, "FIDDLER_MODEL_UUID": ""}),
        "settings",
        "failure",
        "FIDDLER_MODEL_UUID",
    ),
    "routes file and a platform": (
        variables(FORWARDER_PUBLISHER="files"),
        "settings",
        "failure",
        "FORWARDER_ROUTES",
    ),
    "switched off": (switched_off, "concurrency", "failure", "delete-function-concurrency"),
    "few invocations": (few_invocations, "concurrency", "warning", "the account has 3"),
    "mapping off": (
        patched("GetEventSourceMapping", State="Disabled"),
        "mapping",
        "failure",
        "--enabled",
    ),
    "mapping in the making": (
        patched("GetEventSourceMapping", State="Creating"),
        "mapping",
        "warning",
        "is Creating",
    ),
    "mapping without responses": (
        patched("GetEventSourceMapping", FunctionResponseTypes=[]),
        "mapping",
        "failure",
        "ReportBatchItemFailures",
    ),
    "mapping with a problem": (
        patched("GetEventSourceMapping", LastProcessingResult="PROBLEM: no rights"),
        "mapping",
        "warning",
        "PROBLEM: no rights",
    ),
    "rule off": (rule_off, "rule", "failure", "aws events enable-rule"),
    "rule without target": (rule_without_target, "rule", "failure", "as a target"),
    "rule of another bucket": (
        pattern("others", "datacapture/*.jsonl"),
        "rule",
        "failure",
        "takes no files of captures",
    ),
    "rule of another prefix": (
        pattern(CAPTURES, "elsewhere/*.jsonl"),
        "rule",
        "failure",
        f"does not take s3://{CAPTURES}/{FOLDER}/",
    ),
    "queue without policy": (queue(Policy=None), "queue", "failure", "policy does not let"),
    "queue without dead letters": (
        queue(RedrivePolicy=None),
        "queue",
        "failure",
        "no dead-letter queue",
    ),
    "queue with a key": (queue(KmsMasterKeyId=KEY), "queue", "warning", "kms:GenerateDataKey"),
    "dead letter": (
        dead_letter,
        "dead-letters",
        "failure",
        "1 message has failed five times, the oldest 3 days ago",
    ),
    "no announcements": (
        no_event_bridge,
        "bucket-announces",
        "failure",
        f"capture-forwarder connect bucket {CAPTURES} --apply",
    ),
    "announced twice": (own_queue_too, "bucket-others", "failure", "each comes twice"),
    "bucket elsewhere": (
        patched("GetBucketLocation", LocationConstraint="EU"),
        "bucket-place",
        "failure",
        "is in eu-west-1",
    ),
    "bucket of a stack": (
        stack_bucket_without_event_bridge,
        "bucket-place",
        "warning",
        "managed by the stack lake",
    ),
    "encrypted files": (encrypted, "bucket-access", "failure", "CaptureKmsKeyArn"),
    "bucket policy": (policy, "bucket-access", "warning", "aws:SourceVpce"),
    "capture stopped": (capture(CaptureStatus="Stopped"), "endpoints", "failure", "is stopped"),
    "capture off": (capture(EnableCapture=False), "endpoints", "failure", "lost its Data Capture"),
    "capture lost": (capture_lost, "endpoints", "failure", "lost its Data Capture"),
    "capture lost long ago": (
        capture_lost_long_ago,
        "endpoints",
        "warning",
        "no Data Capture any more",
    ),
    "sampling": (capture(CurrentSamplingPercentage=20), "endpoints", "warning", "20 %"),
    "one side": (
        config(CaptureOptions=[{"CaptureMode": "Input"}]),
        "endpoints",
        "failure",
        "does not capture Output",
    ),
    "no content types": (config(CaptureContentTypeHeader={}), "endpoints", "warning", "base64"),
    "capture elsewhere": (
        capture(DestinationS3Uri=f"https://s3.us-east-1.amazonaws.com/{CAPTURES}/other"),
        "endpoints",
        "failure",
        "outside of CapturePrefix",
    ),
    "capture with a key": (capture(KmsKeyId="alias/ml"), "endpoints", "failure", "alias/ml"),
    "serverless": (serverless, "endpoints", "failure", "is serverless"),
    "endpoint updating": (
        lambda working: working.endpoint(EndpointStatus="Updating"),
        "endpoints",
        "warning",
        "is Updating",
    ),
    "called without files": (called_without_files, "calls", "failure", "called 7 times"),
    "no line fits": (line('{"no": "capture"}'), "files-map", "failure", "none fits"),
    "secret missing": (secret_missing, "secrets", "failure", "does not exist"),
    "secret deleted": (
        secret(DeletedDate=datetime(2026, 3, 1, tzinfo=UTC)),
        "secrets",
        "failure",
        "was deleted on 2026-03-01",
    ),
    "secret with a key": (secret(KmsKeyId=KEY), "secrets", "failure", "SecretKmsKeyArn"),
    "table in the making": (
        patched("DescribeTable", Table={"TableStatus": "CREATING"}),
        "ledger",
        "failure",
        "is CREATING",
    ),
    "table throttled": (
        no_metric("WriteThrottleEvents", 9),
        "ledger",
        "warning",
        "9 writes",
    ),
    "quarantine": (quarantined, "quarantine", "warning", "column-count-mismatch (1)"),
    "failures": (logged, "last-failures", "warning", "PlatformUnavailableError 2 times"),
    "alarm raised": (raised, "alarms", "failure", "dead-letters is raised: 1 is above 0."),
    "no alarms": (patched("DescribeAlarms", MetricAlarms=[]), "alarms", "warning", "no alarms"),
    "alarm actions off": (alarm(ActionsEnabled=False), "alarms", "warning", "switched off"),
    "nobody told": (alarm(AlarmActions=[]), "alarms", "warning", "Nobody is told"),
    "unconfirmed": (unconfirmed, "alarms", "warning", "you@example.com has not confirmed"),
    "no topic": (no_topic, "alarms", "failure", "which does not exist"),
    "not matched": (no_metric("MatchedEvents"), "funnel", "failure", "Of 3 files in S3, 0 are"),
    "not handed over": (no_metric("FailedInvocations", 3), "funnel", "failure", "0 are handed"),
    "not in the queue": (no_metric("NumberOfMessagesSent"), "funnel", "failure", "0 are messages"),
    "not done": (no_metric("ObjectsForwarded"), "funnel", "failure", "0 are files done"),
    "refused": (no_metric("InferencesPublished"), "funnel", "failure", "the platform accepted 0"),
    "lost": (no_metric("InvocationsFailedToBeSentToDlq", 2), "funnel", "failure", "2 announ"),
    "no files": (no_files_no_metrics, "funnel", "warning", "No capture file was written"),
    "no ledger": (
        refuse("UpdateItem", "AccessDeniedException"),
        "self-check",
        "failure",
        "dynamodb:UpdateItem",
    ),
    "no quarantine": (refuse("PutObject", "AccessDenied"), "self-check", "failure", "s3:PutObject"),
    "file unreadable": (refuse("GetObject", "AccessDenied"), "self-check", "failure", "GetObject"),
    "platform away": (secret(), "self-check", "failure", "platform and columns of route captures"),
    "secret unreadable": (
        secret_unreadable,
        "self-check",
        "failure",
        "FIDDLER_TOKEN_SECRET_ARN: cannot be read",
    ),
    "old function": (
        lambda working: working.aws.answer("Invoke", failing("UnknownEventError")),
        "self-check",
        "warning",
        "older than this command",
    ),
    "broken package": (
        lambda working: working.aws.answer("Invoke", failing("Runtime.ImportModuleError")),
        "self-check",
        "failure",
        "sam build",
    ),
}


def failing(kind: str) -> Callable[[Any], Any]:
    said = json.dumps({"errorType": kind, "errorMessage": "no"}).encode()
    return lambda _: {"FunctionError": "Unhandled", "Payload": io.BytesIO(said)}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found_with_what_to_do(working: WorkingDeployment, name: str) -> None:
    broken, check, status, words = BROKEN[name]
    broken(working)

    document = examination()

    assert words in found(document, status).get(check, ""), found(document, status)


def test_every_check_has_been_broken() -> None:
    broken = {check for _, check, _, _ in BROKEN.values()}

    assert broken | {"package"} == {check.name for check in CHECKS}


@pytest.mark.parametrize(
    ("year", "month", "words"),
    [(2026, 12, []), (2027, 2, ["will be deprecated on 2027-06-30"]), (2027, 8, ["was deprec"])],
)
def test_an_old_runtime_is_told_half_a_year_ahead(
    working: WorkingDeployment, year: int, month: int, words: list[str]
) -> None:
    patched("GetFunctionConfiguration", Runtime="python3.11")(working)
    account = build_account(AwsCalls())
    subject = open_subject(account, STACK, datetime(year, month, 1, tzinfo=UTC))
    assert isinstance(subject, Subject)

    said = [found.says for found in package(subject)]

    assert [words[0] in text for text in said] == [True] * len(words)


# --- what may not be looked at --------------------------------------------------------------

ALLOWED = (
    "sts:GetCallerIdentity",
    "lambda:GetFunctionConfiguration",
    "lambda:GetFunctionConcurrency",
    "lambda:GetAccountSettings",
    "lambda:GetEventSourceMapping",
    "lambda:InvokeFunction",
    "events:DescribeRule",
    "events:ListTargetsByRule",
    "sqs:GetQueueAttributes",
    "s3:GetBucketNotification",
    "s3:GetBucketLocation",
    "s3:GetBucketTagging",
    "s3:GetBucketPolicy",
    "s3:ListBucket",
    "s3:GetObject",
    "sagemaker:ListEndpoints",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "cloudwatch:GetMetricData",
    "cloudwatch:DescribeAlarms",
    "logs:FilterLogEvents",
    "sns:ListSubscriptionsByTopic",
    "dynamodb:DescribeTable",
)
OPERATIONS = {
    "lambda:InvokeFunction": "Invoke",
    "s3:GetBucketNotification": "GetBucketNotificationConfiguration",
    "s3:ListBucket": "ListObjectsV2",
    "s3:GetObject": "HeadObject",
}


@pytest.mark.parametrize("action", ALLOWED)
def test_what_is_not_allowed_is_unknown_and_never_a_failure(
    working: WorkingDeployment, action: str
) -> None:
    operation = OPERATIONS.get(action, action.partition(":")[2])
    working.aws.refuse(operation, "AccessDeniedException")

    document = examination()

    # The function's own rights are another matter than the operator's.
    failures = {name for name in found(document, "failure") if name != "self-check"}
    assert failures == set()
    assert any(f"Allow {action}" in text for text in found(document, "unknown").values())


def test_a_stack_that_is_not_there_is_named_with_where_you_look(working: WorkingDeployment) -> None:
    shown = run("--stack", "nothing", exit_code=1).stdout

    text = " ".join(shown.split())
    assert "There is no stack nothing in us-east-1 of account 123456789012" in text
    assert "--region" in text
    assert working.resources


def test_a_stack_that_you_may_not_look_at_is_unknown(working: WorkingDeployment) -> None:
    working.aws.refuse("DescribeStacks", "AccessDenied")

    document = examination(exit_code=0)

    assert "Allow cloudformation:DescribeStacks" in found(document, "unknown")["stack"]
