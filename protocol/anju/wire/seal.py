"""AES-128-CCM as the wire uses it: 16-byte tag, 13-byte nonce = the clear header and a zero byte, header as associated data.

Encryption hides *when a door opens*, which tells a burglar when nobody is home; the tag says who sent it. Each node and
direction has its own key, and a counter never repeats under one key (invariant I6), so neither does a nonce.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from anju.wire import table

KEY_BYTES = 16

__all__ = ["KEY_BYTES", "Cipher", "InvalidTag"]


class Cipher:
    """Seals and opens frames under one key of one node and direction; never shows the key."""

    __slots__ = ("_decrypt", "_encrypt")

    def __init__(self, key: bytes) -> None:
        """ValueError unless `key` has 16 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"a link key has {KEY_BYTES} bytes, not {len(key)}")
        cipher = AESCCM(key, tag_length=table.TAG_BYTES)
        self._encrypt = cipher.encrypt
        self._decrypt = cipher.decrypt

    def seal(self, header: bytes, plaintext: bytes) -> bytes:
        """The whole frame: header, ciphertext, tag."""
        return header + self._encrypt(header + b"\0", plaintext, header)

    def open(self, header: bytes, sealed: bytes) -> bytes:
        """Plaintext of ciphertext and tag; InvalidTag if anything at all was changed."""
        return self._decrypt(header + b"\0", sealed, header)
