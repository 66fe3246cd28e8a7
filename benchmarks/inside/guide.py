"""The baseline: the method of the guides that the vendors give to their users.

It downloads the whole file, reads each line by `json.loads` and `split(',')`, keeps every value
as text, and publishes the list of all rows by fiddler-client. Only what breaks at once in a guide
is mended: nothing is set up at import time that cannot be, and the key is decoded. For payloads
that are JSON, which no guide reads, it is given `json.loads` in place of `split(',')`.
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


def read_csv(sent: str, answered: str) -> list[dict[str, Any]]:
    """Read one record, as the guides do."""
    return [{**dict(zip(COLUMNS, sent.split(","), strict=False)), OUTPUT: answered}]


def read_lists(sent: str, answered: str) -> list[dict[str, Any]]:
    """Read records that are lists."""
    both = zip(json.loads(sent)["instances"], json.loads(answered)["predictions"], strict=True)
    return [{**dict(zip(COLUMNS, record, strict=False)), OUTPUT: score} for record, score in both]


def read_named(sent: str, answered: str) -> list[dict[str, Any]]:
    """Read records that name the columns."""
    both = zip(json.loads(sent)["instances"], json.loads(answered)["predictions"], strict=True)
    return [{**record, OUTPUT: score} for record, score in both]


def read_chat(sent: str, answered: str) -> list[dict[str, Any]]:
    """Read a prompt and its completion."""
    prompt = json.loads(sent)["messages"][-1]["content"]
    return [{COLUMNS[0]: prompt, OUTPUT: json.loads(answered)["choices"][0]["message"]["content"]}]


READERS = {"csv": read_csv, "lists": read_lists, "named": read_named, "chat": read_chat}
READ = READERS[os.environ.get("GUIDE_READS", "csv")]

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
        sent, answered = (captured[side]["data"] for side in ("endpointInput", "endpointOutput"))
        for row in READ(sent, answered):
            row[TIMESTAMP] = record["eventMetadata"]["inferenceTime"]
            rows.append(row)
    ids = model.publish_stream(rows)
    return {"statusCode": 200, "count": len(ids)}
