"""The region that the environment names, as the AWS CLI reads it."""

from __future__ import annotations

import os


def region_of_environment() -> str | None:
    """Return what AWS_REGION says; None leaves it to botocore, which knows AWS_DEFAULT_REGION."""
    return os.environ.get("AWS_REGION") or None
