"""An installer's day, by the very commands of README.md: three emulated boards, one of them on a battery, and three processes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from anju.bundle import stage
from anju.emulator.board import Board, Pace
from anju.emulator.cable import Cable
from anju.emulator.hub import Hub
from anju.emulator.image import BLANK
from anju.simulator.interpreter import micropython
from anju.simulator.node import NodeProcess, Place
from anju.simulator.premises import free_port
from anju.wire.label import QR_PREFIX, short_name
from emulated.terminal import terminal

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
WIRED, BATTERY = "qemu_ast1030", "qemu_battery"
BOARDS, PROCESSES = 3, 3
CONTACT, LID = 0, 1


def readme(begins: str) -> str:
    """The one command of README.md that begins so."""
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    [command] = {line[4:].split("  #")[0].strip() for line in lines if line.startswith("    " + begins)}
    return command


@dataclass
class Device:
    """A node in somebody's hands."""

    code: str
    drive: Callable[[int, int], Any]
    lines: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As its label has it."""
        return short_name(self.code.removeprefix(QR_PREFIX)[:13])

    async def move(self, *moves: tuple[int, int]) -> None:
        """Move contacts, each for so long that it counts."""
        for number, level in moves:
            done = self.drive(number, level)
            if done is not None:
                await done
            await asyncio.sleep(0.3)


class Day:
    """The site, what is typed, and what hangs on the walls."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.folder = folder
        self.udp = free_port(socket.SOCK_DGRAM)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "ANJU"))},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ANJU_LANG": "en",
            "XDG_DATA_HOME": str(folder / "data"),
        }
        self._stack = stack

    async def type(self, command: str, **environment: str) -> str:
        """Type a command that asks for nothing; what it has shown."""
        async with terminal(["bash", "-c", command], self.folder, {**self.environment, **environment}) as screen:
            assert await screen.end() == 0, screen.shown
            return screen.shown

    async def run(self, command: str) -> None:
        """Type one that goes on."""
        screen = await self._stack.enter_async_context(terminal(["bash", "-c", command], self.folder, self.environment))
        while "ok" not in await self._look():
            assert screen.is_running, screen.shown

    async def pair(self, command: str, device: Device) -> str:
        """Type a command that wants a label, show it, and do what the screen says; what that was."""
        async with terminal(["bash", "-c", command], self.folder, self.environment) as screen:
            await screen.see("Scan the label or type its code:")
            screen.type(device.code + "\n")
            await screen.see("Waiting for the node: open its case and press its button.")
            await device.move((LID, 1), (CONTACT, 1), (CONTACT, 0))
            await screen.see("Open the door now…")
            await device.move((LID, 0), (CONTACT, 1))
            assert await screen.end() == 0, screen.shown
            await device.move((CONTACT, 0))
            return screen.shown

    async def walk(self, command: str, device: Device) -> None:
        """Type the walk test of a household with one door, and open and shut that until it is over."""
        async with terminal(["bash", "-c", command], self.folder, self.environment) as screen:
            await screen.see("front-door")
            while screen.is_running:
                await device.move((CONTACT, 1), (CONTACT, 0))
            assert await screen.end() == 0, screen.shown

    async def confirm(self, command: str) -> str:
        """Type one that takes protection away, and say that it is meant."""
        async with terminal(["bash", "-c", command], self.folder, self.environment) as screen:
            await screen.see("[y/N]")
            screen.type("y\n")
            assert await screen.end() == 0, screen.shown
            return screen.shown

    async def nodes(self) -> dict[str, tuple[str, str]]:
        """Household and state of each node, by its short name."""
        told = await self._look()
        return {node["name"]: (node["household"], node["state"]) for node in told.get("nodes", ())}

    async def _look(self) -> dict[str, Any]:
        words = ["bash", "-c", readme("anju nodes --site") + " --json"]
        async with terminal(words, self.folder, self.environment) as screen:
            return json.loads(screen.shown) if await screen.end() == 0 else {}

    async def boards(self, image: Path, line: Path) -> list[Device]:
        """Flash new boards on the bench and print their labels; whoever scans a page knows which is whose by its board."""
        cables = []
        found = []
        for number in range(BOARDS):
            place = self.folder / f"board{number}"
            place.mkdir()
            (place / "flash.bin").write_bytes(BLANK)
            board = Board(image, place, line=line, pace=Pace.REAL, unique_id=number + 1)
            self._stack.push_async_callback(board.stop)
            cables.append(await self._stack.enter_async_context(Cable(board)))
            await board.start()
            found.append(board)
        for name, meant in ((WIRED, cables[:2]), (BATTERY, cables[2:])):
            command = readme("anju flash all --board").replace(WIRED, name)
            await self.type(command, ANJU_PORTS=" ".join(cable.url for cable in meant))
        devices = []
        for board, cable in zip(found, cables, strict=True):
            told = await self.type("anju devices --json", ANJU_PORTS=cable.url)
            devices.append((json.loads(told)["device"], board))
        await self.type(readme("anju label --sheet"))
        codes = {code.removeprefix(QR_PREFIX)[:13]: code for code in scanned(self.folder / "labels.pdf")}
        by_name = {short_name(device): code for device, code in codes.items()} | codes
        return [Device(by_name[device], _pins(board)) for device, board in devices]

    async def processes(self) -> list[Device]:
        """Make labels for nodes without hardware, as firmware/README.md has it, and start them."""
        bundle = stage("unix_sim", self.folder / "bundle")
        made = []
        for number in range(PROCESSES):
            told = await self.type(f"python -m anju.simulator.provision bundle node{number}")
            place = Place(micropython(), bundle, {**self.environment, "MICROPYPATH": ".frozen"})
            machine = NodeProcess(self.folder / f"node{number}", f"udp:127.0.0.1:{self.udp}", place)
            self._stack.push_async_callback(machine.stop)
            device = Device(told.split()[1], machine.drive)
            await machine.start(device.lines.append)
            made.append(device)
        return made


def _pins(board: Board) -> Callable[[int, int], Any]:
    return lambda number, level: board.drive(f"A{number}", level)


def scanned(file: Path) -> list[str]:
    """What a scanner reads off printed pages."""
    pages = [page.render(scale=300 / 72).to_pil() for page in pypdfium2.PdfDocument(file)]
    return [found.text for page in pages for found in zxingcpp.read_barcodes(page.convert("L"))]


@pytest.fixture
async def day(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Day]:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="anju-") as name:
        async with AsyncExitStack() as stack:
            yield Day(Path(name), stack)


@pytest.mark.timeout(600)
async def test_six_nodes_by_the_commands_of_the_readme(image: Path, day: Day) -> None:
    async with Hub(day.folder / "line") as hub:
        await day.type(
            readme("anju init")
            + f" --udp 127.0.0.1:{day.udp} --serial {hub.url} --port {free_port(socket.SOCK_STREAM)}"
        )
        await day.run(readme("anju run"))
        boards = await day.boards(image, day.folder / "line")
        nodes = await day.processes()
        expected = {}
        for number, device in enumerate([*boards, *nodes[:2]]):
            household = f"3-2-050{number + 1}"
            command = readme("anju pair --household")
            shown = await day.pair(command.replace("3-2-0501", household), device)
            assert f"Paired and proved: {device.name}, front-door." in shown
            expected[device.name] = (household, "proved")
        assert await day.nodes() == expected

        for device in [*boards, *nodes[:2]]:
            household = expected[device.name][0]
            await day.walk(readme("anju walk-test 3-2-0501").replace("3-2-0501", household), device)
        walked = await day.type(readme("anju walk-test --show"))
        assert [household for household, _ in expected.values() if f"{household}" not in walked] == []
        assert walked.count("1/1") == len(expected)

        gone, new = boards[1], nodes[2]
        await day.pair(readme("anju pair --replace").replace("D-7K3MQ", gone.name), new)
        expected[new.name] = expected.pop(gone.name)
        assert await day.nodes() == expected
        household = expected[new.name][0]
        await day.walk(readme("anju walk-test 3-2-0501").replace("3-2-0501", household), new)
        walked = await day.type(readme("anju walk-test --show"))
        assert [line.count("1/1") for line in walked.splitlines() if household in line] == [1, 1], walked

        undone = nodes[1]
        await day.confirm(readme("anju pair --undo"))
        taken_back = set(expected) - set(await day.nodes())
        assert taken_back == {new.name}, undone.name
        del expected[new.name]

        await day.confirm(readme("anju unpair"))
        del expected[boards[0].name]
        assert await day.nodes() == expected
        table = await day.type(readme("anju nodes --site"))
        assert all(name in table for name in expected)
        assert not re.search("|".join(one.name for one in (boards[0], gone, new)), table)
