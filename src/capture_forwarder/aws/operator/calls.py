"""Calls of any AWS service with an operator's profile and region; errors name the IAM action."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from botocore import xform_name
from botocore.config import Config
from botocore.session import Session

from capture_forwarder import __version__
from capture_forwarder.aws.account_errors import account_error
from capture_forwarder.aws.errors import AWS_ERRORS, UNKNOWN_PROFILE, UNKNOWN_REGION
from capture_forwarder.aws.region import region_of_environment
from capture_forwarder.core.errors import UsageError

# Somebody waits at a terminal, so a call may take longer than a function's.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 5},
    user_agent=f"capture-forwarder/{__version__}",
)


class AwsCalls:
    """Calls AWS for one profile and region; clients are made when they are first needed.

    Parameters
    ----------
    profile
        A profile of the AWS configuration; that of the environment if None.
    region
        The region; that of the environment or the profile if None.
    """

    def __init__(self, profile: str | None = None, region: str | None = None) -> None:
        self._session = Session(profile=profile)
        self._given_region = region
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._lock = threading.Lock()

    @property
    def region(self) -> str:
        """The region that is asked.

        Raises
        ------
        UsageError
            Neither an option, the environment nor the profile names one.
        """
        try:
            found = (
                self._given_region
                or region_of_environment()
                or self._session.get_config_variable("region")
            )
        except UNKNOWN_PROFILE as error:
            raise _no_profile(self._session) from error
        if not found:
            raise UsageError("No AWS region is set.", "Give --region, or set AWS_REGION.")
        return str(found)

    def client(self, service: str, region: str | None = None) -> Any:  # noqa: ANN401 - any service's
        """Give the client of a service.

        Parameters
        ----------
        service
            Its name in botocore.
        region
            Another region than that of these calls.
        """
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                try:
                    self._clients[key] = self._session.create_client(
                        service, region_name=region or self.region, config=_CONFIG
                    )
                except UNKNOWN_PROFILE as error:
                    raise _no_profile(self._session) from error
                except UNKNOWN_REGION as error:  # pragma: no cover - `region` has refused before
                    raise UsageError("No AWS region is set.", "Give --region.") from error
            return self._clients[key]

    def call(self, service: str, operation: str, **parameters: object) -> dict[str, Any]:
        """Call an operation.

        Parameters
        ----------
        service, operation
            As AWS's API names them: `s3`, `GetBucketLocation`.
        parameters
            The operation's parameters.

        Returns
        -------
        dict
            The answer, without the client's own `ResponseMetadata`.

        Raises
        ------
        NotAllowedError
            The caller lacks a permission; the error names it.
        AccountError
            Anything else that AWS or the connection to it refuses.
        """
        client = self.client(service)
        try:
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
        except AWS_ERRORS as error:
            raise account_error(service, operation, error) from error
        answer.pop("ResponseMetadata", None)
        return answer

    def pages(self, service: str, operation: str, **parameters: object) -> Iterator[dict[str, Any]]:
        """Call an operation page by page; see `call`."""
        paginator = self.client(service).get_paginator(xform_name(operation))
        try:
            yield from paginator.paginate(**parameters)
        except AWS_ERRORS as error:
            raise account_error(service, operation, error) from error


def _no_profile(session: Session) -> UsageError:
    name = session.profile
    return UsageError(f"There is no AWS profile {name!r}.", "See `aws configure list-profiles`.")
