"""Board `rp2040_wired`: up to eight contacts of a flat at GPIO 6 to 13; RS-485 at UART1; lamps GPIO 18 to 20, buzzer GPIO 21;
siren: relay GPIO 14, light GPIO 15, beeper GPIO 16."""

import asyncio

import machine
from machine import PWM, UART, WDT, Pin

from anju.link.rs485 import Rs485Link
from anju.role import siren_node
from anju.store.littlefs import LittlefsStore
from anju.wire import table

ROLE = siren_node
NAME = "rp2040_wired"
MCUS = ("RP2040",)
ACTIVE_LEVEL = 1
BUTTON = 0
CASE = -1
HEARTBEAT_MS = 60000
IS_SILENT = False
_WATCHDOG_MS = 8000
"""About the longest that this chip's can wait."""

_CAUSES = {
    machine.PWRON_RESET: table.ResetCause.POWER_ON,
    machine.WDT_RESET: table.ResetCause.WATCHDOG,
}
"""The chip tells no more; a restart by the program is one by its watchdog."""


def inputs() -> "list[Pin]":
    """Terminals, in the order of an enrolment's inputs; closed contacts are at rest."""
    return [Pin(number, Pin.IN, Pin.PULL_UP) for number in range(6, 14)]


def lamps() -> "tuple[Pin, Pin, Pin]":
    """Green, amber, red."""
    return Pin(18, Pin.OUT), Pin(19, Pin.OUT), Pin(20, Pin.OUT)


def buzzer() -> PWM:
    """The sounder."""
    return PWM(Pin(21), freq=1000, duty_u16=0)


def siren() -> "tuple[tuple[Pin, Pin], PWM]":
    """Relay, light and beeper; a resistor holds the relay's transistor off while the chip starts."""
    return (Pin(14, Pin.OUT, value=0), Pin(15, Pin.OUT, value=0)), PWM(Pin(16), freq=1000, duty_u16=0)


def watchdog() -> "tuple[WDT, int]":
    """Resets the processor unless it is fed."""
    return WDT(timeout=_WATCHDOG_MS), _WATCHDOG_MS


def flag() -> "asyncio.ThreadSafeFlag":
    """What an interrupt sets."""
    return asyncio.ThreadSafeFlag()


def link() -> Rs485Link:
    """The pair of wires to the concentrator; GPIO 3 switches the transceiver's driver."""
    return Rs485Link(
        lambda: UART(1, 115200, tx=Pin(4), rx=Pin(5), txbuf=512, rxbuf=1024, timeout=0),
        Pin(3, Pin.OUT, value=0),
    )


def store() -> LittlefsStore:
    """Files at the top of the flash."""
    return LittlefsStore("")


def reset_cause() -> int:
    """Why the node started."""
    return _CAUSES.get(machine.reset_cause(), table.ResetCause.UNKNOWN)
