"""A site with made-up services, and a supervisor as a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from anju.service import site_template
from anju.service.supervisor import SERVICES

PATIENCE_S = 30.0
"""How long a condition may take on a busy machine before a test gives it up."""

SERVICE = """
import asyncio, contextlib, errno, subprocess, sys, time
from anju.service import lifeline, process
from anju.service.errors import PassingError, ServiceError

lifeline.GRACE_S = 0.3
process._MORE_EVERY_S, process._MORE_S = 0.5, 5.0
name = __spec__.name.rpartition(".")[2]

async def refuse():
    raise ServiceError("The port is taken.", "Nothing was listened to.", "Choose another port.")

@contextlib.asynccontextmanager
async def build(site):
    (site.folder / f"{name}.starts").open("a").write("x")
    behaviour = site.folder / f"{name}.does"
    doing = behaviour.read_text() if behaviour.exists() else ""
    if doing == "refuse":
        await refuse()
    if doing == "refuse for now":
        raise PassingError("The disk is full.", "Nothing was written.", "Make room.")
    if doing == "break a write":
        raise OSError(errno.ENOSPC, "No space left on device")
    if doing == "refuse in a group":
        async with asyncio.TaskGroup() as group:
            group.create_task(refuse())
            yield
    if doing == "crash":
        raise RuntimeError("a bug")
    if doing == "crash once":
        behaviour.unlink()
        raise RuntimeError("a bug that goes away")
    if doing == "hang":
        time.sleep(1000)
    if doing == "repair":
        await asyncio.sleep(12)
    if doing == "have a child":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        (site.folder / "grandchild.pid").write_text(str(child.pid))
    yield
    (site.folder / f"{name}.left").touch()

if __name__ == "__main__":
    sys.exit(process.run(name, build))
"""
SUPERVISE = """
import sys
from pathlib import Path
from anju.service import child, settings, supervisor
from anju.service.errors import ServiceError
child._READY_S = float(sys.argv[2])
try:
    supervisor.run(settings.load(Path(sys.argv[1])))
except ServiceError as error:
    print(error, file=sys.stderr)
    sys.exit(getattr(error, "status", 1))
"""


def eventually(condition: Callable[[], object]) -> None:
    """Wait until a condition holds; an AssertionError that shows it if it does not in PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not in {PATIENCE_S} s: {condition}"
        time.sleep(0.02)


class Scene:
    """Starts a supervisor over made-up services, which stand in front of the real ones."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        self.services = folder / "path" / "anju"
        self.services.mkdir(parents=True)
        for name in SERVICES:
            (self.services / f"{name}.py").write_text(SERVICE)
        site_template.create(self.site, estate="Test", building="3", network=1, udp=None, port=8380)
        self._processes: list[subprocess.Popen[bytes]] = []

    def does(self, name: str, behaviour: str) -> None:
        """What a service will do at its next start."""
        (self.site / f"{name}.does").write_text(behaviour)

    def starts(self, name: str) -> int:
        """How often a service was started."""
        file = self.site / f"{name}.starts"
        return len(file.read_text()) if file.exists() else 0

    def command(self, *command: str, stdin: int | None = None, **variables: str) -> subprocess.Popen[bytes]:
        """Start a process that sees the made-up services, with more environment variables."""
        environment = {**os.environ, "PYTHONPATH": str(self.services.parent), **variables}
        log = (self.site / "log").open("ab")
        with log:
            process = subprocess.Popen([sys.executable, *command], env=environment, stdin=stdin, stdout=log, stderr=log)
        self._processes.append(process)
        return process

    def supervisor(self, patience_s: float = 30.0) -> subprocess.Popen[bytes]:
        """Start the supervisor; it ends a service that is not up within `patience_s` and asks for no more."""
        return self.command("-P", "-c", SUPERVISE, str(self.site), str(patience_s))

    def service(self, *, stdin: int | None = None, **variables: str) -> subprocess.Popen[bytes]:
        """Start the concentrator by itself."""
        return self.command("-P", "-m", "anju.concentrator", str(self.site), stdin=stdin, **variables)

    def log(self) -> str:
        """What all processes wrote."""
        return (self.site / "log").read_text()

    def pid(self, name: str) -> int | None:
        """The pid that the supervisor wrote for a service; None where there is no file."""
        try:
            return int((self.site / "run" / f"{name}.pid").read_text())
        except FileNotFoundError:
            return None

    def until_ready(self) -> tuple[int, int]:
        """Wait until both services are up; their pids."""
        eventually(lambda: "service=supervisor event=ready" in self.log())
        dutyroom, concentrator = self.pid("dutyroom"), self.pid("concentrator")
        assert dutyroom is not None
        assert concentrator is not None
        return dutyroom, concentrator

    def alive(self) -> list[int]:
        """Every process that was started for this scene and still runs, found by the site it names."""
        return [
            process.pid
            for process in psutil.process_iter(["cmdline", "status"])
            if str(self.site) in (process.info["cmdline"] or ()) and process.info["status"] != psutil.STATUS_ZOMBIE
        ]

    def close(self) -> None:
        """End whatever a failed test left."""
        for process in self._processes:
            process.kill()
            process.wait()
        for pid in self.alive():
            os.kill(pid, signal.SIGKILL)
