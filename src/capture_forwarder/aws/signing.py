"""Requests to a service behind AWS, signed with Signature Version 4.

Source: IAM User Guide, "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials

from capture_forwarder.aws.errors import AWS_ERRORS, read_error
from capture_forwarder.core.errors import PlatformUnavailableError, PublisherMisconfiguredError
from capture_forwarder.core.ports.signing import Request


class Signer:
    """Signs requests; may be used from several threads.

    Parameters
    ----------
    service, region
        What they are signed for.
    title
        What messages call the service.
    find_credentials
        Finds the AWS credentials to sign with; those of the environment, by botocore's chain, by
        default. Called for every request, and what it finds may refresh itself.
    """

    def __init__(
        self,
        service: str,
        region: str,
        title: str,
        find_credentials: Callable[[], Credentials | None] | None = None,
    ) -> None:
        self._service = service
        self._region = region
        self._title = title
        self._find_credentials = find_credentials or botocore.session.get_session().get_credentials
        self._lock = threading.Lock()

    def sign(self, request: Request) -> Request:
        """Sign a request in place, with all headers that it has.

        Raises
        ------
        PublisherMisconfiguredError
            There are no AWS credentials.
        PlatformUnavailableError
            They could not be had this time.
        """
        headers = request.headers
        headers["X-Amz-Content-SHA256"] = _digest(request.body)
        # A space that is written as a plus would be signed as one and read as the other.
        request.url = (request.url or "").replace("+", "%20")
        # The server leaves this header out of its signature, older releases of botocore do not.
        signable = {name: value for name, value in headers.items() if name.lower() != "connection"}
        signed = AWSRequest(method=request.method, url=request.url, headers=signable)
        SigV4Auth(self._credentials(), self._service, self._region).add_auth(signed)
        headers.update(signed.headers.items())
        return request

    def _credentials(self) -> ReadOnlyCredentials:
        """One consistent set, so that a refresh meanwhile does not mix two."""
        try:
            # A session of botocore is not made for several threads at once.
            with self._lock:
                found = self._find_credentials()
            if found is not None:
                return found.get_frozen_credentials()
        except AWS_ERRORS as error:
            message = f"A request to {self._title} cannot be signed: {read_error(error).sentence}."
            raise PlatformUnavailableError(message, "It is tried again.") from error
        message = f"There are no AWS credentials to sign requests to {self._title} with."
        advice = "Give the function a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID."
        raise PublisherMisconfiguredError(message, advice)


def _digest(body: bytes | str | None) -> str:
    if body and not isinstance(body, bytes):
        return "UNSIGNED-PAYLOAD"
    return hashlib.sha256(body or b"").hexdigest()
