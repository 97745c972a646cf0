"""An emulated board as pytest-embedded's device under test: console on standard input and output, UART1 on a socket."""

from __future__ import annotations

import json
import multiprocessing
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from pytest_embedded_qemu.qemu import Qemu

from anju.bundle import stage
from anju.emulator.image import firmware, flash_image
from anju.wire import table
from anju.wire.codec import Codec
from anju.wire.framing import Deframer, LineFault

_LOOK_AGAIN_S = 0.01
_PATIENCE_S = 30
NETWORK, NODE, EPOCH = 1, 7, 1


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
def keys() -> dict[str, bytes]:
    """The node's keys, of this run alone."""
    return {"up": secrets.token_bytes(16), "down": secrets.token_bytes(16)}


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, bytes]) -> bytes:
    """The flash of an enrolled node that was never switched on: made once, copied for each board."""
    folder = tmp_path_factory.mktemp("golden")
    enrolled = folder / "enrolled"
    enrolled.mkdir()
    told = {"version": 1, "network": NETWORK, "node": NODE, "epoch": EPOCH, "inputs": ["hold_up", "entry", "tamper"]}
    told |= {name: key.hex() for name, key in keys.items()}
    (enrolled / "enrolment.json").write_text(json.dumps(told))
    return flash_image(stage("qemu_ast1030", folder / "bundle"), enrolled)


@pytest.fixture
def boards(request: pytest.FixtureRequest) -> int:
    """How many boards a test has: as many as it was parametrized with by `count`."""
    told = request.node.callspec.params.get("count", 1) if hasattr(request.node, "callspec") else 1
    return int(told)


@pytest.fixture
def qemu_image_path(golden: bytes, tmp_path: Path, boards: int) -> str | tuple[str, ...]:
    """A copy of the golden flash for each board."""
    paths = []
    for number in range(boards):
        path = tmp_path / f"flash{number}.bin"
        path.write_bytes(golden)
        paths.append(str(path))
    return paths[0] if boards == 1 else tuple(paths)


@pytest.fixture
def qemu_cli_args(tmp_path: Path, boards: int) -> str | tuple[str, ...]:
    """What to start QEMU with. Time leaps over waiting: what lasts a minute in the firmware takes a moment here."""
    image = firmware()
    told = [
        "-M ast1030-evb,fmc-model=w25q80bl,spi-model=w25q80bl -display none -monitor none "
        f"-icount shift=3,sleep=off -kernel {image} "
        "-chardev stdio,id=con,signal=off -serial chardev:con "
        f"-chardev socket,id=line,path={tmp_path}/line{number},server=on,wait=off -serial chardev:line"
        for number in range(boards)
    ]
    return told[0] if boards == 1 else tuple(told)


Bodies: TypeAlias = Callable[[int], Iterator[Any]]


@pytest.fixture
def bodies(tmp_path: Path, keys: dict[str, bytes]) -> Iterator[Bodies]:
    """What a board sends, opened with its keys: an endless iterator for each board."""
    ends = []

    def listen(number: int) -> Iterator[Any]:
        end = socket.socket(socket.AF_UNIX)
        ends.append(end)
        end.settimeout(_PATIENCE_S)
        end.connect(str(tmp_path / f"line{number}"))
        codec, deframer = Codec(table.LinkClass.UP), Deframer()
        codec.learn(NETWORK, NODE, EPOCH, **keys)
        while piece := end.recv(4096):
            for frame in deframer.feed(piece):
                if not isinstance(frame, LineFault):
                    yield codec.open(frame).body

    yield listen
    for end in ends:
        end.close()
