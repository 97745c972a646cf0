"""A duty room unplugged, a disk filled, a journal damaged, everything killed: and somebody who does what `anju doctor` says.

Run by `test_recovery.py` as a process of its own, in a mount namespace of its own: the disk is a real file system of 400 MB, and
whatever becomes of it is gone with the namespace. What the person types is read off the doctor's findings, and nothing else.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from anju.concentrator.control import ask
from anju.concentrator.core.places import Address, Route
from anju.concentrator.enrolment import enrol
from anju.concentrator.keyring import Link
from anju.doctor import tried
from anju.dutyroom.store import reports_held
from anju.service.errors import ServiceError
from anju.service.site_template import create
from anju.simulator.premises import free_port
from anju.uplink.reports import ZoneKind
from anju.wire.messages import Ack
from unit.concentrator.harness import FarNode, HandClock

ANJU = [sys.executable, "-P", "-m", "anju.cli"]
DISK_MB = 400
PATIENCE_S = 90.0
PASSPHRASE = "five words that nobody guesses together"
SERVICES = ("concentrator", "dutyroom", "page")
MOST_STEPS = 20


def eventually(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


class Estate:
    """One PC: a site on a small disk, `anju run` on it, and a node that says everything until it is acknowledged."""

    def __init__(self, disk: Path) -> None:
        self.disk = disk
        self.acked: set[int] = set()
        udp = f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
        port = free_port(socket.SOCK_STREAM)
        self.site = create(disk / "site", estate="Test", building="3", network=1, udp=udp, port=port)
        file = enrol(self.site, "3-2-0501", [("bed", ZoneKind.HOLD_UP)], disk / "node").file
        keys = json.loads(file.read_text())
        link = Link(Address(keys["network"], keys["node"]), 1, bytes.fromhex(keys["up"]), bytes.fromhex(keys["down"]))
        clock = HandClock()
        clock.now = clock.now._replace(wall_ms=time.time_ns() // 1_000_000)
        self.node = FarNode(link, clock, Route("udp", ""))
        self.log = disk / "log"
        self.running: list[subprocess.Popen[bytes]] = []

    def run(self, *command: str) -> None:
        """In the background, as in another terminal."""
        with self.log.open("ab") as log:
            self.running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def pid(self, name: str) -> int:
        pid = tried.pid(self.site, name)
        assert pid is not None, name
        return pid

    def is_up(self) -> bool:
        return all(tried.pid(self.site, name) for name in SERVICES) and tried.page(self.site)

    def status(self) -> dict[str, Any]:
        try:
            return ask(self.site.control_socket, do="status")
        except ServiceError:
            return {}

    def is_acknowledged(self, frame: bytes) -> bool:
        """Whether an answer comes to a frame that is said once."""
        address = self.site.concentrator.udp_address
        assert address is not None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as air:
            air.settimeout(0.3)
            air.connect(address)
            try:
                air.send(frame)
                return isinstance(self.node.open(air.recv(300)).body, Ack)
            except OSError:
                return False

    def press(self, frame: bytes | None = None) -> None:
        """A press that is said until it is acknowledged; its event id is remembered."""
        frame = frame or self.node.press()
        event_id = self.node.counter & 0xFFFF
        eventually(lambda: self.is_acknowledged(frame))
        self.acked.add(event_id)

    def held(self) -> list[int]:
        """Ids of this node's events in the duty room."""
        reports = [report for _journal, _seq, report in reports_held(self.site.dutyroom_db)]
        return [report.event_id for report in reports if report.node and report.event_id is not None]

    def fill_disk(self) -> Path:
        """Somebody copies films to it."""
        films = self.disk / "films"
        with films.open("wb", buffering=0) as file:
            for piece in (1 << 20, 4096):
                try:
                    while True:
                        file.write(bytes(piece))
                except OSError:
                    continue
        return films

    def kill_everything(self) -> None:
        """kill -9, as a power cut does."""
        for name in ("supervisor", *SERVICES):
            if pid := tried.pid(self.site, name):
                os.kill(pid, signal.SIGKILL)
        for process in self.running:
            process.wait()
        eventually(lambda: not any(tried.pid(self.site, name) for name in SERVICES))

    def damage_journal(self) -> None:
        """Noise in the place of a page that holds reports: of the file itself, which was emptied of its log before."""
        raw = bytearray(self.site.journal.read_bytes())
        page = raw.index(b'"hold_up_alarm"') // 4096
        raw[page * 4096 : (page + 1) * 4096] = os.urandom(4096)
        self.site.journal.write_bytes(raw)

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.terminate()
        for process in self.running:
            process.wait()


def asked(estate: Estate) -> dict[str, Any]:
    """What the doctor says."""
    command = [*ANJU, "doctor", "--json", str(estate.site.folder)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    told: dict[str, Any] = json.loads(said.stdout)
    assert said.returncode == (0 if told["healthy"] else 1), said.stderr
    return told


def type_(estate: Estate, command: list[str]) -> None:
    """What stands behind the $, as it is; what runs until Ctrl-C gets a terminal of its own."""
    argv = [*ANJU, *command[1:]] if command[0] == "anju" else command
    if command[:2] == ["anju", "run"]:
        estate.run(*argv)
        return
    subprocess.run(argv, input=f"{PASSPHRASE}\n".encode(), capture_output=True, check=False)


def do(estate: Estate, finding: dict[str, Any]) -> None:
    """The one thing that a person decides: which of the files that are named may go."""
    for file in finding["files"]:
        if Path(file).name == "films":
            Path(file).unlink()
    for command in finding["commands"]:
        type_(estate, command)


def follow_doctor(estate: Estate) -> list[str]:
    """Ask, do what the first finding says, ask again, until all is well; what was found on the way."""
    steps: list[str] = []
    while not (told := asked(estate))["healthy"]:
        first = told["findings"][0]
        print(
            f"{first['check']}: {first['what']}\n  {first['seen']}\n  {first['next']}\n  {first['commands']}",
            flush=True,
        )
        assert first["commands"] or first["files"], first
        steps.append(first["check"])
        assert len(steps) <= MOST_STEPS, steps
        do(estate, first)
    return steps


def lose_and_recover(estate: Estate) -> None:
    """The whole story."""
    estate.run(*ANJU, "run", str(estate.site.folder))
    eventually(estate.is_up)
    for _ in range(12):
        estate.press()
    eventually(lambda: estate.status().get("outbox") == 0)
    estate.end()  # in order once, so that what there is lies in the file itself
    estate.run(*ANJU, "run", str(estate.site.folder))
    eventually(estate.is_up)

    os.kill(estate.pid("dutyroom"), signal.SIGSTOP)  # unplugged: it is called, and never answers
    for _ in range(12):
        estate.press()
    assert estate.status()["outbox"] > 0
    assert "services" in {found["check"] for found in asked(estate)["findings"]}

    films = estate.fill_disk()
    unheard = estate.node.press()
    eventually(lambda: not estate.is_acknowledged(unheard) and estate.status().get("not_committed"))
    told = {found["check"]: found for found in asked(estate)["findings"]}
    assert str(films) in told["disk"]["files"]
    assert "writing" in told

    estate.kill_everything()
    estate.damage_journal()
    steps = follow_doctor(estate)
    assert steps[0] == "disk"
    assert {"disk", "files", "set_aside", "backup"} <= set(steps), steps

    estate.press(unheard)
    eventually(lambda: estate.status().get("outbox") == 0)
    held = estate.held()
    assert estate.acked <= set(held), estate.acked - set(held)
    assert len(held) == len(set(held))
    with closing(sqlite3.connect(estate.site.folder / "journal.db")) as journal:
        assert journal.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def main() -> None:
    """On a disk of its own."""
    disk = Path(sys.argv[1])
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=700", "anju-test", str(disk)], check=True)
    os.environ["ANJU_LANG"] = "en"
    estate = Estate(disk)
    try:
        lose_and_recover(estate)
    except BaseException:
        print(estate.log.read_text()[-6000:])
        raise
    finally:
        estate.end()


if __name__ == "__main__":
    main()
