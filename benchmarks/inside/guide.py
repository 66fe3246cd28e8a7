"""The baseline: the method of the guides that the vendors give to their users.

It downloads the whole file, reads each line by `json.loads` and `split(',')`, keeps every value
as text, and publishes the list of all rows by fiddler-client. Only what breaks at once in a guide
is mended: nothing is set up at import time that cannot be, and the key is decoded.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import unquote_plus

import boto3
import fiddler
import pandas as pd  # noqa: F401 - as the guides do; the client imports it anyway

COLUMNS = os.environ["FIDDLER_MODEL_COLUMNS"].split(",")
OUTPUT = os.environ["FIDDLER_MODEL_OUTPUT_COLUMN"]
TIMESTAMP = os.environ["FIDDLER_TIMESTAMP_COLUMN"]

s3 = boto3.client("s3")
fiddler.init(url=os.environ["FIDDLER_URL"], token=os.environ["FIDDLER_TOKEN"])
model = fiddler.Model.get(id_=os.environ["FIDDLER_MODEL_UUID"])


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, object]:
    """Publish the rows of the first object that an event announces."""
    place = event["Records"][0]["s3"]
    key = unquote_plus(place["object"]["key"])
    answer = s3.get_object(Bucket=place["bucket"]["name"], Key=key)
    content = answer["Body"].read().decode("utf-8")
    rows = []
    for line in content.strip().split("\n"):
        record = json.loads(line)
        captured = record["captureData"]
        row = dict(zip(COLUMNS, captured["endpointInput"]["data"].split(","), strict=False))
        row[OUTPUT] = captured["endpointOutput"]["data"]
        row[TIMESTAMP] = record["eventMetadata"]["inferenceTime"]
        rows.append(row)
    ids = model.publish_stream(rows)
    return {"statusCode": 200, "count": len(ids)}
