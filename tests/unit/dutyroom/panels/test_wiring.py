"""A site's panels as its settings name them: keys from files, addresses that are waited for, and nobody else is kept waiting."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from anju.dutyroom import legacy
from anju.dutyroom.core.own_trouble import OwnTrouble, Seen
from anju.dutyroom.desk import Desk
from anju.dutyroom.panels.receiver import Outcome
from anju.dutyroom.store import Store
from anju.service import settings, site_template
from anju.service.settings import Site
from unit.concentrator.harness import running, until
from unit.dutyroom.conftest import HandClock
from unit.dutyroom.panels import kit
from unit.dutyroom.panels.kit import ACCOUNT, KEY, OTHER, PANIC, answered, message

pytestmark = pytest.mark.anyio


@pytest.fixture
def taken() -> socket.socket:
    """A port that another program listens on."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


@pytest.fixture
def site(tmp_path: Path, taken: socket.socket) -> Site:
    """With a panel whose key is well kept, and one whose key others may read."""
    made = site_template.create(tmp_path / "site", estate="Test", building="3", network=1, udp=None, port=8380)
    port = taken.getsockname()[1]
    text = f'\n[panels]\ntcp = "127.0.0.1:{port}"\nudp = "127.0.0.1:{port}"\n'
    for account, mode in ((ACCOUNT, 0o600), (OTHER, 0o644)):
        key = made.folder / f"{account}.key"
        key.write_bytes(b"hex:" + KEY.hex().encode() + b"\n")
        key.chmod(mode)
        text += f'[panels.accounts.{account}]\nhousehold = "3-2-0501"\nkey_file = "{key.name}"\n'
    with (made.folder / settings.FILE_NAME).open("a") as file:
        file.write(text)
    return settings.load(made.folder)


async def test_a_key_that_others_may_read_keeps_that_panel_alone_away(
    site: Site, store: Store, desk: Desk, clock: HandClock, taken: socket.socket
) -> None:
    taken.close()
    receiver = legacy.receiver(site, store, desk)
    at = kit.now(clock)
    for account, outcome in ((ACCOUNT, Outcome.TAKEN), (OTHER, Outcome.NOT_OPENED)):
        for key in (KEY, None):
            told = await receiver.judge(message(PANIC, of=account, key=key, at=at), "tcp", "?")
            assert told.outcome is (outcome if key or account == OTHER else Outcome.IN_CLEAR)


async def test_an_address_that_is_taken_is_waited_for_and_the_other_way_is_heard(
    site: Site, store: Store, desk: Desk, clock: HandClock, taken: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legacy, "_AGAIN_S", 0.02)
    receiver = legacy.receiver(site, store, desk)
    host, port = site.panels.listens["tcp"]

    def down() -> list[Seen | None]:
        return [Seen.of(one.detail) for one in desk.troubles() if one.detail]

    async with running(legacy.keep(site, desk, receiver)):
        await until(lambda: down() == [Seen(OwnTrouble.PANELS_DOWN, "panels")])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as panel:
            panel.connect((host, port))
            panel.send(message(PANIC, key=KEY, at=kit.now(clock)))
            await until(lambda: receiver.outcomes[Outcome.TAKEN])
        taken.close()
        lines: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

        async def connect() -> None:
            while not lines:
                with suppress(ConnectionError):
                    lines.append(await asyncio.open_connection(host, port))
                await asyncio.sleep(0.02)

        await asyncio.wait_for(connect(), 20)
        reader, writer = lines[0]
        writer.write(message(PANIC, 2, key=KEY, at=kit.now(clock)))
        assert answered(await reader.readuntil(b"\r"), KEY).kind == "ACK"
        writer.transport.abort()
        clock.advance(61)
        await until(lambda: down() == [])
