"""An S3 client → the store that capture files are read from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from capture_forwarder.core.ports import ObjectStore
from capture_forwarder.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def s3_store(client: S3Client, max_line_bytes: int | None = None) -> ObjectStore:
    """Make the store on S3, in which manifests of batch transform jobs are followed.

    Parameters
    ----------
    client
        An S3 client.
    max_line_bytes
        The longest line that is read of a job's data; the setting's default if not given.
    """
    from capture_forwarder.aws.listing import list_objects  # noqa: PLC0415 - local runs need no S3
    from capture_forwarder.aws.objects import S3ObjectStore  # noqa: PLC0415
    from capture_forwarder.batch_transform.store import TransformStore  # noqa: PLC0415

    longest = Settings().max_line_bytes if max_line_bytes is None else max_line_bytes
    return TransformStore(S3ObjectStore(client), partial(list_objects, lambda: client), longest)
