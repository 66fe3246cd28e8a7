"""AWS clients with timeouts and retries that suit a short-lived function.

They are botocore's, as boto3's own are. What boto3 adds is not used here, and docs/package.md says
what it would take of a cold start.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from capture_forwarder import __version__
from capture_forwarder.aws.certificates import check_certificates
from capture_forwarder.aws.errors import (
    UNKNOWN_PROFILE,
    UNKNOWN_REGION,
    in_sentence,
    read_error,
)
from capture_forwarder.aws.region import region_of_environment
from capture_forwarder.core.errors import SettingsError
from capture_forwarder.core.postponed import postpone

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

# How long a call may take. The smallest Timeout of template.yaml is 60 s.
#   nothing connects: 3 attempts x 8 addresses, which S3's name has, x 1 s        24 s
#   connected, but no answer comes or goes on: 3 x (1 s + 5 s)                     18 s
#   all is throttled: waits of up to 1 s and 2 s, each with 5 s that AWS may add   13 s
#   all of it in one call: 3 x (8 x 1 s + 5 s) + 13 s                              52 s
# A fixed name spares botocore a new one for each request, a tenth of a write to the ledger.
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent=f"capture-forwarder/{__version__}",
)

# An answer of DynamoDB takes milliseconds, and waiting longer for a lost one only brings the
# deadline and the end of the lease nearer. A throttled save is worth one attempt more: until one
# succeeds, nothing new is published. Its name has at most 6 addresses, one for a zone:
#   nothing connects: 4 x 6 x 1 s                                                  24 s
#   no answer: 4 x (1 s + 2 s)                                                     12 s
#   all is throttled: waits of up to 1 s, 2 s and 4 s, each with 5 s more          22 s
#   all of it in one call: 4 x (6 x 1 s + 2 s) + 22 s                              54 s
# DynamoDB checks parameters itself, and so do the types of whoever makes them here.
_DYNAMODB_CONFIG = _CONFIG.merge(
    Config(
        read_timeout=2,
        retries={"mode": "standard", "total_max_attempts": 4},
        parameter_validation=False,
    )
)

_REQUESTS = "REQUESTS_CA_BUNDLE"  # which botocore heeds, too, if there is no bundle for AWS alone


@cache
def _session() -> Session:
    """The session whose clients share what is read of botocore's data, as boto3's default does."""
    # Nobody here reads the documentation that clients are made with.
    postpone("botocore.docs")
    names = ("ClientMethodDocstring", "PaginatorDocstring", "WaiterDocstring")
    postpone("botocore.docs.docstring", known=dict.fromkeys(names, _no_docstring))
    from botocore.session import get_session  # noqa: PLC0415

    return get_session()


def _no_docstring(**_: object) -> str:
    return ""


def _client(service: str, config: Config, region: str | None = None) -> Any:  # noqa: ANN401
    try:
        _check_authorities(_session())
        own = region or region_of_environment()
        return _session().create_client(service, region_name=own, config=config)
    except (UNKNOWN_PROFILE, UNKNOWN_REGION) as error:
        failure = read_error(error)
        name = "AWS_REGION" if isinstance(error, UNKNOWN_REGION) else "AWS_PROFILE"
        problem = f"{name}: {failure.sentence}; {in_sentence(failure.login)}"
        raise SettingsError([problem]) from error


def _check_authorities(session: Session) -> None:
    """Find a wrong file of authorities now; botocore would, at each call, find a connection broken.

    Raises
    ------
    SettingsError
        The file is not there, may not be read, or holds no certificate.
    """
    own = session.get_config_variable("ca_bundle")
    name, path = ("AWS_CA_BUNDLE", own) if own else (_REQUESTS, os.environ.get(_REQUESTS))
    if path:
        check_certificates(name, path)


def s3_client() -> S3Client:
    """Make an S3 client for the region and credentials of the environment."""
    client: S3Client = _client("s3", _CONFIG)
    return client


def secrets_client() -> SecretsManagerClient:
    """Make a Secrets Manager client."""
    client: SecretsManagerClient = _client("secretsmanager", _CONFIG)
    return client


def ssm_client() -> SSMClient:
    """Make a client of the Systems Manager parameter store."""
    client: SSMClient = _client("ssm", _CONFIG)
    return client


def sqs_client(region: str | None = None) -> SQSClient:
    """Make an SQS client, for a queue in another region if one is named."""
    client: SQSClient = _client("sqs", _CONFIG, region)
    return client


def dynamodb_client() -> DynamoDBClient:
    """Make a DynamoDB client that gives up soon."""
    client: DynamoDBClient = _client("dynamodb", _DYNAMODB_CONFIG)
    return client


def client_of(service: str) -> Any:  # noqa: ANN401 - of services whose stubs are not installed
    """Make a client of any service, by its name in botocore."""
    return _client(service, _CONFIG)
