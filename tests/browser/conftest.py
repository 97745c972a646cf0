"""Chromium, a duty room of its own for each test, and guards in front of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from browser.duty_room import PATIENCE_S, DutyRoom
from browser.guard import Guard

# Tests run as root in a closed network: no sandbox, no graphics card, no calls home.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
expect.set_options(timeout=PATIENCE_S * 1000)
GuardMaker = Callable[..., Guard]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Not for the whole session: Playwright's loop would run under every test that comes after."""
    path = shutil.which("chromium")
    assert path is not None, "Chromium is missing: .ci/packages installs it"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[DutyRoom]:
    """A running duty room with an empty store."""
    started = DutyRoom(tmp_path)
    started.start()
    yield started
    started.close()


@pytest.fixture
def new_guard(browser: Browser, room: DutyRoom) -> Iterator[GuardMaker]:
    """Opens the page in a window of its own: language, size and other wishes as Playwright's contexts name them."""
    guards: list[Guard] = []

    def open_page(**wishes: object) -> Guard:
        size = {"width": 1366, "height": 768}
        context = browser.new_context(**{"locale": "en", "viewport": size, **wishes})  # type: ignore[arg-type]  # its names
        guards.append(Guard(context, room))
        return guards[-1]

    yield open_page
    for guard in guards:
        guard.check()
        guard.page.context.close()


@pytest.fixture
def guard(new_guard: GuardMaker) -> Guard:
    """A guard who reads English."""
    return new_guard()
