"""What all boards with an ESP32-C3 do alike: sleep, wake by a contact, and remember meanwhile."""

import time

import esp32
import machine
from machine import RTC, Pin

from anju.wire import table

try:
    from typing import Sequence
except ImportError:  # MicroPython
    pass

WATCHDOG_MS = 8000
_CAUSES = {
    machine.PWRON_RESET: table.ResetCause.POWER_ON,
    machine.HARD_RESET: table.ResetCause.HARD,
    machine.WDT_RESET: table.ResetCause.WATCHDOG,
    machine.DEEPSLEEP_RESET: table.ResetCause.DEEP_SLEEP,
    machine.SOFT_RESET: table.ResetCause.SOFT,
}


class Terminals:
    """Contacts that can end a deep sleep: GPIO 0 to 5, each with a pull-up of its own outside the chip.

    Before it sleeps the chip would put a resistor of 45 kOhm at each armed pin, towards the level that is *not* awaited. `hold`
    keeps the pin as it is set up here, without any, from arming until the next start.
    """

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers
        self._pins = [self._pin(number, False) for number in numbers]

    def pins(self) -> "list[Pin]":
        """In their order."""
        return self._pins

    def woken_by(self) -> "Sequence[int]":
        """Those that have ended the deep sleep."""
        return [self._numbers.index(number) for number in machine.wake_pins() if number in self._numbers]

    def arm(self, terminals: "Sequence[int]", level: int) -> None:
        """Let these end a deep sleep at `level`; the chip has one level for all of them."""
        armed = [self._pin(self._numbers[terminal], True) for terminal in terminals]
        esp32.wake_on_gpio(armed, esp32.WAKEUP_ANY_HIGH if level else esp32.WAKEUP_ALL_LOW)

    def _pin(self, number: int, hold: bool) -> Pin:
        return Pin(number, Pin.IN, None, hold=hold)  # type: ignore[call-arg, arg-type]  # real, but not in the stubs


def reset_cause() -> int:
    """Why the program started."""
    return _CAUSES.get(machine.reset_cause(), table.ResetCause.UNKNOWN)


def running_ms() -> int:
    """A clock that goes on in deep sleep, as well as the chip's own oscillator does; each answer puts the time right."""
    return time.time_ns() // 1000000


awake_ms = time.ticks_ms
"""Since the deep sleep ended: ticks begin with the program. What the chip's own loader takes before that nobody counts."""


def recall() -> bytes:
    """What was retained, once."""
    memory = RTC()
    block = bytes(memory.memory())
    memory.memory(b"")
    return block


def retain(block: bytes) -> None:
    """Hold it over deep sleep."""
    RTC().memory(block)


def sleep(ms: int) -> None:
    """Sleep deeply; what follows is a reset."""
    machine.deepsleep(ms)
