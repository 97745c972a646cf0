"""AES-128-CCM as the wire uses it (RFC 3610 with L = 2, M = 16), from the two AES modes that every MicroPython has.

The MAC is one CBC call whose last block is the tag, the key stream one ECB call over counter blocks. Nonce = the twelve
header bytes and a zero; the header is the associated data, so it is sent in clear and cannot be changed.
"""

import struct

from cryptolib import aes
from micropython import const

from anju.wire import table

_ECB = const(1)
_CBC = const(2)
_BLOCK = const(16)
_HEADER = table.HEADER_BYTES
_TAG = table.TAG_BYTES
_CLEAR = _HEADER + _TAG
_MOST_BODY = (table.MOST_BYTES - _CLEAR + _BLOCK - 1) // _BLOCK * _BLOCK
_START = 2 * _BLOCK
"""Before the plaintext the MAC covers B0 and one block of associated data."""

_MAC_HEAD = ">B12sBHH12sH"
_MAC_FLAGS = const(0x79)
"""B0: associated data present, a 16-byte tag, a 2-byte length (RFC 3610, 2.2)."""

_STREAM_HEAD = ">B12sBH"
_STREAM_FLAGS = const(0x01)
"""A_i: a 2-byte block number (RFC 3610, 2.3)."""

_ZEROS = bytes(_BLOCK)


class Cipher:
    """Seals and opens frames under one key of one direction."""

    def __init__(self, key: bytes) -> None:
        """`key` is 16 bytes."""
        self._key = key
        self._ecb = aes(key, _ECB)
        self._mac = memoryview(bytearray(_START + _MOST_BODY))
        self._stream = memoryview(bytearray(_BLOCK + _MOST_BODY))

    def seal(self, frame: bytearray) -> None:
        """Encrypt in place what lies between the header and the last 16 bytes, and write the tag over those."""
        body = len(frame) - _CLEAR
        header = bytes(frame[:_HEADER])
        plaintext = frame[_HEADER : _HEADER + body]
        tag = self._tag(header, plaintext)
        stream = self._key_stream(header, body)
        frame[_HEADER : _HEADER + body] = _xor(plaintext, stream[_BLOCK : _BLOCK + body])
        frame[_HEADER + body :] = _xor(tag, stream[:_BLOCK])

    def open(self, frame: bytes) -> "bytes | None":
        """Plaintext of a frame of at least 28 bytes; None if anything at all was changed."""
        body = len(frame) - _CLEAR
        header = frame[:_HEADER]
        stream = self._key_stream(header, body)
        plaintext = _xor(frame[_HEADER : _HEADER + body], stream[_BLOCK : _BLOCK + body])
        tag = _xor(self._tag(header, plaintext), stream[:_BLOCK])
        return plaintext if _same(tag, frame[_HEADER + body :]) else None

    def _tag(self, header: bytes, plaintext: "bytes | bytearray") -> memoryview:
        size = len(plaintext)
        end = _START + (size + _BLOCK - 1) // _BLOCK * _BLOCK
        mac = self._mac[:end]
        struct.pack_into(_MAC_HEAD, mac, 0, _MAC_FLAGS, header, 0, size, _HEADER, header, 0)
        mac[_START : _START + size] = plaintext
        mac[_START + size :] = _ZEROS[: end - _START - size]
        # A CBC object carries its chain on, so each MAC needs a new one.
        aes(self._key, _CBC, _ZEROS).encrypt(mac, mac)
        return mac[end - _BLOCK :]

    def _key_stream(self, header: bytes, body: int) -> memoryview:
        blocks = 1 + (body + _BLOCK - 1) // _BLOCK
        stream = self._stream[: blocks * _BLOCK]
        for number in range(blocks):
            struct.pack_into(_STREAM_HEAD, stream, number * _BLOCK, _STREAM_FLAGS, header, 0, number)
        self._ecb.encrypt(stream, stream)
        return stream


def _xor(left: "bytes | bytearray | memoryview", right: memoryview) -> bytes:
    # Two long integers instead of a loop: the interpreter's time for a frame is what a resident waits for.
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(right), "big")


def _same(left: bytes, right: bytes) -> bool:
    difference = 0
    for index in range(_TAG):
        difference |= left[index] ^ right[index]
    return not difference
