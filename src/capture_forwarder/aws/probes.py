"""Tries of what the function needs of AWS, with its own rights, and without writing anything."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from capture_forwarder.aws.errors import AWS_ERRORS, read_error
from capture_forwarder.core.errors import LedgerError, QuarantineError, QueueError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_NAME = "capture-forwarder-self-check"
# The digest of something else than the body: S3 looks at rights and keys, and then refuses it.
# Source: PutObject in the S3 API reference, Content-MD5 and the error BadDigest.
_WRONG_DIGEST = base64.b64encode(bytes(16)).decode()


def try_ledger(client: DynamoDBClient, table: str) -> None:
    """Try a write to the ledger's table, under a condition that no item fulfils.

    Raises
    ------
    LedgerError
        The table cannot be written.
    """
    try:
        client.update_item(
            TableName=table,
            Key={"id": {"S": _NAME}},
            UpdateExpression="SET #owner = :owner",
            ConditionExpression="attribute_exists(#id) AND attribute_not_exists(#id)",
            ExpressionAttributeNames={"#id": "id", "#owner": "owner"},
            ExpressionAttributeValues={":owner": {"S": _NAME}},
        )
    except AWS_ERRORS as error:
        failure = read_error(error)
        if failure.code != "ConditionalCheckFailedException":
            message = f"The table {table} cannot be written: {failure.sentence}."
            advice = (
                "Allow dynamodb:UpdateItem on it; in a VPC, give DynamoDB an endpoint there or the "
                "subnets a way out."
            )
            raise LedgerError(message, advice) from error


def try_quarantine(client: S3Client, bucket: str, prefix: str) -> None:
    """Try a write to the quarantine with a digest that is not that of what is sent.

    Raises
    ------
    QuarantineError
        The bucket cannot be written below the prefix.
    """
    address = f"s3://{bucket}/{prefix.strip('/')}"
    try:
        client.put_object(
            Bucket=bucket,
            Key=f"{prefix.strip('/')}/{_NAME}",
            Body=b"",
            ContentMD5=_WRONG_DIGEST,
        )
    except AWS_ERRORS as error:
        failure = read_error(error)
        if failure.code != "BadDigest":
            message = f"{address} cannot be written: {failure.sentence}."
            advice = (
                f"Allow s3:PutObject on {address}/*, and kms:GenerateDataKey on the bucket's key; "
                "in a VPC, give S3 an endpoint there or the subnets a way out."
            )
            raise QuarantineError(message, advice) from error


def try_queue(client: SQSClient, url: str) -> None:
    """Try to reach the queue that takes continuations.

    Raises
    ------
    QueueError
        The queue cannot be reached, or the role may not ask it.
    """
    try:
        client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    except AWS_ERRORS as error:
        message = f"{url} cannot be reached: {read_error(error).sentence}."
        advice = (
            "Check FORWARDER_QUEUE_URL, and allow sqs:GetQueueAttributes and sqs:SendMessage; in a "
            "VPC, give SQS an endpoint there or the subnets a way out."
        )
        raise QueueError(message, advice) from error
