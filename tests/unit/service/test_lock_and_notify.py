"""The small parts between processes: the lock and the notices."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.service import notify
from anju.service.lock import FileLock, Held
from anju.service.notices import Notices


def test_a_lock_is_held_once_and_names_its_holder(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    with pytest.raises(Held) as held:
        FileLock(tmp_path / "lock")
    assert held.value.pid == os.getpid()
    lock.release()
    lock.release()
    FileLock(tmp_path / "lock").release()


def test_a_lock_whose_file_says_nothing(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    (tmp_path / "lock").write_text("not a number")
    with pytest.raises(Held) as held:
        FileLock(tmp_path / "lock")
    assert held.value.pid is None
    lock.release()


def test_a_lock_can_be_waited_for(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    threading.Timer(0.1, lock.release).start()
    FileLock(tmp_path / "lock", wait_s=30).release()


def test_a_process_does_not_inherit_a_lock(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False):
        lock.release()
        FileLock(tmp_path / "lock", wait_s=30).release()


STATES = st.dictionaries(
    st.from_regex(r"[A-Z]{1,8}", fullmatch=True), st.text(st.characters(codec="utf-8"), max_size=20), max_size=4
)


@given(state=STATES)
def test_a_notice_comes_out_as_it_went_in_but_for_line_ends(state: dict[str, str]) -> None:
    assert notify.decode(notify.encode(state)) == {name: " ".join(value.splitlines()) for name, value in state.items()}


@given(datagram=st.binary(max_size=100))
def test_any_datagram_is_read(datagram: bytes) -> None:
    assert all(isinstance(value, str) for value in notify.decode(datagram).values())


def test_a_notice_is_known_by_its_senders_pid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = list[tuple[int, dict[str, str]]]()

    async def listen() -> None:
        (tmp_path / "notify").write_text("left by somebody")
        notices = Notices(tmp_path / "notify", lambda pid, notice: heard.append((pid, notice)))
        assert notify.notify(notify.READY)
        assert notify.notify({"STATUS": "two\nlines"})
        notices.receive()
        notices.close()
        assert not notify.notify(notify.READY)

    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    asyncio.run(listen())
    assert heard == [(os.getpid(), {"READY": "1"}), (os.getpid(), {"STATUS": "two lines"})]
    assert not (tmp_path / "notify").exists()


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify.notify(notify.READY)


def test_an_abstract_address(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"anju-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
        assert notify.notify(notify.READY)
        assert listener.recv(100) == b"READY=1"
