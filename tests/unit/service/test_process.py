"""One service process by itself: its life, its messages, its notices."""

import os
import signal
import socket
from pathlib import Path

import pytest

from unit.service.scene import Scene, eventually


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_order_when_asked(scene: Scene, number: signal.Signals) -> None:
    process = scene.service()
    eventually(lambda: "event=ready" in scene.log())
    process.send_signal(number)
    assert process.wait() == 0
    assert (scene.site / "concentrator.left").exists()
    assert f"event=stopping why={number.name}" in scene.log()


def test_it_says_ready_and_stopping(scene: Scene, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(30)
        process = scene.service(NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert listener.recv(100) == b"READY=1"
        process.terminate()
        assert listener.recv(100) == b"STOPPING=1"
        assert process.wait() == 0


def test_it_ends_when_its_lifeline_is_cut(scene: Scene) -> None:
    theirs, ours = os.pipe()
    process = scene.service(ANJU_LIFELINE_FD="0", stdin=theirs)
    os.close(theirs)
    eventually(lambda: "event=ready" in scene.log())
    os.close(ours)
    assert process.wait() == 0
    assert "event=stopping why=lifeline" in scene.log()


def test_a_lifeline_that_is_not_there_is_ignored(scene: Scene) -> None:
    process = scene.service(ANJU_LIFELINE_FD="250")
    eventually(lambda: "event=ready" in scene.log())
    assert process.poll() is None


def test_an_error_for_a_person_ends_as_its_message(scene: Scene) -> None:
    scene.does("concentrator", "refuse")
    assert scene.service().wait() == 78
    assert scene.log() == "The port is taken.\nNothing was listened to.\nChoose another port.\n"


def test_an_error_in_a_task_group_too(scene: Scene) -> None:
    scene.does("concentrator", "refuse in a group")
    assert scene.service().wait() == 78
    assert scene.log().endswith("The port is taken.\nNothing was listened to.\nChoose another port.\n")


def test_a_crash_ends_as_one_line(scene: Scene) -> None:
    scene.does("concentrator", "crash")
    assert scene.service().wait() == 1
    (line,) = scene.log().splitlines()
    assert "event=crashed" in line
    assert "RuntimeError: a bug" in line


@pytest.mark.parametrize("behaviour", ["refuse for now", "break a write"])
def test_what_may_be_over_by_itself_ends_as_worth_another_try(scene: Scene, behaviour: str) -> None:
    scene.does("concentrator", behaviour)
    assert scene.service().wait() == 75


def test_wrong_settings_end_as_their_message(scene: Scene) -> None:
    (scene.site / "site.toml").write_text("[estate\n")
    assert scene.service().wait() == 78
    assert "line 1" in scene.log()
    assert "Traceback" not in scene.log()


def test_the_same_service_twice(scene: Scene) -> None:
    first = scene.service()
    eventually(lambda: "event=ready" in scene.log())
    assert scene.service().wait() == 78
    assert f"running already, as process {first.pid}" in scene.log()
    assert first.poll() is None


def test_it_waits_for_its_predecessor_to_end(scene: Scene) -> None:
    first = scene.service()
    eventually(lambda: "event=ready" in scene.log())
    second = scene.service()
    first.terminate()
    first.wait()
    eventually(lambda: f"event=ready pid={second.pid}" in scene.log())


def test_without_a_site_it_says_how_it_is_used(scene: Scene) -> None:
    assert scene.command("-P", "-m", "anju.concentrator").wait() == 2
    assert "usage: python -m anju.concentrator" in scene.log()
