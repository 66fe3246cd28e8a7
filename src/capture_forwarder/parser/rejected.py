"""How the parser's parts say that a line cannot be forwarded."""

from __future__ import annotations

from capture_forwarder.core.rejection import Reason


class RejectedError(Exception):
    """Ends the reading of a line; the parser's surface turns it into a `Rejection`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(detail)
