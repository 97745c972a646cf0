"""One emulated node: the staged firmware in a MicroPython process of its own, its pins in our hands."""

from __future__ import annotations

import asyncio
import contextlib
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from anju.simulator.feedback import Feedback
from anju.simulator.output import Output, Ready, Said, parse

_GRACE_S = 3.0
_TAIL_LINES = 20


@dataclass(frozen=True, slots=True)
class Place:
    """What a node process runs on: interpreter, staged bundle, environment."""

    interpreter: Path
    bundle: Path
    environment: Mapping[str, str]


class Node:
    """A process that can be started, poked at its inputs, listened to and ended; restarting keeps its store."""

    def __init__(self, number: int, store: Path, link: str, place: Place, listener: Listener) -> None:
        self.number = number
        self.feedback = Feedback()
        self.ready = asyncio.Event()
        """Set once the firmware has said that it is up."""
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        """The last lines that were no edges and no known console lines: why it died, for instance."""
        self._command = (str(place.interpreter), "main.py", "--store", str(store), "--link", link)
        self._place = place
        self._listener = listener
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process; what it says goes to the listener from now on."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            cwd=self._place.bundle,
            env=self._place.environment,
            process_group=0,  # Ctrl-C in the terminal is for the demo, which then ends its nodes in order
        )
        self._reader = asyncio.create_task(self._listen(self._process))

    def drive(self, number: int, level: int) -> float:
        """Set an input pin and return the monotonic time of it; nothing happens to a node that is not running."""
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(f"pin input{number} {level}\n".encode())
        return time.monotonic()

    async def ended(self) -> int:
        """Wait for the process to end; its exit status."""
        if self._process is None:
            raise RuntimeError(f"node {self.number} was not started")
        return await self._process.wait()

    async def stop(self) -> None:
        """End the process: end of input first, force if that does not do."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _GRACE_S)
        except TimeoutError:
            self._kill(process)
            await process.wait()
        if self._reader is not None:
            await self._reader
        self._process = None

    def kill(self) -> None:
        """End the process at once, as a pulled plug would."""
        if self._process is not None:
            self._kill(self._process)

    async def _listen(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for
        async for raw in process.stdout:
            output = parse(raw.decode(errors="replace").rstrip("\r\n"))
            match output:
                case Said(text):
                    self.tail.append(text)
                case Ready():
                    self.ready.set()
            self._listener(self, output, time.monotonic())

    @staticmethod
    def _kill(process: Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


Listener: TypeAlias = Callable[[Node, Output, float], None]
"""Hears what a node says, with the monotonic time at which it was heard."""
