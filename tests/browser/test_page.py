"""The page as a thing to look at and listen to: languages, sizes, sound, colours, names, policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from anju.uplink.reports import Lane, PanelMode, PanelView, ReportKind, TroubleKind
from browser.conftest import GuardMaker
from browser.duty_room import DutyRoom, eventually, now_ms
from browser.guard import Guard
from unit.dutyroom.reports import CASE, FRONT_DOOR, NEIGHBOUR, press, report

CHECKS = Path(__file__).with_name("checks.js").read_text("utf-8")
SIZES = [(1366, 768), (1920, 1080)]
LANGUAGES = {"zh-CN": "紧急求助", "en": "Hold-up"}

# Notes what would be heard.
EAR = """
window.heard = [];
window.OscillatorNode = class extends OscillatorNode {
  constructor(context, options) { super(context, options); window.heard.push(options.frequency); }
};
"""


def fill(room: DutyRoom) -> None:
    """Something of everything."""
    now = now_ms()
    room.receive(
        press(1, recorded_at_ms=now),
        report(2, ReportKind.INTRUSION_ALARM, NEIGHBOUR, zone=FRONT_DOOR, recorded_at_ms=now),
        report(3, ReportKind.TAMPER_ALARM, "3-2-0503", zone=CASE, recorded_at_ms=now),
        report(4, ReportKind.UNKNOWN_ALARM, "3-2-0504", recorded_at_ms=now),
        report(5, ReportKind.TROUBLE, None, trouble=TroubleKind.FORGERY, recorded_at_ms=now),
        press(6, "3-2-0505", recorded_at_ms=now),
        report(11, ReportKind.FIRE_ALARM, "3-2-0506", recorded_at_ms=now),
        report(12, ReportKind.DURESS_ALARM, "3-2-0507", person="Li Na", node=None, recorded_at_ms=now),
        report(13, ReportKind.TECHNICAL_ALARM, "3-2-0508", recorded_at_ms=now),
        report(14, ReportKind.ALARM_CANCELLED, NEIGHBOUR, person="Li Na", recorded_at_ms=now),
        report(15, ReportKind.TROUBLE, trouble=TroubleKind.NODE_LOST, lane=Lane.ALARM, recorded_at_ms=now),
    )


def heard(guard: Guard) -> list[int]:
    """The notes that were played so far, in Hz."""
    notes: list[int] = guard.page.evaluate("window.heard")
    return notes


def faults(page: Page) -> Any:
    """What `checks.js` finds wrong with what is visible."""
    return page.evaluate(CHECKS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reader_reads_their_language_everywhere(room: DutyRoom, new_guard: GuardMaker, language: str) -> None:
    guard = new_guard(locale=language)
    expect(guard.page.locator("html")).to_have_attribute("lang", language)
    room.receive(press(1, recorded_at_ms=now_ms()))
    expect(guard.item(1)).to_contain_text(LANGUAGES[language])
    guard.page.reload()
    expect(guard.page.locator("#incident-title")).to_contain_text(LANGUAGES[language])


def test_the_other_language_is_one_click_away_and_stays(room: DutyRoom, guard: Guard) -> None:
    room.receive(press(1, recorded_at_ms=now_ms()))
    guard.page.get_by_role("link", name="中文").click()
    expect(guard.page.locator("#incident-title")).to_contain_text(LANGUAGES["zh-CN"])
    guard.page.goto(room.url)
    expect(guard.page.locator("html")).to_have_attribute("lang", "zh-CN")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
def test_what_is_seen_is_named_contrasted_and_in_sight(
    room: DutyRoom, new_guard: GuardMaker, language: str, size: tuple[int, int]
) -> None:
    guard = new_guard(locale=language, viewport={"width": size[0], "height": size[1]})
    assert faults(guard.page) == []
    guard.sit_down()
    fill(room)
    expect(guard.page.locator("#items > li")).to_have_count(8)
    guard.is_in("new")
    assert faults(guard.page) == []
    guard.press("a", "c")
    expect(guard.page.locator("#closing")).to_be_visible()
    assert faults(guard.page) == []
    room.receive(press(7, recorded_at_ms=now_ms()))
    expect(guard.page.locator(".actions .again")).to_be_visible()
    assert faults(guard.page) == []
    for act in ("acknowledge", "dispatch", "close", "reset"):
        expect(guard.act(act)).to_be_in_viewport(ratio=1)


def test_alarms_flash_slowly_and_not_for_those_who_wish_no_motion(room: DutyRoom, new_guard: GuardMaker) -> None:
    fill(room)
    flashing = "element => getComputedStyle(element).animationName + ' ' + getComputedStyle(element).animationDuration"
    shape = "#incident-1 .shape"
    assert new_guard().page.locator(shape).evaluate(flashing) == "flash 1s"
    assert new_guard(reduced_motion="reduce").page.locator(shape).evaluate(flashing).startswith("none")


def test_sound_is_off_until_it_is_switched_on_and_then_each_class_has_its_tone(room: DutyRoom, guard: Guard) -> None:
    guard.page.add_init_script(EAR)
    guard.open(room.url)
    sound = guard.page.locator("#sound")
    expect(sound).to_have_text("Sound is OFF: switch it on M")
    room.receive(report(1, ReportKind.TAMPER_ALARM, zone=CASE, recorded_at_ms=now_ms()))
    expect(guard.item(1)).to_be_visible()
    assert heard(guard) == []
    sound.click()
    expect(sound).to_have_attribute("aria-pressed", "true")
    eventually(lambda: 440 in heard(guard))
    room.receive(press(2, NEIGHBOUR, recorded_at_ms=now_ms()))
    eventually(lambda: 988 in heard(guard))


def test_an_alarm_that_is_called_off_sounds_on_until_somebody_has_seen_it(room: DutyRoom, guard: Guard) -> None:
    guard.page.add_init_script(EAR)
    guard.open(room.url)
    guard.press("m")
    room.receive(report(1, ReportKind.INTRUSION_ALARM, zone=FRONT_DOOR, recorded_at_ms=now_ms()))
    eventually(lambda: 659 in heard(guard))
    room.receive(report(2, ReportKind.ALARM_CANCELLED, person="Li Na", recorded_at_ms=now_ms()))
    expect(guard.page.locator(".actions .cancelled")).to_contain_text("Called off by Li Na at the panel")
    before = len(heard(guard))
    eventually(lambda: len(heard(guard)) > before)
    guard.is_in("new")


def test_silence_is_not_acknowledgement_and_ends_with_the_next_alarm(room: DutyRoom, guard: Guard) -> None:
    guard.page.add_init_script(EAR)
    guard.open(room.url)
    guard.press("m")
    room.receive(press(1, recorded_at_ms=now_ms()))
    silence = guard.page.locator("#silence")
    expect(silence).to_be_visible()
    guard.press("s")
    expect(silence).to_be_hidden()
    guard.is_in("new")
    before = len(heard(guard))
    room.receive(press(2, recorded_at_ms=now_ms()))
    expect(silence).to_be_visible()
    eventually(lambda: len(heard(guard)) > before)
    assert room.commands() == ()


def test_sound_that_was_on_comes_back_with_the_first_key(room: DutyRoom, guard: Guard) -> None:
    guard.press("m")
    expect(guard.page.locator("#sound")).to_have_attribute("aria-pressed", "true")
    guard.open(room.url)
    guard.press("Shift")
    expect(guard.page.locator("#sound")).to_have_attribute("aria-pressed", "true")


def test_troubles_appear_without_a_reload_and_are_no_alarm(room: DutyRoom, guard: Guard) -> None:
    room.receive(report(1, ReportKind.TROUBLE, trouble=TroubleKind.CLONE, recorded_at_ms=now_ms()))
    expect(guard.page.locator(".troubles")).to_contain_text("Two devices use one identity")
    expect(guard.page.locator("#links")).to_contain_text("Concentrator 3")
    expect(guard.page.locator("#no-items")).to_be_visible()


def test_a_script_that_somebody_smuggles_in_does_not_run(room: DutyRoom, guard: Guard) -> None:
    inject = """html => {
      window.blocked = new Promise((resolve) => addEventListener("securitypolicyviolation", resolve, { once: true }));
      const script = document.createElement("script");
      script.textContent = html;
      document.body.append(script);
      return window.blocked.then(() => window.smuggled ?? null);
    }"""
    page = guard.page.context.new_page()  # its complaints are expected
    page.goto(room.url)
    assert page.evaluate(inject, "window.smuggled = true") is None


def test_everything_comes_from_this_page(room: DutyRoom, guard: Guard) -> None:
    asked: list[str] = []
    guard.page.on("request", lambda request: asked.append(request.url))
    guard.open(room.url)
    fill(room)
    expect(guard.page.locator("#items > li")).to_have_count(8)
    assert asked
    assert all(url.startswith(room.url) for url in asked)


def test_what_is_tried_on_test_is_counted_and_makes_no_sound(room: DutyRoom, guard: Guard) -> None:
    guard.page.add_init_script(EAR)
    guard.page.reload()
    guard.press("m")
    now = now_ms()
    on_test = PanelView(mode=PanelMode.OFF, latched=(), test_until_ms=now + 1_800_000)
    room.receive(
        report(1, ReportKind.TEST_STARTED, person="李娜", panel=on_test, recorded_at_ms=now),
        press(2, test=True, panel=on_test, recorded_at_ms=now),
    )
    expect(guard.page.locator("#links .test")).to_contain_text("On TEST: 1")
    expect(guard.page.locator(".item")).to_have_count(0)
    before = len(heard(guard))
    # Held for 3 s: what comes behind the test is heard, and what was only tried was not.
    room.receive(press(3, panel=on_test, recorded_at_ms=now_ms()))
    expect(guard.item(1)).to_be_visible()
    expect(guard.incident).to_contain_text("TEST: Button pressed: Bedside")
    expect(guard.page.locator(".item")).to_have_count(1)
    eventually(lambda: len(heard(guard)) > before)
