"""The environment → the forwarder of a function, which stays while the function lives."""

from __future__ import annotations

from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.settings import load
from capture_forwarder.wiring.cold_start import keep_for_good
from capture_forwarder.wiring.forwarder import build_forwarder


def forwarder_from_environment() -> Forwarder:
    """Build the forwarder that the environment's variables describe.

    Raises
    ------
    SettingsError
        Lists every variable that is wrong.
    """
    made = build_forwarder(load())
    keep_for_good()
    return made
