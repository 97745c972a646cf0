"""One emulated board: QEMU as a child process, with its pins, lines, console and probe in reach of a test."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

FLASH_BYTES = 1024 * 1024
UNIQUE_ID = bytes.fromhex("a1a2a3a4a5a6a7a8")
_LINES = 2
_PATIENCE_S = 30.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the probe: what happened, when by the board's own clock."""

    at_us: int
    what: str
    value: int


class Machine:
    """A board with a flash chip of its own in `folder`; switched on by `with`, and off at its end."""

    def __init__(self, firmware: Path, folder: Path, *options: str) -> None:
        self._firmware = firmware
        self._folder = folder
        self._options = options
        self._child: subprocess.Popen[bytes] | None = None
        self.flash = folder / "flash.bin"
        if not self.flash.exists():
            self.flash.write_bytes(b"\xff" * FLASH_BYTES)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Switch it on; the SRAM is empty, the flash as it was."""
        (self._folder / "probe").unlink(missing_ok=True)
        self._child = subprocess.Popen(
            [
                *("qemu-system-arm", "-M", "ast1030-evb,fmc-model=w25q80bl,spi-model=w25q80bl"),
                *("-display", "none", "-monitor", "none", "-icount", "shift=3", "-kernel", str(self._firmware)),
                *("-drive", "file=flash.bin,format=raw,if=mtd"),
                *("-device", f"loader,addr=0xbff00,data=0x{UNIQUE_ID[::-1].hex()},data-len=8"),
                *("-qmp", "unix:qmp,server=on,wait=off"),
                *self._serials(),
                *self._options,
            ],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
        )
        self._qmp = Qmp(self._connect("qmp"))
        self.console = Console(self._connect("console"))
        self.lines = [self._connect(f"uart{number}") for number in range(1, _LINES + 1)]
        self.wait_for("boot")

    def stop(self) -> None:
        """Switch it off, all files written."""
        if self._child is not None and self._child.poll() is None:
            with suppress(OSError):
                self._qmp.command("quit")
        self._reap()

    def cut_power(self) -> None:
        """Lose the power now. The processor stops first, so that what QEMU was told to write is in the file."""
        assert self._child is not None
        self._qmp.command("stop")
        self._child.send_signal(signal.SIGKILL)
        self._reap()

    def press_reset(self) -> None:
        """The reset button: nobody announced it to the firmware."""
        self._qmp.command("system_reset")

    def drive(self, pin: str, *, level: bool) -> None:
        """Bring an input pin to a level, from outside."""
        self._qmp.command("qom-set", path="/machine/soc/gpio", property=f"gpio{pin}", value=level)

    def level(self, pin: str) -> bool:
        """Level of any pin."""
        return bool(self._qmp.command("qom-get", path="/machine/soc/gpio", property=f"gpio{pin}"))

    def pause(self) -> None:
        """Hold the processor, with everything as it is."""
        self._qmp.command("stop")

    def resume(self) -> None:
        """Let it go on."""
        self._qmp.command("cont")

    def events(self) -> list[Event]:
        """All that the probe has written since power-on."""
        text = (self._folder / "probe").read_text("ascii")
        rows = (line.split() for line in text[: text.rfind("\n") + 1].splitlines())
        return [Event(int(at), what, int(value)) for at, what, value in rows]

    def wait_for(self, what: str, value: int | None = None, *, count: int = 1) -> Event:
        """The `count`-th event of a kind, as soon as there is one."""

        def found() -> Event | None:
            matching = [event for event in self.events() if event.what == what and value in (None, event.value)]
            return matching[count - 1] if len(matching) >= count else None

        return until(found, f"event {what} {value}")

    def _serials(self) -> Iterator[str]:
        sockets = {0: "console", **{number: f"uart{number}" for number in range(1, _LINES + 1)}}
        for index in range(6):
            name = sockets.get(index)
            if name:
                yield from ("-chardev", f"socket,id={name},path={name},server=on,wait=off")
            yield from ("-serial", f"chardev:{name}" if name else "null")
        yield from ("-chardev", "file,id=probe,path=probe", "-serial", "chardev:probe")

    def _connect(self, name: str) -> socket.socket:
        def connected() -> socket.socket | None:
            assert self._child is not None
            assert self._child.poll() is None, "QEMU ended"
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect(str(self._folder / name))
            except OSError:
                line.close()
                return None
            line.settimeout(_PATIENCE_S)
            return line

        return until(connected, f"socket {name}")

    def _reap(self) -> None:
        if self._child is None:
            return
        try:
            self._child.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            raise
        finally:
            self._child = None
            for line in (self._qmp.line, self.console.line, *self.lines):
                line.close()


class Qmp:
    """QEMU's own control line."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self._file = line.makefile("rwb")
        self._file.readline()
        self.command("qmp_capabilities")

    def command(self, name: str, **arguments: object) -> Any:
        """Run one command; RuntimeError with QEMU's words if it refused."""
        self._file.write(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        self._file.flush()
        while True:
            answer = json.loads(self._file.readline() or b'{"return": {}}')
            if "error" in answer:
                raise RuntimeError(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]


class Console:
    """The REPL, spoken to in raw mode."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line

    def run(self, program: str) -> str:
        """Run Python there and return what it printed; AssertionError with its traceback if it failed."""
        self.begin(program)
        return self.finish()

    def begin(self, program: str) -> None:
        """Start Python there, after whatever ran was interrupted."""
        self.line.sendall(b"\r\x03\x03\x01")
        self._read_until(b"raw REPL; CTRL-B to exit\r\n>")
        self.line.sendall(program.encode() + b"\x04")
        self._read_until(b"OK")

    def finish(self) -> str:
        """Wait for what `begin` started."""
        printed = self._read_until(b"\x04")
        failure = self._read_until(b"\x04")
        self._read_until(b">")
        assert not failure, failure.decode()
        return printed.decode().replace("\r\n", "\n")

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.line.sendall(b"\x03")

    def _read_until(self, end: bytes) -> bytes:
        got = b""
        while not got.endswith(end):
            byte = self.line.recv(1)
            assert byte, f"the console ended after {got!r}"
            got += byte
        return got.removesuffix(end)


def until(found: Callable[[], T | None], what: str) -> T:
    """The first result that is not None; AssertionError if there is none for half a minute."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        result = found()
        if result is not None:
            return result
        time.sleep(0.002)
    raise AssertionError(f"waited in vain for {what}")
