"""A survey: probes where a node is awake, what was counted where it sleeps; kept as a record."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.concentrator.core.survey import Tally
from anju.service.errors import ServiceError
from anju.uplink.commands import CommandKind
from anju.uplink.reports import ReportKind
from anju.wire.messages import Command, Hello, Status
from anju.wire.table import Code, Flag, Order, Type, Verdict
from unit.concentrator.harness import HOUSEHOLD, FarNode
from unit.concentrator.walking import ME, Walking, walking

pytestmark = pytest.mark.anyio
NEIGHBOUR = "3-2-0502"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.concentrator.probing.PATIENCE_S", 0.2)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Walking]:
    async with walking(tmp_path) as opened:
        yield opened


@pytest.fixture
async def node(site: Walking) -> FarNode:
    made = await site.rooms.enrol()
    await site.happens(made, made.hello())
    return made


async def survey(site: Walking, **request: Any) -> list[dict[str, Any]]:
    """What a survey finds, once it is over."""
    begun = await site.ask("survey", **request)
    nodes: list[dict[str, Any]] = []
    while True:
        answer = await site.ask("survey_watch", survey=begun["survey"], seen=len(nodes))
        nodes += answer["nodes"]
        if answer["is_over"] and not answer["nodes"]:
            assert not answer["failure"]
            return nodes


class TestAwake:
    """A node that answers."""

    async def test_round_trips_are_measured(self, site: Walking, node: FarNode) -> None:
        site.awake.append(node)
        (found,) = await survey(site, times=7)
        assert (found["asked"], found["answered"]) == (7, 7)
        assert (found["round_trip_ms"], found["slowest_ms"]) == (20, 20)
        assert (found["node"], found["household"], found["firmware"]) == ("1/1", HOUSEHOLD, "0.1.0 test")
        assert "quality_up" not in found
        assert "quality_down" not in found  # it did not tell

    async def test_a_node_that_does_not_know_the_time_yet_has_a_round_trip_too(
        self, site: Walking, node: FarNode
    ) -> None:
        site.awake.append(node)
        site.verdict = Verdict.EXPIRED
        (found,) = await survey(site)
        assert found["answered"] == 5

    async def test_a_probe_is_a_command_of_nobody_and_is_not_journalled(self, site: Walking, node: FarNode) -> None:
        site.awake.append(node)
        await survey(site, times=1)
        bodies = [node.open(frame).body for _, frame in site.rooms.sent]
        (probe,) = [body for body in bodies if isinstance(body, Command)]
        assert (probe.code, probe.command_id, probe.event_id) == (Order.PROBE, 0, 0)
        assert not site.rooms.rows()["command"]

    async def test_an_answer_to_a_probe_confirms_no_command(self, site: Walking, node: FarNode) -> None:
        """Though a command's number ends in the same 16 bits."""
        await site.happens(node, node.press())
        command = site.rooms.command(CommandKind.SEEN, site.rooms.journal.building.last_seq, number=0x4001_0000)
        await site.rooms.downlink.accept([command])
        site.awake.append(node)
        await survey(site)
        assert set(site.rooms.journal.building.pending) == {0x4001_0000}


class TestAsleep:
    """A node that does not answer is watched."""

    async def test_it_is_not_asked_for_ever_and_what_is_known_is_told(self, site: Walking, node: FarNode) -> None:
        frames = [node.heartbeat() for _ in range(10)]
        await site.happens(node, *frames[:4], *frames[7:], frames[9])
        (found,) = await survey(site, times=50)
        assert (found["asked"], found["answered"]) == (2, 0)
        assert (found["heard"], found["lost"], found["repeated"]) == (9, 3, 1)
        assert "round_trip_ms" not in found
        assert found["last_heard_ms"] == site.clock.now.wall_ms

    async def test_its_tries_and_its_signal_are_told(self, site: Walking, node: FarNode) -> None:
        for tries, quality in ((3, 180), (9, 0), (0, 170)):
            body = node.status(Code.OPENED)._replace(tries=tries, link_quality=quality)
            await site.happens(node, node.frame(body))
        (found,) = await survey(site)
        assert (found["tries"], found["quality_down"]) == (9, 170)

    async def test_one_that_was_never_heard_is_listed(self, site: Walking) -> None:
        await site.rooms.enrol()
        (found,) = await survey(site)
        assert (found["answered"], found["heard"]) == (0, 0)
        assert "last_heard_ms" not in found


async def test_it_is_a_record_of_each_household(site: Walking, node: FarNode) -> None:
    neighbour = await site.rooms.enrol(NEIGHBOUR)
    await site.happens(neighbour, neighbour.hello())
    site.awake += [node, neighbour]
    assert {found["household"] for found in await survey(site)} == {HOUSEHOLD, NEIGHBOUR}
    reports = site.reported(ReportKind.SURVEYED)
    assert {(report.household, report.person, report.lane.value) for report in reports} == {
        (HOUSEHOLD, ME, "routine"),
        (NEIGHBOUR, ME, "routine"),
    }
    (record,) = (await site.ask("surveys", household=NEIGHBOUR))["records"]
    assert (record["person"], record["nodes"][0]["node"]) == (ME, "1/2")


async def test_only_some_households_if_they_are_named(site: Walking, node: FarNode) -> None:
    await site.rooms.enrol(NEIGHBOUR)
    assert {found["household"] for found in await survey(site, households=[NEIGHBOUR])} == {NEIGHBOUR}


@pytest.mark.parametrize("request_", [{"times": 0}, {"times": 101}, {"times": "5"}, {"households": "all"}])
async def test_nonsense_is_refused(site: Walking, node: FarNode, request_: dict[str, Any]) -> None:
    with pytest.raises(ServiceError):
        await site.ask("survey", **request_)
    with pytest.raises(ServiceError, match="No node is enrolled"):
        await site.ask("survey", households=["9-9-9999"])
    with pytest.raises(ServiceError, match="does not know this survey"):
        await site.ask("survey_watch", survey="made up")


async def test_a_disk_that_fails_is_told_and_nothing_is_recorded(site: Walking, node: FarNode) -> None:
    with site.rooms.disk.refuses():
        begun = await site.ask("survey")
        while not (answer := await site.ask("survey_watch", survey=begun["survey"], seen=1))["is_over"]:
            pass
    assert "could not be written" in answer["failure"]
    assert not site.reported(ReportKind.SURVEYED)


HEARTBEAT = Status(Type.HEARTBEAT, Flag.ACK_REQUESTED, 0, 0, 0, 0, 0, 0, -128, 0, 0)


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=60), st.randoms(use_true_random=False))
def test_what_is_lost_and_what_came_again(steps: list[tuple[int, bool]], dice: Any) -> None:
    """Against a record of everything: each number is lost or heard, some come twice, neighbours change places."""
    tally, counter, sent, lost = Tally(0), 100, [100], 0
    for skipped, twice in steps:
        counter += skipped + 1
        lost += skipped
        sent += [counter, counter] if twice else [counter]
    for at in range(1, len(sent) - 1, 2):
        if dice.random() < 0.3 and at > 1:
            sent[at], sent[at + 1] = sent[at + 1], sent[at]
    for number in sent:
        tally.take(number, HEARTBEAT)
    assert (tally.heard, tally.lost, tally.repeated) == (len(sent), lost, len(sent) - len(set(sent)))


def test_a_start_is_no_loss() -> None:
    """It goes on at the next ceiling, 1,024 numbers further."""
    tally = Tally(0)
    for counter in (5, 6, 1024, 1025, 1027):
        tally.take(counter, Hello(Type.HELLO, 1, bytes(8), 0, 1, 0, 1, 3, 0))
    assert (tally.heard, tally.lost, tally.repeated) == (5, 1, 0)
