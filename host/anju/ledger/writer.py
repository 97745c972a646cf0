"""The writer thread of a ledger: takes all jobs that wait, commits them together, then answers all of them."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from anju.ledger import errors

T = TypeVar("T")

_MOST_JOBS = 512
"""Jobs in one transaction: bounds how long the first of them waits for the last."""


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What is executed before a job, instead of what a failed one has done, and after it."""

    enter: tuple[str, ...]
    undo: tuple[str, ...]
    leave: tuple[str, ...]


_AMONG_OTHERS = _Bounds(("SAVEPOINT job",), ("ROLLBACK TO job",), ("RELEASE job",))
_ALONE = _Bounds((), ("ROLLBACK", "BEGIN IMMEDIATE"), ())
"""A lone job has the transaction to itself and needs no savepoint in it."""


@dataclass(slots=True, eq=False)
class _Job:
    """A job with the future of the task that waits for it, and what came of it."""

    run: Callable[[sqlite3.Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        if self.future.done():
            return  # the caller was cancelled meanwhile
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Writer:
    """Owns the writing connection and the thread that uses it."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._gate = threading.Lock()  # no job is queued behind the end
        self.closed = False
        self.took: Callable[[float], object] | None = None
        """Told, in the writer's thread, how many seconds each commit took."""
        self._thread = threading.Thread(target=self._work, name=f"ledger {path.name}", daemon=True)
        self._thread.start()

    def submit(self, run: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """The future of a job's commit, with LedgerError in it if the transaction failed; raises it if the writer is closed."""
        loop = asyncio.get_running_loop()
        job = _Job(run, loop, loop.create_future())
        with self._gate:
            if self.closed:
                raise errors.closed(self._path)
            self._waiting.put(job)
        return job.future

    async def close(self, before: Callable[[], None]) -> None:
        """Finish the jobs that wait, call `before`, close the connection (the last one to close empties the log)."""
        with self._gate:
            if not self.closed:
                self.closed = True
                self._waiting.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
        before()
        self._connection.close()

    def _work(self) -> None:
        while True:
            jobs, ending = self._take()
            if jobs:
                begun_s = time.perf_counter()
                self._commit(jobs)
                if self.took is not None:
                    self.took(time.perf_counter() - begun_s)
                _tell(jobs)
            if ending:
                return

    def _take(self) -> tuple[list[_Job], bool]:
        """All jobs that wait now (at least one, or the end)."""
        jobs: list[_Job] = []
        job = self._waiting.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == _MOST_JOBS:
                return jobs, False
            try:
                job = self._waiting.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _commit(self, jobs: list[_Job]) -> None:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._run(job, _ALONE if len(jobs) == 1 else _AMONG_OTHERS)
            connection.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001 - whatever it was, it is told to everyone who waits
            with suppress(sqlite3.Error):  # where SQLite has rolled back already
                connection.execute("ROLLBACK")
            for job in jobs:
                # One object for each: a shared exception would collect the tracebacks of all its waiters.
                job.error = job.error or errors.not_committed(self._path, error)

    def _run(self, job: _Job, bounds: _Bounds) -> None:
        """One job within its bounds; raises only where the whole transaction is lost."""
        connection = self._connection
        for statement in bounds.enter:
            connection.execute(statement)
        try:
            job.result = job.run(connection)
        except BaseException as error:
            # A full disk or an I/O error ends SQLite's transaction by itself, and the neighbours' rows with it.
            if errors.is_of_the_file(error) or not connection.in_transaction:
                raise
            # A future refuses StopIteration, which would end the generator that waits for it.
            job.error = RuntimeError("a job raised StopIteration") if isinstance(error, StopIteration) else error
            for statement in bounds.undo:
                connection.execute(statement)
        for statement in bounds.leave:
            connection.execute(statement)


def _tell(jobs: list[_Job]) -> None:
    """Answer every job in its own loop, with one wake-up a loop."""
    for loop in {job.loop for job in jobs}:
        with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(_tell_here, [job for job in jobs if job.loop is loop])


def _tell_here(jobs: list[_Job]) -> None:
    for job in jobs:
        job.tell()
