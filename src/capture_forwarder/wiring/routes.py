"""Routes for commands that need no ledger, which the function does where a route continues."""

from __future__ import annotations

from collections.abc import Sequence

from capture_forwarder.settings import RouteSettings, Settings, load
from capture_forwarder.wiring.forwarder import read_routes, read_routes_file


def routes_of(settings: Settings) -> Sequence[RouteSettings]:
    """The routes of the settings.

    Raises
    ------
    SettingsError
        The routes file cannot be read, or what it says is wrong.
    """
    if settings.routes_file is None:
        return read_routes(settings)
    return read_routes_file(settings.routes_file)


def routes_in(file: str) -> Sequence[RouteSettings]:
    """The routes of a file, whatever the environment says.

    Raises
    ------
    SettingsError
        It cannot be read, or what it says is wrong.
    """
    return routes_of(load({"FORWARDER_ROUTES": file}))
