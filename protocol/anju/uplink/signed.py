"""What is signed between a concentrator and the duty room: every request as a whole, and every answer together with its request.

Each carries its certificate, so that whoever passes it on need not be believed. An answer names the request's nonce: an old
one, or one to somebody else, is none.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

CERTIFICATE = "anju-certificate"
"""DER in base64."""
SIGNATURE = "anju-signature"
"""Ed25519, 128 hex digits."""
NONCE = "anju-nonce"
"""32 hex digits, new with each request."""
INSTANCE = "anju-instance"
"""32 hex digits, new with each start of the concentrator."""
HEX_PATTERN = r"[0-9a-f]{32}"


class Asked(NamedTuple):
    """A request: `target` is path and query as they stand in its first line."""

    method: str
    target: str
    nonce: str
    instance: str
    body: bytes

    def text(self) -> bytes:
        """The bytes that its sender signs."""
        digest = hashlib.sha256(self.body).hexdigest()
        return "\n".join(("anju uplink 1 request", *self[:4], digest)).encode()


def answer_text(asked: Asked, status: int, body: bytes) -> bytes:
    """The bytes that whoever answers signs."""
    of, digest = hashlib.sha256(asked.text()).hexdigest(), hashlib.sha256(body).hexdigest()
    return "\n".join(("anju uplink 1 answer", of, str(status), digest)).encode()
