"""A process that is killed loses nothing that it had been told was written."""

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

WRITER = """
import asyncio, sys
from pathlib import Path
from anju.ledger import Ledger

async def write_on(ledger, lane):
    number = 0
    while True:
        number += 1
        text = f"{lane}.{number}"
        await ledger.write(lambda connection: connection.execute("INSERT INTO note (text) VALUES (?)", (text,)).rowcount)
        sys.stdout.write(text + "\\n")
        sys.stdout.flush()

async def main():
    ledger = Ledger.open(Path(sys.argv[1]), Path(sys.argv[2]))
    await asyncio.gather(*(write_on(ledger, f"{sys.argv[3]}.{lane}") for lane in range(5)))

asyncio.run(main())
"""


def kill_in_the_middle(path: Path, schema: Path, round_number: int, dice: random.Random) -> set[str]:
    """Let a process write until it is killed; what it was told is written."""
    command = [sys.executable, "-c", WRITER, str(path), str(schema), str(round_number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(dice.randrange(1, 200))]
        writer.kill()
        told += writer.stdout.readlines()
    return {line.strip() for line in told if line.endswith("\n")}


def kill_often(path: Path, schema: Path, rounds: int) -> None:
    """Kill again and again, and compare each time."""
    dice, told = random.Random(20), set[str]()
    for number in range(rounds):
        told |= kill_in_the_middle(path, schema, number, dice)
        connection = sqlite3.connect(path)
        held = [text for (text,) in connection.execute("SELECT text FROM note")]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        assert len(held) == len(set(held))
        assert told <= set(held)
    assert len(told) >= rounds


def test_a_killed_process_loses_no_returned_write(tmp_path: Path, schema: Path) -> None:
    kill_often(tmp_path / "notes.db", schema, rounds=5)


@pytest.mark.long
def test_a_hundred_killed_processes_lose_no_returned_write(tmp_path: Path, schema: Path) -> None:
    kill_often(tmp_path / "notes.db", schema, rounds=100)
