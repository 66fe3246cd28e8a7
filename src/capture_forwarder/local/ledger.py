"""The ledger in a SQLite file, for local runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from capture_forwarder.core.errors import LedgerError
from capture_forwarder.core.ledger import Claim, LedgerKey, busy, describe, lost
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Clock

_BUSY_SECONDS = 10.0

_TABLE = """
CREATE TABLE IF NOT EXISTS ledger (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    revision TEXT NOT NULL,
    route TEXT NOT NULL,
    "offset" INTEGER NOT NULL DEFAULT 0,
    lines INTEGER NOT NULL DEFAULT 0,
    "rows" INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    lease_until REAL NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (bucket, key, revision, route)
) WITHOUT ROWID
"""
# Files of older versions have no rows.
_ADD_ROWS = 'ALTER TABLE ledger ADD COLUMN "rows" INTEGER NOT NULL DEFAULT 0'
_FIND = """
SELECT "offset", lines, "rows", owner, lease_until, finished FROM ledger
WHERE bucket = ? AND key = ? AND revision = ? AND route = ?
"""
_CLAIM = """
INSERT INTO ledger (bucket, key, revision, route, owner, lease_until) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
"""
# All assignments of an UPDATE see the row as it was.
_SAVE = """
UPDATE ledger SET
    lease_until = :until,
    lines = CASE WHEN "offset" <= :offset THEN :lines ELSE lines END,
    "rows" = CASE
        WHEN "offset" < :offset THEN :rows
        WHEN "offset" = :offset THEN MAX("rows", :rows)
        ELSE "rows"
    END,
    "offset" = MAX("offset", :offset)
WHERE bucket = :bucket AND key = :key AND revision = :revision AND route = :route
    AND owner = :owner AND NOT finished
"""
# The owner stays, so that finishing again is no lost lease.
_FINISH = """
UPDATE ledger SET
    finished = 1,
    lease_until = 0,
    lines = CASE WHEN "offset" <= :offset THEN :lines ELSE lines END,
    "rows" = CASE
        WHEN "offset" < :offset THEN :rows
        WHEN "offset" = :offset THEN MAX("rows", :rows)
        ELSE "rows"
    END,
    "offset" = MAX("offset", :offset)
WHERE bucket = :bucket AND key = :key AND revision = :revision AND route = :route
    AND owner = :owner
"""
_RELEASE = """
UPDATE ledger SET owner = NULL, lease_until = 0
WHERE bucket = ? AND key = ? AND revision = ? AND route = ? AND owner = ? AND NOT finished
"""
_ADVICE = {
    "SQLITE_BUSY": "Another program has it locked; close it and try again.",
    "SQLITE_CANTOPEN": "Check the path: its folder must exist and allow writing.",
    "SQLITE_FULL": "Make room on the disk and try again.",
    "SQLITE_NOTADB": "It is another kind of file: give a path of its own to the ledger.",
    "SQLITE_READONLY": "Allow writing to the file and to its folder.",
}


class SqliteLedger:
    """One row for each capture file, revision and route; each method is one transaction.

    A transaction takes the file's write lock before it reads (`BEGIN IMMEDIATE`), so several
    processes can use one file. What a method has written survives a killed process and a power
    failure (`synchronous = FULL`; https://www.sqlite.org/pragma.html). The rollback journal
    is kept rather than WAL: it leaves one file and works on any file system that can lock.

    Rows are never removed: each is a few hundred bytes, and the file is the user's.

    Parameters
    ----------
    path
        The file; made when it is first needed, but its folder is not.
    clock
        The time that leases are measured by.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    def claim(self, key: LedgerKey, owner: str, lease_seconds: float) -> Claim:
        """Begin work; see `Ledger.claim`."""
        with self._transaction(key) as connection:
            row = connection.execute(_FIND, _parts(key)).fetchone()
            offset, lines, rows, holder, until, finished = row or (0, 0, 0, None, 0.0, 0)
            if not finished:
                if holder != owner and until > self._in(0.0):
                    raise busy(key, until)
                connection.execute(_CLAIM, (*_parts(key), owner, self._in(lease_seconds)))
            return Claim(Position(offset, lines, rows), finished=bool(finished))

    def save(self, key: LedgerKey, owner: str, position: Position, lease_seconds: float) -> None:
        """Move the position forward and renew the lease; see `Ledger.save`.

        A lease that has expired is still its owner's until somebody takes it over. A position
        before the stored one renews the lease and leaves the position as it is.
        """
        with self._transaction(key) as connection:
            values = {**_noted(key, owner, position), "until": self._in(lease_seconds)}
            if not connection.execute(_SAVE, values).rowcount:
                raise lost(key)

    def finish(self, key: LedgerKey, owner: str, position: Position) -> None:
        """Save that the file is done; see `Ledger.finish`. The position only moves forward."""
        with self._transaction(key) as connection:
            if not connection.execute(_FINISH, _noted(key, owner, position)).rowcount:
                raise lost(key)

    def release(self, key: LedgerKey, owner: str) -> None:
        """Give the lease back; see `Ledger.release`."""
        with self._transaction(key) as connection:
            connection.execute(_RELEASE, (*_parts(key), owner))

    @contextmanager
    def _transaction(self, key: LedgerKey) -> Iterator[sqlite3.Connection]:
        """A connection of its own for each call: threads and forks share nothing."""
        try:
            with closing(
                sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            ) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(_TABLE)
                columns = connection.execute("SELECT name FROM pragma_table_info('ledger')")
                if ("rows",) not in columns.fetchall():
                    connection.execute(_ADD_ROWS)
                yield connection
                # Closing without it undoes everything.
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            # Some of the module's errors are its own and have no name from SQLite.
            name = getattr(error, "sqlite_errorname", type(error).__name__)
            message = f"The ledger ({self._path}) cannot be used for {describe(key)}: {name}."
            # Extended names have the primary name at their front: SQLITE_READONLY_DIRECTORY.
            primary = "_".join(name.split("_")[:2])
            raise LedgerError(message, _ADVICE.get(primary, "Give it another path.")) from error

    def _in(self, seconds: float) -> float:
        """So many seconds from now, as finely as the ledger in DynamoDB stores it."""
        return round(self._clock.now().timestamp() + seconds, 6)


def _parts(key: LedgerKey) -> tuple[str, str, str, str]:
    return key.bucket, key.key, key.revision, key.route


def _noted(key: LedgerKey, owner: str, position: Position) -> dict[str, str | int | float]:
    return {
        "bucket": key.bucket,
        "key": key.key,
        "revision": key.revision,
        "route": key.route,
        "owner": owner,
        "offset": position.offset,
        "lines": position.lines,
        "rows": position.rows,
    }
