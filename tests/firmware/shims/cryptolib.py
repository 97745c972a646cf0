"""MicroPython's `cryptolib` for CPython, on top of `cryptography`: as much of it as the firmware uses."""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_ECB = 1
_CBC = 2


class aes:  # noqa: N801 (its name there)
    """One key, one mode, one direction; a CBC object carries its chain from call to call."""

    def __init__(self, key: bytes, mode: int, iv: bytes = b"") -> None:
        if mode not in (_ECB, _CBC):
            raise ValueError("mode")
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(iv) if mode == _CBC else modes.ECB()).encryptor()

    def encrypt(self, data: memoryview, into: memoryview) -> None:
        """Encrypt whole blocks; `into` may be `data` itself."""
        into[:] = self._cipher.update(bytes(data))
