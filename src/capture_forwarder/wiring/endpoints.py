"""A profile and a region → endpoints whose Data Capture can be turned on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from capture_forwarder.core.deployment import Capture as Captured
from capture_forwarder.core.errors import AccountError
from capture_forwarder.core.ports import Clock
from capture_forwarder.core.ports.operator import EndpointConfigs
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.setup.capture_settings import Capture, ContentTypes, Wishes, check_wishes
from capture_forwarder.setup.endpoint_refusals import refuse_missing_bucket
from capture_forwarder.setup.endpoint_wishes import EndpointWishes
from capture_forwarder.setup.seen_types import seen_types

if TYPE_CHECKING:
    from capture_forwarder.aws.operator.calls import AwsCalls


def open_configs(calls: AwsCalls) -> EndpointConfigs:
    """Open the configurations of a region's endpoints."""
    from capture_forwarder.aws.operator.endpoint_configs import SageMakerConfigs  # noqa: PLC0415

    return SageMakerConfigs(calls)


def build_clock() -> Clock:
    """Make the clock that waiting goes by."""
    return SystemClock()


def build_wishes(  # noqa: PLR0913 - one parameter an option
    calls: AwsCalls,
    endpoint: str,
    wishes: Wishes,
    *,
    stack: str,
    config_name: str | None,
    reset_counts: bool,
    anyway: bool,
) -> EndpointWishes:
    """Put together what is asked for an endpoint.

    Parameters
    ----------
    calls
        AWS.
    endpoint
        The endpoint.
    wishes
        What is asked of Data Capture.
    stack
        The stack whose bucket captures go to, where nothing else says so.
    config_name, reset_counts, anyway
        See `EndpointWishes`.

    Raises
    ------
    UsageError
        SageMaker does not take what is wished, or there is no such bucket.
    AccountError
        AWS cannot be asked.
    """
    from capture_forwarder.aws.objects import S3ObjectStore  # noqa: PLC0415 - takes its time
    from capture_forwarder.aws.operator.buckets import S3Buckets  # noqa: PLC0415
    from capture_forwarder.aws.operator.deployment import AwsDeployment  # noqa: PLC0415

    check_wishes(wishes)
    buckets = S3Buckets(calls)
    if wishes.destination is not None:
        refuse_missing_bucket(buckets, wishes.destination)

    def seen(found: Capture) -> ContentTypes:
        destination = found.get("DestinationS3Uri")
        if not isinstance(destination, str):
            return ContentTypes()
        store = S3ObjectStore(calls.client("s3"))
        captured = Captured(enabled=True, started=True, sampling=100, destination=destination)
        return seen_types(buckets, store, captured, endpoint, datetime.now(UTC))

    def of_stack() -> str | None:
        try:
            found = AwsDeployment(calls).stack(stack)
        except AccountError:
            return None
        (bucket, *others) = found.buckets or ("",)
        return None if others or not bucket else f"s3://{bucket}/{found.prefix}".rstrip("/")

    return EndpointWishes(wishes, config_name, reset_counts, anyway, of_stack, seen)
