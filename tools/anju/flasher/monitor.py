"""What a node says on its console, while it runs: nothing is sent, nothing is interrupted, nothing is reset."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from contextlib import closing

import serial

from anju.flasher.errors import nothing_changed
from anju.flasher.ports import Port, again, alone
from anju.flasher.transport import LineError, open_quietly
from anju.flasher.words import explain
from anju.service.i18n import _

_RETURN_S = 30.0


def monitor(port: Port, show: Callable[[str], None], note: Callable[[str], None]) -> None:
    """Hand each line to `show` until Ctrl-C. BenchError if the port can't be opened, or does not come back after it was gone.

    A board that resets may take its port along for a moment; it is found again by its USB serial.
    """
    with alone(port):
        try:
            while True:
                with closing(open_quietly(port.url)) as line:
                    _until_gone(line, show)
                note(_("%(port)s is gone; waiting for it to come back") % {"port": port.label})
                port = again(port, _RETURN_S)
        except LineError as error:
            raise explain(error, port, nothing_changed(), is_begun=False) from error


def _until_gone(line: serial.Serial, show: Callable[[str], None]) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    begun = ""
    while True:
        try:
            piece = line.read(max(1, line.in_waiting))
        except OSError:
            return
        *lines, begun = (begun + decoder.decode(piece)).split("\n")
        for text in lines:
            show(text.rstrip("\r"))
        if not piece and begun:  # a prompt, or a line that is not finished
            show(begun.rstrip("\r"))
            begun = ""
