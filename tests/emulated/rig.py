"""One emulated board on a tester's desk: its prompt, its probe, and the far ends of its four serial lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from anju.emulator.board import Board, Event, Pace
from anju.emulator.image import BLANK
from anju.emulator.repl import Repl

UNIQUE_ID = bytes.fromhex("a1a2a3a4a5a6a7a8")
PATIENCE_S = 240
_LINES = 4


class Line:
    """The far end of one serial line."""

    def __init__(self, path: Path) -> None:
        self.connected = asyncio.Event()
        self._path = path
        self._ends: list[asyncio.StreamWriter] = []
        """One for each time that the board was switched on; the last is the one that lives."""

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """While this is open, a board can connect."""
        server = await asyncio.start_unix_server(self._meet, self._path)
        try:
            yield
        finally:
            server.close()
            for end in self._ends:
                end.close()

    async def read(self, count: int) -> bytes:
        """So many bytes, once they are there."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._reader.readexactly(count)

    def write(self, data: bytes) -> None:
        """Send to the board."""
        self._ends[-1].write(data)

    def take_nothing_more(self) -> None:
        """Leave what comes from now on where it is."""
        transport = self._ends[-1].transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._ends.append(writer)
        self.connected.set()


class Rig:
    """A board and all that is plugged into it; `async with powered(…) as rig` makes one."""

    def __init__(self, image: Path, folder: Path, pace: Pace, seed: int | None) -> None:
        first, *more = [folder / f"line{number}" for number in range(1, _LINES + 1)]
        self.lines = [Line(path) for path in (first, *more)]
        own = int.from_bytes(UNIQUE_ID, "little")
        self.board = Board(image, folder, line=first, more_lines=more, pace=pace, seed=seed, unique_id=own)
        self.events: list[Event] = []
        """All that the probe has told since power-on."""
        self._repl = Repl(self.board)
        self._told = asyncio.Event()
        if not self.board.flash.exists():
            self.board.flash.write_bytes(BLANK)

    async def start(self) -> None:
        """Switch it on; the SRAM is empty, the flash as it was."""
        self.events = []
        self.board.on_event = self._observe
        for line in self.lines:
            line.connected.clear()
        await self.board.start(held=True)
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*[line.connected.wait() for line in self.lines])
        await self.board.thaw()
        await self.wait_for("boot")

    async def run(self, program: str) -> str:
        """Run Python there and return what it printed; ProgramError with its traceback if it failed."""
        await self.begin(program)
        return await self.finish()

    async def begin(self, program: str) -> None:
        """Start Python there, after whatever ran was interrupted."""
        async with asyncio.timeout(PATIENCE_S):
            await self._repl.begin(program)

    async def finish(self) -> str:
        """What a program that has begun printed, once it has ended."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._repl.finish()

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._repl.interrupt()

    def told(self, what: str, value: int | None = None) -> list[Event]:
        """The probe's events of a kind."""
        return [event for event in self.events if event.what == what and value in {None, event.value}]

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something that the probe will tell; AssertionError with all that it did tell."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not true():
                    self._told.clear()
                    await self._told.wait()
        except TimeoutError:
            raise AssertionError(self.events) from None

    async def wait_for(self, what: str, value: int | None = None, *, count: int = 1) -> Event:
        """The `count`-th event of a kind, as soon as there is one."""
        await self.until(lambda: len(self.told(what, value)) >= count)
        return self.told(what, value)[count - 1]

    def _observe(self, event: Event) -> None:
        self.events.append(event)
        self._told.set()


@asynccontextmanager
async def powered(image: Path, folder: Path, pace: Pace = Pace.STEADY, seed: int | None = None) -> AsyncIterator[Rig]:
    """A rig whose board is switched on; off at the end."""
    made = Rig(image, folder, pace, seed)
    async with AsyncExitStack() as plugged:
        for line in made.lines:
            await plugged.enter_async_context(line.served())
        plugged.push_async_callback(made.board.stop)
        await made.start()
        yield made
