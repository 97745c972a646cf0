"""sd_notify: a service tells whoever started it how it is.

The protocol of systemd's sd_notify(3), which our supervisor speaks too.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

READY = {"READY": "1"}
STOPPING = {"STOPPING": "1"}
MORE_TIME = "EXTEND_TIMEOUT_USEC"
"""With it a service that is not up yet asks not to be ended for so many microseconds from now on."""
MOST_BYTES = 4096


def notify(state: Mapping[str, str]) -> bool:
    """Send assignments to $NOTIFY_SOCKET; False where nobody listens, which is no error."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.sendto(encode(state), address)
    except OSError:
        return False
    return True


def encode(state: Mapping[str, str]) -> bytes:
    """One assignment a line; line ends inside a value become spaces."""
    return "\n".join(f"{name}={' '.join(value.splitlines())}" for name, value in state.items()).encode()[:MOST_BYTES]


def decode(datagram: bytes) -> dict[str, str]:
    """The assignments of a datagram; whatever is not one is left out."""
    lines = datagram.decode(errors="replace").split("\n")
    return dict(line.split("=", 1) for line in lines if "=" in line)
