"""A wire tap between nodes and their concentrator's port: it keeps every frame, and can say something to a node itself."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from typing import Self

_TURN_S = 0.05
_MOST = 300


class Relay:
    """Datagrams pass as they are; `down` are those that went to nodes."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.down: list[bytes] = []
        self._target = target
        self._near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._near.bind(("127.0.0.1", 0))
        self._far: dict[tuple[str, int], socket.socket] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._pass_on)

    @property
    def link(self) -> str:
        """What a node is to call."""
        return f"udp:127.0.0.1:{self._near.getsockname()[1]}"

    def say(self, frame: bytes) -> None:
        """To every node, as if it had come from the concentrator."""
        for node in list(self._far):
            self._near.sendto(frame, node)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._ends.set()
        self._thread.join()
        for one in (self._near, *self._far.values()):
            one.close()

    def _pass_on(self) -> None:
        while not self._ends.is_set():
            for ready in select.select([self._near, *self._far.values()], [], [], _TURN_S)[0]:
                with suppress(ConnectionError):  # nobody is at the port just now
                    self._pass(ready)

    def _pass(self, ready: socket.socket) -> None:
        frame, sender = ready.recvfrom(_MOST)
        if ready is self._near:
            if sender not in self._far:
                self._far[sender] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self._far[sender].connect(self._target)
            self._far[sender].send(frame)
            return
        self.down.append(frame)
        for node, far in self._far.items():
            if far is ready:
                self._near.sendto(frame, node)
