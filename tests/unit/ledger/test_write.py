"""Writing: durable before it answers, together where possible, nobody's failure but one's own."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anju.ledger import Ledger, LedgerError

pytestmark = pytest.mark.anyio


class Mishap(Exception):
    """What a job of these tests raises."""


def add(text: str) -> Callable[[sqlite3.Connection], int]:
    """A job that adds a note and returns its id."""

    def job(connection: sqlite3.Connection) -> int:
        identifier = connection.execute("INSERT INTO note (text) VALUES (?)", (text,)).lastrowid
        assert identifier is not None
        return identifier

    return job


def fail(text: str) -> Callable[[sqlite3.Connection], int]:
    """A job that adds a note, then raises."""

    def job(connection: sqlite3.Connection) -> int:
        add(text)(connection)
        raise Mishap(text)

    return job


def held(path: Path) -> list[str]:
    """The notes as another process would see them."""
    connection = sqlite3.connect(path)
    try:
        return [text for (text,) in connection.execute("SELECT text FROM note ORDER BY id")]
    finally:
        connection.close()


async def together(ledger: Ledger, *jobs: Callable[[sqlite3.Connection], object]) -> list[object]:
    """Submit jobs while the writer is busy, so that they share a transaction; their results or exceptions."""
    inside, gate = threading.Event(), threading.Event()

    def keep_busy(_connection: sqlite3.Connection) -> None:
        inside.set()
        gate.wait()

    busy = asyncio.ensure_future(ledger.write(keep_busy))
    await asyncio.to_thread(inside.wait)
    waiting = [asyncio.ensure_future(ledger.write(job)) for job in jobs]
    await asyncio.sleep(0)
    gate.set()
    await busy
    return list(await asyncio.gather(*waiting, return_exceptions=True))


async def test_a_returned_write_is_committed(ledger: Ledger, tmp_path: Path) -> None:
    assert await ledger.write(add("one")) == 1
    assert held(tmp_path / "notes.db") == ["one"]


async def test_commits_are_synced(ledger: Ledger) -> None:
    pragmas = {}

    def ask(connection: sqlite3.Connection) -> None:
        for name in ("synchronous", "journal_mode", "foreign_keys"):
            pragmas[name] = connection.execute(f"PRAGMA {name}").fetchone()[0]

    await ledger.write(ask)
    assert pragmas == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}


async def test_jobs_that_wait_together_share_one_transaction(ledger: Ledger) -> None:
    statements: list[str] = []
    await ledger.write(lambda connection: connection.set_trace_callback(statements.append))
    statements.clear()
    await together(ledger, *(add(f"note {number}") for number in range(20)))
    # One transaction for the job that kept the writer busy, one for the twenty.
    assert statements.count("COMMIT") == 2


async def test_a_failing_job_is_undone_alone(ledger: Ledger, tmp_path: Path) -> None:
    results = await together(ledger, add("before"), fail("never"), add("after"))
    assert [type(result) for result in results] == [int, Mishap, int]
    assert held(tmp_path / "notes.db") == ["before", "after"]


async def test_a_constraint_hurts_only_the_job_that_broke_it(ledger: Ledger, tmp_path: Path) -> None:
    results = await together(
        ledger,
        add("before"),
        lambda connection: connection.execute("INSERT INTO note VALUES (1, NULL)"),
        add("after"),
    )
    assert isinstance(results[1], sqlite3.IntegrityError)
    assert held(tmp_path / "notes.db") == ["before", "after"]


async def test_stop_iteration_reaches_its_caller(ledger: Ledger, tmp_path: Path) -> None:
    results = await together(ledger, lambda _connection: next(iter(())), add("after"))
    assert isinstance(results[0], RuntimeError)
    assert held(tmp_path / "notes.db") == ["after"]


async def test_a_failed_commit_fails_everybody(ledger: Ledger, tmp_path: Path) -> None:
    def orphan(connection: sqlite3.Connection) -> None:
        # A constraint that is looked at only at COMMIT: the one way to make SQLite refuse it on demand.
        connection.execute("CREATE TABLE child (note INTEGER REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED)")
        connection.execute("INSERT INTO child VALUES (404)")

    results = await together(ledger, add("before"), orphan, fail("never"), add("after"))
    assert [isinstance(result, LedgerError) for result in results] == [True, True, False, True]
    assert isinstance(results[2], Mishap)
    assert held(tmp_path / "notes.db") == []
    await ledger.write(add("later"))
    assert held(tmp_path / "notes.db") == ["later"]


async def test_a_full_disk_fails_everybody_and_then_recovers(ledger: Ledger, tmp_path: Path) -> None:
    def most_pages(count: int) -> Callable[[sqlite3.Connection], object]:
        return lambda connection: connection.execute(f"PRAGMA max_page_count = {count}").fetchone()

    await ledger.write(add("kept"))
    await ledger.write(most_pages(1))  # SQLite takes it as: no more pages than there are
    results = await together(ledger, add("before"), add("x" * 100_000), add("after"))
    assert all(isinstance(result, LedgerError) for result in results)
    assert "full" in str(results[0])
    assert held(tmp_path / "notes.db") == ["kept"]
    await ledger.write(most_pages(10_000))
    await ledger.write(add("later"))
    assert held(tmp_path / "notes.db") == ["kept", "later"]


async def test_a_cancelled_caller_leaves_its_job_to_be_carried_out(ledger: Ledger, tmp_path: Path) -> None:
    gate = threading.Event()
    busy = asyncio.ensure_future(ledger.write(lambda _connection: gate.wait()))
    impatient = asyncio.ensure_future(ledger.write(add("impatient")))
    await asyncio.sleep(0)
    impatient.cancel()
    gate.set()
    await busy
    await ledger.write(add("patient"))
    assert impatient.cancelled()
    assert held(tmp_path / "notes.db") == ["impatient", "patient"]


async def test_closing_commits_what_waits(open_ledger: Callable[[], Ledger], tmp_path: Path) -> None:
    ledger = open_ledger()
    ledger.read()
    writes = [asyncio.ensure_future(ledger.write(add(f"note {number}"))) for number in range(100)]
    await asyncio.sleep(0)
    await ledger.close()
    assert await asyncio.gather(*writes) == list(range(1, 101))
    assert len(held(tmp_path / "notes.db")) == 100
    await ledger.close()
    with pytest.raises(LedgerError):
        await ledger.write(add("too late"))
    with pytest.raises(LedgerError):
        ledger.read()


async def test_more_jobs_than_one_transaction_holds(ledger: Ledger, tmp_path: Path) -> None:
    results = await together(ledger, *(add(f"note {number}") for number in range(1500)))
    assert results == list(range(1, 1501))


async def test_reading_sees_what_is_committed_and_cannot_write(ledger: Ledger) -> None:
    await ledger.write(add("one"))
    count = "SELECT count(*) FROM note"
    assert ledger.read().execute(count).fetchone() == (1,)
    assert ledger.read() is ledger.read()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        ledger.read().execute("INSERT INTO note (text) VALUES ('by the back door')")
    elsewhere = await asyncio.to_thread(lambda: (ledger.read(), ledger.read().execute(count).fetchone()))
    assert elsewhere[0] is not ledger.read()
    assert elsewhere[1] == (1,)


async def test_a_reader_does_not_see_an_open_transaction(ledger: Ledger) -> None:
    inside, gate = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        add("slow")(connection)
        inside.set()
        gate.wait()

    writing = asyncio.ensure_future(ledger.write(slow))
    await asyncio.to_thread(inside.wait)
    assert ledger.read().execute("SELECT count(*) FROM note").fetchone() == (0,)
    gate.set()
    await writing
    assert ledger.read().execute("SELECT count(*) FROM note").fetchone() == (1,)


@given(groups=st.lists(st.lists(st.booleans(), max_size=8), max_size=6))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exactly_the_jobs_that_returned_are_held(
    groups: list[list[bool]], tmp_path_factory: pytest.TempPathFactory, schema: Path
) -> None:
    path = tmp_path_factory.mktemp("held") / "notes.db"

    async def play() -> list[str]:
        ledger, expected = Ledger.open(path, schema), []
        for number, group in enumerate(groups):
            texts = [f"{number}.{place}" for place in range(len(group))]
            jobs = [(add if well else fail)(text) for text, well in zip(texts, group, strict=True)]
            results = await together(ledger, *jobs)
            expected += [text for text, result in zip(texts, results, strict=True) if isinstance(result, int)]
        await ledger.close()
        return expected

    assert asyncio.run(play()) == held(path)
