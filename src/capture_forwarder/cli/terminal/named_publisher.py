"""Settings of a command that sends rows: somebody has to say where these go."""

from __future__ import annotations

from collections.abc import Mapping

from capture_forwarder.core.errors import SettingsError, UsageError
from capture_forwarder.settings import Settings, load
from capture_forwarder.settings.variables import PUBLISHER, publishers_named

_NO_COLUMNS = "no column is configured"


def load_with_publisher(environment: Mapping[str, str], columns: str = "") -> Settings:
    """Load the settings.

    Parameters
    ----------
    environment
        Variable → value.
    columns
        What to do where the mapping has no columns.

    Raises
    ------
    SettingsError
        They are wrong.
    UsageError
        They are wrong, and nothing in them names a publisher: that is what is told.
    """
    try:
        return load(environment)
    except SettingsError as error:
        named = environment.keys() & {PUBLISHER, "FORWARDER_ROUTES"}
        if not (named or publishers_named(environment)):
            message = "No publisher is named, so the rows have nowhere to go."
            advice = (
                "To try it without an account, add `--publisher duckdb`. For a platform, set its "
                "variables (docs/settings.md) or name a routes file by `--routes`."
            )
            raise UsageError(message, advice) from error
        if columns and any(_NO_COLUMNS in problem for problem in error.problems):
            error.advice = columns
        raise
