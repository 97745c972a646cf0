"""Emulated boards as pytest-embedded's devices under test: console on standard input and output, UART1 on a bus of ours."""

from __future__ import annotations

import json
import multiprocessing
import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio.from_thread
import pytest
from pytest_embedded_qemu.qemu import Qemu

from anju.bundle import stage
from anju.emulator.hub import Hub
from anju.emulator.image import firmware, flash_image
from anju.wire import table
from anju.wire.codec import Codec
from anju.wire.framing import Deframer, LineFault
from anju.wire.messages import Message

_LOOK_AGAIN_S = 0.01
_PATIENCE_S = 30
_MOST_BOARDS = 3
NETWORK, NODE, EPOCH = 1, 7, 1
"""Of the first board; the others are the next nodes of its network."""


class _Forwarder(multiprocessing.get_context("fork").Process):  # type: ignore[misc]
    """Carries the log to the test. The library's own asks for more without a pause, and takes a processor for itself."""

    def __init__(self, queue: Any, log: str) -> None:
        super().__init__(target=self._forward, args=(queue, log), daemon=True)

    @staticmethod
    def _forward(queue: Any, log: str) -> None:
        with Path(log).open("rb") as file:
            while os.getppid() != 1:
                piece = file.read()
                if piece:
                    queue.put(piece)
                else:
                    time.sleep(_LOOK_AGAIN_S)


Qemu.REDIRECT_CLS = _Forwarder


@pytest.fixture(scope="session")
def keys() -> list[dict[str, bytes]]:
    """The nodes' keys, of this run alone."""
    return [{"up": secrets.token_bytes(16), "down": secrets.token_bytes(16)} for _ in range(_MOST_BOARDS)]


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory, keys: list[dict[str, bytes]]) -> list[bytes]:
    """The flash of enrolled nodes that were never switched on: made once, copied for each board."""
    folder = tmp_path_factory.mktemp("golden")
    bundle = stage("qemu_ast1030", folder / "bundle")
    chips = []
    for number, own in enumerate(keys):
        enrolled = folder / f"enrolled{number}"
        enrolled.mkdir()
        keys_told = {name: key.hex() for name, key in own.items()}
        inputs = ["hold_up", "entry", "tamper"]
        told = {"version": 1, "network": NETWORK, "node": NODE + number, "epoch": EPOCH, "inputs": inputs, **keys_told}
        (enrolled / "enrolment.json").write_text(json.dumps(told))
        chips.append(flash_image(bundle, enrolled))
    return chips


@pytest.fixture
def boards(request: pytest.FixtureRequest) -> int:
    """How many boards a test has: as many as it was parametrized with by `count`."""
    told = request.node.callspec.params.get("count", 1) if hasattr(request.node, "callspec") else 1
    return int(told)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The line that boards connect to, a bus if there are several, and where its other end is."""
    path = tmp_path / "line"
    with anyio.from_thread.start_blocking_portal() as loop, loop.wrap_async_context_manager(Hub(path)) as bus:
        yield str(path), bus.url


@pytest.fixture
def qemu_image_path(golden: list[bytes], tmp_path: Path, boards: int) -> str | tuple[str, ...]:
    """A copy of the golden flash for each board."""
    paths = []
    for number in range(boards):
        path = tmp_path / f"flash{number}.bin"
        path.write_bytes(golden[number])
        paths.append(str(path))
    return paths[0] if boards == 1 else tuple(paths)


@pytest.fixture
def qemu_cli_args(line: tuple[str, str], boards: int) -> str | tuple[str, ...]:
    """What to start QEMU with. One board's time leaps over waiting: what lasts a minute in the firmware takes a moment here.

    Several would leap each for itself, and crowd the bus with their retries.
    """
    pace = "shift=3,sleep=off" if boards == 1 else "shift=3"
    told = (
        "-M ast1030-evb,fmc-model=w25q80bl,spi-model=w25q80bl -display none -monitor none "
        f"-icount {pace} -kernel {firmware()} -chardev stdio,id=con,signal=off -serial chardev:con "
        f"-chardev socket,id=line,path={line[0]},reconnect=1 -serial chardev:line"
    )
    return told if boards == 1 else (told,) * boards


@pytest.fixture
def heard(line: tuple[str, str], keys: list[dict[str, bytes]]) -> Iterator[Iterator[Message]]:
    """What is said on the line, opened with the nodes' keys; it has no end."""
    place = urlsplit(line[1])
    with socket.create_connection((place.hostname, place.port), _PATIENCE_S) as end:

        def messages() -> Iterator[Message]:
            codec, deframer = Codec(table.LinkClass.UP), Deframer()
            for number, own in enumerate(keys):
                codec.learn(NETWORK, NODE + number, EPOCH, **own)
            while piece := end.recv(4096):
                for frame in deframer.feed(piece):
                    if not isinstance(frame, LineFault):
                        yield codec.open(frame)

        yield messages()
