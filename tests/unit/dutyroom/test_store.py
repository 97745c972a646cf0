"""The store on a real file: what is committed once stays, whatever is sent again and however the process ends."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from anju.dutyroom.core.change import Change, What
from anju.dutyroom.core.incident import Act, Action, Cause, IncidentKind, Reason, State
from anju.dutyroom.core.request import Arrival, Handling, KeyReused, NoSuchIncident
from anju.dutyroom.store import ChainBroken, Store, reports_held
from anju.uplink.commands import CommandKind
from anju.uplink.receipts import RowVerdict
from anju.uplink.reports import ALARMS, Lane, Outcome, OutcomeKind, Report, ReportKind, TroubleKind, Witnessed
from unit.dutyroom.reports import HOUSEHOLD, JOURNAL, NEIGHBOUR, NOW_MS, OTHER_JOURNAL, batch, press, ref, report, row

pytestmark = pytest.mark.anyio
LATER_MS = NOW_MS + 1000
AT_S = NOW_MS // 1000


async def sit_down(store: Store, name: str = "Wang Qiang") -> int:
    return (await store.sit_down(Arrival(name, f"token of {name}", None, "test"), LATER_MS)).id


def asks(incident_id: int, act: Act, person: int, key: str, cause: Cause | None = None, note: str = "") -> Handling:
    return Handling(incident_id, Action(act, person, LATER_MS, cause, note), key, "test")


async def acknowledged(store: Store) -> int:
    """One press, acknowledged; the number of its command."""
    await store.receive(batch(press(1)), NOW_MS)
    await store.handle(asks(1, Act.ACKNOWLEDGE, await sit_down(store), "first"))
    return store.commands_after(JOURNAL, 0)[0].number


def changed(path: Path, statement: str) -> None:
    """What somebody with a knife does to the file."""
    with sqlite3.connect(path) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("PRAGMA foreign_keys = OFF")
        assert connection.execute(statement).rowcount > 0
    connection.close()


async def test_a_batch_is_kept_and_answered_with_its_hashes(store: Store, path: Path) -> None:
    sent = batch(press(1), report(2, ReportKind.OPENED))
    receipt = await store.receive(sent, NOW_MS)
    assert [(one.seq, one.sha256, one.verdict) for one in receipt.rows] == [
        (one.report.seq, one.sha256, RowVerdict.COMMITTED) for one in sent.rows
    ]
    assert list(reports_held(path)) == [(JOURNAL, one.report.seq, one.report) for one in sent.rows]


async def test_a_batch_that_comes_again_changes_nothing(store: Store, path: Path) -> None:
    first = await store.receive(batch(press(1), press(2)), NOW_MS)
    newest = store.newest()
    assert await store.receive(batch(press(1), press(2)), LATER_MS) == first
    assert (store.newest(), len(list(reports_held(path)))) == (newest, 2)


async def test_the_same_key_with_other_contents_is_a_conflict_and_told_once(store: Store, path: Path) -> None:
    await store.receive(batch(report(1, ReportKind.OPENED)), NOW_MS)
    for _ in range(2):
        receipt = await store.receive(batch(press(1, NEIGHBOUR)), LATER_MS)
        held = row(report(1, ReportKind.OPENED)).sha256
        assert [(one.sha256, one.verdict) for one in receipt.rows] == [(held, RowVerdict.CONFLICT)]
    assert [held.kind for _, _, held in reports_held(path)] == [ReportKind.OPENED]
    troubles = store.troubles_since(0, 10)
    assert [one.what for one in troubles] == [What.CONFLICT]
    assert NEIGHBOUR in troubles[0].detail["offered"]


class TestAnAlarmUnderANumberThatIsTaken:
    """A PC that was put back by an image of its disk gives numbers again; somebody may be in need all the same."""

    PRESS = press(1, NEIGHBOUR)

    @pytest.fixture
    async def alarmed(self, store: Store) -> Store:
        await store.receive(batch(report(1, ReportKind.OPENED)), NOW_MS)
        for _ in range(2):
            await store.receive(batch(self.PRESS), LATER_MS)
        return store

    async def test_is_heard_once(self, alarmed: Store) -> None:
        (incident,) = alarmed.open_incidents().values()
        assert (incident.household, incident.kind, incident.presses) == (NEIGHBOUR, IncidentKind.HOLD_UP, 1)
        await alarmed.receive(batch(press(1, NEIGHBOUR, delayed=True)), LATER_MS)
        assert [one.presses for one in alarmed.open_incidents().values()] == [2]

    async def test_stands_in_the_story_and_the_chain_is_whole(self, alarmed: Store) -> None:
        story = alarmed.story(1)
        assert story is not None
        assert [(one.what, one.report) for one in story.changes] == [(What.ALARM, self.PRESS)]
        assert alarmed.verify() == alarmed.newest()

    async def test_is_answered_by_the_hash_that_its_concentrator_knows(self, alarmed: Store) -> None:
        await alarmed.handle(asks(1, Act.ACKNOWLEDGE, await sit_down(alarmed), "first"))
        (command,) = alarmed.commands_after(JOURNAL, 0)
        assert (command.kind, command.report) == (CommandKind.SEEN, ref(self.PRESS))

    async def test_but_what_is_only_tried_is_none(self, store: Store) -> None:
        await store.receive(batch(report(1, ReportKind.OPENED)), NOW_MS)
        await store.receive(batch(press(1, NEIGHBOUR, test=True, lane=Lane.ROUTINE)), LATER_MS)
        assert store.open_incidents() == {}


async def test_the_same_number_in_another_journal_is_another_report(store: Store, path: Path) -> None:
    await store.receive(batch(press(1)), NOW_MS)
    await store.receive(batch(press(1, NEIGHBOUR), journal_id=OTHER_JOURNAL), NOW_MS)
    assert len(list(reports_held(path))) == 2
    assert store.concentrators() == {"3": OTHER_JOURNAL}


async def test_presses_of_a_household_join_and_those_of_its_neighbour_do_not(store: Store) -> None:
    await store.receive(batch(press(1), press(2, NEIGHBOUR), press(3, node=8)), NOW_MS)
    found = {one.household: one.presses for one in store.open_incidents().values()}
    assert found == {HOUSEHOLD: 2, NEIGHBOUR: 1}


async def test_kinds_of_alarm_are_incidents_of_their_own(store: Store) -> None:
    await store.receive(batch(*(report(seq, kind) for seq, kind in enumerate(sorted(ALARMS), 1))), NOW_MS)
    assert {one.kind for one in store.open_incidents().values()} == set(IncidentKind)


async def test_after_closing_a_press_opens_another_incident(store: Store) -> None:
    await acknowledged(store)
    await store.handle(asks(1, Act.CLOSE, 1, "second", Cause.FALSE_USER))
    await store.receive(batch(press(2)), LATER_MS)
    assert list(store.open_incidents()) == [2]
    assert [one.incident.cause for one in store.closings_since(0, 10) if one.incident] == [Cause.FALSE_USER]


async def test_an_alarm_from_a_clock_that_is_ahead_is_not_in_the_future(store: Store) -> None:
    await store.receive(batch(press(1, recorded_at_ms=NOW_MS + 3_600_000)), NOW_MS)
    assert store.open_incidents()[1].opened_at_ms == NOW_MS


async def test_what_else_happens_there_is_part_of_the_story(store: Store) -> None:
    await acknowledged(store)
    others = [
        report(2, ReportKind.OPENED),
        report(3, ReportKind.DISARMED, person="Mrs Li"),
        report(4, ReportKind.OPENED, NEIGHBOUR),
    ]
    await store.receive(batch(*others), LATER_MS)
    story = store.story(1)
    assert story is not None
    assert [one.report.seq for one in story.changes if one.what is What.CONTEXT and one.report] == [2, 3]


async def test_a_command_names_report_and_person_and_starts_at_unix_time(store: Store) -> None:
    number = await acknowledged(store)
    (command,) = store.commands_after(JOURNAL, 0)
    assert abs(number - time.time()) < 3600
    assert (command.kind, command.report, command.household) == (CommandKind.SEEN, ref(press(1)), HOUSEHOLD)
    assert (command.person, command.at_ms) == ("Wang Qiang", LATER_MS)
    assert store.commands_after(JOURNAL, number) == ()
    assert store.commands_after(OTHER_JOURNAL, 0) == ()


async def test_an_outcome_stands_with_its_command(store: Store) -> None:
    number = await acknowledged(store)
    outcome = Outcome(command_id=number, outcome=OutcomeKind.SHOWN)
    await store.receive(batch(report(2, ReportKind.COMMAND_OUTCOME, outcome=outcome)), LATER_MS + 300)
    story = store.story(1)
    assert story is not None
    assert [(one.outcome, one.outcome_at_ms) for one in story.commands] == [(OutcomeKind.SHOWN, LATER_MS + 300)]


async def test_nobody_tells_the_outcome_of_anothers_command(store: Store) -> None:
    number = await acknowledged(store)
    outcome = Outcome(command_id=number, outcome=OutcomeKind.SHOWN)
    foreign = report(2, ReportKind.COMMAND_OUTCOME, outcome=outcome)
    await store.receive(batch(foreign, journal_id=OTHER_JOURNAL, concentrator="4"), LATER_MS)
    story = store.story(1)
    assert story is not None
    assert [one.outcome for one in story.commands] == [None]


async def test_the_arm_state_is_as_of_the_newest_report_that_tells_it(store: Store) -> None:
    silent = report(2, ReportKind.NODE_STARTED, panel=None)
    await store.receive(batch(press(1, recorded_at_ms=NOW_MS - 7), silent), NOW_MS)
    story = store.story(1)
    assert story is not None
    assert (story.panel, story.panel_as_of_ms) == (press(1).panel, NOW_MS - 7)


async def test_a_trouble_is_no_incident(store: Store) -> None:
    await store.receive(batch(report(1, ReportKind.TROUBLE, trouble=TroubleKind.CLONE)), NOW_MS)
    assert store.open_incidents() == {}
    assert [one.report.trouble for one in store.troubles_since(0, 10) if one.report] == [TroubleKind.CLONE]


async def test_a_repeated_request_is_answered_as_the_first_time(store: Store) -> None:
    await store.receive(batch(press(1)), NOW_MS)
    request = asks(1, Act.ACKNOWLEDGE, await sit_down(store), "the same key")
    first = await store.handle(request)
    assert await store.handle(request) == first
    assert len(store.commands_after(JOURNAL, 0)) == 1
    assert await store.handle(asks(1, Act.ACKNOWLEDGE, 1, "another key")) is Reason.NOTHING_NEW


async def test_a_refusal_is_repeated_even_where_it_would_be_allowed_now(store: Store) -> None:
    await store.receive(batch(press(1)), NOW_MS)
    person = await sit_down(store)
    assert await store.handle(asks(1, Act.DISPATCH, person, "too early")) is Reason.NOT_SEEN
    await store.handle(asks(1, Act.ACKNOWLEDGE, person, "in between"))
    assert await store.handle(asks(1, Act.DISPATCH, person, "too early")) is Reason.NOT_SEEN


async def test_a_key_serves_one_request(store: Store) -> None:
    await acknowledged(store)
    with pytest.raises(KeyReused):
        await store.handle(asks(1, Act.DISPATCH, 1, "first"))
    with pytest.raises(KeyReused):
        await store.handle(asks(1, Act.ACKNOWLEDGE, await sit_down(store, "Li Na"), "first"))


@pytest.mark.parametrize("number", [2, 2**63, 10**30])
async def test_an_incident_that_does_not_exist(store: Store, number: int) -> None:
    await acknowledged(store)
    with pytest.raises(NoSuchIncident):
        await store.handle(asks(number, Act.ACKNOWLEDGE, 1, "key"))
    assert store.story(number) is None


async def test_everything_is_there_after_a_restart(store: Store, path: Path) -> None:
    number = await acknowledged(store)
    before = (store.open_incidents(), store.newest(), store.story(1), store.concentrators(), store.names())
    await store.close()
    again = Store.open(path)
    assert (again.open_incidents(), again.newest(), again.story(1), again.concentrators(), again.names()) == before
    repeated = await again.handle(asks(1, Act.ACKNOWLEDGE, 1, "first"))
    assert isinstance(repeated, Change)
    assert repeated.incident is not None
    assert repeated.incident.state is State.ACKNOWLEDGED
    await again.handle(asks(1, Act.DISPATCH, 1, "second"))
    assert [one.number for one in again.commands_after(JOURNAL, 0)] == [number, number + 1]
    await again.close()


async def test_a_session_ends_with_the_shift_and_when_another_sits_down(store: Store) -> None:
    await sit_down(store)
    token = "token of Wang Qiang"
    assert store.at_desk(token, LATER_MS) == (1, "Wang Qiang")
    assert store.at_desk("something else", LATER_MS) is None
    assert store.at_desk(token, LATER_MS + 16 * 3600 * 1000 + 1) is None
    await store.sit_down(Arrival("Li Na", "her token", token, "test"), LATER_MS)
    assert store.at_desk(token, LATER_MS) is None


async def test_names_and_tokens_stand_nowhere_in_the_log(store: Store, path: Path) -> None:
    await acknowledged(store)
    with sqlite3.connect(path) as connection:
        told = repr(
            connection.execute("SELECT * FROM log").fetchall() + connection.execute("SELECT * FROM sessions").fetchall()
        )
    connection.close()
    assert "Wang Qiang" not in told
    assert "test" in told


async def test_a_forgotten_person_breaks_no_chain(store: Store, path: Path) -> None:
    await acknowledged(store)
    await store.close()
    changed(path, "UPDATE people SET name = ''")
    again = Store.open(path)
    assert again.verify() == again.newest() > 0
    assert again.commands_after(JOURNAL, 0)[0].person == "?"
    await again.close()


@pytest.mark.parametrize("table", ["reports", "log", "incidents", "commands"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {}"])
async def test_history_can_be_neither_changed_nor_deleted(store: Store, path: Path, table: str, statement: str) -> None:
    await acknowledged(store)
    columns = {"reports": "body = ''", "log": "origin = ''", "incidents": "kind = ''", "commands": "kind = ''"}
    connection = sqlite3.connect(path, timeout=0)
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(statement.format(table, columns[table]))
    connection.close()


COLUMNS = [
    "at_ms = at_ms + 1",
    "what = 'close'",
    "incident_id = NULL",
    "incident = replace(incident, 'new', 'old')",
    "seq = NULL",
]
COLUMNS += [
    "journal_id = 'x'",
    "sha256 = NULL",
    "person_id = 7",
    "origin = 'x'",
    "detail = '{}'",
    "link = zeroblob(32)",
]


@pytest.mark.parametrize("column", COLUMNS)
async def test_a_changed_row_is_found(store: Store, path: Path, column: str) -> None:
    await acknowledged(store)
    assert store.verify() == 3
    await store.close()
    changed(path, f"UPDATE log SET {column} WHERE number = 1")
    again = Store.open(path)
    with pytest.raises(ChainBroken) as found:
        again.verify()
    assert found.value.number == 1
    await again.close()


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("DELETE FROM log WHERE number = 2", 3),
        ("UPDATE reports SET body = replace(body, 'hold_up', 'tamper')", 1),
        ("UPDATE log SET number = CASE number WHEN 2 THEN 30 ELSE 20 END WHERE number > 1", 20),
        (
            "INSERT INTO log SELECT 4, at_ms, what, NULL, NULL, NULL, NULL, NULL, NULL, 'x', '{}', link FROM log LIMIT 1",
            4,
        ),
    ],
)
async def test_a_removed_moved_or_added_row_is_found(store: Store, path: Path, statement: str, number: int) -> None:
    await acknowledged(store)
    await store.close()
    changed(path, statement)
    again = Store.open(path)
    with pytest.raises(ChainBroken) as found:
        again.verify()
    assert found.value.number == number
    await again.close()


class TestToldAgain:
    """An event that a restored concentrator takes once more, because its node was never told that it had been taken."""

    EVENT = Witnessed(code=2, epoch=1, first_counter=70_001, time_s=0, zone=0)

    async def tell(self, store: Store, *reports: Report, journal_id: str = OTHER_JOURNAL, **how: str) -> None:
        receipt = await store.receive(batch(*reports, journal_id=journal_id, **how), LATER_MS)
        assert [one.verdict for one in receipt.rows] == [RowVerdict.COMMITTED] * len(reports)

    async def test_it_is_kept_and_marked_and_alarms_nobody(self, store: Store, path: Path) -> None:
        first, again = press(1, witnessed=self.EVENT), press(9, witnessed=self.EVENT, delayed=True)
        await self.tell(store, first, journal_id=JOURNAL)
        await store.handle(asks(1, Act.ACKNOWLEDGE, await sit_down(store), "first"))
        before = store.changes_after(0, 100)
        await self.tell(store, again)
        assert store.changes_after(0, 100) == before
        assert [one.seq for *_journal, one in reports_held(path)] == [1, 9]
        assert [one.seq for *_journal, one in reports_held(path, once=True)] == [1]

    @pytest.mark.parametrize(
        "other",
        [
            press(9),
            press(9, witnessed=EVENT.model_copy(update={"first_counter": 70_001 + 0x10000})),
            press(9, witnessed=EVENT.model_copy(update={"epoch": 2})),
            press(9, witnessed=EVENT, node=8),
        ],
        ids=["not witnessed", "another event of that id", "another epoch", "another node"],
    )
    async def test_whatever_else_is_an_alarm(self, store: Store, path: Path, other: Report) -> None:
        await self.tell(store, press(1, witnessed=self.EVENT), journal_id=JOURNAL)
        await self.tell(store, other)
        assert [change.what for change in store.changes_after(0, 100)] == [What.ALARM, What.ALARM]
        assert len(list(reports_held(path, once=True))) == 2

    @pytest.mark.parametrize(
        ("household", "changed"),
        [(NEIGHBOUR, {}), (HOUSEHOLD, {"code": 1}), (HOUSEHOLD, {"zone": 1})],
        ids=["another household", "another code", "another input"],
    )
    async def test_a_number_that_something_else_had_meanwhile_keeps_no_alarm_back(
        self, store: Store, household: str, changed: dict[str, int]
    ) -> None:
        """No number is given twice; should one be all the same, whatever can be told apart is told apart."""
        first = self.EVENT.model_copy(update={"time_s": AT_S})
        await self.tell(store, report(1, ReportKind.OPENED, witnessed=first), journal_id=JOURNAL)
        await self.tell(store, press(9, household, witnessed=first.model_copy(update=changed)))
        assert [one.household for one in store.open_incidents().values()] == [household]

    @pytest.mark.parametrize(
        ("first", "again", "is_one"), [("A", "A", True), ("A", "B", False), (None, "B", True), ("A", None, True)]
    )
    async def test_two_devices_tell_of_two_events(
        self, store: Store, path: Path, first: str | None, again: str | None, is_one: bool
    ) -> None:
        for seq, journal_id, letter in ((1, JOURNAL, first), (9, OTHER_JOURNAL, again)):
            device = None if letter is None else 12 * "0" + letter
            told = press(seq, witnessed=self.EVENT).model_copy(update={"device": device})
            await self.tell(store, told, journal_id=journal_id)
        assert len(list(reports_held(path, once=True))) == (1 if is_one else 2)

    @pytest.mark.parametrize(("first_s", "again_s"), [(AT_S, AT_S + 86_400), (AT_S + 2, AT_S), (0, AT_S), (AT_S, 0)])
    async def test_a_node_whose_clock_was_set_meanwhile_tells_of_the_same_event(
        self, store: Store, first_s: int, again_s: int
    ) -> None:
        first, again = (self.EVENT.model_copy(update={"time_s": at_s}) for at_s in (first_s, again_s))
        await self.tell(store, press(1, witnessed=first), journal_id=JOURNAL)
        await self.tell(store, press(9, witnessed=again))
        assert [one.presses for one in store.open_incidents().values()] == [1]

    async def test_what_was_judged_by_who_knew_more_counts(self, store: Store, path: Path) -> None:
        """A button that was still held is an alarm of its own for a concentrator that has forgotten the press."""
        held = report(1, ReportKind.HOLD_UP_HELD, witnessed=self.EVENT)
        await self.tell(store, held, journal_id=JOURNAL)
        await self.tell(store, press(9, witnessed=self.EVENT))
        assert list(store.changes_after(0, 100)) == []
        assert [one.seq for *_journal, one in reports_held(path, once=True)] == [1]

    async def test_another_concentrator_has_nodes_of_its_own(self, store: Store, path: Path) -> None:
        await self.tell(store, press(1, witnessed=self.EVENT), journal_id=JOURNAL)
        await self.tell(store, press(9, witnessed=self.EVENT), concentrator="4")
        assert len(list(reports_held(path, once=True))) == 2

    async def test_one_journal_tells_of_an_event_as_often_as_it_says(self, store: Store, path: Path) -> None:
        """Within one journal it is the concentrator that knows: of one event several things may follow."""
        await self.tell(store, press(1, witnessed=self.EVENT), press(2, witnessed=self.EVENT), journal_id=JOURNAL)
        assert len(list(reports_held(path, once=True))) == 2

    async def test_what_came_before_there_were_marks_is_known(self, tmp_path: Path) -> None:
        path = tmp_path / "old.db"
        store = Store.open(path)
        await self.tell(store, press(1, witnessed=self.EVENT), journal_id=JOURNAL)
        await store.close()
        with sqlite3.connect(path) as older:
            older.executescript("DROP TABLE witnessed; DROP TABLE panel_messages; PRAGMA user_version = 4;")
        older.close()
        store = Store.open(path)
        await self.tell(store, press(9, witnessed=self.EVENT))
        await store.close()
        assert [one.seq for *_journal, one in reports_held(path, once=True)] == [1]
