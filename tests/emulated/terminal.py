"""A terminal in which a person types one command, reads what it says, and answers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

PATIENCE_S = 120
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Terminal:
    """What one command has shown so far, without what moves the cursor."""

    def __init__(self, process: Process, keys: int) -> None:
        self.shown = ""
        self._process = process
        self._keys = keys
        self._changed = asyncio.Event()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def see(self, words: str) -> None:
        """Wait until these are there."""
        await self._until(lambda: words in self.shown, words)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._keys, text.encode())

    async def end(self) -> int:
        """Wait for the end; the exit code."""
        status = await self._process.wait()
        self._read()
        return status

    async def _until(self, true: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not true():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.05):
                            await self._changed.wait()
                    self._changed.clear()
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}: {self.shown}") from None

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while piece := os.read(self._keys, 65536):
                self.shown += _CONTROL.sub("", piece.decode(errors="replace"))
        self._changed.set()


@asynccontextmanager
async def terminal(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Terminal]:
    """The command in a terminal of its own; it is gone when the block ends."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    process = await asyncio.create_subprocess_exec(
        *("env", "--default-signal=INT", *words),
        cwd=folder,
        env={**environment, "TERM": "xterm", "COLUMNS": "400"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    made = Terminal(process, ours)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, made._read)
    try:
        yield made
    finally:
        loop.remove_reader(ours)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        os.close(ours)
        os.close(theirs)
