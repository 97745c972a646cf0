"""The control socket: its owner's requests are answered and journalled under the owner's name; nonsense is refused."""

import asyncio
import json
import os
import pwd
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from anju.concentrator import control
from anju.concentrator.control import Control, CutOffError, NotRunningError, ask
from anju.concentrator.desk import Desk
from anju.concentrator.panel_requests import PanelRequests
from anju.ledger import LedgerError
from anju.service.errors import ServiceError
from anju.uplink.reports import Zone
from anju.wire.table import Code
from unit.concentrator.harness import HOUSEHOLD, Bench, mode, until

pytestmark = pytest.mark.anyio

ME = pwd.getpwuid(os.getuid()).pw_name
ENROLLED = {"network": 1, "node": 7}


@pytest.fixture
async def path(rooms: Bench, tmp_path: Path) -> AsyncIterator[Path]:
    """A socket on which a desk answers."""

    async def enrol(household: str, zones: tuple[Zone, ...]) -> dict[str, Any]:
        return ENROLLED | {"household": household, "zones": len(zones)}

    desk = Desk(rooms.journal, rooms.keyring, rooms.clock, rooms.journal.totals, enrol)
    opened = Control(desk.handlers | PanelRequests(rooms.journal, desk.household, rooms.clock).handlers)
    await opened.open(tmp_path / "control.sock")
    yield tmp_path / "control.sock"
    await opened.close()


async def asked(path: Path, **request: Any) -> dict[str, Any]:
    return await asyncio.to_thread(ask, path, **request)


async def lines(path: Path, *sent: bytes) -> list[Any]:
    """Answers to raw lines on one connection, until it ends."""
    answers = []
    reader, writer = await asyncio.open_unix_connection(path, limit=control.MOST_LINE)
    with suppress(ConnectionResetError):  # how a connection ends whose last words were not read
        writer.write(b"".join(sent))
        writer.write_eof()
        async for line in reader:
            answers.append(json.loads(line))  # noqa: PERF401  # what came before a reset counts
    writer.close()
    return answers


async def test_arming_is_journalled_with_who_asked(rooms: Bench, path: Path) -> None:
    await rooms.enrol()
    answer = await asked(path, do="arm", household=HOUSEHOLD, mode="home")
    assert (answer["seq"], answer["mode"], answer["latched"]) == (1, "home", [])
    (report,) = rooms.reports()
    assert (report.kind, report.person, report.household) == ("armed", ME, HOUSEHOLD)
    assert (await asked(path, do="disarm", household=HOUSEHOLD))["mode"] == "off"
    assert (await asked(path, do="arm", household=HOUSEHOLD))["mode"] == "away"
    assert rooms.kinds() == ["armed", "disarmed", "armed"]
    assert {report.person for report in rooms.reports()} == {ME}


async def test_a_reset_ends_the_latches(rooms: Bench, path: Path) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.press())
    assert (await asked(path, do="show", household=HOUSEHOLD))["latched"] == ["hold_up"]
    assert (await asked(path, do="reset", household=HOUSEHOLD))["latched"] == []
    assert rooms.reports()[-1].person == ME


async def test_nobody_can_name_another_person(rooms: Bench, path: Path) -> None:
    await rooms.enrol()
    await asked(path, do="arm", household=HOUSEHOLD, person="somebody else")
    assert rooms.reports()[0].person == ME


async def test_what_is_not_committed_is_not_confirmed(rooms: Bench, path: Path) -> None:
    await rooms.enrol()
    with rooms.disk.refuses(), pytest.raises(ServiceError, match="could not be written"):
        await asked(path, do="arm", household=HOUSEHOLD)
    assert (await asked(path, do="show", household=HOUSEHOLD))["mode"] == "off"


async def test_status_tells_totals_and_nodes(rooms: Bench, path: Path) -> None:
    node = await rooms.enrol()
    await rooms.receive(node, node.hello(), node.event(Code.OPENED))
    rooms.clock.advance(2.5)
    answer = await asked(path, do="status")
    assert (answer["rows"], answer["events"], answer["outbox"]) == (2, 1, 2)
    assert answer["nodes"] == [
        {"network": 1, "node": 1, "household": HOUSEHOLD, "last_seen_s": 2.5, "firmware": "0.1.0 test"}
    ]


async def test_enrolling_takes_a_household_and_zones(rooms: Bench, path: Path) -> None:
    zones = '[{"number": 0, "name": "door", "kind": "entry"}]'
    answer = await asked(path, do="enrol", household=HOUSEHOLD, inputs=zones)
    assert answer == {"ok": True} | ENROLLED | {"household": HOUSEHOLD, "zones": 1}


NONSENSE: dict[str, bytes] = {
    "nothing": b"\n",
    "no JSON": b"arm 3-2-0501\n",
    "no UTF-8": b"\xff\xfe\n",
    "a list": b'["arm"]\n',
    "a number": b"7\n",
    "an object without a request": b'{"household": "3-2-0501"}\n',
    "an unknown request": b'{"do": "unlock"}\n',
    "a request that is no name": b'{"do": ["arm"]}\n',
    "a household there is not": b'{"do": "arm", "household": "3-9-9999"}\n',
    "a household that is no text": b'{"do": "arm", "household": {"a": 1}}\n',
    "no household": b'{"do": "disarm"}\n',
    "a mode there is not": b'{"do": "arm", "household": "3-2-0501", "mode": "test"}\n',
    "a mode that is no text": b'{"do": "arm", "household": "3-2-0501", "mode": ["away"]}\n',
    "a mode to disarm by": b'{"do": "arm", "household": "3-2-0501", "mode": "off"}\n',
    "inputs that are none": b'{"do": "enrol", "household": "3-2-0501", "inputs": 5}\n',
    "inputs of another kind": b'{"do": "enrol", "household": "3-2-0501", "inputs": "[{}]"}\n',
    "depth": b"[" * 50_000 + b"\n",
}


@pytest.mark.parametrize("line", NONSENSE.values(), ids=NONSENSE.keys())
async def test_nonsense_is_refused_and_the_next_request_answered(rooms: Bench, path: Path, line: bytes) -> None:
    await rooms.enrol()
    refused, answered = await lines(path, line, b'{"do": "show", "household": "3-2-0501"}\n')
    assert refused["ok"] is False
    assert "Nothing was changed" in refused["error"]
    assert answered["ok"] is True
    assert rooms.reports() == []


async def test_a_line_without_end_ends_the_connection_and_nothing_else(rooms: Bench, path: Path) -> None:
    await rooms.enrol()
    assert await lines(path, b"x" * (3 * control.MOST_LINE)) == []
    assert (await asked(path, do="show", household=HOUSEHOLD))["mode"] == "off"


async def test_a_request_that_trips_over_a_fault_of_ours_is_answered(
    rooms: Bench, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trip() -> dict[str, int]:
        raise ZeroDivisionError

    monkeypatch.setattr(PanelRequests, "_zones", lambda *_: trip())
    await rooms.enrol()
    with pytest.raises(ServiceError, match="its log says why"):
        await asked(path, do="show", household=HOUSEHOLD)
    assert (await asked(path, do="status"))["rows"] == 0


async def test_only_its_owner_may_use_the_file(path: Path) -> None:
    assert mode(path) == 0o600


async def test_another_user_gets_no_answer(rooms: Bench, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the file's mode lets through, the kernel's word about the peer decides."""
    await rooms.enrol()
    stranger = SimpleNamespace(calcsize=lambda _: 12, unpack=lambda *_: (1, os.getuid() + 4242, 100))
    monkeypatch.setattr(control, "struct", stranger)
    assert await lines(path, b'{"do": "disarm", "household": "3-2-0501"}\n') == []
    assert rooms.reports() == []


async def test_the_socket_of_a_dead_process_is_replaced(rooms: Bench, tmp_path: Path) -> None:
    path = tmp_path / "left.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    opened = Control({})
    await opened.open(path)
    with pytest.raises(ServiceError, match="does not know"):
        await asked(path, do="status")
    await opened.close()
    assert not path.exists()


async def test_a_place_where_no_socket_can_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "control.sock").mkdir()
    with pytest.raises(ServiceError, match="cannot listen on"):
        await Control({}).open(tmp_path / "control.sock")


async def test_connections_end_with_the_service(rooms: Bench, tmp_path: Path) -> None:
    opened = Control({})
    await opened.open(tmp_path / "control.sock")
    reader, writer = await asyncio.open_unix_connection(tmp_path / "control.sock")
    await until(lambda: opened._connections)
    await opened.close()
    assert await reader.read() == b""
    writer.close()
    await until(lambda: not opened._connections)


class TestAsking:
    async def test_nobody_there_is_said_with_what_to_do(self, tmp_path: Path) -> None:
        path = tmp_path / "site" / "run" / "control.sock"
        with pytest.raises(NotRunningError) as error:
            await asked(path, do="status")
        assert error.value.next_step == f"Start it with: anju run {tmp_path / 'site'}"

    @pytest.mark.parametrize("answer", [b"", b'{"ok": tr', b"hello\n", b"\xff\n", b"[1]\n", b"null\n"])
    async def test_one_that_ends_before_it_answers_may_have_done_it(self, tmp_path: Path, answer: bytes) -> None:
        async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(answer)
            writer.close()

        server = await asyncio.start_unix_server(dying, tmp_path / "control.sock")
        with pytest.raises(CutOffError, match="not known whether"):
            await asked(tmp_path / "control.sock", do="disarm", household=HOUSEHOLD)
        server.close()

    @pytest.mark.parametrize("answer", [b"", b"hello\n", b"\xff\n", b"[1]\n", b"null\n", b'{"error": 5}\n'])
    async def test_whatever_answers_instead_is_an_error_for_a_person(self, tmp_path: Path, answer: bytes) -> None:
        async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(answer)
            writer.close()

        server = await asyncio.start_unix_server(impostor, tmp_path / "control.sock")
        with pytest.raises(ServiceError):
            await asked(tmp_path / "control.sock", do="status")
        server.close()

    async def test_an_error_is_no_ledger_error(self, path: Path) -> None:
        with pytest.raises(ServiceError, match="No node is enrolled in household") as error:
            await asked(path, do="arm", household="3-9-9999")
        assert not isinstance(error.value, NotRunningError | LedgerError)
