"""The hash chain over rows: whoever changes, removes or inserts one row changes every link after it."""

from __future__ import annotations

import hashlib

GENESIS = bytes(32)
"""The link before the first row."""

_DOMAIN = b"anju/1 chain"


def next_link(previous: bytes, digest: bytes) -> bytes:
    """The link of a row, 32 bytes, from the link before it and the SHA-256 of the row; ValueError unless both have 32 bytes."""
    if len(previous) != 32 or len(digest) != 32:
        raise ValueError("a link and a digest have 32 bytes each")
    return hashlib.sha256(_DOMAIN + previous + digest).digest()
