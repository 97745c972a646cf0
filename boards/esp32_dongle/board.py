"""Board `esp32_dongle`: carries frames between ESP-NOW and UART1 (TX GPIO 17, RX GPIO 16). It holds no key."""

import espnow
import network
from machine import UART, WDT, Pin

from anju.link.espnow import EspNowLink
from anju.link.uart import UartLink
from anju.role import dongle
from anju.store.littlefs import LittlefsStore

ROLE = dongle
NAME = "esp32_dongle"
MCUS = ("ESP32", "ESP32S3")
_CHANNEL = 6
"""The same number as in the nodes."""

_WATCHDOG_MS = 8000


def watchdog() -> "tuple[WDT, int]":
    """Resets the processor unless it is fed."""
    return WDT(timeout=_WATCHDOG_MS), _WATCHDOG_MS


def link() -> EspNowLink:
    """The air."""
    return EspNowLink(espnow.ESPNow(), network.WLAN(network.WLAN.IF_STA), _CHANNEL)


def line() -> UartLink:
    """The concentrator's serial line: not the board's own USB, which stays the console."""
    return UartLink(lambda: UART(1, 115200, tx=Pin(17), rx=Pin(16), txbuf=2048, rxbuf=2048, timeout=0))


def inputs() -> "list[Pin]":
    """None."""
    return []


def store() -> LittlefsStore:
    """Where a node would have its identity; here it stays empty."""
    return LittlefsStore("")
