"""A route's settings → what reads its lines: its mapping, or what finds labels and their rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.extras import is_installed
from capture_forwarder.core.ports import ObjectStore, StoredInferences, TableReader
from capture_forwarder.forwarding.preparation import Compile
from capture_forwarder.local.listing import list_files
from capture_forwarder.local.objects import FolderObjectStore
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.settings import PublisherName, RouteSettings, Settings
from capture_forwarder.settings.publishers import DuckDbSettings
from capture_forwarder.settings.route import Match
from capture_forwarder.wiring.redaction import with_redact_key

if TYPE_CHECKING:
    from capture_forwarder.labels.looking import LabelTable

LABEL_SUFFIXES = (".jsonl", ".json", ".ndjson", ".csv", ".parquet", ".gz")
"""How the names of files with labels end, as they are found in folders."""

_TABLES = (".csv", ".parquet")


def only_labels(
    routes: Sequence[RouteSettings], file: str | None, name: str | None = None
) -> Sequence[RouteSettings]:
    """Choose the routes with labels, or one of them for all files, whatever it matches.

    Parameters
    ----------
    routes
        All routes.
    file
        The routes file that they are in, for messages.
    name
        The one to choose.

    Raises
    ------
    UsageError
        There is none with labels, or none of that name.
    """
    found = [route for route in routes if route.labels is not None]
    if not found:
        problem = f"{file} has no route with `labels:`."
        raise UsageError(problem, "docs/labels.md shows how to write one.")
    if name is None:
        return found
    named = [route for route in found if route.name == name]
    if not named:
        listed = ", ".join(route.name for route in found)
        problem = f"{file} has no route with labels that is named {name}"
        raise UsageError(f"{problem}; those with labels are: {listed}.")
    return [named[0].model_copy(update={"match": Match(), "goes_on": False})]


def only_table(settings: Settings) -> str | None:
    """Find the table that labels are for, where settings name none: the one with rows.

    Parameters
    ----------
    settings
        Of the environment.

    Returns
    -------
    str or None
        None where labels go elsewhere than into DuckDB, or there is no table with rows yet.

    Raises
    ------
    UsageError
        There are several.
    PublishError
        The file cannot be read.
    """
    publisher = settings.route.publisher if settings.route else None
    if not isinstance(publisher, DuckDbSettings) or not is_installed("duckdb"):
        return None
    from capture_forwarder.publishers.duckdb.database import DuckDbFile  # noqa: PLC0415

    tables = DuckDbFile(Path(publisher.path)).row_tables()
    if len(tables) > 1:
        listed = ", ".join(tables)
        raise UsageError(
            f"{publisher.path} has several tables with rows: {listed}.",
            "Say which of them the labels are for: --table NAME",
        )
    return tables[0] if tables else None


def mapping_of(route: RouteSettings, settings: Settings) -> ColumnMapping | Compile:
    """Return a route's mapping, or what makes the parser of its labels.

    Raises
    ------
    MissingExtraError
        Its labels need something that is not installed.
    SettingsError
        It hashes values, and there is no key for that.
    """
    columns = with_redact_key(route.columns, settings)
    if route.labels is None:
        return columns
    from capture_forwarder.labels.compiling import LabelCompiler  # noqa: PLC0415

    return LabelCompiler(
        route.labels.mapping,
        columns,
        _stored(route),
        with_features=route.publisher_name is PublisherName.OPENSCALE,
    )


def store_of(route: RouteSettings, store: ObjectStore) -> ObjectStore:
    """Return where the lines of a route come from: the store, or its files of labels as lines."""
    if route.labels is None:
        return store
    from capture_forwarder.labels.files import LabelFiles  # noqa: PLC0415

    return LabelFiles(store, _table_reader())


def label_tables(addresses: Sequence[str]) -> list[LabelTable]:
    """Find the tables at local addresses, where there are no capture files; none in S3.

    Raises
    ------
    UsageError
        An address does not exist.
    """
    from capture_forwarder.labels.looking import look_at_tables  # noqa: PLC0415

    paths = [Path(address) for address in addresses if "://" not in address]
    files = [file for path in paths for file in list_files(path, LABEL_SUFFIXES)]
    names = [file.capture_file.key.lower().removesuffix(".gz") for file in files]
    if len(paths) < len(addresses) or not all(name.endswith(_TABLES) for name in names):
        return []
    store = FolderObjectStore(Path("/"))
    return list(look_at_tables(files, store, _table_reader()))


def _table_reader() -> TableReader | None:
    if not is_installed("duckdb"):
        return None
    from capture_forwarder.publishers.duckdb.parquet import ParquetTables  # noqa: PLC0415

    return ParquetTables()


def _stored(route: RouteSettings) -> StoredInferences | None:
    """Where the inferences of the labels are, if that is a store of ours."""
    assert route.labels is not None  # noqa: S101 - asked for by routes with labels alone
    address, publisher = route.labels.features, route.publisher
    if address is None and isinstance(publisher, DuckDbSettings):
        address = publisher.path
    if address is None:
        return None
    from capture_forwarder.publishers.duckdb.stored import StoredRows  # noqa: PLC0415

    return StoredRows(address, route.labels.inferences)
