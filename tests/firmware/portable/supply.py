"""A flash chip in RAM with a real littlefs on it, whose power fails at a write. MicroPython only."""

import errno

import vfs  # type: ignore[import-not-found]  # MicroPython's own

MOUNT = "/flash"
_NEVER = 1000000
_BLOCK_BYTES = 256
_ERASED = b"\xff" * _BLOCK_BYTES
_IOCTL_BLOCK_COUNT, _IOCTL_BLOCK_SIZE, _IOCTL_BLOCK_ERASE = 4, 5, 6
_SIZES = {"readsize": 32, "progsize": 32, "lookahead": 32}


class Supply:
    """The chip for one life: it fails at write or erase number `cut`, of which `torn` bytes are still done."""

    def __init__(self, data: bytearray, cut: int = _NEVER, torn: int = 0) -> None:
        self.data = data
        self.cut = cut
        self.torn = torn
        self.writes = 0
        self.is_on = True

    @classmethod
    def formatted(cls, blocks: int = 32) -> "Supply":
        """A new chip with an empty file system."""
        supply = cls(bytearray(_ERASED * blocks))
        vfs.VfsLfs2.mkfs(supply, **_SIZES)
        return supply

    def mount(self) -> None:
        """Bring the file system up at MOUNT; OSError if the power fails meanwhile."""
        vfs.mount(vfs.VfsLfs2(self, **_SIZES), MOUNT)

    def end(self) -> None:
        """The end of this life, by a cut or not: nothing is written any more."""
        self.is_on = False
        try:
            vfs.umount(MOUNT)
        except OSError:
            pass  # the power failed before it was mounted

    def readblocks(self, block: int, buf: bytearray, offset: int = 0) -> int:
        """Read within a block."""
        if not self.is_on:
            return -errno.EIO
        start = block * _BLOCK_BYTES + offset
        buf[:] = self.data[start : start + len(buf)]
        return 0

    def writeblocks(self, block: int, buf: bytearray, offset: int = 0) -> int:
        """Write within an erased block."""
        return self._change(block * _BLOCK_BYTES + offset, buf)

    def ioctl(self, request: int, argument: int) -> int:
        """What littlefs asks of a device."""
        if request == _IOCTL_BLOCK_COUNT:
            return len(self.data) // _BLOCK_BYTES
        if request == _IOCTL_BLOCK_SIZE:
            return _BLOCK_BYTES
        return self._change(argument * _BLOCK_BYTES, _ERASED) if request == _IOCTL_BLOCK_ERASE else 0

    def _change(self, start: int, content: "bytes | bytearray") -> int:
        # The first line allocates nothing: files of an ended life are closed by the garbage collector, in the next one.
        if not self.is_on:
            return -errno.EIO
        size = self.torn if self.writes == self.cut else len(content)
        self.data[start : start + size] = content[:size]
        self.is_on = self.writes != self.cut
        self.writes += 1
        return 0 if self.is_on else -errno.EIO
