"""Requests to a managed MLflow in SageMaker, signed as AWS wants them."""

from __future__ import annotations

from collections.abc import Callable

from botocore.credentials import Credentials

from capture_forwarder.aws.signing import Signer
from capture_forwarder.core.mlflow_arn import managed_mlflow
from capture_forwarder.core.ports.signing import Request


class ManagedMlflowAuth:
    """Signs each request of a `requests.Session` whose `auth` it is.

    Does to a request what the plugin sagemaker-mlflow 0.5.0 does: its server is named in a
    header, and the whole is signed.

    Parameters
    ----------
    arn
        The ARN of an MLflow app or of a tracking server.
    find_credentials
        See `Signer`.

    Raises
    ------
    ValueError
        The ARN is of neither.
    """

    def __init__(
        self, arn: str, find_credentials: Callable[[], Credentials | None] | None = None
    ) -> None:
        server = managed_mlflow(arn)
        self._arn = arn
        self._header = server.header
        title = "the managed MLflow"
        self._signer = Signer(server.service, server.region, title, find_credentials)

    def __call__(self, request: Request, /) -> Request:
        """Sign a request in place; raises as `Signer.sign` does."""
        request.headers[self._header] = self._arn
        return self._signer.sign(request)
