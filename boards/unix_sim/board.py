"""Board `unix_sim`: a node as a process of MicroPython's unix port. What a real board has soldered, this one is told."""

import sys

from machine import PWM, UART, Flag, Pin

from anju.link.uart import UartLink
from anju.link.udp import UdpLink
from anju.role import keypad_node
from anju.store.littlefs import LittlefsStore
from anju.wire import table

try:
    from typing import NoReturn
except ImportError:  # MicroPython
    pass

_USAGE = """\
usage: micropython main.py --store FOLDER --link LINK [--heartbeat SECONDS] [--silent]
    LINK is udp:HOST:PORT, uart:PATH of a pty or serial device, or uart:socket://HOST:PORT"""

ROLE = keypad_node
NAME = "unix_sim"
ACTIVE_LEVEL = 1
BUTTON = 0
CASE = -1
_TERMINALS = 8
_BAUD = 115200


def _refuse(what: str) -> "NoReturn":
    print(what + " Nothing was started.\n" + _USAGE, file=sys.stderr)
    raise SystemExit(2)


def _arguments() -> "dict[str, str]":
    told = {"--heartbeat": "60"}
    words = iter(sys.argv[1:])
    for word in words:
        if word == "--silent":
            told[word] = ""
        elif word in ("--store", "--link", "--heartbeat"):
            told[word] = next(words, "")
        else:
            _refuse("There is no argument {}.".format(word))
    for word in ("--store", "--link"):
        if not told.get(word):
            _refuse("{} is missing.".format(word))
    if not told["--heartbeat"].isdigit() or not int(told["--heartbeat"]):
        _refuse("--heartbeat takes whole seconds, from 1.")
    return told


def _link(told: str) -> "UdpLink | UartLink":
    kind, _, place = told.partition(":")
    host, _, port = place.rpartition(":")
    if kind == "udp" and host and port.isdigit():
        return UdpLink(host, int(port))
    if kind == "uart" and place:
        return UartLink(lambda: UART(place, _BAUD))
    return _refuse("--link takes one of the forms below, not {}.".format(told))


_told = _arguments()
_the_link = _link(_told["--link"])
_inputs = [Pin("input{}".format(number), Pin.IN) for number in range(_TERMINALS)]

HEARTBEAT_MS = int(_told["--heartbeat"]) * 1000
IS_SILENT = "--silent" in _told


def inputs() -> "list[Pin]":
    """Terminals, in the order of an enrolment's inputs."""
    return _inputs


def lamps() -> "tuple[Pin, Pin, Pin]":
    """Green, amber, red."""
    return Pin("led_green", Pin.OUT), Pin("led_amber", Pin.OUT), Pin("led_red", Pin.OUT)


def buzzer() -> PWM:
    """The sounder."""
    return PWM(Pin("buzzer", Pin.OUT))


def siren() -> "tuple[tuple[Pin, Pin], PWM]":
    """Relay, light and beeper."""
    return (Pin("siren", Pin.OUT), Pin("light", Pin.OUT)), PWM(Pin("beeper", Pin.OUT))


def watchdog() -> None:
    """A process has none."""


def flag() -> Flag:
    """What an interrupt sets."""
    return Flag()


def link() -> "UdpLink | UartLink":
    """The way to the concentrator."""
    return _the_link


def store() -> LittlefsStore:
    """The folder that stands for this node's flash."""
    return LittlefsStore(_told["--store"])


def reset_cause() -> int:
    """A process was always switched on."""
    return table.ResetCause.POWER_ON
