"""What we sign is what the SageMaker SDK's own class signs, where that is installed."""

from __future__ import annotations

from typing import Any

import pytest

from capture_forwarder.aws.partner_app import PartnerAppAuth
from tests.support.partner_app_reference import ARN, FIRST, NOON, REQUESTS, prepared

# SDK 3 does not have it. The SDK takes 350 MB, so it is no dependency of the tests.
sdk = pytest.importorskip("sagemaker.partner_app.auth_provider")


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
def test_headers_and_url_are_those_of_the_sagemaker_sdk(
    monkeypatch: pytest.MonkeyPatch, request_: dict[str, Any]
) -> None:
    monkeypatch.setenv("AWS_PARTNER_APP_ARN", ARN)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: NOON.replace(tzinfo=None))

    theirs = sdk.PartnerAppAuthProvider(FIRST).get_auth()(prepared(**request_))
    ours = PartnerAppAuth(ARN, lambda: FIRST)(prepared(**request_))

    assert ours.url == theirs.url
    assert dict(ours.headers.lower_items()) == dict(theirs.headers.lower_items())
    assert ours.body == theirs.body
