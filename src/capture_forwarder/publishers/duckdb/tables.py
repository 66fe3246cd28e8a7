"""Tables whose columns follow the data: made, and widened so that they hold every value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.letter_case import alike, folded
from capture_forwarder.publishers.column_types import NULLS, TEXT, widened

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def create_table(
    connection: DuckDBPyConnection, table: str, types: Mapping[str, str], key: Sequence[str]
) -> None:
    """Create a table with these columns, of which some are its key."""
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in types.items())
    primary = ", ".join(map(quoted, key))
    connection.execute(f"CREATE TABLE {quoted(table)} ({columns}, PRIMARY KEY ({primary}))")


def widen_table(
    connection: DuckDBPyConnection, table: str, known: Mapping[str, str], needed: Mapping[str, str]
) -> dict[str, str]:
    """Widen a table so that it holds values of these types, too.

    Parameters
    ----------
    connection, table
        The table.
    known
        Its columns' types.
    needed
        Those of the values. A column of nulls is there as such, and gets its type with its first
        value.

    Returns
    -------
    dict
        The types of its columns as they are then.
    """
    fitted = dict(known)
    spelling = spelling_of(known)
    for name, kind in needed.items():
        own = spelling.get(folded(name))
        if own is None:
            fitted[name] = kind
            change = f"ADD COLUMN {quoted(name)} {kind}"
        elif (wider := widened(known[own], kind)) != known[own]:
            if known[own] == NULLS and _has_values(connection, table, own):
                wider = TEXT  # somebody else's column
            fitted[own] = wider
            change = f"ALTER COLUMN {quoted(own)} TYPE {wider}"
        else:
            continue
        connection.execute(f"ALTER TABLE {quoted(table)} {change}")
    return fitted


def read_types(connection: DuckDBPyConnection, table: str) -> dict[str, str]:
    """Read the types of a table's columns; none if it does not exist."""
    found = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_name = ? AND table_schema = 'main' ORDER BY ordinal_position",
        [table],
    ).fetchall()
    return {str(name): str(kind) for name, kind in found}


@contextmanager
def transaction(connection: DuckDBPyConnection) -> Iterator[None]:
    """Do what is in the block whole or not at all."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def spelling_of(names: Iterable[str]) -> dict[str, str]:
    """Folded name → the name as it stands."""
    return {folded(name): name for name in names}


def check_names(names: Collection[str]) -> None:
    """Make sure that DuckDB can have these columns, and that no two are one to it.

    Raises
    ------
    PublisherMisconfiguredError
        A name is empty, or two differ only in case, so that the values of one would be lost.
    """
    if "" in names:
        message = "A column has an empty name, which DuckDB does not allow."
        raise PublisherMisconfiguredError(message, "Name the column in the route's mapping.")
    for first, second in alike(names):
        message = f"To DuckDB, the columns {first!r} and {second!r} are one."
        raise PublisherMisconfiguredError(message, "Give one of them another name.")


def quoted(name: str) -> str:
    """A name as SQL takes any name."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def literal(text: str) -> str:
    """A text as SQL takes it."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _has_values(connection: DuckDBPyConnection, table: str, column: str) -> bool:
    count = f"SELECT count({quoted(column)}) FROM {quoted(table)}"  # noqa: S608 - quoted
    return connection.execute(count).fetchall() != [(0,)]
