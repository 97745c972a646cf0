"""A real service on a machine whose clock and disk are made: `python -m anju.bench.faults.testing.service NAME FILE SITE`.

Only `time.time_ns` and SQLite's COMMIT are not the machine's own; everything else is what `python -m anju.NAME SITE` runs.
"""

from __future__ import annotations

import runpy
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from anju.bench.faults.testing.conditions import FakeMachine


def slow_connection(machine: FakeMachine) -> type[sqlite3.Connection]:
    """Connections to files on that machine's disk."""

    class SlowConnection(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if sql == "COMMIT" and (commit_s := machine.now.commit_s):
                time.sleep(commit_s)
            return super().execute(sql, *parameters)

    return SlowConnection


def live_on(machine: FakeMachine) -> None:
    """Let this process have that machine's clock and disk."""
    real_ns, real_connect, factory = time.time_ns, sqlite3.connect, slow_connection(machine)

    def connect(*where: Any, **how: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = real_connect(*where, **{"factory": factory} | how)
        return connection

    time.time_ns = lambda: real_ns() + int(machine.now.clock_s * 1e9)
    sqlite3.connect = connect  # type: ignore[assignment]  # it has overloads


def _main(name: str, file: str, site: str) -> None:
    live_on(FakeMachine(Path(file)))
    sys.argv = [f"anju.{name}", site]
    runpy.run_module(f"anju.{name}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
