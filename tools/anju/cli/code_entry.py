"""A setup code as it is scanned or typed: looked at after each key, and taken only once its check symbol is right."""

from __future__ import annotations

import codecs
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from anju.cli import screen
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.wire import label
from anju.wire.label import Mistake, Reading

MOST_TYPED = 80
_ENTER, _ERASE, _CLEAR, _END = "\r\n", "\x7f\b", "\x15", "\x04"


def read_code() -> str:
    """A right code or QR text: from the keyboard or a scanner, else the first line of standard input.

    ServiceError for a wrong line, KeyboardInterrupt for Ctrl-C. It is in no argument, because everybody on a machine may
    look at those.
    """
    if not sys.stdin.isatty():
        text = sys.stdin.readline(MOST_TYPED).strip()
        reading = label.read(text)
        if reading.mistake is not None:
            raise ServiceError(
                complaint(reading) or _("The setup code is not whole."),
                _("Nothing was sent."),
                _("Scan the label again, or type the code that stands on it."),
            )
        return text
    with _keys() as keys:
        return type_code(keys, _write)


def type_code(keys: Iterator[str], write: Callable[[str], None]) -> str:
    """Take keys until Enter behind a right code; each changes the one line that `write` shows."""
    text = ""
    _show(text, "", write)
    for key in keys:
        if key == "\x03" or (key == _END and not text):
            raise KeyboardInterrupt
        if key in _ENTER:
            reading = label.read(text)
            if reading.mistake is None:
                _show(text, "✓", write)
                write("\n")
                return text
            if text:
                _show(text, "✗ " + (complaint(reading) or missing(reading)) + " " + _("Nothing was sent."), write)
            continue
        if key in _ERASE:
            text = text[:-1]
        elif key == _CLEAR:
            text = ""
        elif key.isprintable() and len(text) < MOST_TYPED:
            text += key
        reading = label.read(text)
        wrong = complaint(reading)
        _show(
            text, "✓" if reading.mistake is None else f"✗ {wrong}" if wrong else missing(reading) if text else "", write
        )
    raise KeyboardInterrupt


def complaint(reading: Reading) -> str:
    """What is wrong with a text, in a sentence; empty if it is right so far."""
    place = {"place": reading.at + 1}
    match reading.mistake:
        case Mistake.WRONG_SYMBOL:
            return _("There is no such symbol: number %(place)d.") % place
        case Mistake.WRONG_PREFIX:
            return _("This is no label of ours: look at number %(place)d.") % place
        case Mistake.TOO_LONG:
            return _("From number %(place)d on it is too much.") % place
        case Mistake.CHECK if reading.swaps:
            places = ", ".join(f"{swap + 1}" for swap in reading.swaps)
            return _("Check symbol wrong: two may be swapped, at %(places)s.") % {"places": places}
        case Mistake.CHECK:
            return _("Check symbol wrong: one symbol at least is another.")
    return ""


def missing(reading: Reading) -> str:
    """How much is to come."""
    return _("%(count)d to come.") % {"count": reading.missing}


def _show(text: str, verdict: str, write: Callable[[str], None]) -> None:
    prompt = _("Scan the label or type its code:")
    write(f"\r\x1b[2K{prompt} {screen.printable(text)}" + (f"   {verdict}" if verdict else ""))


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


@contextmanager
def _keys() -> Iterator[Iterator[str]]:
    """Keys of the terminal as they are pressed."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor, termios.TCSADRAIN)  # what was typed early counts
    try:
        yield _pressed(descriptor)
    except KeyboardInterrupt:
        _write("\n")
        raise
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _pressed(descriptor: int) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while raw := os.read(descriptor, 256):
        yield from decoder.decode(raw)
