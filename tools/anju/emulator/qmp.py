"""QEMU's own control line, one JSON object a line each way."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any


class QmpError(Exception):
    """QEMU refused a command, or ended; its own words."""


class Qmp:
    """One command at a time; what QEMU tells unasked is passed over."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()

    @classmethod
    async def connect(cls, path: Path) -> Qmp:
        """Speak to the QEMU that serves this socket; OSError if none does yet."""
        qmp = cls(*await asyncio.open_unix_connection(path))
        await qmp._reader.readline()
        await qmp.run("qmp_capabilities")
        return qmp

    async def run(self, command: str, **arguments: object) -> Any:
        """The result of one command; QmpError if QEMU refused it or is gone."""
        async with self._turn:
            try:
                self._writer.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
                await self._writer.drain()
                while line := await self._reader.readline():
                    answer = json.loads(line)
                    if "error" in answer:
                        raise QmpError(f"{command}: {answer['error']['desc']}")
                    if "return" in answer:
                        return answer["return"]
            except ConnectionError as error:
                raise QmpError(f"{command}: {error}") from error
        raise QmpError(f"{command}: QEMU has ended")

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
