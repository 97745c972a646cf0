"""Board `esp32c3_panic`: panic button on a battery. Button at GPIO 3, lid at GPIO 4; lamps GPIO 6, 7, 10; buzzer GPIO 5."""

import esp32c3
import espnow
import network
from machine import PWM, WDT, Pin

from anju.link.espnow import EspNowLink
from anju.role import battery_node
from anju.store.littlefs import LittlefsStore

ROLE = battery_node
NAME = "esp32c3_panic"
MCUS = ("ESP32C3",)
ACTIVE_LEVEL = 1
BUTTON = 0
CASE = 1
HEARTBEAT_MS = 900000
IS_SILENT = False
_CHANNEL = 6
"""Of the estate's dongles: the same number as in theirs."""

_terminals = esp32c3.Terminals(3, 4)
inputs = _terminals.pins
woken_by = _terminals.woken_by
arm = _terminals.arm
reset_cause = esp32c3.reset_cause
running_ms = esp32c3.running_ms
awake_ms = esp32c3.awake_ms
recall = esp32c3.recall
retain = esp32c3.retain
sleep = esp32c3.sleep


def lamps() -> "tuple[Pin, Pin, Pin]":
    """Green, amber, red."""
    return Pin(6, Pin.OUT), Pin(7, Pin.OUT), Pin(10, Pin.OUT)


def buzzer() -> PWM:
    """The sounder."""
    return PWM(Pin(5), freq=1000, duty_u16=0)


def watchdog() -> "tuple[WDT, int]":
    """Resets the processor unless it is fed."""
    return WDT(timeout=esp32c3.WATCHDOG_MS), esp32c3.WATCHDOG_MS


def link() -> EspNowLink:
    """The radio, to a dongle in reach."""
    return EspNowLink(espnow.ESPNow(), network.WLAN(network.WLAN.IF_STA), _CHANNEL)


def store() -> LittlefsStore:
    """Files at the top of the flash."""
    return LittlefsStore("")
