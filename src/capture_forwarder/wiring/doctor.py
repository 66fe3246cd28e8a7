"""A profile, a region and a stack → what `doctor` looks at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from capture_forwarder.setup.doctor import open_subject
from capture_forwarder.setup.findings import Finding
from capture_forwarder.setup.subject import HOURS, Account, Subject

if TYPE_CHECKING:
    from capture_forwarder.aws.operator.calls import AwsCalls


def build_account(calls: AwsCalls) -> Account:
    """Put the ports on AWS together."""
    from capture_forwarder.aws.objects import S3ObjectStore  # noqa: PLC0415 - botocore takes its time
    from capture_forwarder.aws.operator.buckets import S3Buckets  # noqa: PLC0415
    from capture_forwarder.aws.operator.deployment import AwsDeployment  # noqa: PLC0415
    from capture_forwarder.aws.operator.endpoints import SageMakerEndpoints  # noqa: PLC0415
    from capture_forwarder.aws.operator.watching import CloudWatch  # noqa: PLC0415

    return Account(
        AwsDeployment(calls),
        S3Buckets(calls),
        SageMakerEndpoints(calls),
        CloudWatch(calls),
        S3ObjectStore(calls.client("s3")),
    )


def open_stack(calls: AwsCalls, stack: str, hours: int = HOURS) -> Subject | Finding:
    """Look up a stack for its checks; see `open_subject`."""
    return open_subject(build_account(calls), stack, datetime.now(UTC), hours)
