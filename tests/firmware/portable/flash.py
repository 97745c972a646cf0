"""A made-up flash for `boot` and `anju.update`: files in a dictionary, and what power cuts would leave of them. And bundles."""

import errno
import io
import os
from binascii import hexlify
from hashlib import sha256

import boot
from anju.update import install, slots
from anju.update.manifest import SIGNED_PREFIX, Manifest

try:
    from collections.abc import Callable
except ImportError:  # MicroPython
    pass

PLENTY = 1000000
_NO_SPACE = 28
BOARD = "made_up"
MPY = 6
_USERS = (boot, slots, install)
_DIRECTORY, _FILE = 0x4000, 0x8000


class Flash:
    """The files of a node for one life, in place of the true ones. They are emptied, filled, renamed and removed."""

    def __init__(self, files: "dict[str, bytes]", room: int = PLENTY) -> None:
        """No file has room for more than `room` bytes."""
        self.files = dict(files)
        self.left: "list[dict[str, bytes]]" = []
        """What a power cut would have left: before each change, and halfway where there is such a thing."""
        self.said: "list[str]" = []
        """What was printed."""
        self._room = room

    def __enter__(self) -> "Flash":  # noqa: PYI034 (MicroPython has no Self)
        for user in _USERS:
            setattr(user, "open", self.open)  # noqa: B010 (of a module, and for a while)
            setattr(user, "os", self)  # noqa: B010 (the same)
            setattr(user, "print", self._print)  # noqa: B010 (the same)
        setattr(install, "MPY", MPY)  # noqa: B010 (CPython has none)
        return self

    def __exit__(self, *_: object) -> None:
        for user in _USERS:
            for name in ("open", "print"):
                delattr(user, name)
            setattr(user, "os", os)  # noqa: B010 (the same)

    def open(self, path: str, mode: str = "r") -> "io.BytesIO | _Written":
        """As the builtin, for bytes."""
        if mode == "rb":
            if path not in self.files:
                raise OSError(errno.ENOENT, path)
            return io.BytesIO(self.files[path])
        assert mode == "wb", mode
        self._change(lambda: self._put(path, b""), None)
        return _Written(self, path)

    def write(self, path: str, content: bytes) -> None:
        """Fill a file that was emptied."""
        if len(content) > self._room:
            raise OSError(_NO_SPACE, path)
        half = content[: len(content) // 2]
        self._change(lambda: self._put(path, content), lambda: self._put(path, half))

    def rename(self, path: str, to: str) -> None:
        """As `os.rename`: all or nothing."""
        self._change(lambda: self._put(to, self.files.pop(path)), None)

    def remove(self, path: str) -> None:
        """As `os.remove`."""
        if path not in self.files:
            raise OSError(errno.ENOENT, path)
        self._change(lambda: self.files.pop(path), None)

    def stat(self, path: str) -> "tuple[int, ...]":
        """As `os.stat`, with the kind and the size alone."""
        if path in self.files:
            return (_FILE, 0, 0, 0, 0, 0, len(self.files[path]))
        if not any(name.startswith(path + "/") for name in self.files):
            raise OSError(errno.ENOENT, path)
        return (_DIRECTORY, 0, 0, 0, 0, 0, 0)

    def listdir(self, path: str) -> "list[str]":
        """As `os.listdir`."""
        below = path.rstrip("/") + "/"
        return sorted({name[len(below) :].split("/")[0] for name in self.files if name.startswith(below)})

    def statvfs(self, path: str) -> "tuple[int, int, int, int]":
        """As `os.statvfs`: 100 blocks, 40 of them free."""
        return (4096, 4096, 100, 40)

    def _put(self, path: str, content: bytes) -> None:
        self.files[path] = content

    def _change(self, do: "Callable[[], object]", do_half: "Callable[[], None] | None") -> None:
        self.left.append(dict(self.files))
        if do_half is not None:
            do_half()
            self.left.append(dict(self.files))
        do()

    def _print(self, *words: object) -> None:
        self.said.append(" ".join([str(word) for word in words]))


class _Written:
    def __init__(self, flash: Flash, path: str) -> None:
        self._flash = flash
        self._path = path

    def __enter__(self) -> "_Written":  # noqa: PYI034 (the same)
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, content: bytes) -> None:
        self._flash.write(self._path, content)


def bundle(number: int, board: str = BOARD, sign: "Callable[[bytes], bytes] | None" = None) -> "dict[str, bytes]":
    """The files of a slot: two of bytecode, and last its MANIFEST."""
    files = {"board.mpy": "board {}".format(number).encode(), "anju/role.mpy": "role {}".format(number).encode() * 99}
    hashes = {path: hexlify(sha256(files[path]).digest()).decode() for path in files}
    line = Manifest(board, hashes, MPY, number, "0.1.{}".format(number)).line()
    signature = hexlify(sign(SIGNED_PREFIX + line)) + b"\n" if sign is not None else b""
    files["MANIFEST"] = line + b"\n" + signature
    return files


def in_slot(slot: str, files: "dict[str, bytes]") -> "dict[str, bytes]":
    """The same files with their paths on the flash."""
    return {"/{}/{}".format(slot, path): files[path] for path in files}
