"""What somebody asks for when an endpoint's Data Capture is turned on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from capture_forwarder.setup.capture_settings import Capture, ContentTypes, Wishes


def _nothing(_: Capture) -> ContentTypes:
    return ContentTypes()


def _nowhere() -> str | None:
    return None


@dataclass(frozen=True)
class EndpointWishes:
    """What somebody asks for.

    Parameters
    ----------
    capture
        Of Data Capture itself.
    config_name
        The name of the new configuration; None to have one made.
    reset_counts
        Whether instance counts and weights fall back to those of the configuration.
    anyway
        Whether to change an endpoint that CloudFormation or Terraform manages, too.
    usual_destination
        Finds where captures go where neither the wishes nor the endpoint say so.
    seen
        Finds the types of text that are captured in base64, from the settings that are there.
    """

    capture: Wishes
    config_name: str | None = None
    reset_counts: bool = False
    anyway: bool = False
    usual_destination: Callable[[], str | None] = _nowhere
    seen: Callable[[Capture], ContentTypes] = _nothing
