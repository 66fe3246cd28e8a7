"""boto3 clients with timeouts and retries that suit a short-lived function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

_CONFIG = Config(
    connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4}
)

# An answer of DynamoDB takes milliseconds. Waiting longer than this for a lost one only brings
# the deadline and the end of the lease nearer; at most some 20 s pass until the last attempt.
_DYNAMODB_CONFIG = _CONFIG.merge(Config(connect_timeout=2, read_timeout=2))


def s3_client() -> S3Client:
    """Make an S3 client for the region and credentials of the environment."""
    return boto3.client("s3", config=_CONFIG)


def secrets_client() -> SecretsManagerClient:
    """Make a Secrets Manager client."""
    return boto3.client("secretsmanager", config=_CONFIG)


def ssm_client() -> SSMClient:
    """Make a client of the Systems Manager parameter store."""
    return boto3.client("ssm", config=_CONFIG)


def sqs_client(region: str | None = None) -> SQSClient:
    """Make an SQS client, for a queue in another region if one is named."""
    return boto3.client("sqs", region_name=region, config=_CONFIG)


def dynamodb_client() -> DynamoDBClient:
    """Make a DynamoDB client that gives up soon."""
    return boto3.client("dynamodb", config=_DYNAMODB_CONFIG)
