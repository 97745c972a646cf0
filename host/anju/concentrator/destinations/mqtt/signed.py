"""What others say over MQTT: a signature first, and nothing is parsed before it is verified.

A message is 128 hex digits, a colon, and the text. Signed (Ed25519) is `anju mqtt PURPOSE 1`, the topic and the text, with a
zero byte between: what was signed for one purpose or one household is good for no other.
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MOST_BYTES = 2048
_SIGNATURE_DIGITS = 128


def signed_text(purpose: str, topic: str, text: bytes) -> bytes:
    """What is signed."""
    return b"\0".join([f"anju mqtt {purpose} 1".encode(), topic.encode(), text])


def opened(purpose: str, topic: str, payload: bytes, keys: Mapping[str, str]) -> tuple[str, bytes] | None:
    """Whose message it is and its text; None: nobody's. `keys`: public keys in hex, by name."""
    digits, colon, text = payload[:_SIGNATURE_DIGITS], payload[_SIGNATURE_DIGITS : _SIGNATURE_DIGITS + 1], payload[129:]
    if len(payload) > MOST_BYTES or colon != b":":
        return None
    try:
        signature = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return None
    for name, key in keys.items():
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, signed_text(purpose, topic, text))
        except (InvalidSignature, ValueError):
            continue
        return name, text
    return None
