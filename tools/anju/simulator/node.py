"""One node of an estate: the staged firmware on some machine, its pins in our hands."""

from __future__ import annotations

import asyncio
import contextlib
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from anju.simulator.feedback import PAIRED_ENDS_HZ, Feedback
from anju.simulator.output import Edge, Output, Ready, Said, Unenrolled, parse

_GRACE_S = 3.0
_TAIL_LINES = 20


@dataclass(frozen=True, slots=True)
class Place:
    """What a node process runs on: interpreter, staged bundle, environment."""

    interpreter: Path
    bundle: Path
    environment: Mapping[str, str]


class Machine(Protocol):
    """What a node runs on. Its words: console lines, and output edges as `@pin led_green 1` and `@pwm buzzer 880`."""

    async def start(self, hear: Callable[[str], None]) -> None:
        """Switch it on; `hear` gets each line it says, without its end."""

    def drive(self, number: int, level: int) -> None:
        """Set an input; nothing happens where it is not running."""

    async def ended(self) -> int:
        """Wait for it to end by itself; its exit status."""

    async def stop(self) -> None:
        """End it in order, or else by force."""


class Node:
    """A machine that can be started, poked at its inputs, listened to and ended; restarting keeps its store.

    A new one, whose number is 0, is silent for its listener until it has played that it is paired: what it shows before is meant
    for whoever installs it.
    """

    def __init__(self, number: int, machine: Machine, listener: Listener) -> None:
        self.number = number
        """0 until it is paired."""
        self.feedback = Feedback()
        self.ready = asyncio.Event()
        """Set once the firmware has said that it is up, and has keys."""
        self.offering = asyncio.Event()
        """Set once it has offered itself for pairing."""
        self.installed = asyncio.Event()
        """Set once it has played that it is paired."""
        if number:
            self.installed.set()
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        """The last lines that were no edges and no known console lines: why it died, for instance."""
        self._machine = machine
        self._listener = listener
        self._ends_tune = False

    async def start(self) -> None:
        """Start the machine; what it says goes to the listener from now on."""
        await self._machine.start(self._hear)

    def drive(self, number: int, level: int) -> float:
        """Set an input pin and return the monotonic time of it; nothing happens to a node that is not running."""
        self._machine.drive(number, level)
        return time.monotonic()

    async def ended(self) -> int:
        """Wait for the machine to end; its exit status."""
        return await self._machine.ended()

    async def stop(self) -> None:
        """End the machine."""
        await self._machine.stop()

    def _hear(self, line: str) -> None:
        output = parse(line)
        match output:
            case Said(text):
                self.tail.append(text)
                if text == "pairing: open":
                    self.offering.set()
            case Ready(_firmware, _network, number):
                self.number = number
                self.ready.set()
        if self.installed.is_set() or not isinstance(output, Edge | Unenrolled | Said):
            self._listener(self, output, time.monotonic())
        elif isinstance(output, Edge):
            if self._ends_tune and output == Edge("buzzer", 0):
                self.installed.set()
            self._ends_tune = output == Edge("buzzer", PAIRED_ENDS_HZ)


class NodeProcess:
    """A `Machine` that is a process: the firmware under MicroPython's unix port."""

    def __init__(self, store: Path, link: str, place: Place) -> None:
        self._command = (str(place.interpreter), "main.py", "--store", str(store), "--link", link)
        self._place = place
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self, hear: Callable[[str], None]) -> None:
        """Start the process."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            cwd=self._place.bundle,
            env=self._place.environment,
            process_group=0,  # Ctrl-C in the terminal is for the demo, which then ends its nodes in order
        )
        self._reader = asyncio.create_task(self._listen(self._process, hear))

    def drive(self, number: int, level: int) -> None:
        """Set an input pin."""
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(f"pin input{number} {level}\n".encode())

    async def ended(self) -> int:
        """Wait for the process to end; its exit status."""
        if self._process is None:
            raise RuntimeError("the node was not started")
        return await self._process.wait()

    async def cut_power(self) -> None:
        """What a power cut does: SIGKILL. Its flash keeps what was written."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self.stop()

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
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._reader is not None:
            await self._reader
        self._process = None

    @staticmethod
    async def _listen(process: Process, hear: Callable[[str], None]) -> None:
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for
        async for raw in process.stdout:
            hear(raw.decode(errors="replace").rstrip("\r\n"))


Listener: TypeAlias = Callable[[Node, Output, float], None]
"""Hears what a node says, with the monotonic time at which it was heard."""
