"""One text for one object: the JSON that is hashed, journalled and compared.

Keys sorted, no white space, UTF-8, no floats: RFC 8785 restricted to strings, integers, booleans, null, arrays and objects.
Fields that are None are left out, so that a later version may add fields without changing the hash of older rows.
"""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel


def canonical(model: BaseModel) -> bytes:
    """The canonical JSON of a model."""
    plain = model.model_dump(mode="json", exclude_none=True)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(text: bytes) -> str:
    """SHA-256 of a canonical text, 64 hex digits."""
    return hashlib.sha256(text).hexdigest()
