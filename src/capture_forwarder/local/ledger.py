"""The ledger in a SQLite file, for local runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from capture_forwarder.core.errors import ForwarderError, LedgerError
from capture_forwarder.core.ledger import Claim, LedgerKey, busy, describe, lost
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Clock
from capture_forwarder.core.together import Together

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

    What several threads ask for at the same time is done in one transaction, since a transaction
    takes the disk longer than all that is done in it. It takes the file's write lock before it
    reads (`BEGIN IMMEDIATE`), so several processes can use one file. What a method has written
    survives a killed process and a power failure (`synchronous = FULL`;
    https://www.sqlite.org/pragma.html). The rollback journal is kept rather than WAL: it leaves
    one file and works on any file system that can lock.

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
        self._together: Together[_Task, Claim | None] = Together()

    def claim(self, key: LedgerKey, owner: str, lease_seconds: float) -> Claim:
        """Begin work; see `Ledger.claim`."""

        def claim(connection: sqlite3.Connection) -> Claim:
            row = connection.execute(_FIND, _parts(key)).fetchone()
            offset, lines, rows, holder, until, finished = row or (0, 0, 0, None, 0.0, 0)
            if not finished:
                if holder != owner and until > self._in(0.0):
                    raise busy(key, until)
                connection.execute(_CLAIM, (*_parts(key), owner, self._in(lease_seconds)))
            return Claim(Position(offset, lines, rows), finished=bool(finished))

        answer = self._do(key, claim)
        assert answer is not None  # noqa: S101 - a claim has one
        return answer

    def save(self, key: LedgerKey, owner: str, position: Position, lease_seconds: float) -> None:
        """Move the position forward and renew the lease; see `Ledger.save`.

        A lease that has expired is still its owner's until somebody takes it over. A position
        before the stored one renews the lease and leaves the position as it is.
        """

        def save(connection: sqlite3.Connection) -> None:
            values = {**_noted(key, owner, position), "until": self._in(lease_seconds)}
            if not connection.execute(_SAVE, values).rowcount:
                raise lost(key)

        self._do(key, save)

    def finish(self, key: LedgerKey, owner: str, position: Position) -> None:
        """Save that the file is done; see `Ledger.finish`. The position only moves forward."""

        def finish(connection: sqlite3.Connection) -> None:
            if not connection.execute(_FINISH, _noted(key, owner, position)).rowcount:
                raise lost(key)

        self._do(key, finish)

    def release(self, key: LedgerKey, owner: str) -> None:
        """Give the lease back; see `Ledger.release`."""

        def release(connection: sqlite3.Connection) -> None:
            connection.execute(_RELEASE, (*_parts(key), owner))

        self._do(key, release)

    def _do(
        self, key: LedgerKey, work: Callable[[sqlite3.Connection], Claim | None]
    ) -> Claim | None:
        return self._together(_Task(key, work), self._do_all)

    def _do_all(self, tasks: Sequence[_Task]) -> list[Claim | Exception | None]:
        """Do tasks in one transaction; one that a lease forbids changes nothing."""
        try:
            with self._transaction() as connection:
                return [task.on(connection) for task in tasks]
        except sqlite3.Error as error:
            return [self._unusable(task.key, error) for task in tasks]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own for each: threads and forks share nothing."""
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

    def _unusable(self, key: LedgerKey, error: sqlite3.Error) -> LedgerError:
        # Some of the module's errors are its own and have no name from SQLite.
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        message = f"The ledger ({self._path}) cannot be used for {describe(key)}: {name}."
        # Extended names have the primary name at their front: SQLITE_READONLY_DIRECTORY.
        primary = "_".join(name.split("_")[:2])
        unusable = LedgerError(message, _ADVICE.get(primary, "Give it another path."))
        unusable.__cause__ = error
        return unusable

    def _in(self, seconds: float) -> float:
        """So many seconds from now, as finely as the ledger in DynamoDB stores it."""
        return round(self._clock.now().timestamp() + seconds, 6)


@dataclass(frozen=True)
class _Task:
    """One thing to do in a transaction, for a key."""

    key: LedgerKey
    work: Callable[[sqlite3.Connection], Claim | None]

    def on(self, connection: sqlite3.Connection) -> Claim | ForwarderError | None:
        """Do it; return what its thread is to be told."""
        try:
            return self.work(connection)
        except ForwarderError as error:
            return error


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
