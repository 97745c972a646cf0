"""[panels] of site.toml: off unless it is named, strict, and each mistake in its own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.service import settings

SITE = '[estate]\nname = "Sunny Garden"\n[concentrator]\nbuilding = "3"\n'
PANEL = '[panels.accounts.1A01]\nhousehold = "3-2-0501"\n'


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_LANG", "en")


def parsed(text: str) -> settings.Site:
    return settings.parse((SITE + text).encode(), Path("site.toml"))


def test_nothing_listens_unless_it_is_named() -> None:
    assert parsed("").panels.listens == {}


def test_a_panel() -> None:
    site = parsed(f'[panels]\nudp = "[::1]:9100"\n{PANEL}key_file = "a.key"\nzones = {{ 7 = "bedside" }}\n')
    assert site.panels.listens == {"udp": ("::1", 9100)}
    assert site.panels.secrets == ("a.key",)
    panel = site.panels.accounts["1A01"]
    assert (panel.household, panel.zones, panel.supervision_s) == ("3-2-0501", {"7": "bedside"}, 1800)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PANEL, "line 5: [panels.accounts.1A01]: without key_file anybody on the line can speak as this panel"),
        (PANEL + 'key_file = "a"\nunprotected = true\n', "key_file and unprotected = true exclude each other"),
        (PANEL.replace("3-2-0501", "501"), '[panels.accounts.1A01] household = "501" cannot be used: a household such'),
        (PANEL.replace("household", "flat"), "[panels.accounts.1A01] flat is unknown"),
        (PANEL + 'key = "0123456789ABCDEF"\n', "[panels.accounts.1A01] key is unknown"),
        (
            PANEL + "supervision_s = 5\n",
            "line 7: [panels.accounts.1A01] supervision_s = 5 is out of range: 10 to 90000",
        ),
        (PANEL + 'transports = ["fax"]\n', 'transports[0] = "fax" cannot be used: one of tcp, udp belongs here'),
        (PANEL + 'zones = { front = "door" }\n', "numbers and names such as { 1"),
        (PANEL.replace("1A01", "xyz"), "3 to 16 hex digits, in capital letters,"),
        ('[panels]\ntcp = "9100"\n', '[panels] tcp = "9100" cannot be used: an IP address and a port, such as'),
        ('[panels]\ntcpip = "0.0.0.0:9100"\n', "[panels] tcpip is unknown; did you mean tcp?"),
    ],
)
def test_a_mistake_is_named(text: str, said: str) -> None:
    with pytest.raises(settings.SettingsError) as error:
        parsed(text)
    assert said in str(error.value)
