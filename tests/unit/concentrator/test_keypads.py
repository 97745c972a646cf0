"""What is asked with keys: arming at once, disarming with a proof, and nothing at all by what was recorded or held back."""

from __future__ import annotations

import pytest

from anju.concentrator.core.keypads import CHALLENGE_S, FIRST_LOCK_S, WRONG_CODES
from anju.concentrator.keypads.requests import CodeRequests, Handler
from anju.concentrator.keypads.room import INSIST_S
from anju.service.errors import ServiceError
from anju.uplink.reports import PanelMode, ReportKind, TroubleKind, Zone, ZoneKind
from anju.wire.table import Action, Code, Verdict
from unit.concentrator.harness import HOUSEHOLD, Bench, FarNode
from unit.concentrator.keys_kit import CODE, DURESS, FOB, FOB_ZONES, KEYPAD_ZONES, Home, challenge_of, verdict_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def home(rooms: Bench) -> Home:
    """The household, with a code of the daughter's."""
    made = Home(rooms)
    await made.give("daughter", CODE)
    return made


@pytest.fixture
async def fob(home: Home) -> FarNode:
    """A key fob."""
    return await home.node(FOB_ZONES)


@pytest.fixture
async def keypad(home: Home) -> FarNode:
    """A keypad with digits and a case."""
    return await home.node(KEYPAD_ZONES)


async def armed(home: Home, node: FarNode) -> None:
    """Away, and everybody has left."""
    assert verdict_of(await home.settle(node, home.request(node, Action.AWAY))) == Verdict.ACCEPTED
    home.rooms.clock.advance(61)
    await home.settle(node, node.heartbeat())


def persons(home: Home, kind: ReportKind) -> list[str | None]:
    """Who did it, by the reports of a kind."""
    return [report.person for report in home.rooms.reports() if report.kind is kind]


class TestGranted:
    async def test_arming_is_done_at_once_in_the_name_of_the_fob(self, home: Home, fob: FarNode) -> None:
        assert verdict_of(await home.settle(fob, home.request(fob, Action.AWAY))) == Verdict.ACCEPTED
        assert (home.mode, persons(home, ReportKind.ARMED)) == (PanelMode.AWAY, [FOB])

    async def test_disarming_answers_a_challenge(self, home: Home, fob: FarNode) -> None:
        await armed(home, fob)
        number, challenge = await home.challenged(fob)
        assert home.mode is PanelMode.AWAY
        assert verdict_of(await home.settle(fob, home.answer(fob, number, challenge))) == Verdict.ACCEPTED
        assert (home.mode, persons(home, ReportKind.DISARMED)) == (PanelMode.OFF, [FOB])

    async def test_so_does_away_to_home(self, home: Home, fob: FarNode) -> None:
        await armed(home, fob)
        number, challenge = await home.challenged(fob, Action.HOME)
        assert home.mode is PanelMode.AWAY
        await home.settle(fob, home.answer(fob, number, challenge, Action.HOME))
        assert home.panel.mode.value == "home"

    async def test_a_code_says_who_it_was(self, home: Home, keypad: FarNode) -> None:
        await armed(home, keypad)
        assert await home.prove(keypad, code=CODE) == Verdict.ACCEPTED
        assert persons(home, ReportKind.DISARMED) == ["daughter"]

    async def test_a_duress_code_looks_the_same_and_calls_for_help(self, home: Home, keypad: FarNode) -> None:
        await home.give("daughter", DURESS, is_duress=True)
        await armed(home, keypad)
        assert await home.prove(keypad, code=DURESS) == Verdict.ACCEPTED
        assert home.mode is PanelMode.OFF
        assert ReportKind.DURESS_ALARM in [report.kind for report in home.rooms.reports()]
        assert home.panel.sounding is None

    async def test_an_open_window_is_told_back_and_up(self, home: Home, fob: FarNode) -> None:
        window = await home.node((Zone(number=0, name="Window", kind=ZoneKind.INSTANT),))
        await home.settle(window, window.event(Code.OPENED, 0, levels=1))
        assert verdict_of(await home.settle(fob, home.request(fob, Action.AWAY))) == Verdict.REFUSED
        assert home.mode is PanelMode.OFF
        assert home.rooms.kinds()[-1] == ReportKind.ARM_REFUSED

    async def test_the_same_key_once_more_arms_anyway(self, home: Home, fob: FarNode) -> None:
        window = await home.node((Zone(number=0, name="Window", kind=ZoneKind.INSTANT),))
        await home.settle(window, window.event(Code.OPENED, 0, levels=1))
        assert verdict_of(await home.settle(fob, home.request(fob, Action.AWAY))) == Verdict.REFUSED
        home.rooms.clock.advance(INSIST_S + 1)
        assert verdict_of(await home.settle(fob, home.request(fob, Action.AWAY))) == Verdict.REFUSED
        assert verdict_of(await home.settle(fob, home.request(fob, Action.HOME))) == Verdict.REFUSED
        assert verdict_of(await home.settle(fob, home.request(fob, Action.HOME))) == Verdict.ACCEPTED
        assert home.mode is PanelMode.HOME

    async def test_nobody_gets_a_minute_to_leave_in_without_a_proof(self, home: Home, keypad: FarNode) -> None:
        await home.settle(keypad, home.request(keypad, Action.HOME))
        (message,) = await home.settle(keypad, home.request(keypad, Action.AWAY))
        assert challenge_of(message)
        assert home.mode is PanelMode.HOME

    async def test_it_is_answered_only_once_it_is_committed(self, home: Home, fob: FarNode) -> None:
        frame = home.request(fob, Action.AWAY)
        await home.rooms.receive(fob, frame)
        request = home.keypads._waiting.get_nowait()
        before = len(home.rooms.sent)
        with home.rooms.disk.refuses():
            await home.keypads.decide(request)
        assert len(home.rooms.sent) == before
        assert home.mode is PanelMode.OFF


class TestAttacks:
    async def test_a_replayed_request_does_nothing(self, home: Home, fob: FarNode) -> None:
        frame = home.request(fob, Action.AWAY)
        await home.settle(fob, frame)
        await home.prove(fob)
        assert home.mode is PanelMode.OFF
        reports = len(home.rooms.reports())
        assert verdict_of(await home.settle(fob, frame)) == Verdict.ACCEPTED  # its answer, once more
        assert (home.mode, len(home.rooms.reports())) == (PanelMode.OFF, reports)

    async def test_a_replayed_answer_does_nothing(self, home: Home, fob: FarNode) -> None:
        await armed(home, fob)
        number, challenge = await home.challenged(fob)
        frame = home.answer(fob, number, challenge)
        await home.settle(fob, frame)
        await armed(home, fob)
        await home.settle(fob, frame)
        assert home.mode is PanelMode.AWAY

    async def test_a_refusal_that_is_asked_for_again_stays_one(self, home: Home, keypad: FarNode) -> None:
        await armed(home, keypad)
        number, challenge = await home.challenged(keypad)
        frame = home.answer(keypad, number, challenge, code="000000")
        assert verdict_of(await home.settle(keypad, frame)) == Verdict.REFUSED
        assert verdict_of(await home.settle(keypad, frame)) == Verdict.REFUSED

    async def test_after_a_restart_what_is_played_again_is_not_answered(self, home: Home, fob: FarNode) -> None:
        frame = home.request(fob, Action.AWAY)
        await home.settle(fob, frame)
        await home.prove(fob)
        again = Home(home.rooms)
        assert await again.settle(fob, frame) == []
        assert again.mode is PanelMode.OFF

    async def test_the_challenge_of_another_node_is_none(self, home: Home, fob: FarNode, keypad: FarNode) -> None:
        await armed(home, fob)
        number, challenge = await home.challenged(keypad)
        assert verdict_of(await home.settle(fob, home.answer(fob, number, challenge))) == Verdict.EXPIRED
        assert home.mode is PanelMode.AWAY

    async def test_the_challenge_of_another_action_is_none(self, home: Home, fob: FarNode) -> None:
        await armed(home, fob)
        number, challenge = await home.challenged(fob, Action.HOME)
        assert verdict_of(await home.settle(fob, home.answer(fob, number, challenge))) == Verdict.EXPIRED
        assert home.mode is PanelMode.AWAY

    async def test_an_expired_challenge_is_none(self, home: Home, fob: FarNode) -> None:
        await armed(home, fob)
        number, challenge = await home.challenged(fob)
        home.rooms.clock.advance(CHALLENGE_S)
        assert verdict_of(await home.settle(fob, home.answer(fob, number, challenge))) == Verdict.EXPIRED
        assert home.mode is PanelMode.AWAY

    async def test_a_challenge_is_good_once(self, home: Home, fob: FarNode) -> None:
        await armed(home, fob)
        number, challenge = await home.challenged(fob)
        await home.settle(fob, home.answer(fob, number, challenge))
        await armed(home, fob)
        assert verdict_of(await home.settle(fob, home.answer(fob, number, challenge))) == Verdict.EXPIRED
        assert home.mode is PanelMode.AWAY

    async def test_a_wrong_answer_uses_it_up(self, home: Home, fob: FarNode) -> None:
        await armed(home, fob)
        number, challenge = await home.challenged(fob)
        assert verdict_of(await home.settle(fob, home.answer(fob, number, b"8 guesses"[:8]))) == Verdict.EXPIRED
        assert verdict_of(await home.settle(fob, home.answer(fob, number, challenge))) == Verdict.EXPIRED

    async def test_a_request_that_was_held_back_for_an_hour_is_challenged_and_nothing_more(
        self, home: Home, fob: FarNode
    ) -> None:
        held = [home.request(fob, Action.AWAY), home.request(fob, Action.OFF)]
        home.rooms.clock.advance(3600)
        for frame in held:
            (message,) = await home.settle(fob, frame)
            assert challenge_of(message)
        assert home.mode is PanelMode.OFF
        assert ReportKind.ARMED not in home.rooms.kinds()

    async def test_one_without_a_time_is_challenged_whatever_it_asks_for(self, home: Home, fob: FarNode) -> None:
        (message,) = await home.settle(fob, home.request(fob, Action.AWAY, time_s=0))
        assert challenge_of(message)
        assert home.mode is PanelMode.OFF

    async def test_a_lost_challenge_is_said_again_with_the_same_bytes(self, home: Home, fob: FarNode) -> None:
        frame = home.request(fob, Action.OFF)
        (first,) = await home.settle(fob, frame)
        (again,) = await home.settle(fob, frame)
        assert challenge_of(first) == challenge_of(again)
        assert first.header.counter != again.header.counter

    async def test_a_node_without_keys_asks_nothing(self, home: Home) -> None:
        node = await home.rooms.enrol()
        assert await home.rooms.verdict(node, home.request(node, Action.AWAY)) == Verdict.NOT_UNDERSTOOD
        assert home.mode is PanelMode.OFF

    async def test_an_action_that_nobody_knows_needs_a_proof_and_does_nothing(self, home: Home, fob: FarNode) -> None:
        assert await home.prove(fob, 99) == Verdict.NOT_UNDERSTOOD


class TestGuesses:
    async def test_after_three_wrong_codes_the_node_gets_no_answer_for_a_minute(
        self, home: Home, keypad: FarNode
    ) -> None:
        await armed(home, keypad)
        for _ in range(WRONG_CODES):
            assert await home.prove(keypad, code="123123") == Verdict.REFUSED
        troubles = [report.trouble for report in home.rooms.reports() if report.trouble]
        assert troubles == [TroubleKind.WRONG_CODES]
        assert await home.prove(keypad, code=CODE) is None
        home.rooms.clock.advance(FIRST_LOCK_S)
        assert await home.prove(keypad, code="123123") == Verdict.REFUSED
        home.rooms.clock.advance(FIRST_LOCK_S)
        assert await home.prove(keypad, code=CODE) is None  # it grows
        home.rooms.clock.advance(FIRST_LOCK_S)
        assert await home.prove(keypad, code=CODE) == Verdict.ACCEPTED

    async def test_a_right_one_begins_the_count_anew(self, home: Home, keypad: FarNode) -> None:
        for _ in range(3):
            for _ in range(WRONG_CODES - 1):
                assert await home.prove(keypad, code="123123") == Verdict.REFUSED
            assert await home.prove(keypad, code=CODE) == Verdict.ACCEPTED

    async def test_a_panic_and_another_node_are_heard_meanwhile(
        self, home: Home, keypad: FarNode, fob: FarNode
    ) -> None:
        for _ in range(WRONG_CODES):
            await home.prove(keypad, code="123123")
        assert verdict_of(await home.settle(keypad, keypad.event(Code.PANIC, 1))) == Verdict.ACCEPTED
        assert ReportKind.HOLD_UP_ALARM in home.rooms.kinds()
        assert await home.prove(fob) == Verdict.ACCEPTED

    async def test_a_keypad_that_says_nothing_of_a_code_is_no_fob(self, home: Home, keypad: FarNode) -> None:
        await armed(home, keypad)
        assert await home.prove(keypad, code="") == Verdict.REFUSED
        assert await home.prove(keypad) == Verdict.REFUSED
        assert home.mode is PanelMode.AWAY


class TestExposed:
    async def test_a_node_that_was_opened_arms_and_does_not_disarm_over_a_restart_too(
        self, home: Home, keypad: FarNode
    ) -> None:
        await home.settle(keypad, keypad.event(Code.TAMPERED, 0, levels=1))
        await home.settle(keypad, keypad.event(Code.TAMPER_RESTORED, 0))
        again = Home(home.rooms)
        await armed(again, keypad)
        assert await again.prove(keypad, code=CODE) == Verdict.REFUSED
        assert again.mode is PanelMode.AWAY

    async def test_on_test_a_case_may_be_opened(self, home: Home, keypad: FarNode) -> None:
        from anju.concentrator.core.panel.signals import Action as Ask

        await home.rooms.ask(Ask.TEST, lasts_s=600)
        home.rooms.clock.advance(10)
        await home.settle(keypad, keypad.event(Code.TAMPERED, 0, levels=1))
        assert not home.codes.is_exposed(home.link(keypad))

    async def test_one_that_was_opened_before_a_test_is_exposed_though_it_is_heard_of_during_it(
        self, home: Home, keypad: FarNode
    ) -> None:
        """Else whoever opens a keypad would only have to wait for the next technician."""
        from anju.concentrator.core.panel.signals import Action as Ask

        opened_s = home.rooms.clock.unix_s
        home.rooms.clock.advance(600)
        await home.rooms.ask(Ask.TEST, lasts_s=600)
        home.rooms.clock.advance(10)
        await home.settle(keypad, keypad.event(Code.TAMPERED, 0, levels=1, time_s=opened_s))
        assert home.codes.is_exposed(home.link(keypad))

    async def test_one_that_was_opened_on_test_is_not_however_late_it_is_heard_of(
        self, home: Home, keypad: FarNode
    ) -> None:
        from anju.concentrator.core.panel.signals import Action as Ask

        await home.rooms.ask(Ask.TEST, lasts_s=600)
        home.rooms.clock.advance(10)
        opened_s = home.rooms.clock.unix_s
        home.rooms.clock.advance(10)
        await home.rooms.ask(Ask.TEST, lasts_s=0)
        home.rooms.clock.advance(600)
        await home.settle(keypad, keypad.event(Code.TAMPERED, 0, levels=1, time_s=opened_s))
        assert not home.codes.is_exposed(home.link(keypad))

    async def test_one_that_was_opened_at_a_time_that_nobody_knows_is_exposed(
        self, home: Home, keypad: FarNode
    ) -> None:
        from anju.concentrator.core.panel.signals import Action as Ask

        await home.rooms.ask(Ask.TEST, lasts_s=600)
        await home.settle(keypad, keypad.event(Code.TAMPERED, 0, levels=1, time_s=0))
        assert home.codes.is_exposed(home.link(keypad))

    async def test_paired_anew_it_is_as_new(self, home: Home, keypad: FarNode) -> None:
        await home.codes.expose(home.link(keypad))
        assert home.codes.is_exposed(home.link(keypad))
        assert not home.codes.is_exposed(home.link(keypad)._replace(epoch=2))


class TestCodes:
    @pytest.mark.parametrize("digits", ["12345", "12345678901234567", "12345a", "１２３４５６", "111222", "234567", ""])
    async def test_a_weak_code_is_refused(self, home: Home, digits: str) -> None:
        with pytest.raises(ServiceError):
            await home.give("son", digits)
        assert [known.person for known in home.codes.people(HOUSEHOLD)] == ["daughter"]

    async def test_a_code_is_one_persons(self, home: Home) -> None:
        with pytest.raises(ServiceError, match="already"):
            await home.give("son", CODE)
        with pytest.raises(ServiceError, match="already"):
            await home.give("daughter", CODE, is_duress=True)

    async def test_a_removed_one_opens_nothing(self, home: Home, keypad: FarNode) -> None:
        await home.codes.remove(HOUSEHOLD, "daughter")
        assert await home.prove(keypad, code=CODE) == Verdict.REFUSED

    async def test_it_opens_no_other_household(self, home: Home) -> None:
        assert await home.codes.whose("3-2-0502", CODE.encode()) is None

    async def test_the_digits_are_nowhere_on_the_disk(self, home: Home, keypad: FarNode) -> None:
        await home.prove(keypad, code=CODE)
        for file in home.rooms.folder.iterdir():
            if file.is_file():
                assert CODE.encode() not in file.read_bytes(), file.name


def _handlers(home: Home) -> dict[str, Handler]:
    return CodeRequests(home.codes, home.rooms.journal, lambda request: str(request["household"])).handlers


class TestRequests:
    async def test_who_asked_and_whose_code_it_is_are_journalled(self, home: Home) -> None:
        handlers = _handlers(home)
        request = {"household": HOUSEHOLD, "person": "son", "code": "804060"}
        await handlers["code_add"](request, "root")
        await handlers["code_remove"](request, "root")
        told = [report for report in home.rooms.reports() if report.holder]
        assert [(one.kind, one.person, one.holder) for one in told] == [
            (ReportKind.CODE_SET, "root", "son"),
            (ReportKind.CODE_REMOVED, "root", "son"),
        ]
        assert "804060" not in "".join(one.model_dump_json() for one in told)

    async def test_what_is_refused_is_neither_journalled_nor_done(self, home: Home) -> None:
        before = home.rooms.reports()
        for name, person, code in (("add", "son", "111111"), ("add", "son", CODE), ("remove", "son", None)):
            with pytest.raises(ServiceError):
                await _handlers(home)[f"code_{name}"]({"household": HOUSEHOLD, "person": person, "code": code}, "root")
        assert home.rooms.reports() == before
        assert [known.person for known in home.codes.people(HOUSEHOLD)] == ["daughter"]

    async def test_who_has_a_code_is_told_and_never_which(self, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
        handlers = _handlers(home)
        request = {"household": HOUSEHOLD, "person": "son", "code": "804060", "duress": True}
        told = await handlers["code_add"](request, "root")
        assert told["people"] == [
            {"person": "daughter", "code": True, "duress": False},
            {"person": "son", "code": False, "duress": True},
        ]
        assert await handlers["code_list"](request, "root") == told
        left = await handlers["code_remove"](request, "root")
        assert [one["person"] for one in left["people"]] == ["daughter"]
        shown = capsys.readouterr()
        assert "804060" not in str(told) + shown.out + shown.err

    @pytest.mark.parametrize("person", ["", " ", "x" * 65, "a\nb", None])
    async def test_a_code_of_nobody_is_refused(self, home: Home, person: str | None) -> None:
        handlers = _handlers(home)
        with pytest.raises(ServiceError):
            await handlers["code_add"]({"household": HOUSEHOLD, "person": person, "code": "804060"}, "root")
