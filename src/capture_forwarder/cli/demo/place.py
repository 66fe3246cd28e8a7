"""Where the demo writes: a DuckDB file and a quarantine folder, both the demo's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from capture_forwarder.core.errors import ForwarderError, UsageError
from capture_forwarder.core.extras import Extra, install_command
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.core.rejection import Reason
from capture_forwarder.settings import ONLY_ROUTE

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MARK = "made by capture-forwarder demo"
_OTHER = "Name another file with --database."
_ADVICE = "Close other programs that have it open, or name another file with --database."

_decode = msgspec.json.Decoder(QuarantineEntry).decode_lines


@dataclass(frozen=True)
class Table:
    """The beginning of the demo's table."""

    count: int
    types: Mapping[str, str]
    rows: Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class DemoPlace:
    """The database file; the quarantine lies beside it."""

    database: Path

    @property
    def quarantine(self) -> Path:
        """The folder for rejected lines."""
        return self.database.with_name(f"{self.database.stem}-quarantine")

    def clear(self) -> None:
        """Remove what an earlier demo has left.

        Raises
        ------
        UsageError
            Something else is there, which is nobody's to remove but the user's.
        """
        if self.database.exists() and not self._is_marked():
            message = f"{self.database} was not made by the demo, which would replace it."
            raise UsageError(message, _OTHER)
        if self.quarantine.exists() and not self._is_quarantine():
            raise UsageError(f"{self.quarantine} holds something else than a quarantine.", _OTHER)
        if not self.database.absolute().parent.is_dir():
            raise UsageError(f"There is no folder {self.database.absolute().parent}.")
        self.database.unlink(missing_ok=True)
        self.database.with_name(f"{self.database.name}.wal").unlink(missing_ok=True)
        shutil.rmtree(self.quarantine, ignore_errors=True)

    def mark(self) -> None:
        """Leave a mark in the file, so that the next demo may replace it."""
        with self._connected() as connection:
            connection.execute(f"""COMMENT ON TABLE "{ONLY_ROUTE}" IS '{_MARK}'""")

    def table(self, limit: int) -> Table:
        """Read the table's types and first rows."""
        with self._connected() as connection:
            described = connection.execute(f'DESCRIBE "{ONLY_ROUTE}"').fetchall()
            types = {str(name): str(kind) for name, kind, *_ in described}
            ((count,),) = connection.execute(f'FROM "{ONLY_ROUTE}" SELECT count(*)').fetchall()
            found = connection.execute(f'FROM "{ONLY_ROUTE}" LIMIT ?', [limit]).fetchall()
        rows = [dict(zip(types, row, strict=True)) for row in found]
        return Table(count, types, rows)

    def entries(self) -> list[QuarantineEntry]:
        """Read what was put into quarantine."""
        # Folders in it are called like the capture files.
        files = sorted(path for path in self.quarantine.rglob("*.jsonl") if path.is_file())
        return [entry for file in files for entry in _decode(file.read_bytes())]

    def _is_marked(self) -> bool:
        with self._connected() as connection:
            marks = connection.execute(
                "SELECT comment FROM duckdb_tables() WHERE table_name = ?", [ONLY_ROUTE]
            ).fetchall()
        return (_MARK,) in marks

    def _is_quarantine(self) -> bool:
        known = set(Reason)
        return self.quarantine.is_dir() and all(
            path.name in known for path in self.quarantine.iterdir()
        )

    @contextmanager
    def _connected(self) -> Iterator[DuckDBPyConnection]:
        try:
            import duckdb  # noqa: PLC0415 - an extra of its own
        except ImportError as error:
            advice = f"Install it with: {install_command(Extra.CLI, Extra.DUCKDB)}"
            raise UsageError("The demo needs duckdb, which is not installed.", advice) from error
        try:
            with duckdb.connect(str(self.database)) as connection:
                yield connection
        except duckdb.Error as error:
            message = f"{self.database} cannot be used: {type(error).__name__}."
            raise ForwarderError(message, _ADVICE) from error
