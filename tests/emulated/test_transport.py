"""What we rely on in mpremote, held against a board: a new minor version of it passes here or is not taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from anju.emulator.cable import cabled
from anju.flasher import program
from anju.flasher.node import greet
from anju.flasher.transport import BoardError, Console, SilentError, escaped

pytestmark = pytest.mark.anyio
PATIENCE_S = 60.0
Result = TypeVar("Result")


async def _at(url: str, act: Callable[[Console], Result], limit_s: float = PATIENCE_S) -> Result:
    """What `act` makes of the console, in a thread of its own."""

    def run() -> Result:
        with Console(url, limit_s) as console:
            return act(console)

    return await asyncio.to_thread(run)


async def test_programs_payloads_and_a_board_that_does_not_listen(image: Path, tmp_path: Path) -> None:
    async with cabled(image, tmp_path, 1) as (made, (cable,)):

        def talk(console: Console) -> None:
            console.enter()
            assert console.run("print('Hello', 1 + 1)") == "Hello 2\n"
            with pytest.raises(BoardError, match="ZeroDivisionError"):
                console.run("1 / 0")
            assert console.run("x = 'after an error'; print(x)") == "after an error\n"
            console.begin("while True: pass")
            console.enter()
            with pytest.raises(BoardError, match="NameError"):
                console.run("x")  # it began anew

        await _at(cable.url, talk)

        def bring(console: Console) -> bytes:
            _node, facts = greet(console, PATIENCE_S, PATIENCE_S)
            assert facts.deflate
            assert (facts.running, facts.slots) == ("", {})
            known: set[str] = set()
            console.run(program.call("alive", known=known))
            payload = bytes(range(256)) * 9
            travelling = escaped(payload)
            text = program.call("receive", len(travelling), known=known)
            head, _newline, call = text.rpartition("\n")
            told = console.send(f"{head}\ngot = {call}", travelling)
            assert told.strip("k") == ""
            return bytes.fromhex(console.run("from binascii import hexlify; print(hexlify(got).decode())"))

        assert await _at(cable.url, bring) == bytes(range(256)) * 9

        def deafen(console: Console) -> None:
            console.enter()
            console.begin("import micropython\nmicropython.kbd_intr(-1)\nwhile True: pass")

        await _at(cable.url, deafen)
        with pytest.raises(SilentError):
            await _at(cable.url, lambda console: console.enter(), 1.0)
        await made[0].press_reset()
        await _at(cable.url, lambda console: console.enter())
