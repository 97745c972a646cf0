"""Board `qemu_ast1030`: inputs A0 to A7, lamps B0 to B2, buzzer B3, siren B4 to B6 (QEMU: gpioA0 …); the line is UART1."""

import asyncio

import machine
from machine import PWM, UART, WDT, Pin
from micropython import const

from anju.link.uart import UartLink
from anju.role import siren_node
from anju.store.littlefs import LittlefsStore
from anju.wire import table

ROLE = siren_node
NAME = "qemu_ast1030"
MCUS = ("AST1030",)
ACTIVE_LEVEL = 1
BUTTON = 0
CASE = -1
HEARTBEAT_MS = 60000
IS_SILENT = False
_TERMINALS = const(8)
_WATCHDOG_MS = const(8000)
_CAUSES = {
    machine.PWRON_RESET: table.ResetCause.POWER_ON,
    machine.HARD_RESET: table.ResetCause.HARD,
    machine.WDT_RESET: table.ResetCause.WATCHDOG,
    machine.DEEPSLEEP_RESET: table.ResetCause.DEEP_SLEEP,
    machine.SOFT_RESET: table.ResetCause.SOFT,
}


def inputs() -> "list[Pin]":
    """Terminals, in the order of an enrolment's inputs."""
    return [Pin("A{}".format(number), Pin.IN) for number in range(_TERMINALS)]


def lamps() -> "tuple[Pin, Pin, Pin]":
    """Green, amber, red."""
    return Pin("B0", Pin.OUT), Pin("B1", Pin.OUT), Pin("B2", Pin.OUT)


def buzzer() -> PWM:
    """The sounder."""
    return PWM(Pin("B3", Pin.OUT))


def siren() -> "tuple[tuple[Pin, Pin], PWM]":
    """Relay, light and beeper."""
    return (Pin("B4", Pin.OUT, value=0), Pin("B5", Pin.OUT, value=0)), PWM(Pin("B6", Pin.OUT))


def watchdog() -> "tuple[WDT, int]":
    """Resets the processor unless it is fed."""
    return WDT(timeout=_WATCHDOG_MS), _WATCHDOG_MS


def flag() -> "asyncio.ThreadSafeFlag":
    """What an interrupt sets."""
    return asyncio.ThreadSafeFlag()


def link() -> UartLink:
    """The way to the concentrator."""
    return UartLink(lambda: UART(1, 115200, rxbuf=1024, txbuf=1024))


def store() -> LittlefsStore:
    """Files at the top of the flash."""
    return LittlefsStore("")


def reset_cause() -> int:
    """Why the node started."""
    return _CAUSES.get(machine.reset_cause(), table.ResetCause.UNKNOWN)
