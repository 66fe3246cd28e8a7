"""Where the demo writes: a DuckDB file and two folders beside it, all the demo's own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from capture_forwarder.core.errors import ForwarderError, PublishError, UsageError
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.core.rejection import Reason
from capture_forwarder.publishers.duckdb.database import DuckDbFile, FirstRows
from capture_forwarder.settings import ONLY_ROUTE

_MARK = "made by capture-forwarder demo"
_OTHER = "Name another file with --database."

_BASELINE = "baseline"
_FIRST_ROWS = "march.csv"
_LATER_ROWS = "april.csv"
_EXECUTIONS = "reports"

_decode = msgspec.json.Decoder(QuarantineEntry).decode_lines


@dataclass(frozen=True)
class DemoPlace:
    """The database file; the quarantine and the monitor's files are in the same folder."""

    database: Path

    @property
    def quarantine(self) -> Path:
        """The folder for rejected lines."""
        return self.database.with_name(f"{self.database.stem}-quarantine")

    @property
    def monitoring(self) -> Path:
        """The folder for all that monitoring reads and writes."""
        return self.database.with_name(f"{self.database.stem}-monitor")

    @property
    def baseline(self) -> Path:
        """The baseline of the rows that arrived."""
        return self.monitoring / _BASELINE

    @property
    def first_rows(self) -> Path:
        """The rows that arrived, as CSV."""
        return self.monitoring / _FIRST_ROWS

    @property
    def later_rows(self) -> Path:
        """The rows of a month later."""
        return self.monitoring / _LATER_ROWS

    @property
    def executions(self) -> Path:
        """What checks have found."""
        return self.monitoring / _EXECUTIONS

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
        if self.monitoring.exists() and not self._is_monitoring():
            raise UsageError(f"{self.monitoring} holds something else than the demo's.", _OTHER)
        if not self.database.absolute().parent.is_dir():
            raise UsageError(f"There is no folder {self.database.absolute().parent}.")
        self.database.unlink(missing_ok=True)
        self.database.with_name(f"{self.database.name}.wal").unlink(missing_ok=True)
        shutil.rmtree(self.quarantine, ignore_errors=True)
        shutil.rmtree(self.monitoring, ignore_errors=True)

    def mark(self) -> None:
        """Leave a mark in the file, so that the next demo may replace it."""
        self._file().set_comment(ONLY_ROUTE, _MARK)

    def table(self, limit: int) -> FirstRows:
        """Read the table's types and first rows."""
        return self._file().first_rows(ONLY_ROUTE, limit)

    def entries(self) -> list[QuarantineEntry]:
        """Read what was put into quarantine."""
        # Folders in it are called like the capture files.
        files = sorted(path for path in self.quarantine.rglob("*.jsonl") if path.is_file())
        return [entry for file in files for entry in _decode(file.read_bytes())]

    def _is_marked(self) -> bool:
        try:
            return self._file().comment(ONLY_ROUTE) == _MARK
        except PublishError as error:
            raise ForwarderError(error.message, f"{error.advice} {_OTHER}") from error

    def _is_quarantine(self) -> bool:
        known = set(Reason)
        return self.quarantine.is_dir() and all(
            path.name in known for path in self.quarantine.iterdir()
        )

    def _is_monitoring(self) -> bool:
        ours = {_BASELINE, _FIRST_ROWS, _LATER_ROWS, _EXECUTIONS}
        return self.monitoring.is_dir() and all(
            path.name in ours for path in self.monitoring.iterdir()
        )

    def _file(self) -> DuckDbFile:
        return DuckDbFile(self.database)
