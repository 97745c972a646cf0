"""An alarm on the page, and what a guard does about it, by mouse and by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from anju.uplink.commands import CommandKind
from anju.uplink.reports import OutcomeKind, ReportKind
from browser.conftest import GuardMaker
from browser.duty_room import DutyRoom, now_ms
from browser.guard import Guard
from unit.dutyroom.reports import CASE, FRONT_DOOR, HOUSEHOLD, NEIGHBOUR, press, report


def test_an_alarm_appears_without_a_reload(room: DutyRoom, guard: Guard) -> None:
    guard.page.evaluate("window.sameDocument = true")
    expect(guard.page.locator("#quiet")).to_contain_text("Waiting for the first concentrator")
    room.receive(press(1, recorded_at_ms=now_ms()))
    expect(guard.item(1)).to_contain_text(HOUSEHOLD)
    expect(guard.item(1)).to_contain_text("Bedside")
    expect(guard.incident).to_contain_text("Button pressed: Bedside")
    expect(guard.page.locator("#said")).to_have_text("Hold-up, building 3, unit 2, door 0501, Bedside")
    expect(guard.page).to_have_title("(1) Duty room · Sunny Garden")
    expect(guard.item(1).locator(".age")).not_to_have_text("0:00")
    assert guard.page.evaluate("window.sameDocument") is True


def test_the_whole_way_by_mouse(room: DutyRoom, guard: Guard) -> None:
    guard.sit_down()
    room.receive(press(1, recorded_at_ms=now_ms()))
    guard.act("acknowledge").click()
    guard.is_in("acknowledged")
    seen = room.carry_out(2, OutcomeKind.SHOWN)
    assert (seen.kind, seen.report.seq, seen.person) == (CommandKind.SEEN, 1, "王强")
    expect(guard.incident).to_contain_text("Light “someone has seen it”, Bedside: lit at the button after")
    guard.act("dispatch").click()
    guard.is_in("dispatched")
    assert room.carry_out(3, OutcomeKind.EXPIRED).kind is CommandKind.COMING
    expect(guard.incident).to_contain_text("not carried out: it came too late")
    guard.act("close").click()
    guard.page.get_by_label("False: resident's mistake").check()
    guard.page.get_by_role("button", name="Close the incident").click()
    guard.is_in("closed")
    expect(guard.item(1)).to_have_count(0)
    expect(guard.page.locator("#side .closed")).to_contain_text("Hold-up · False: resident's mistake")
    guard.act("reset").click()
    assert room.carry_out(4, OutcomeKind.DONE).kind is CommandKind.RESET
    expect(guard.incident).to_contain_text("Reset of the latch: done after")


def test_the_keyboard_alone_closes_an_incident_in_at_most_six_keys(room: DutyRoom, guard: Guard) -> None:
    guard.sit_down()
    room.receive(press(1, recorded_at_ms=now_ms()))
    guard.is_in("new")
    guard.press("a", "d", "c", "2", "Enter")
    guard.is_in("closed")
    expect(guard.page.locator("#side .closed")).to_contain_text("False: resident's mistake")
    assert guard.keys <= 6
    assert [command.kind for command in room.commands()] == [CommandKind.SEEN, CommandKind.COMING]


def test_the_keyboard_goes_from_one_incident_to_the_next(room: DutyRoom, guard: Guard) -> None:
    guard.sit_down()
    room.receive(*(press(seq, f"3-2-050{seq}", recorded_at_ms=now_ms() + seq) for seq in (1, 2, 3)))
    expect(guard.incident).to_have_attribute("data-id", "1")
    guard.press("ArrowDown", "a")
    expect(guard.item(2)).to_contain_text("Acknowledged · 王强")
    guard.press("n")
    expect(guard.incident).to_have_attribute("data-id", "1")
    guard.press("n")
    expect(guard.incident).to_have_attribute("data-id", "3")
    guard.press("ArrowDown")
    expect(guard.incident).to_have_attribute("data-id", "1")
    expect(guard.item(1).locator("button")).to_have_attribute("aria-current", "true")


def test_a_real_alarm_is_closed_with_a_note_and_not_without(room: DutyRoom, guard: Guard) -> None:
    guard.sit_down()
    room.receive(press(1, recorded_at_ms=now_ms()))
    guard.is_in("new")
    guard.press("a", "c", "1")
    expect(guard.page.locator("#closing textarea")).to_be_focused()
    guard.may_be_refused = True
    guard.press("Enter")
    expect(guard.page.locator("#notice")).to_contain_text("The incident stays open")
    guard.is_in("acknowledged")
    guard.page.keyboard.type("Fell in the bath; ambulance called. 老人跌倒")
    guard.press("Enter")
    guard.is_in("closed")
    expect(guard.incident.locator("blockquote")).to_have_text("Fell in the bath; ambulance called. 老人跌倒")


def test_letters_are_no_commands_while_a_cause_is_chosen(room: DutyRoom, guard: Guard) -> None:
    guard.sit_down()
    room.receive(press(1, recorded_at_ms=now_ms()))
    guard.is_in("new")
    guard.press("a", "c", "d", "r", "n", "4", "Enter")
    guard.is_in("closed")
    assert [command.kind for command in room.commands()] == [CommandKind.SEEN]


def test_escape_keeps_an_incident_open(room: DutyRoom, guard: Guard) -> None:
    guard.sit_down()
    room.receive(press(1, recorded_at_ms=now_ms()))
    guard.is_in("new")
    guard.press("a", "c")
    expect(guard.page.locator("#closing")).to_be_visible()
    guard.press("Escape")
    expect(guard.page.locator("#closing")).to_be_hidden()
    guard.is_in("acknowledged")


def test_a_second_press_joins_and_is_unseen_again(room: DutyRoom, guard: Guard) -> None:
    guard.sit_down()
    room.receive(press(1, recorded_at_ms=now_ms()))
    guard.is_in("new")
    guard.press("a")
    guard.is_in("acknowledged")
    room.receive(press(2, recorded_at_ms=now_ms()))
    expect(guard.item(1)).to_contain_text("×2")
    expect(guard.item(1)).to_contain_text("1 not seen")
    expect(guard.incident).to_contain_text("Another alarm has come that nobody has seen")
    expect(guard.act("close")).to_be_disabled()
    assert guard.page.locator("#items > li").count() == 1
    guard.press("a")
    expect(guard.act("close")).to_be_enabled()
    assert [command.report.seq for command in room.commands()] == [1, 2]


def test_what_is_being_written_outlives_a_new_press(room: DutyRoom, guard: Guard) -> None:
    guard.sit_down()
    room.receive(press(1, recorded_at_ms=now_ms()))
    guard.is_in("new")
    guard.press("a", "c", "6")
    note = guard.page.locator("#closing textarea")
    expect(note).to_be_focused()
    guard.page.keyboard.type("He asked for")
    room.receive(press(2, recorded_at_ms=now_ms()))
    expect(guard.incident).to_contain_text("Another alarm has come")
    guard.page.keyboard.type(" the code word.")
    expect(note).to_have_value("He asked for the code word.")
    guard.may_be_refused = True
    guard.press("Enter")
    expect(guard.page.locator("#notice")).to_contain_text("acknowledge that first")
    guard.is_in("acknowledged")


def test_nothing_is_done_by_nobody(room: DutyRoom, guard: Guard) -> None:
    room.receive(press(1, recorded_at_ms=now_ms()))
    guard.is_in("new")
    guard.press("a")
    expect(guard.page.locator("#person")).to_be_focused()
    expect(guard.page.locator("#notice")).to_have_text("First say who is at the desk.")
    guard.is_in("new")
    guard.page.keyboard.type("Li Na")
    guard.press("Enter")
    expect(guard.page.locator("#at-desk")).to_contain_text("Li Na")
    guard.press("a")
    guard.is_in("acknowledged")


def test_two_guards_see_the_same_and_who_takes_over(room: DutyRoom, new_guard: GuardMaker) -> None:
    wang, li = new_guard(), new_guard()
    wang.sit_down("Wang Qiang")
    li.sit_down("Li Na")
    room.receive(press(1, recorded_at_ms=now_ms()))
    wang.is_in("new")
    wang.press("a")
    expect(li.incident).to_contain_text("Wang Qiang is handling this. If you do something here, you take it over.")
    expect(wang.incident).not_to_contain_text("is handling this")
    li.press("d")
    expect(wang.incident).to_contain_text("taken over from Wang Qiang")
    expect(wang.item(1)).to_contain_text("Dispatched · Li Na")


def test_an_urgent_alarm_goes_to_the_top_and_steals_nobodys_view(room: DutyRoom, guard: Guard) -> None:
    room.receive(report(1, ReportKind.INTRUSION_ALARM, zone=FRONT_DOOR, recorded_at_ms=now_ms()))
    expect(guard.incident).to_have_attribute("data-id", "1")
    room.receive(press(2, NEIGHBOUR, recorded_at_ms=now_ms()))
    expect(guard.item(2)).to_be_visible()
    assert guard.page.locator("#items > li").first.get_attribute("id") == "incident-2"
    expect(guard.incident).to_have_attribute("data-id", "1")


@pytest.mark.parametrize("number", [1, 2])
def test_a_click_on_the_queue_shows_that_incident(room: DutyRoom, guard: Guard, number: int) -> None:
    room.receive(press(1, recorded_at_ms=now_ms()), press(2, NEIGHBOUR, recorded_at_ms=now_ms()))
    guard.item(number).locator("button").click()
    expect(guard.page.locator("#incident-title")).to_be_focused()
    expect(guard.incident).to_have_attribute("data-id", str(number))


def test_a_kill_and_a_restart_are_shown_and_nothing_is_missed(room: DutyRoom, guard: Guard) -> None:
    guard.sit_down()
    room.receive(press(1, recorded_at_ms=now_ms()))
    expect(guard.item(1)).to_be_visible()
    guard.may_be_offline = True
    room.kill()
    expect(guard.page.locator("#lost")).to_be_visible()
    room.start()
    room.receive(press(2, recorded_at_ms=now_ms()), press(3, NEIGHBOUR, recorded_at_ms=now_ms()))
    expect(guard.item(1)).to_contain_text("×2")
    expect(guard.item(2)).to_contain_text(NEIGHBOUR)
    expect(guard.page.locator("#lost")).to_be_hidden()
    guard.press("a")
    guard.is_in("acknowledged")
    assert [command.report.seq for command in room.commands()] == [2]


def test_a_request_that_met_a_restart_is_done_once(room: DutyRoom, guard: Guard) -> None:
    guard.sit_down()
    room.receive(press(1, recorded_at_ms=now_ms()))
    expect(guard.incident).to_be_visible()
    guard.may_be_offline = True
    room.kill()
    guard.press("a")
    expect(guard.page.locator("#notice")).to_contain_text("trying again")
    room.start()
    guard.is_in("acknowledged")
    assert len(room.commands()) == 1


def test_the_page_asks_anew_when_an_answer_of_a_button_is_overdue(room: DutyRoom, guard: Guard) -> None:
    guard.page.clock.install()
    guard.open(room.url)
    guard.sit_down()
    room.receive(press(1, recorded_at_ms=now_ms()))
    guard.is_in("new")
    guard.press("a")
    answer = guard.incident.locator(".answer")
    expect(answer).to_contain_text("on its way …")
    with guard.page.expect_request(f"{room.url}incidents/1"):
        guard.page.clock.fast_forward(121_000)


def test_a_guard_asks_for_test_with_a_key_and_sees_what_became_of_it(room: DutyRoom, guard: Guard) -> None:
    guard.sit_down()
    room.receive(report(1, ReportKind.TAMPER_ALARM, zone=CASE, recorded_at_ms=now_ms()))
    guard.is_in("new")
    expect(guard.act("test")).to_have_count(0)
    guard.press("a", "t")
    expect(guard.incident).to_contain_text("asked for TEST, for 30 min at most")
    room.carry_out(2, OutcomeKind.DONE)
    expect(guard.incident.locator(".answer")).to_contain_text("TEST: done after")
    assert guard.act("test").count() == 1
    assert guard.act("disarm").count() == 0
