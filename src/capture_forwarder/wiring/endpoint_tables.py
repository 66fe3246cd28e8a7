"""The environment's one route to DuckDB → a route for each endpoint, with a table of its name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.letter_case import folded
from capture_forwarder.parser import MetadataField, comma_list
from capture_forwarder.settings import PublisherName, RouteSettings, Settings
from capture_forwarder.settings.route import NAME, Match

ORIGIN = (MetadataField.ENDPOINT, MetadataField.VARIANT, MetadataField.CAPTURE_HOUR)
"""The columns that a table has where no metadata columns are set: each is called as its field."""


def endpoint_tables(
    settings: Settings,
    routes: Sequence[RouteSettings],
    endpoints: Iterable[str | None],
    table: str | None = None,
) -> Sequence[RouteSettings]:
    """Give each endpoint a table, and the rows columns that say where they come from.

    Parameters
    ----------
    settings, routes
        The settings, and the routes that they say. Those of a routes file, and those to other
        publishers, stay as they are: in DuckDB, a route's name is its table.
    endpoints
        The endpoints of the capture files; None for a file that names none. Its rows go into the
        table `captures`, and so do those of an endpoint whose table would be the same as another's.
    table
        The one table for all rows.

    Raises
    ------
    UsageError
        A table is named that DuckDB or the ledger cannot have, or there is nothing to name it for.
    """
    if settings.routes_file is not None or routes[0].publisher_name is not PublisherName.DUCKDB:
        if table is not None:
            problem = "--table can only be used with --publisher duckdb and without a routes file."
            raise UsageError(problem, "In a routes file, the name of a route is its table.")
        return routes
    route = _with_origin(routes[0])
    if table is not None:
        if not NAME.fullmatch(table):
            problem = f"--table cannot be {table!r}."
            raise UsageError(problem, "It takes letters, digits, `_`, `.` and `-`; at most 63.")
        return (route.model_copy(update={"name": table}),)
    taken = {folded(route.name)}
    own = []
    for endpoint in sorted({one for one in endpoints if one is not None}):
        if NAME.fullmatch(endpoint) and folded(endpoint) not in taken:
            taken.add(folded(endpoint))
            own.append(route_of(route, endpoint))
    return (*own, route)


def route_of(route: RouteSettings, endpoint: str) -> RouteSettings:
    """The route of one endpoint's capture files."""
    return route.model_copy(update={"name": endpoint, "match": Match(endpoint=endpoint)})


def _with_origin(route: RouteSettings) -> RouteSettings:
    """Add the columns of `ORIGIN` that the mapping has not, if it names no metadata columns."""
    mapping = route.mapping
    if comma_list(mapping.metadata):
        return route
    names = {folded(name) for name in mapping.columns.names}
    added = tuple(f"{one}={one}" for one in ORIGIN if folded(one) not in names)
    return route.model_copy(update={"mapping": mapping.model_copy(update={"metadata": added})})
