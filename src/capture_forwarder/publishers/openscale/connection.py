"""A server of IBM's: where it answers, how long to wait for it, and whom to trust for it."""

from __future__ import annotations

from dataclasses import dataclass

from capture_forwarder.publishers.http import HttpClient, Site


@dataclass(frozen=True)
class Server:
    """Where to send requests.

    Parameters
    ----------
    url
        Its address; it may have a path.
    timeout
        Seconds to wait for an answer.
    authorities
        A file of certificate authorities to trust in place of the usual ones, such as that of a
        Cloud Pak for Data. Certificates are verified in any case.
    """

    url: str
    timeout: float
    authorities: str | None = None

    def client(self, site: Site) -> HttpClient:
        """Make a client for the site that it is."""
        return HttpClient(site, self.timeout, self.authorities)
