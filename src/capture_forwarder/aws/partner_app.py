"""Requests to a SageMaker partner app, signed as AWS wants them.

AWS checks each request in front of such an app and lets through who may
`sagemaker:CallPartnerAppApi`; the app's own API key is sent in another header. The SageMaker SDK
has a class for this, but with all that it brings along it does not fit into a function.
"""

from __future__ import annotations

from collections.abc import Callable

from botocore.credentials import Credentials

from capture_forwarder.aws.signing import Signer
from capture_forwarder.core.partner_app_arn import check_partner_app_arn, partner_app_region
from capture_forwarder.core.ports.signing import Request

_SERVICE = "sagemaker"
_TARGET = "SageMaker.CallPartnerAppApi"


class PartnerAppAuth:
    """Signs each request of a `requests.Session` whose `auth` it is.

    Does to a request what `PartnerAppAuthProvider().get_auth()` of the SageMaker SDK does [1]_:
    the API key moves to a header of its own, the app and the action are named in two more, and
    the whole is signed with Signature Version 4 [2]_ for the app's own region. Any callable will
    do as `auth` [3]_.

    A redirection is not signed anew, and `requests` would take the API key along to another
    host, since it knows only `Authorization` for a secret: follow none.

    Parameters
    ----------
    arn
        The partner app's ARN.
    find_credentials
        Finds the AWS credentials to sign with; those of the environment, by botocore's chain, by
        default. Called for every request, and what it finds may refresh itself.

    Raises
    ------
    ValueError
        The ARN is none of a partner app.

    References
    ----------
    .. [1] SageMaker Python SDK 2.257.7, `sagemaker.partner_app.auth_utils`.
    .. [2] IAM User Guide, "Create a signed AWS API request".
    .. [3] Requests, "Advanced Usage", "Custom Authentication".
    """

    def __init__(
        self, arn: str, find_credentials: Callable[[], Credentials | None] | None = None
    ) -> None:
        self._arn = check_partner_app_arn(arn)
        region = partner_app_region(arn)
        self._signer = Signer(_SERVICE, region, "the partner app", find_credentials)

    def __call__(self, request: Request, /) -> Request:
        """Sign a request in place.

        Raises
        ------
        PublisherMisconfiguredError
            There are no AWS credentials.
        PlatformUnavailableError
            They could not be had this time.
        """
        headers = request.headers
        if key := headers.pop("Authorization", None):
            headers["X-Amz-Partner-App-Authorization"] = key
        headers["X-SageMaker-Partner-App-Server-Arn"] = self._arn
        headers["X-Amz-Target"] = _TARGET
        return self._signer.sign(request)
