"""Addresses and settings → routes, for whoever only looks at them or sends by hand.

The function itself reads its routes by `wiring.forwarder.read_routes`, which asks for a ledger
where a route continues.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from capture_forwarder.settings import RouteSettings, Settings, load
from capture_forwarder.settings.routes_check import RoutesCheck, check_routes
from capture_forwarder.wiring.forwarder import read_routes, read_routes_file


def routes_of(settings: Settings) -> Sequence[RouteSettings]:
    """Return the routes of the settings.

    Raises
    ------
    SettingsError
        The routes file cannot be read, or what it says is wrong.
    """
    if settings.routes_file is None:
        return read_routes(settings)
    return read_routes_file(settings.routes_file)


def check_routes_file(address: str, keys: Iterable[str] = ()) -> RoutesCheck:
    """Check a routes file, and say which of its routes keys take.

    Parameters
    ----------
    address
        A path, `s3://bucket/key` or `ssm://parameter`.
    keys
        Keys of capture files; see `check_routes`.

    Raises
    ------
    SettingsError
        The file cannot be read, or what it says is wrong; lists all mistakes.
    UsageError
        A key cannot be that of a capture file, or the routes ask for its bucket.
    """
    return check_routes(routes_of(load({"FORWARDER_ROUTES": address})), keys)
