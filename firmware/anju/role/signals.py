"""Outputs as pins: lamps, or whatever else is on or off, and a buzzer."""

from micropython import const

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from anju.role.needs import Lamp, Tone

_HALF = const(0x8000)
"""Duty of a square wave: the loudest that a piezo disc gets."""


class Signals:
    """Writes outputs where they differ from what is shown."""

    def __init__(self, lamps: "Sequence[Lamp]", buzzer: "Tone") -> None:
        self._lamps = lamps
        self._buzzer = buzzer
        self._shown: "tuple[int, ...]" = (0,) * (len(lamps) + 1)

    def show(self, outputs: "tuple[int, ...]") -> None:
        """Bring lamps and buzzer to these levels, in their order, and Hz."""
        if outputs == self._shown:
            return
        for index, lamp in enumerate(self._lamps):
            if outputs[index] != self._shown[index]:
                lamp.value(outputs[index])
        tone = outputs[-1]
        if tone != self._shown[-1]:
            if tone:
                self._buzzer.freq(tone)
            self._buzzer.duty_u16(_HALF if tone else 0)
        self._shown = outputs
