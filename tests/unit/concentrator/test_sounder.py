"""What siren nodes are told: what the panel wants, until they confirm it, and nothing older."""

from __future__ import annotations

import pytest

from anju.concentrator.core.panel.signals import Action as Ask
from anju.concentrator.core.sounding import MOST_S, TEST_S
from anju.concentrator.sounder import GRACE_S
from anju.uplink.reports import PanelMode, ReportKind, Zone, ZoneKind
from anju.wire.messages import Command, Message
from anju.wire.table import LATCHED_LIGHT, Code, Order, Sound, Verdict
from unit.concentrator.harness import Bench, FarNode
from unit.concentrator.keys_kit import SIREN_ZONES, Home

pytestmark = pytest.mark.anyio
FLAT_ZONES = (
    Zone(number=0, name="Front door", kind=ZoneKind.ENTRY),
    Zone(number=1, name="Bedside", kind=ZoneKind.HOLD_UP),
    Zone(number=2, name="Under the desk", kind=ZoneKind.SILENT_HOLD_UP),
    Zone(number=3, name="Smoke", kind=ZoneKind.FIRE),
)
DOOR, BUTTON, SILENT, SMOKE = 0, 1, 2, 3


class House(Home):
    """With a siren in the hall."""

    siren: FarNode
    flat: FarNode

    async def told(self) -> list[Message]:
        """What the siren is told now."""
        before = len(self.rooms.sent)
        await self.sounder.step()
        mine = [frame for route, frame in self.rooms.sent[before:] if route == self.siren.route]
        return [self.siren.open(frame) for frame in mine]

    async def sounds(self, verdict: int = Verdict.ACCEPTED) -> tuple[int, int] | None:
        """Pattern and seconds of the one order, which is answered; None if there is none."""
        messages = await self.told()
        if not messages:
            return None
        (message,) = messages
        command = command_of(message)
        await self.rooms.receive(self.siren, self.siren.answer(message, verdict))
        return command.event_id, command.zone


def command_of(message: Message) -> Command:
    """A SOUND."""
    assert isinstance(message.body, Command)
    assert message.body.code == Order.SOUND
    return message.body


@pytest.fixture
async def house(rooms: Bench) -> House:
    """Quiet, and the siren knows."""
    made = House(rooms)
    made.siren = await made.node(SIREN_ZONES)
    made.flat = await made.node(FLAT_ZONES)
    await made.sounds()
    rooms.clock.advance(120)  # its sensors have settled
    await made.settle(made.flat, made.flat.heartbeat())
    return made


async def test_after_a_start_a_node_is_told_once_how_things_are(rooms: Bench) -> None:
    made = House(rooms)
    made.siren = await made.node(SIREN_ZONES)
    assert await made.sounds() == (Sound.QUIET, 0)
    assert await made.sounds() is None


async def test_leaving_coming_and_the_abort_window_are_heard(house: House) -> None:
    await house.rooms.ask(Ask.ARM, mode=PanelMode.AWAY)
    assert await house.sounds() == (Sound.EXIT, 60)
    house.rooms.clock.advance(61)
    await house.settle(house.flat, house.flat.heartbeat())
    await house.settle(house.flat, house.flat.event(Code.OPENED, DOOR, levels=1))
    pattern, seconds = await house.sounds() or (None, 0)
    assert (pattern, seconds in {29, 30}) == (Sound.ENTRY, True)  # a node tells whole seconds
    house.rooms.clock.advance(31)
    async with house.rooms.journal.change() as draft:
        draft.look(house.flat.household)
    pattern, seconds = await house.sounds() or (None, 0)
    assert (pattern, seconds > 170) == (Sound.INTRUSION | LATCHED_LIGHT, True)  # it can still be called off


@pytest.mark.parametrize(
    ("zone", "code", "sound"), [(BUTTON, Code.PANIC, Sound.HOLD_UP), (SMOKE, Code.DETECTED, Sound.FIRE)]
)
async def test_an_alarm_sounds_for_its_time_and_its_light_until_somebody_resets_it(
    house: House, zone: int, code: Code, sound: Sound
) -> None:
    await house.settle(house.flat, house.flat.event(code, zone))
    assert await house.sounds() == (sound | LATCHED_LIGHT, MOST_S)
    house.rooms.clock.advance(MOST_S + 1)
    assert await house.sounds() is None  # it has ended by itself, and the light is on as it was told
    await house.rooms.ask(Ask.RESET)
    assert await house.sounds() == (Sound.QUIET, 0)
    assert await house.sounds() is None


async def test_a_silent_alarm_and_duress_sound_and_light_nothing(house: House) -> None:
    await house.settle(house.flat, house.flat.event(Code.PANIC, SILENT))
    assert ReportKind.HOLD_UP_ALARM in house.rooms.kinds()
    assert await house.sounds() is None
    await house.rooms.ask(Ask.DURESS)
    assert await house.sounds() is None


async def _on_test(house: House) -> None:
    await house.rooms.ask(Ask.TEST, lasts_s=600)
    house.rooms.clock.advance(10)
    await house.settle(house.flat, house.flat.heartbeat())
    await house.told()


@pytest.mark.parametrize(
    ("zone", "code", "sound"),
    [
        (BUTTON, Code.PANIC, Sound.HOLD_UP),
        (SMOKE, Code.DETECTED, Sound.FIRE),
        (DOOR, Code.OPENED, Sound.INTRUSION),
        (SILENT, Code.PANIC, None),
    ],
)
async def test_what_is_tried_on_test_sounds_for_two_seconds(
    house: House, zone: int, code: Code, sound: Sound | None
) -> None:
    await _on_test(house)
    await house.settle(house.flat, house.flat.event(code, zone))
    assert await house.sounds() == (sound and (sound, TEST_S))
    house.rooms.clock.advance(TEST_S)
    assert await house.sounds() is None  # it has ended by itself, and nothing is latched
    assert house.heard == ([house.siren.address] if sound else [])


async def test_what_is_meant_sounds_on_test_as_ever(house: House) -> None:
    await _on_test(house)
    await house.settle(house.flat, house.flat.event(Code.HELD, BUTTON))
    assert await house.sounds() == (Sound.HOLD_UP | LATCHED_LIGHT, MOST_S)


async def test_off_test_a_door_sounds_nothing(house: House) -> None:
    await house.settle(house.flat, house.flat.event(Code.OPENED, DOOR))
    assert await house.sounds() is None
    assert house.heard == []


async def test_it_is_told_again_until_it_confirms_and_for_so_much_shorter(house: House) -> None:
    await house.settle(house.flat, house.flat.event(Code.PANIC, BUTTON))
    (first,) = await house.told()
    house.rooms.clock.advance(40)
    (again,) = await house.told()
    assert command_of(again).zone == command_of(first).zone - 40
    assert command_of(again).command_id == command_of(first).command_id
    assert command_of(again).valid_s == command_of(again).zone + GRACE_S
    await house.rooms.receive(house.siren, house.siren.answer(first))  # an answer to either is one
    house.rooms.clock.advance(40)
    assert await house.told() == []


async def test_one_that_does_not_know_the_time_yet_is_asked_again(house: House) -> None:
    await house.settle(house.flat, house.flat.event(Code.PANIC, BUTTON))
    assert await house.sounds(Verdict.EXPIRED)
    assert await house.sounds() == (Sound.HOLD_UP | LATCHED_LIGHT, MOST_S)


async def test_the_newest_wins_and_an_answer_to_an_older_one_confirms_nothing(house: House) -> None:
    await house.settle(house.flat, house.flat.event(Code.PANIC, BUTTON))
    (older,) = await house.told()
    await house.rooms.ask(Ask.DISARM)
    await house.rooms.ask(Ask.RESET)
    (newer,) = await house.told()
    assert command_of(newer).event_id == Sound.QUIET
    assert newer.header.counter > older.header.counter
    await house.rooms.receive(house.siren, house.siren.answer(older))
    house.rooms.clock.advance(60)
    (again,) = await house.told()
    assert command_of(again).command_id == command_of(newer).command_id


async def test_a_node_that_starts_anew_is_told_what_still_sounds(house: House) -> None:
    await house.settle(house.flat, house.flat.event(Code.PANIC, BUTTON))
    await house.sounds()
    house.rooms.clock.advance(50)
    await house.rooms.receive(house.siren, house.siren.hello(b"started!"))
    assert await house.sounds() == (Sound.HOLD_UP | LATCHED_LIGHT, MOST_S - 50)


async def test_a_node_that_was_out_of_reach_is_told_as_soon_as_it_is_heard(house: House) -> None:
    await house.settle(house.flat, house.flat.event(Code.PANIC, BUTTON))
    for _ in range(12):
        await house.told()
        house.rooms.clock.advance(1)
    await house.rooms.receive(house.siren, house.siren.heartbeat())
    assert await house.sounds()


async def test_another_household_hears_nothing(house: House) -> None:
    neighbour = await house.rooms.enrol("3-2-0502", SIREN_ZONES)
    await house.rooms.receive(neighbour, neighbour.hello())
    await house.settle(house.flat, house.flat.event(Code.PANIC, BUTTON))
    before = len(house.rooms.sent)
    await house.sounder.step()
    mine = [frame for route, frame in house.rooms.sent[before:] if route == neighbour.route]
    assert [command_of(neighbour.open(frame)).event_id for frame in mine] == [Sound.QUIET]


async def test_a_node_that_has_no_siren_is_not_asked_for_ever(house: House) -> None:
    await house.settle(house.flat, house.flat.event(Code.PANIC, BUTTON))
    assert await house.sounds(Verdict.NOT_UNDERSTOOD)
    assert await house.sounds() is None


async def test_what_a_siren_says_confirms_no_persons_command(house: House) -> None:
    await house.settle(house.flat, house.flat.event(Code.PANIC, BUTTON))
    await house.sounds()
    assert ReportKind.COMMAND_OUTCOME not in house.rooms.kinds()
    assert ReportKind.TROUBLE not in house.rooms.kinds()
