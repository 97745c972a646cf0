"""A database with one writer thread: jobs that wait together share one transaction, and each returns only after COMMIT."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

from anju.ledger import errors
from anju.ledger.beside import BUSY_MS, reader
from anju.ledger.migrations import migrate
from anju.ledger.writer import Writer
from anju.service import private_file
from anju.service.lock import FileLock, Held

T = TypeVar("T")

_PRAGMAS = (
    # FULL syncs the log at each COMMIT; NORMAL may lose committed rows at a power cut.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA trusted_schema = OFF",
)


class Ledger:
    """One SQLite file, held by this process alone."""

    def __init__(self, path: Path, lock: FileLock, writer: Writer) -> None:
        """Private: use `open`."""
        self._path = path
        self._lock = lock
        self._writer = writer
        self._own = threading.local()
        self._readers: list[sqlite3.Connection] = []

    @classmethod
    def open(cls, path: Path, schema: Traversable) -> Ledger:
        """Open or create (mode 0600) a file in the newest format of `schema`; LedgerError if it cannot be used.

        A schema has no DEFERRABLE constraints: they would fail at COMMIT, after their job had ended, and take others along.
        """
        path = path.absolute()
        try:
            lock = FileLock(path.with_name(path.name + ".lock"))
        except Held as held:
            raise errors.in_use(path, held.pid) from None
        except OSError as error:
            raise errors.not_opened(path, error) from error
        try:
            return cls(path, lock, Writer(path, _connect(path, schema)))
        except BaseException:
            lock.release()
            raise

    async def write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run a job in the writer's transaction and return its result once that is committed, on the disk.

        A job that raises is rolled back alone, and its exception is raised here. LedgerError if the transaction failed:
        nothing of it is in the file. A caller that is cancelled leaves its job to be carried out. Jobs return plain values
        (a cursor would not outlive the transaction), end no transaction themselves and do not call the ledger.
        """
        return await self._writer.submit(job)

    def measure(self, took: Callable[[float], object]) -> None:
        """Have each commit's seconds told from now on, in the writer's thread."""
        self._writer.took = took

    async def breathe(self) -> None:
        """Return once the writer has committed nothing, after all that waits now; LedgerError if it could not."""
        await self._writer.submit(lambda _connection: None)

    def begin(self, job: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """The same for a caller who has to know how it ends even when cancelled: the future is to be asked for its outcome,
        and never cancelled. LedgerError at once if the ledger is closed."""
        return self._writer.submit(job)

    def read(self) -> sqlite3.Connection:
        """A read-only connection that belongs to the calling thread; it sees what is committed. Fetch all rows: an open
        cursor keeps the log from being emptied."""
        if self._writer.closed:
            raise errors.closed(self._path)
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = reader(self._path, any_thread=True)
            self._own.connection = connection
            self._readers.append(connection)
        return connection

    async def close(self) -> None:
        """Commit what waits, close every connection, let the next process have the file; a second call does nothing."""
        await asyncio.shield(self._writer.close(self._close_readers))
        self._lock.release()

    def _close_readers(self) -> None:
        while self._readers:
            self._readers.pop().close()


def _connect(path: Path, schema: Traversable) -> sqlite3.Connection:
    try:
        _create(path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    except OSError as error:
        raise errors.not_opened(path, error) from error
    try:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise errors.no_log(path, mode)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        migrate(path, connection, schema)
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        connection.close()
        fault = errors.not_a_ledger if errors.is_damage(error) else errors.not_committed
        raise fault(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _create(path: Path) -> None:
    """Make the file 0600 before SQLite sees it, because the log and its index inherit its mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    # A durable row in a file whose name a power cut takes away is not durable.
    private_file.sync_folder(path.parent)
