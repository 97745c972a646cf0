"""What the board's README tells a person to type, typed: from a blank chip to an alarm, with bash, mpremote and `anju`."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any, cast

import httpx
import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "boards" / "qemu_ast1030" / "README.md"
PORTS = ("7002", "7003", "8380")
LIT = '{"return": true}'
PATIENCE_S = 120


def _commands(heading: str) -> list[str]:
    """The commands below a heading of the README, each with the lines that continue it."""
    [section] = re.findall(rf"^## {heading}\n(.*?)(?=^## )", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    typed = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))
    return [command for command in re.split(r"(?<!\\)\n", typed) if command]


class Shell:
    """One bash in which a person types; its answers, one command at a time."""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        self._ports = dict(zip(PORTS, map(str, ports), strict=True))
        own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        self._bash = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=own | {"LANG": "C.UTF-8", "ANJU_LANG": "en"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def type(self, commands: Sequence[str]) -> str:
        """Type commands, of which each must succeed; what was answered."""
        return "".join(self._type(command) for command in commands)

    def close(self) -> None:
        """End it, and whatever was started in it."""
        os.killpg(self._bash.pid, signal.SIGKILL)
        self._bash.communicate()

    def _type(self, command: str) -> str:
        for meant, free in self._ports.items():
            command = re.sub(rf"\b{meant}\b", free, command)
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{command}\nprintf '\\n<%s>\\n' $?\n")
        self._bash.stdin.flush()
        answer = ""
        while not (ended := re.search(r"\n<(\d+)>\n$", answer)):
            line = self._bash.stdout.readline()
            assert line, f"bash ended: {answer}"
            answer += line
        # A look at QEMU's control line is ended by `timeout`.
        assert int(ended[1]) in {0, 124}, f"{command}\n{answer}"
        return answer


@pytest.fixture
def top() -> Iterator[Path]:
    """What looks like the top of the repository, with nothing in `var/`; pytest's own folders are too deep for sockets."""
    with TemporaryDirectory(prefix="anju-") as name:
        for entry in ROOT.iterdir():
            if entry.name not in {"var", ".git", ".venv"}:
                (Path(name) / entry.name).symlink_to(entry)
        (Path(name) / ".venv").symlink_to(sys.prefix)
        yield Path(name)


@pytest.fixture
def ports() -> list[int]:
    """Free ports, for those that the README names."""
    with ExitStack() as held:
        ends = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in PORTS]
        return [int(end.getsockname()[1]) for end in ends]


@pytest.fixture
def shell(top: Path, ports: list[int]) -> Iterator[Shell]:
    """A bash there; nothing that was started in it stays."""
    made = Shell(top, ports)
    yield made
    made.close()


def test_from_a_blank_chip_to_an_alarm(shell: Shell, top: Path, ports: list[int]) -> None:
    probe = top / "var" / "board" / "probe.log"
    shell.type(_commands("Start it by hand"))
    _until(lambda: probe.exists() and " boot 1\n" in probe.read_text(), "the board's start")
    shell.type(_commands("Put Anju on it with mpremote"))

    *prepare, press, let_go, look_back = _commands("Press its button, look at its lamps")
    shell.type(prepare)
    _until(lambda: LIT in shell.type([let_go, press]), "the red lamp of a node without keys")
    _until(lambda: " pwmB3 400\n" in shell.type([let_go, look_back]), "its long low tone")

    *prepare, press, look, let_go, panel, cut, end = _commands("Let it alarm")
    shell.type(prepare)
    page = f"http://127.0.0.1:{ports[-1]}/api/incidents"
    _until(lambda: _incidents(page) is not None, "the duty room's page")
    shell.type([press])
    _until(lambda: LIT in shell.type([look]), "the green lamp: the concentrator has it")
    shell.type([let_go])
    assert "hold-up" in shell.type([panel])
    [incident] = _until(lambda: _incidents(page), "an incident on the page")
    assert (incident["household"], incident["kind"], incident["state"]) == ("3-2-0501", "hold_up", "new")
    shell.type([cut, "wait $node; test $? = 137", end, "wait $services"])


def _incidents(page: str) -> list[dict[str, Any]] | None:
    """The duty room's queue; None while nobody answers."""
    try:
        answer = httpx.get(page).raise_for_status().json()
    except httpx.TransportError:
        return None
    return cast(list[dict[str, Any]], answer["incidents"])


def _until(true: Callable[[], Any], what: str) -> Any:
    end = monotonic() + PATIENCE_S
    while monotonic() < end:
        if found := true():
            return found
        sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")
