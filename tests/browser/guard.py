"""A guard at the page: what they press, and everything that the browser complains of meanwhile."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from browser.duty_room import DutyRoom

_REFUSED = ("the server responded with a status of 409",)
_OFFLINE = ("net::ERR_",)


class Guard:
    """One browser window on the duty room's page."""

    def __init__(self, context: BrowserContext, room: DutyRoom) -> None:
        self.page: Page = context.new_page()
        self.keys = 0
        self.may_be_offline = False
        self.may_be_refused = False
        self._complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._complaints.append(str(error)))
        self.open(room.url)

    def open(self, url: str) -> None:
        """Load the page and wait until it listens."""
        self.page.goto(url)
        self.page.wait_for_selector("html[data-ready]")

    def sit_down(self, name: str = "王强") -> None:
        """Say who is at the desk."""
        self.page.locator("#person").fill(name)
        self.page.locator("#duty button").click()
        expect(self.page.locator("#at-desk")).to_contain_text(name)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, without waiting for the page."""
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += 1

    def item(self, number: int) -> Locator:
        """An incident in the queue."""
        return self.page.locator(f"#incident-{number}")

    @property
    def incident(self) -> Locator:
        """The incident in the middle."""
        return self.page.locator("#incident")

    def act(self, name: str) -> Locator:
        """A button in the middle."""
        return self.page.locator(f"[data-act={name}]")

    def is_in(self, state: str) -> None:
        """Wait until the incident in the middle is in a state."""
        expect(self.incident).to_have_attribute("data-state", state)

    def check(self) -> None:
        """Nothing was complained of: no error, no violation of the content security policy."""
        assert not self._complaints, self._complaints

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        expected = _OFFLINE * self.may_be_offline + _REFUSED * self.may_be_refused
        if not any(text in message.text for text in expected):
            self._complaints.append(message.text)
