"""Enrolment at the bench: random keys on both sides and nowhere else, or nothing at all."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from anju.concentrator.app import build
from anju.concentrator.control import ask
from anju.concentrator.core.panel.zones import ROW_OF
from anju.concentrator.enrolment import FILE_NAME, Enrolled, enrol
from anju.concentrator.keyring import Keyring
from anju.ledger import LedgerError
from anju.node.identity import KINDS
from anju.service.errors import ServiceError
from anju.service.settings import Site, load
from anju.uplink.reports import ZoneKind
from unit.concentrator.harness import mode
from unit.concentrator.site import free_udp_port, new_site

pytestmark = pytest.mark.anyio

HOUSEHOLD = "3-2-0501"
INPUTS = (("front-door", ZoneKind.ENTRY), ("bedside", ZoneKind.HOLD_UP), ("case", ZoneKind.TAMPER))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    new_site(tmp_path / "site", free_udp_port())
    return load(tmp_path / "site")


async def enrolled(
    site: Site, out: Path, household: str = HOUSEHOLD, inputs: Sequence[tuple[str, ZoneKind]] = INPUTS
) -> Enrolled:
    """`enrol` as the command line calls it: outside of any loop."""
    return await asyncio.to_thread(enrol, site, household, inputs, out)


async def links(site: Site) -> list[tuple[object, ...]]:
    keyring = Keyring.open(site.keyring)
    rows = (
        keyring._ledger.read().execute("SELECT network, node, epoch, up, down, household, inputs FROM link").fetchall()
    )
    await keyring.close()
    return rows


async def test_both_sides_get_the_same_keys(site: Site, tmp_path: Path) -> None:
    network, node, file = await enrolled(site, tmp_path / "new" / "store")
    written = json.loads(file.read_text())
    ((*address, epoch, up, down, household, inputs),) = await links(site)
    assert file == tmp_path / "new" / "store" / FILE_NAME
    assert [network, node] == address == [1, 1]
    assert isinstance(up, bytes)
    assert isinstance(down, bytes)
    assert written == {
        "version": 1,
        "network": 1,
        "node": 1,
        "epoch": epoch,
        "up": up.hex(),
        "down": down.hex(),
        "inputs": ["entry", "hold_up", "tamper"],
    }
    assert household == HOUSEHOLD
    assert [(zone["number"], zone["name"]) for zone in json.loads(str(inputs))] == [
        (0, "front-door"),
        (1, "bedside"),
        (2, "case"),
    ]


async def test_only_their_owner_may_read_them(site: Site, tmp_path: Path) -> None:
    file = (await enrolled(site, tmp_path / "store")).file
    assert [mode(path) for path in (file, file.parent, site.keyring)] == [0o600, 0o700, 0o600]


async def test_no_two_nodes_have_a_key_in_common(site: Site, tmp_path: Path) -> None:
    files = [(await enrolled(site, tmp_path / f"store-{number}")).file for number in range(5)]
    contents = [json.loads(file.read_text()) for file in files]
    assert [content["node"] for content in contents] == [1, 2, 3, 4, 5]
    assert len({content[way] for content in contents for way in ("up", "down")}) == 10


async def test_a_running_concentrator_knows_the_node_at_once(site: Site, tmp_path: Path) -> None:
    async with build(site):
        first = await enrolled(site, tmp_path / "first")
        shown = await asyncio.to_thread(ask, site.control_socket, do="show", household=HOUSEHOLD)
        assert shown["mode"] == "off"
    second = await enrolled(site, tmp_path / "second")  # and what it does not run for, it knows at its next start
    assert (first.node, second.node) == (1, 2)
    assert [row[1] for row in await links(site)] == [1, 2]
    async with build(site):
        assert (await enrolled(site, tmp_path / "third")).node == 3


async def test_a_running_concentrator_writes_the_same_file(site: Site, tmp_path: Path) -> None:
    async with build(site):
        file = (await enrolled(site, tmp_path / "store")).file
    ((_, _, _, up, down, _, _),) = await links(site)
    written = json.loads(file.read_text())
    assert isinstance(up, bytes)
    assert isinstance(down, bytes)
    assert (written["up"], written["down"]) == (up.hex(), down.hex())
    assert written.keys() == {"version", "network", "node", "epoch", "up", "down", "inputs"}


class TestNothingIsEnrolled:
    async def refused(self, site: Site, out: Path, *how: object) -> str:
        with pytest.raises(ServiceError) as error:
            await enrolled(site, out, *how)  # type: ignore[arg-type]
        assert error.value.unchanged
        assert error.value.next_step
        assert not (out / FILE_NAME).exists()
        assert await links(site) == []
        return error.value.what

    @pytest.mark.parametrize(
        "household",
        ["", "3", "3-2", "3-2-05", "3-2-050101", "4-2-0501", "3-2-0501\n", "3-2-0501-1", "三-2-0501", "../x"],
    )
    async def test_for_what_is_no_household_of_this_building(self, site: Site, tmp_path: Path, household: str) -> None:
        assert "is not a household of building 3" in await self.refused(site, tmp_path / "store", household)

    @pytest.mark.parametrize("count", [0, 17])
    async def test_with_too_few_or_too_many_inputs(self, site: Site, tmp_path: Path, count: int) -> None:
        inputs = [(f"window {number}", ZoneKind.ENTRY) for number in range(count)]
        assert f"1 to 16 inputs, not {count}" in await self.refused(site, tmp_path / "store", HOUSEHOLD, inputs)

    @pytest.mark.parametrize("name", ["", "x" * 65, " ", "two\nlines"])
    async def test_with_a_name_that_is_none(self, site: Site, tmp_path: Path, name: str) -> None:
        inputs = [(name, ZoneKind.ENTRY)]
        assert "name is not usable" in await self.refused(site, tmp_path / "store", HOUSEHOLD, inputs)

    async def test_where_no_folder_can_be(self, site: Site, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(ServiceError, match="cannot be written"):
            await enrolled(site, tmp_path / "file" / "store")
        assert await links(site) == []

    @pytest.mark.parametrize(
        "request_",
        [{"household": "4-1-0101"}, {"inputs": "[]"}, {"inputs": '[{"number":3,"name":"x","kind":"bell"}]'}],
    )
    async def test_by_a_client_that_does_not_check(self, site: Site, request_: dict[str, str]) -> None:
        honest = {"household": HOUSEHOLD, "inputs": '[{"number":0,"name":"door","kind":"entry"}]'}
        async with build(site):
            with pytest.raises(ServiceError):
                await asyncio.to_thread(ask, site.control_socket, do="enrol", **honest | request_)
        assert await links(site) == []


async def test_sixteen_inputs_are_enrolled(site: Site, tmp_path: Path) -> None:
    inputs = [(f"window {number}", ZoneKind.ENTRY) for number in range(16)]
    file = (await enrolled(site, tmp_path / "store", HOUSEHOLD, inputs)).file
    assert len(json.loads(file.read_text())["inputs"]) == 16


async def test_a_node_is_told_how_to_read_an_input_and_not_what_it_means(site: Site, tmp_path: Path) -> None:
    """A panel may learn a new kind of zone, and no node needs other firmware for it."""
    inputs = [(kind.value, kind) for kind in ZoneKind]
    _, _, file = await enrolled(site, tmp_path / "store", inputs=inputs)
    assert json.loads(file.read_text())["inputs"] == [ROW_OF[kind].input.name.lower() for kind in ZoneKind]
    assert set(json.loads(file.read_text())["inputs"]) <= set(KINDS)


async def test_a_node_is_told_how_its_button_is_pressed_and_whether_anybody_may_notice(
    site: Site, tmp_path: Path
) -> None:
    kinds = [ZoneKind.HOLD_UP, ZoneKind.SILENT_HOLD_UP, ZoneKind.ANY_PRESS, ZoneKind.SILENT_ANY_PRESS]
    _, _, file = await enrolled(site, tmp_path / "store", inputs=[(kind.value, kind) for kind in kinds])
    assert json.loads(file.read_text())["inputs"] == ["hold_up", "silent_hold_up", "any_press", "silent_any_press"]


async def test_a_file_that_is_there_is_left_alone(site: Site, tmp_path: Path) -> None:
    """It may hold the only copy of a node's keys."""
    file = (await enrolled(site, tmp_path / "store")).file
    before = file.read_bytes()
    with pytest.raises(ServiceError, match="exists already"):
        await enrolled(site, tmp_path / "store")
    assert file.read_bytes() == before
    assert len(await links(site)) == 1


async def test_half_a_file_is_not_left(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    monkeypatch.setattr("anju.concentrator.enrolment._new_link", lambda *_: {"network": 1, "node": 1})
    with pytest.raises(ServiceError, match="No space left on device"):
        await enrolled(site, tmp_path / "store")
    assert not (tmp_path / "store" / FILE_NAME).exists()


async def test_a_keyring_that_somebody_else_holds_is_said(site: Site, tmp_path: Path) -> None:
    """A concentrator that runs but does not answer: its keyring is not written behind its back."""
    keyring = Keyring.open(site.keyring)
    with pytest.raises(LedgerError, match="in use"):
        await enrolled(site, tmp_path / "store")
    await keyring.close()
    assert await links(site) == []


async def test_what_a_client_numbers_is_numbered_again(site: Site) -> None:
    """A zone's number is the input it hangs on."""
    inputs = '[{"number":5,"name":"a","kind":"entry"},{"number":5,"name":"b","kind":"tamper"}]'
    async with build(site):
        await asyncio.to_thread(ask, site.control_socket, do="enrol", household=HOUSEHOLD, inputs=inputs)
    ((*_, stored),) = await links(site)
    assert [zone["number"] for zone in json.loads(str(stored))] == [0, 1]
