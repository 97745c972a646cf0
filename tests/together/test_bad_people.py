"""People who want a pairing to go wrong, between a real node and a real concentrator, in bad air."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from anju.service.errors import ServiceError
from anju.wire import pairing, table
from anju.wire.label import QR_PREFIX, SetupCode
from together.building import BED, DOOR, ZONES, Building, Keys, Subject

pytestmark = pytest.mark.anyio
HOUSEHOLD = "3-2-0501"


async def shown(house: Building, text: str, household: str = HOUSEHOLD, patience_s: float = 60.0) -> str:
    """Show a label to the concentrator until it is clear what comes of it; the last step."""
    begun = await house.ask("pair", code=text, household=household, zones=ZONES, timeout_s=patience_s)
    seen = 0
    last = ""
    while True:
        answer = await house.ask("pairing", pairing=begun["pairing"], after=seen)
        seen += len(answer["steps"])
        if answer["steps"]:
            last = str(answer["steps"][-1]["step"])
        if last == "proved":
            with contextlib.suppress(ServiceError):
                await house.ask("pair_cancel", pairing=begun["pairing"])
            return last
        if answer["result"] is not None and not answer["steps"]:
            return last


async def paired(house: Building, subject: Subject) -> Keys:
    """The keys of a node that is switched on, pressed and paired."""
    await subject.start()
    await subject.press_to_offer()
    assert await shown(house, subject.label.qr_text) == "proved"
    keys = await house.settled(subject)
    assert keys is not None
    return keys


@contextlib.contextmanager
def flooded(house: Building) -> Iterator[list[int]]:
    """A stranger on the concentrator's own line: offers of devices that there are not, and noise; how many so far."""
    address = house.site.concentrator.udp_address
    assert address is not None
    sent = [0]

    async def pour() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            while True:
                for _ in range(8):
                    device = os.urandom(7).hex().upper()[:13].encode()
                    line.sendto(_offer(device), address)
                    line.sendto(os.urandom(64), address)
                    sent[0] += 1
                await asyncio.sleep(0.005)

    task = asyncio.get_running_loop().create_task(pour())
    try:
        yield sent
    finally:
        task.cancel()


def _offer(device: bytes) -> bytes:
    clear = pairing.Clear(
        table.MAGIC,
        table.LinkClass.PAIRING,
        table.Step.OFFER,
        0,
        table.VERSIONS,
        table.SUITE,
        device,
        0,
        os.urandom(16),
    )
    return clear.build().ljust(table.OFFER_BYTES, b"\0")


async def test_a_flood_of_offers_keeps_nobody_out(house: Building) -> None:
    subject = await house.subject("node")
    with flooded(house) as offers:
        await paired(house, subject)
        await subject.event(BED)
    assert offers[0] > 100
    await subject.stop()
    links: Any = (await house.ask("nodes"))["nodes"]
    assert [link["device"] for link in links] == [subject.label.device]


async def test_a_wrong_code_and_another_nodes_label_change_nothing_on_either_end(house: Building) -> None:
    subject, other = [await house.subject(name) for name in ("node", "other")]
    await subject.start()
    await subject.press_to_offer()
    wrong = QR_PREFIX + subject.label.device + SetupCode(bytes(10)).symbols
    for text in (wrong, other.label.qr_text, other.label.code.typed):
        assert await shown(house, text, patience_s=5.0) in {"silent", "no_answer"}
    assert subject.keys is None
    assert not subject.is_bound
    assert house.links(subject.label.device) == house.links(other.label.device) == []
    assert await shown(house, subject.label.qr_text) == "proved"
    await house.settled(subject)
    await subject.stop()


async def test_two_installers_with_one_label_pair_it_once(house: Building) -> None:
    subject = await house.subject("node")
    await subject.start()
    await subject.press_to_offer()
    steps = await asyncio.gather(*(_tried(house, subject.label.qr_text, f"3-2-050{number}") for number in (1, 2)))
    assert "proved" in steps
    assert await house.settled(subject) is not None
    links: Any = (await house.ask("nodes"))["nodes"]
    assert len(links) == 1
    await subject.event(DOOR)
    await subject.stop()


async def _tried(house: Building, text: str, household: str) -> str:
    try:
        return await shown(house, text, household)
    except ServiceError as error:
        return error.what


async def test_a_copied_keyring_is_worth_nothing_for_a_node_that_was_paired_anew(house: Building) -> None:
    subject = await house.subject("node")
    old = await paired(house, subject)
    await subject.event(BED)
    async with house.copied() as copy:
        async with subject.in_reach_of(copy):
            await subject.event(BED)  # whoever has all link keys is heard, and hears
        assert await shown(house, subject.label.qr_text) == "proved"
        new = await house.settled(subject)
        assert new is not None
        assert new.up != old.up
        async with subject.in_reach_of(copy):
            made = len(subject.made)
            before = await _authentic(copy)
            subject.drive(BED, 1)
            await subject.until(lambda: len(subject.made) > made)
            while await _refused(copy) < 20:
                await asyncio.sleep(0.05)
            assert await _authentic(copy) == before
            assert not subject.acked.issuperset(subject.made)
        subject.drive(BED, 0)
        await subject.until(lambda: subject.acked.issuperset(subject.made))  # kept until its own concentrator heard it
    await subject.stop()
    assert len({report.get("event_id") for report in house.reports() if report["kind"] == "hold_up_alarm"}) >= 2


async def _authentic(house: Building) -> int:
    return int((await house.ask("status"))["frames"]["accepted"])


async def _refused(house: Building) -> int:
    frames = (await house.ask("status"))["frames"]
    return sum(frames["refused"].values())
