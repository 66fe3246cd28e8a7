"""The built package reads a routes file and serves all platforms under the runtime emulator."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import boto3

from tests.support.emulator import Emulator
from tests.support.package import REPOSITORY
from tests.support.platforms.arthur import ArthurServer
from tests.support.platforms.faults import Status
from tests.support.platforms.fiddler import CHURN_MODEL, FiddlerServer
from tests.support.platforms.openscale import OpenScaleServer

CAPTURES = REPOSITORY / "events" / "captures"
KEY = next((CAPTURES / "datacapture" / "churn-endpoint").rglob("20-30-*.jsonl"))
INPUTS = (
    "tenure_months,monthly_charges,total_charges,contract,payment_method,senior,support_calls,"
    "data_usage_gb"
)
ROUTES = """
routes:
  - name: fiddler
    match: {{endpoint: churn-*}}
    continue: true
    mapping: &churn {{inputs: "{inputs}", outputs: score}}
    publisher: {{type: fiddler, url: "{fiddler}", token: "{fiddler_token}", model_uuid: {model}}}
  - name: arthur
    continue: true
    publisher: {{type: arthur, host: "{arthur}", model_id: "{arthur_id}", access_token: "{token}"}}
  - name: openscale
    continue: true
    mapping: *churn
    publisher:
      type: openscale
      url: "{openscale}"
      iam_url: "{openscale}/identity/token"
      api_key: "{api_key}"
      service_instance_id: "{instance}"
      data_set_id: "{data_set}"
  - name: files
    mapping: *churn
    publisher: {{type: files, place: s3://rows/churn}}
"""
REGION = "us-east-1"


def client(service: Any, url: str) -> Any:
    return boto3.client(service, endpoint_url=url, region_name=REGION)


def test_one_file_goes_to_all_platforms_and_one_that_is_down_catches_up(
    package: Path, runtime: Path, tmp_path: Path, aws: str
) -> None:
    s3 = client("s3", aws)
    for bucket in ("captures", "rows", "settings"):
        s3.create_bucket(Bucket=bucket)
    client("dynamodb", aws).create_table(
        TableName="ledger",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    key = KEY.relative_to(CAPTURES).as_posix()
    s3.put_object(Bucket="captures", Key=key, Body=KEY.read_bytes())
    with FiddlerServer(CHURN_MODEL) as fiddler, ArthurServer() as arthur, OpenScaleServer() as ibm:
        routes = ROUTES.format(
            inputs=INPUTS,
            fiddler=fiddler.url,
            fiddler_token=fiddler.token,
            model=CHURN_MODEL.id,
            arthur=arthur.url,
            arthur_id=arthur.model_id,
            token=arthur.token,
            openscale=ibm.url,
            api_key=ibm.account.api_key,
            instance=ibm.account.service_instance_id,
            data_set=ibm.account.data_set_id,
        )
        s3.put_object(Bucket="settings", Key="routes.yaml", Body=routes.encode())
        variables = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_ENDPOINT_URL": aws,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "FORWARDER_ROUTES": "s3://settings/routes.yaml",
            "FORWARDER_LEDGER": "dynamodb://ledger",
            "FORWARDER_QUARANTINE": str(tmp_path / "quarantine"),
            "FORWARDER_RETRY_SECONDS": "0",
        }
        arthur.fail_next(Status(503))
        detail = {"bucket": {"name": "captures"}, "object": {"key": key}}
        body = json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
        event = {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": body}]}
        with Emulator(
            package=package, runtime=runtime, folder=tmp_path, variables=variables
        ) as function:
            down = function.invoke(event)
            assert (len(fiddler.events), len(ibm.records), arthur.stored) == (183, 183, [])
            up = function.invoke(event)

        assert down == {"batchItemFailures": [{"itemIdentifier": "m"}]}
        assert up == {"batchItemFailures": []}
        ids = {str(row["event_id"]) for row in fiddler.events}
        for found in (fiddler.published_ids, arthur.published_ids, ibm.published_ids):
            assert Counter(found) == dict.fromkeys(ids, 1)
    (stored,) = s3.list_objects_v2(Bucket="rows")["Contents"]
    assert stored["Key"].startswith("churn/churn-endpoint/AllTraffic/2026/03/01/10/20-30-123-")
    rows = gzip.decompress(s3.get_object(Bucket="rows", Key=stored["Key"])["Body"].read())
    assert {json.loads(row)["inference_id"] for row in rows.splitlines()} == ids
