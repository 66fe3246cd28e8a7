"""What the monitor needs of an engine. Statements are in DuckDB's dialect, whichever runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from capture_forwarder.monitor.data.relation import Column, Kind, Relation

Row = tuple[object, ...]


class EngineName(StrEnum):
    """The engines that there are."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class Typed(msgspec.Struct, frozen=True):
    """Data that has types of its own.

    Parameters
    ----------
    sql
        What stands behind FROM; its columns are `c0`, `c1` and so on.
    names, kinds
        What the data calls them, and how their values are there.
    what
        What to call the data in an error.
    """

    sql: str
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    what: str


class Engine(Protocol):
    """Runs statements over data.

    The same data gives the same digits each time. All methods raise `DataError` where the data
    cannot be read; its message holds no value.
    """

    @property
    def bare(self) -> Kind:
        """As what a number of JSON is read in the least time: BARE, or TEXT."""
        ...

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """Run a query and return all of its rows; `$name` in it is a parameter."""
        ...

    def in_turn(self, sql: str) -> Iterator[Sequence[Row]]:
        """Run a query and yield its rows, many at once, in the order of what `keep` has kept."""
        ...

    def keep(self, name: str, sql: str) -> None:
        """Keep what a query gives, in its order, under a name; a former one is replaced."""
        ...

    def keep_first(self, name: str, relation: Relation, most: int) -> None:
        """Keep a relation's first rows, in the order of the data; see `keep`."""
        ...

    def forget(self, name: str) -> None:
        """Let go of what was kept under a name."""
        ...

    def csv(self, files: Sequence[str], columns: Sequence[Column], *, header: bool) -> str:
        """Write the source of CSV files, all of whose values are text; an empty one is null.

        Parameters
        ----------
        files
            Their names, in order; at least one.
        columns
            All columns of each file.
        header
            Whether each begins with a row of names.
        """
        ...

    def json_lines(self, files: Sequence[str], names: Sequence[str], kinds: Sequence[Kind]) -> str:
        """Write the source of JSON Lines; its columns are `c0`, `c1` and so on.

        Parameters
        ----------
        files
            Their names, in order; at least one.
        names, kinds
            The keys to read, and as what: TEXT, BARE or FINITE.
        """
        ...

    def parquet(self, files: Sequence[str]) -> Typed:
        """Open Parquet files; their columns are joined by name."""
        ...

    def table(self, address: str, name: str | None) -> Typed:
        """Open a table.

        Parameters
        ----------
        address
            The database.
        name
            The table's name; None is the only one that there is.

        Raises
        ------
        UsageError
            There is no such table, or several are there and none is named.
        """
        ...


def identifier(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
