"""What the ARN of a SageMaker partner app looks like; needs no AWS client."""

from __future__ import annotations

import re

# As loose behind the slash as the SageMaker SDK's own check, which lets pass more than the
# pattern in the API reference (`app-` and twelve characters).
_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:partner-app/[!-~]+")


def check_partner_app_arn(arn: str) -> str:
    """Return the ARN as it stands if it names a partner app.

    Raises
    ------
    ValueError
        It does not; the message says what one looks like.

    References
    ----------
    .. [1] SageMaker API Reference, DescribePartnerApp, `Arn`.
    .. [2] SageMaker Python SDK 2.257.7, `sagemaker.partner_app.auth_provider`.
    """
    if not _ARN.fullmatch(arn):
        raise ValueError(
            "must be the ARN of a SageMaker partner app, such as "
            "arn:aws:sagemaker:us-east-1:123456789012:partner-app/app-ABCDEF123456"
        )
    return arn


def partner_app_region(arn: str) -> str:
    """Return the region that a checked ARN names."""
    return arn.split(":")[3]
