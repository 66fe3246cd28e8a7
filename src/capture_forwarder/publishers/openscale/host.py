"""Where a service of IBM's answers, how long to wait for it, and whom to trust for it."""

from __future__ import annotations

from dataclasses import dataclass

from capture_forwarder.publishers.http import HttpClient, Service


@dataclass(frozen=True)
class Host:
    """Where to send requests.

    Parameters
    ----------
    url
        Its address; it may have a path.
    timeout
        Seconds to wait for an answer.
    authorities
        A file or folder of certificate authorities to trust in place of the usual ones, such as
        that of a Cloud Pak for Data. Certificates are verified in any case.
    """

    url: str
    timeout: float
    authorities: str | None = None

    @property
    def base(self) -> str:
        """The address before `/openscale`, with which IBM spells it in some places."""
        return self.url.rstrip("/").removesuffix("/openscale").rstrip("/")

    def client(self, service: Service) -> HttpClient:
        """Make a client for the service that it is."""
        return HttpClient(service, self.timeout, self.authorities)
