"""What all tests share: an AWS account that does not exist, and no deadline for an example."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

settings.register_profile("forwarder", deadline=None)
settings.load_profile("forwarder")

_AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    # The developer's own profiles must play no part.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def pytest_sessionfinish() -> None:
    """Undo what the function does at its start, so that all that it made is freed at the end."""
    gc.unfreeze()


@pytest.fixture(autouse=True)
def nobodys_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that open nothing, so that a test can never reach a real account."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in _AWS.items():
        monkeypatch.setenv(name, value)
