"""One text for one object: the JSON that is hashed, journalled and compared.

Keys sorted, no white space, UTF-8, no floats: RFC 8785 restricted to strings, integers, booleans, null, arrays and objects.
Fields that are None are left out, so that a later version may add fields without changing the hash of older rows.
"""

from __future__ import annotations

import hashlib

from anju.uplink.fields import Contract


def canonical(model: Contract) -> bytes:
    """The canonical JSON of a model, whose class keeps its fields in order."""
    return model.model_dump_json(exclude_none=True).encode()


def digest(text: bytes) -> str:
    """SHA-256 of a canonical text, 64 hex digits."""
    return hashlib.sha256(text).hexdigest()
