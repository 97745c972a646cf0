"""What a household's panel tells as guards see it: what is called off, duress, who armed in spite of what, what is wrong."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest

from anju.dutyroom.core import incident as incidents
from anju.dutyroom.core.change import What
from anju.dutyroom.core.incident import Act, Action, Cause, Incident, IncidentKind, NotAllowed, Reason, State
from anju.dutyroom.core.queue import in_order
from anju.dutyroom.desk import Desk
from anju.dutyroom.store import Store
from anju.uplink.commands import PANEL_VALID_S, CommandKind
from anju.uplink.reports import (
    ArmWarning,
    Lane,
    NodeAddress,
    Outcome,
    OutcomeKind,
    PanelMode,
    PanelPhase,
    PanelView,
    Refusal,
    Report,
    ReportKind,
    ScheduleEntry,
    TroubleKind,
    Zone,
    ZoneKind,
    ZoneWarning,
)
from unit.dutyroom.browser import KEY, acknowledge, sit_down
from unit.dutyroom.conftest import HandClock
from unit.dutyroom.reports import (
    CASE,
    FRONT_DOOR,
    HOUSEHOLD,
    JOURNAL,
    NEIGHBOUR,
    NOW_MS,
    OTHER_JOURNAL,
    batch,
    press,
    ref,
    report,
)

pytestmark = pytest.mark.anyio

K = ReportKind
SMOKE = Zone(number=3, name="Hall", kind=ZoneKind.FIRE)
GAS = Zone(number=4, name="Kitchen", kind=ZoneKind.GAS)


def duress(seq: int) -> Report:
    return report(seq, K.DURESS_ALARM, person="Li Na", node=None)


def burglary(seq: int, **fields: Any) -> Report:
    return report(seq, K.INTRUSION_ALARM, zone=FRONT_DOOR, **fields)


def called_off(seq: int, **fields: Any) -> Report:
    return report(seq, K.ALARM_CANCELLED, person="Li Na", **fields)


class TestCalledOff:
    async def test_it_is_shown_and_the_incident_stays_for_a_guard_to_close(
        self, client: httpx.AsyncClient, desk: Desk
    ) -> None:
        await desk.receive(batch(burglary(1), called_off(2), report(3, K.DISARMED, person="Li Na")))
        (incident,) = desk.queue()
        assert (incident.state, incident.unseen, incident.cancelled_at_ms) == (State.NEW, 1, NOW_MS)
        text = (await client.get("/")).text
        assert "Called off by Li Na at the panel" in text
        assert "called off at the panel" in text

    async def test_it_is_no_silence(self, client: httpx.AsyncClient, desk: Desk) -> None:
        """What nobody has seen sounds on: the page sounds while an item is unseen."""
        await desk.receive(batch(burglary(1)))
        before = (await client.get("/parts/queue")).text
        await desk.receive(batch(called_off(2)))
        after = (await client.get("/parts/queue")).text
        assert 'data-unseen="1"' in before
        assert 'data-unseen="1"' in after

    async def test_another_alarm_is_not_called_off_by_that(self, store: Store) -> None:
        await store.receive(batch(burglary(1), called_off(2), burglary(3)), NOW_MS)
        (incident,) = store.open_incidents().values()
        assert (incident.cancelled_at_ms, incident.presses) == (None, 2)

    async def test_a_hold_up_is_not_called_off(self, store: Store) -> None:
        """Invariant I4: for its story it is news, for its state it is nothing."""
        await store.receive(batch(press(1), burglary(2), called_off(3)), NOW_MS)
        cancelled = {one.kind: one.cancelled_at_ms for one in store.open_incidents().values()}
        assert cancelled == {IncidentKind.HOLD_UP: None, IncidentKind.INTRUSION: NOW_MS}
        told = store.story(1), store.story(2)
        assert [[change.what for change in story.changes] for story in told if story] == [
            [What.ALARM, What.CONTEXT],
            [What.ALARM, What.CANCEL],
        ]

    async def test_where_nothing_is_open_it_opens_nothing(self, store: Store) -> None:
        await store.receive(batch(called_off(1), report(2, K.ALARM_PENDING), report(3, K.ALARM_ABORTED)), NOW_MS)
        assert store.open_incidents() == {}


class TestNewAlarms:
    async def test_fire_hold_up_and_duress_come_first(self, desk: Desk) -> None:
        kinds = [K.TAMPER_ALARM, K.INTRUSION_ALARM, K.TECHNICAL_ALARM, K.UNKNOWN_ALARM]
        last = [K.FIRE_ALARM, K.DURESS_ALARM, K.HOLD_UP_ALARM]
        await desk.receive(
            batch(*(report(seq, kind, recorded_at_ms=NOW_MS + seq - 10) for seq, kind in enumerate(kinds + last, 1)))
        )
        assert [one.kind for one in desk.queue()] == [
            "fire",
            "duress",
            "hold_up",
            "unknown",
            "technical",
            "intrusion",
            "tamper",
        ]
        assert in_order(desk.queue()) == desk.queue()

    async def test_duress_lights_nothing_at_the_household(self, client: httpx.AsyncClient, desk: Desk) -> None:
        await desk.receive(batch(duress(1)))
        await sit_down(client)
        text = (await client.get("/")).text
        assert "Do not call the household" in text
        assert "Disarmed under duress, by Li Na" in text
        assert "at the panel" in text
        await acknowledge(client)
        await client.post("/incidents/1/dispatch", json={"key": KEY + "2"})
        assert (await desk.commands(JOURNAL, 0, 0)).commands == ()

    @pytest.mark.parametrize(
        ("kind", "zone", "words"),
        [
            (K.FIRE_ALARM, SMOKE, "Smoke or fire: Hall"),
            (K.TECHNICAL_ALARM, GAS, "Gas: Kitchen"),
            (K.TECHNICAL_ALARM, GAS.model_copy(update={"kind": ZoneKind.WATER}), "Water: Kitchen"),
            (
                K.INTRUSION_ALARM,
                GAS.model_copy(update={"kind": ZoneKind.ALL_HOURS}),
                "Opened, though guarded at all hours: Kitchen",
            ),
        ],
    )
    async def test_each_says_what_it_is(
        self, client: httpx.AsyncClient, desk: Desk, kind: ReportKind, zone: Zone, words: str
    ) -> None:
        await desk.receive(batch(report(1, kind, zone=zone)))
        assert words in (await client.get("/")).text


async def test_the_story_says_why_until_when_and_in_spite_of_what(client: httpx.AsyncClient, desk: Desk) -> None:
    window = Zone(number=5, name="Window", kind=ZoneKind.INSTANT)
    warned = (ZoneWarning(node=NodeAddress(network=1, node=7), what=ArmWarning.OPEN, zone=window),)
    at_night = ScheduleEntry(anyway=False, days=(1,), minute=22 * 60 + 30, mode=PanelMode.HOME, number=1)
    view = PanelView(mode=PanelMode.AWAY, latched=(ZoneKind.FOLLOWER,), phase=PanelPhase.EXIT, bypassed=("Window",))
    await desk.receive(
        batch(
            burglary(1),
            report(2, K.BYPASSED, person="Li Na", zone=window, reason="being painted", until_ms=NOW_MS + 60_000),
            report(3, K.ARM_REFUSED, person="Li Na", warnings=warned),
            report(4, K.ARMED, person="Li Na", warnings=warned, schedule=at_night, panel=view),
        )
    )
    text = (await client.get("/")).text
    for part in (
        "Left out by Li Na: Window", "because: being painted", "until ", "Li Na tried to arm; it was not ready",
        "because of: Window (open)", "in spite of: Window (open)", "by the clock, at 22:30", "people are leaving",
        "<dt>Left out</dt><dd>Window</dd>", "intrusion, inside",
    ):  # fmt: skip
        assert part in text


class TestTroubles:
    @staticmethod
    def low(seq: int, kind: ReportKind = K.TROUBLE, **fields: Any) -> Report:
        return report(seq, kind, trouble=TroubleKind.BATTERY_LOW, **fields)

    async def lines(self, client: httpx.AsyncClient) -> str:
        return (await client.get("/parts/side")).text

    async def test_one_that_is_over_is_not_shown_any_more(self, client: httpx.AsyncClient, desk: Desk) -> None:
        await desk.receive(batch(self.low(1, forecast_days=40), self.low(2, node=8)))
        text = await self.lines(client)
        assert "A battery is low: it may last 40 days more" in text
        assert text.count("A battery is low") == 2
        await desk.receive(batch(self.low(3, K.TROUBLE_RESTORED)))
        assert (await self.lines(client)).count("A battery is low") == 1
        await desk.receive(batch(self.low(4)))
        assert (await self.lines(client)).count("A battery is low") == 1, (
            "the same words at the same household: one line"
        )

    async def test_one_that_lasts_is_shown_however_long(
        self, client: httpx.AsyncClient, desk: Desk, clock: HandClock
    ) -> None:
        await desk.receive(batch(self.low(1), report(2, K.TROUBLE, trouble=TroubleKind.FORGERY)))
        clock.advance(3 * 24 * 3600)
        text = await self.lines(client)
        assert "A battery is low" in text
        assert "Forged messages were refused" not in text
        await desk.receive(batch(self.low(3, K.TROUBLE_RESTORED)))
        assert "A battery is low" not in await self.lines(client)

    async def test_a_new_journal_tells_itself_of_what_is_wrong(self, client: httpx.AsyncClient, desk: Desk) -> None:
        await desk.receive(batch(self.low(1), concentrator="3"))
        await desk.receive(batch(self.low(1), journal_id=OTHER_JOURNAL, concentrator="4"))
        assert "A battery is low" in await self.lines(client)
        await desk.receive(batch(report(1, K.OPENED), journal_id="ef" * 16, concentrator="3"))
        await desk.receive(batch(self.low(2, K.TROUBLE_RESTORED), journal_id=OTHER_JOURNAL, concentrator="4"))
        assert "A battery is low" not in await self.lines(client)

    async def test_urgent_ones_stand_first_and_are_marked(self, client: httpx.AsyncClient, desk: Desk) -> None:
        down: dict[str, Any] = {"trouble": TroubleKind.LINK_DOWN, "subject": "udp", "node": None, "lane": Lane.ALARM}
        await desk.receive(batch(report(1, K.TROUBLE, None, **down), self.low(2)))
        text = await self.lines(client)
        assert text.index("A link is down") < text.index("A battery is low")
        assert text.count('class="urgent"') == text.count(">urgent<") == 1
        assert "concentrator 3, udp" in text

    async def test_a_device_that_is_lost_is_not_called_silent_too(self, client: httpx.AsyncClient, desk: Desk) -> None:
        silent, lost = TroubleKind.NODE_SILENT, TroubleKind.NODE_LOST
        await desk.receive(
            batch(report(1, K.TROUBLE, trouble=silent), report(2, K.TROUBLE, trouble=lost, lane=Lane.ALARM))
        )
        text = await self.lines(client)
        assert "A device has not been heard for hours" in text
        assert "A device is silent" not in text

    async def test_who_was_not_armed_by_the_clock_is_told(self, client: httpx.AsyncClient, desk: Desk) -> None:
        at_night = ScheduleEntry(anyway=False, days=(1,), minute=22 * 60 + 30, mode=PanelMode.HOME, number=1)
        warned = (ZoneWarning(node=NodeAddress(network=1, node=7), what=ArmWarning.SILENT, zone=CASE),)
        await desk.receive(
            batch(
                report(1, K.ARM_REFUSED, warnings=warned, schedule=at_night),
                report(2, K.ARM_MISSED, NEIGHBOUR, schedule=at_night),
                report(3, K.ARM_REFUSED, NEIGHBOUR, warnings=warned),
            )
        )
        text = await self.lines(client)
        assert text.count("Not armed by the clock: Case (silent)") == 1
        assert "Not armed by the clock: nothing ran at that time" in text
        assert desk.queue() == []


class TestAsked:
    """TEST, its end and the reset, from an incident."""

    async def test_a_guard_puts_a_household_on_test_and_takes_it_off(
        self, client: httpx.AsyncClient, desk: Desk
    ) -> None:
        await desk.receive(batch(burglary(1)))
        await sit_down(client)
        assert (await self.post(client, "test")).status_code == 409, "what nobody has seen is seen first"
        await acknowledge(client)
        assert (await self.post(client, "test")).status_code == 200
        (command,) = (await desk.commands(JOURNAL, 0, 0)).commands
        assert (command.kind, command.household, command.person) == (CommandKind.TEST, HOUSEHOLD, "Wang Qiang")
        assert (command.lasts_s, command.valid_s) == (1800, PANEL_VALID_S)
        assert "Wang Qiang asked for TEST, for 30 min at most" in (await client.get("/")).text
        refused = Outcome(command_id=command.number, outcome=OutcomeKind.REFUSED, refusal=Refusal.NOT_ON_TEST)
        await self.post(client, "test_end")
        await desk.receive(batch(report(2, K.COMMAND_OUTCOME, outcome=refused)))
        assert "refused: it is not on TEST" in (await client.get("/")).text

    @pytest.mark.parametrize("kind", [K.HOLD_UP_ALARM, K.FIRE_ALARM, K.DURESS_ALARM])
    async def test_nothing_is_tried_where_somebody_may_be_in_need(
        self, client: httpx.AsyncClient, desk: Desk, kind: ReportKind
    ) -> None:
        await desk.receive(batch(report(1, kind), report(2, K.TAMPER_ALARM, zone=CASE)))
        await sit_down(client)
        for number in (1, 2):
            await acknowledge(client, KEY + str(number), number)
            answer = await self.post(client, "test", number)
            assert (answer.status_code, "may be in need" in answer.json()["error"]) == (409, True)
        assert [one.kind for one in (await desk.commands(JOURNAL, 0, 0)).commands if one.kind == "test"] == []

    async def test_the_page_offers_no_arming_and_no_disarming(self, client: httpx.AsyncClient, desk: Desk) -> None:
        await desk.receive(batch(burglary(1)))
        await sit_down(client)
        await acknowledge(client)
        for act in ("disarm", "arm_away", "arm_home", "bypass", "unbypass", "cancel", "alarm"):
            assert (await self.post(client, act)).status_code == 404

    @staticmethod
    async def post(client: httpx.AsyncClient, act: str, incident: int = 1) -> httpx.Response:
        key = f"{next(_keys):016}"
        return await client.post(f"/incidents/{incident}/{act}", json={"key": key})


_keys = itertools.count()


def test_what_is_open_of_people_refuses_test_and_closed_gives_it_back() -> None:
    opened = incidents.opened(1, incidents.Alarm(press(1), ref(press(1)), NOW_MS), "3").incident
    seen = incidents.handled(opened, Action(Act.ACKNOWLEDGE, 1, NOW_MS)).incident
    with pytest.raises(NotAllowed) as refusal:
        incidents.handled(seen, Action(Act.TEST, 1, NOW_MS))
    assert refusal.value.reason is Reason.PERSON_IN_NEED
    assert Act.TEST not in incidents.allowed(seen)
    closed: Incident = incidents.handled(seen, Action(Act.CLOSE, 1, NOW_MS, Cause.FALSE_USER)).incident
    assert Act.TEST in incidents.allowed(closed)
