"""Board `qemu_battery`: the emulated board as a node that sleeps. Contact A0 and lid A1; lamps B0 to B2, buzzer B3; UART1."""

import time

import machine
from machine import PWM, RTC, UART, WDT, Pin

from anju.link.uart import UartLink
from anju.role import battery_node
from anju.store.littlefs import LittlefsStore
from anju.wire import table

try:
    from typing import Callable, Sequence
except ImportError:  # MicroPython
    pass

ROLE = battery_node
NAME = "qemu_battery"
MCUS = ("AST1030",)
ACTIVE_LEVEL = 1
BUTTON = 0
CASE = 1
HEARTBEAT_MS = 60000
IS_SILENT = False
_WATCHDOG_MS = 8000
_CAUSES = {
    machine.PWRON_RESET: table.ResetCause.POWER_ON,
    machine.HARD_RESET: table.ResetCause.HARD,
    machine.WDT_RESET: table.ResetCause.WATCHDOG,
    machine.DEEPSLEEP_RESET: table.ResetCause.DEEP_SLEEP,
    machine.SOFT_RESET: table.ResetCause.SOFT,
}


class _Terminal:
    """An input whose interrupt goes on when it is armed for waking as well: a pin has one `irq` for both."""

    def __init__(self, name: str) -> None:
        self._pin = Pin(name, Pin.IN)
        self._handler: "Callable[[Pin], None] | None" = None
        self.value = self._pin.value

    def irq(self, handler: "Callable[[Pin], None]") -> None:
        """Call `handler` at both edges."""
        self._handler = handler
        self._pin.irq(handler)

    def arm(self, level: int) -> None:
        """End a deep sleep when it reads `level`."""
        trigger = Pin.IRQ_HIGH_LEVEL if level else Pin.IRQ_LOW_LEVEL
        self._pin.irq(self._handler, trigger, wake=machine.DEEPSLEEP)

    def disarm(self) -> None:
        """Let deep sleep go on whatever it reads."""
        self._pin.irq(self._handler)


_inputs = [_Terminal("A0"), _Terminal("A1")]


def inputs() -> "list[_Terminal]":
    """Terminals, in the order of an enrolment's inputs."""
    return _inputs


def lamps() -> "tuple[Pin, Pin, Pin]":
    """Green, amber, red."""
    return Pin("B0", Pin.OUT), Pin("B1", Pin.OUT), Pin("B2", Pin.OUT)


def buzzer() -> PWM:
    """The sounder."""
    return PWM(Pin("B3", Pin.OUT))


def watchdog() -> "tuple[WDT, int]":
    """Resets the processor unless it is fed; it stands still in deep sleep."""
    return WDT(timeout=_WATCHDOG_MS), _WATCHDOG_MS


def link() -> UartLink:
    """The way to the concentrator."""
    return UartLink(lambda: UART(1, 115200, rxbuf=1024, txbuf=1024))


def store() -> LittlefsStore:
    """Files at the top of the flash."""
    return LittlefsStore("")


def reset_cause() -> int:
    """Why the node started."""
    return _CAUSES.get(machine.reset_cause(), table.ResetCause.UNKNOWN)


def running_ms() -> int:
    """A clock that goes on in deep sleep."""
    return time.time_ns() // 1000000


awake_ms = time.ticks_ms
"""Since the deep sleep ended: ticks begin with the reset."""


def recall() -> bytes:
    """What was retained, once."""
    memory = RTC()
    block = memory.memory()
    memory.memory(b"")
    return block


def retain(block: bytes) -> None:
    """Hold it over deep sleep."""
    RTC().memory(block)


def woken_by() -> "Sequence[int]":
    """Terminals that ended the deep sleep: pins A0 and A1 are numbers 0 and 1."""
    return machine.wake_pins()


def arm(terminals: "Sequence[int]", level: int) -> None:
    """Let these terminals end a deep sleep at this level."""
    for number, terminal in enumerate(_inputs):
        if number in terminals:
            terminal.arm(level)
        else:
            terminal.disarm()


def sleep(ms: int) -> None:
    """Sleep deeply; what follows is a reset."""
    machine.deepsleep(ms)
