"""A node of board unix_sim as a process, and a concentrator that answers it by hand."""

from __future__ import annotations

import json
import os
import queue
import secrets
import subprocess
import threading
import time
from pathlib import Path
from typing import Self

from anju.simulator.interpreter import micropython
from anju.wire import table
from anju.wire.codec import Codec
from anju.wire.messages import Ack, Command, Extra, Header, Hello, Message, Status
from firmware.ends import PATIENCE_S, End

NOW_S = 1767225600


class Enrolment:
    """Keys of node 7, and the folder that holds its store."""

    def __init__(self, folder: Path, inputs: tuple[str, ...] = ("any_press", "entry", "tamper")) -> None:
        self.folder = folder
        self.up, self.down = secrets.token_bytes(16), secrets.token_bytes(16)
        folder.mkdir()
        told = {"version": 1, "network": 1, "node": 7, "epoch": 1, "inputs": inputs}
        keys = {"up": self.up.hex(), "down": self.down.hex()}
        (folder / "enrolment.json").write_text(json.dumps(told | keys))


class NodeProcess:
    """A running node; ended by leaving its block."""

    def __init__(self, bundle: Path, store: Path, link: str, *more: str) -> None:
        self.lines: list[str] = []
        """Console and output edges so far, as far as they were waited for."""
        self._queue: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [micropython(), "main.py", "--store", store, "--link", link, *more],
            cwd=bundle,
            env={"PATH": os.environ["PATH"], "MICROPYPATH": ".frozen"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def drive(self, line: str, end: str = "\n") -> None:
        """Write to its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + end)
        self.process.stdin.flush()

    def expect(self, *starts: str) -> str:
        """The next line that begins with each of these in turn; the last of them."""
        deadline = time.monotonic() + PATIENCE_S
        line = ""
        for start in starts:
            line = self._next(deadline)
            while not line.startswith(start):
                line = self._next(deadline)
        return line

    def end(self) -> tuple[int, str]:
        """Close stdin and wait; exit status and stderr."""
        assert self.process.stdin is not None
        assert self.process.stderr is not None
        self.process.stdin.close()
        status = self.process.wait(PATIENCE_S)
        self._reader.join()
        while (line := self._queue.get()) is not None:
            self.lines.append(line)
        return status, self.process.stderr.read()

    def kill(self) -> None:
        """What a power cut does to a process."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.kill()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    def _next(self, deadline: float) -> str:
        try:
            line = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"the node said only: {self.lines}") from None
        assert line is not None, f"the node has ended: {self.lines}"
        self.lines.append(line)
        return line

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)


class Concentrator:
    """Opens with the host's codec what comes over an `End`, and answers when told."""

    def __init__(self, end: End, enrolment: Enrolment) -> None:
        self.heard: dict[int, bytes] = {}
        """Frames by counter: one counter, one frame."""
        self._end = end
        self._codec = Codec(table.LinkClass.UP)
        self._codec.learn(1, 7, 1, up=enrolment.up, down=enrolment.down)
        self._counter = 0

    def hear(self) -> Message:
        """The next frame, opened."""
        frame = self._end.receive()
        message = self._codec.open(frame)
        assert self.heard.setdefault(message.header.counter, frame) == frame
        return message

    def event(self) -> Status:
        """The body of the next EVENT, acknowledged; whatever comes before it is acknowledged too."""
        while True:
            message = self.hear()
            if isinstance(message.body, Ack):
                continue
            self.acknowledge(message)
            if isinstance(message.body, Status) and message.body.type == table.Type.EVENT:
                return message.body

    def verdict(self) -> Ack:
        """The body of the next ACK; whatever comes before it is acknowledged."""
        while True:
            message = self.hear()
            if isinstance(message.body, Ack):
                return message.body
            self.acknowledge(message)

    def acknowledge(self, message: Message) -> None:
        """Say that a frame is durable."""
        header, body, _ = message
        event_id = body.event_id if isinstance(body, Status) else 0
        ack = Ack(table.Type.ACK, 0, NOW_S, header.epoch, table.Verdict.ACCEPTED, header.counter, event_id, 0, 0)
        extras = [Extra(table.Extra.CHALLENGE, body.challenge)] if isinstance(body, Hello) else []
        self._end.send(self._codec.seal(self._header(), ack, extras))

    def command(self, order: int, event_id: int, command_id: int) -> None:
        """Tell the node what a person did."""
        flags = table.Flag.ACK_REQUESTED
        body = Command(table.Type.COMMAND, flags, NOW_S, command_id, order, 0, event_id, 120)
        self._end.send(self._codec.seal(self._header(), body))

    def _header(self) -> Header:
        self._counter += 1
        return Header.down(1, 7, 1, self._counter)
