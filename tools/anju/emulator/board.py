"""One emulated board: QEMU's ast1030-evb with our MicroPython, from power-on to the moment the power goes.

    console   the REPL's line and what the firmware prints        (QEMU's first serial line, on its stdin and stdout)
    lines     UART(1), the line to the concentrator, and UART(2) to UART(4): sockets of ours that QEMU connects to
    probe     a logic analyser: every edge, tone, frame and reset with the board's own time        (the seventh, on a pipe)
    qmp       QEMU's control line: pins, stop, power

Every line is read all the time: what nobody takes is lost, as on a wire. Console and probe go through pipes, because these hold
64 KB where a socket holds 300 bytes, each in a packet of its own: a reader who comes late on a busy machine still gets all.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

from anju.emulator.gdb import Gdb
from anju.emulator.qmp import Qmp, QmpError
from anju.service.errors import ServiceError
from anju.service.i18n import _

Served = TypeVar("Served")
PROGRAM = "qemu-system-arm"
_GPIO = "/machine/soc/gpio"
_START_S = 20.0
_LEAVE_S = 5.0
_LOOK_AGAIN_S = 0.005
_UNIQUE_ID_ADDRESS = 0xBFF00
_HEAP_BYTES_ADDRESS = 0xBFF10
_WALL_TIME_ADDRESS = 0xBFF14
_PR_SET_PDEATHSIG = 1
_UARTS = 4


class Pace(Enum):
    """How the board's time passes."""

    REAL = ()
    """As on the wall: for demos with many boards."""
    STEADY = ("-icount", "shift=3")
    """8 ns an instruction, and asleep as long as on the wall: the same latencies on every run. While it computes, its time runs
    as fast as the host can: no hand outside keeps pace with that."""
    LEAPING = ("-icount", "shift=3,sleep=off")
    """The same, and waiting takes no time at all: with a seed, bit-identical as long as nobody outside is part of it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the probe; `what` is `gpioB0`, `pwmB3`, `boot`, `uart1`, …"""

    at_us: int
    what: str
    value: int


class BoardError(ServiceError):
    """An emulated board does not do what it should."""


class Board:
    """A board whose flash is `folder/flash.bin`.

    `line` is the socket that UART(1) connects to, `more_lines` those of UART(2), UART(3) and UART(4); it tries again each second
    where nobody serves it, and what the board sends meanwhile is lost. `unique_id` has eight bytes, the lowest first. With
    `heap_bytes` MicroPython has no more heap than that; else all of the port's. With a `log` the console goes into that file:
    nothing of it is ever lost, and nobody can type.
    """

    def __init__(
        self,
        firmware: Path,
        folder: Path,
        *,
        line: Path | None = None,
        more_lines: Sequence[Path] = (),
        log: Path | None = None,
        pace: Pace = Pace.STEADY,
        seed: int | None = None,
        unique_id: int = 1,
        heap_bytes: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.on_text: Callable[[bytes], None] = lambda _piece: None
        """Called with what the console says, as it comes; with nothing at its end."""
        self.on_event: Callable[[Event], None] = lambda _event: None
        """Called with each line of the probe."""
        self._firmware = firmware
        self._folder = folder
        self._uarts = [line, *more_lines]
        self._log = log
        self._pace = pace
        self._seed = seed
        self._unique_id = unique_id
        self._heap_bytes = heap_bytes
        self._environment = environment
        self._process: Process | None = None
        self._qmp: Qmp | None = None
        self._gdb: Gdb | None = None
        self._console: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def flash(self) -> Path:
        """The chip's content."""
        return self._folder / "flash.bin"

    @property
    def running(self) -> bool:
        """Whether it has power."""
        return self._process is not None and self._process.returncode is None

    async def start(self, *, held: bool = False) -> None:
        """Switch it on: SRAM empty, flash as it was. BoardError with QEMU's own words if it does not start.

        `held` keeps the processor at its first instruction until `thaw`, or until a debugger lets it go.
        """
        for name in ("qmp", "gdb"):
            (self._folder / name).unlink(missing_ok=True)
        traced, probe = os.pipe()
        try:
            self._process = process = await self._spawn(probe)
        except BaseException:
            os.close(traced)
            raise
        finally:
            os.close(probe)
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - PIPE was asked for
        self._console = process.stdin if self._log is None else None
        self._tasks = [asyncio.create_task(self._read(process.stdout)), asyncio.create_task(self._watch(traced))]
        try:
            async with asyncio.timeout(_START_S):
                self._qmp = await self._until_served(lambda: Qmp.connect(self._folder / "qmp"))
            if not held:
                await self._qmp.run("cont")
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Switch it off in order, with all files written."""
        if self.running and self._qmp is not None:
            with contextlib.suppress(QmpError, TimeoutError):
                async with asyncio.timeout(_LEAVE_S):
                    await self._qmp.run("quit")
                    assert self._process is not None  # noqa: S101 - it is running
                    await self._process.wait()
        await self.kill()

    async def cut_power(self) -> None:
        """Take the power away now. The processor stops first, so that what the chip was told before is in the file."""
        await self.freeze()
        await self.kill()

    async def kill(self) -> None:
        """End the process, take in what it still said, and let go of everything."""
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._qmp is not None:
            self._qmp.close()
        if self._gdb is not None:
            self._gdb.close()
        self._tasks, self._console, self._qmp, self._gdb, self._process = [], None, None, None, None

    async def ended(self) -> int:
        """Wait for QEMU to end, which it should not; its exit status."""
        assert self._process is not None, "not started"  # noqa: S101
        return await self._process.wait()

    async def drive(self, pin: str, level: int) -> None:
        """Bring an input pin, `A0` say, to a level from outside."""
        await self._control.run("qom-set", path=_GPIO, property=f"gpio{pin}", value=bool(level))

    async def level(self, pin: str) -> int:
        """The level of any pin."""
        return int(await self._control.run("qom-get", path=_GPIO, property=f"gpio{pin}"))

    async def freeze(self) -> None:
        """Hold the processor, with everything as it is."""
        await self._control.run("stop")

    async def thaw(self) -> None:
        """Let it go on."""
        await self._control.run("cont")

    async def press_reset(self) -> None:
        """The reset button."""
        await self._control.run("system_reset")

    async def debug(self) -> Gdb:
        """A debugger at this board; the processor stands still until it says `go`."""
        await self.freeze()  # before it comes: else it would be told of a stop that nobody asked for
        self._gdb = await self._until_served(lambda: Gdb.connect(self._folder / "gdb"))
        return self._gdb

    def type(self, keys: bytes) -> None:
        """Type at the console; without power nobody hears it."""
        if self._console is not None:
            self._console.write(keys)

    @property
    def _control(self) -> Qmp:
        if self._qmp is None:
            raise QmpError("the board is switched off")
        return self._qmp

    async def _spawn(self, probe: int) -> Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._command(probe),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                pass_fds=(probe,),
                cwd=self._folder,
                env=self._environment,
                process_group=0,  # Ctrl-C in the terminal is for the demo, which then ends its boards in order
                preexec_fn=_die_with_parent,
            )
        except FileNotFoundError:
            raise BoardError(
                _("There is no %(program)s on this machine.") % {"program": PROGRAM},
                _("Nothing was started."),
                _("Debian: apt-get install qemu-system-arm"),
            ) from None

    def _command(self, probe: int) -> list[str]:
        def serial(name: str, kind: str) -> list[str]:
            return ["-chardev", f"{kind},id={name}", "-serial", f"chardev:{name}"]

        served = "server=on,wait=off"
        told = (
            (_UNIQUE_ID_ADDRESS, self._unique_id, 8),
            (_HEAP_BYTES_ADDRESS, self._heap_bytes, 4),
            (_WALL_TIME_ADDRESS, int(self._pace is Pace.REAL), 4),
        )
        words = [f"loader,addr={at:#x},data={word:#x},data-len={size}" for at, word, size in told]
        command = [
            *(PROGRAM, "-M", "ast1030-evb,fmc-model=w25q80bl,spi-model=w25q80bl", "-S"),
            *("-display", "none", "-monitor", "none", "-kernel", str(self._firmware)),
            *("-drive", "file=flash.bin,format=raw,if=mtd"),
            *(argument for word in words for argument in ("-device", word)),
            *(*self._pace.value, *(() if self._seed is None else ("-seed", str(self._seed)))),
            *("-qmp", f"unix:qmp,{served}", "-gdb", f"unix:gdb,{served}"),
            *serial("console", "stdio,signal=off" if self._log is None else f"file,path={self._log}"),
        ]
        for number in range(_UARTS):
            path = self._uarts[number] if number < len(self._uarts) else None
            name = f"uart{number + 1}"
            command += ["-serial", "null"] if path is None else serial(name, f"socket,path={path},reconnect=1")
        return [*command, "-serial", "null", *serial("probe", f"file,path=/dev/fd/{probe}")]

    async def _until_served(self, connect: Callable[[], Awaitable[Served]]) -> Served:
        while True:
            assert self._process is not None  # noqa: S101 - start() made it
            if self._process.returncode is not None:
                assert self._process.stderr is not None  # noqa: S101 - PIPE was asked for
                said = (await self._process.stderr.read()).decode(errors="replace").strip()
                raise BoardError(
                    _("QEMU ended at once. It said: %(words)s") % {"words": said},
                    _("Nothing else was started."),
                    _("Check the image and the version of QEMU (7.2 or later)."),
                )
            with contextlib.suppress(OSError, QmpError):  # it serves nothing yet, or is about to end
                return await connect()
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _read(self, console: asyncio.StreamReader) -> None:
        while piece := await console.read(4096):
            self.on_text(piece)
        self.on_text(b"")

    async def _watch(self, pipe: int) -> None:
        probe = asyncio.StreamReader()
        transport, _protocol = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(probe), os.fdopen(pipe, "rb", 0)
        )
        while line := await probe.readline():
            words = line.split()
            if len(words) == 3 and words[0].isdigit() and words[2].isdigit():
                self.on_event(Event(int(words[0]), words[1].decode(errors="replace"), int(words[2])))
        transport.close()


def _die_with_parent() -> None:
    """In the child before it becomes QEMU: nothing is left behind, even by a parent that is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
