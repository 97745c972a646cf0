"""What the bench runs on a board, in MicroPython: `program.py` takes the functions it needs and sends their bare code.

Nothing here may stand on what lies in the board's flash: it may be empty, torn or hostile. What a slot must answer by itself
(signature, flip, self-test) is asked of its own modules.
"""

import gc
import hashlib
import io
import json
import os
import sys
from binascii import hexlify

_SLOTS = ("a", "b")
_WATCHDOG_MS = 8000


def alive() -> None:
    """Feed the watchdog that main.py has started; a board without slots has none, and starting one would be for good."""
    if exists("/slot") or exists("/a") or exists("/b"):
        import machine

        machine.WDT(timeout=_WATCHDOG_MS).feed()  # type: ignore[attr-defined]  # the unix port has none, and no slots


def exists(path: str) -> bool:
    """Whether there is such a file or folder."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def digest(path: str) -> str:
    """SHA-256 of a file, hexadecimal; empty if it can't be read."""
    found, piece = hashlib.sha256(), memoryview(bytearray(4096))
    try:
        with open(path, "rb") as file:
            while True:
                size = file.readinto(piece)
                if not size:
                    return hexlify(found.digest()).decode()
                found.update(piece[:size])
    except OSError:
        return ""


def text(path: str) -> str:
    """The first line of a file, or nothing."""
    try:
        with open(path, "rb") as file:
            return str(file.readline(9000).decode().rstrip())
    except (OSError, ValueError):
        return ""


def walk(folder: str, below: str = "") -> "list[str]":
    """Names of all files below a folder."""
    try:
        entries = list(os.ilistdir(folder + below))
    except OSError:
        return []
    found = []
    for entry in entries:
        name = below + "/" + entry[0]
        found += walk(folder, name) if entry[1] & 0x4000 else [name[1:]]
    return found


def has_deflate() -> bool:
    """Whether this MicroPython can unpack."""
    try:
        import deflate
    except ImportError:
        return False
    return hasattr(deflate, "RAW")


def ask() -> None:
    """Print what this board is, as one line of JSON."""
    alive()
    try:
        import machine

        unique_id = hexlify(machine.unique_id()).decode()
    except (ImportError, AttributeError):
        unique_id = ""
    told = sys.implementation
    space = os.statvfs("/")
    answer = {
        "id": unique_id,
        "mpy": getattr(told, "_mpy", 0),
        "micropython": ".".join([str(part) for part in told.version[:3]]),
        "machine": getattr(told, "_machine", sys.platform),
        "deflate": has_deflate(),
        "free": space[0] * space[3],
        "block": space[0],
        "pointer": text("/slot"),
        "running": ([slot for slot in _SLOTS if "/" + slot in sys.path] + [""])[0],
        "release_key": text("/release_key"),
        "slots": {},
    }
    for slot in _SLOTS:
        line = text("/" + slot + "/MANIFEST")
        if line:
            try:
                held = json.loads(line)
                torn = [name for name in held["files"] if digest("/" + slot + "/" + name) != held["files"][name]]
                answer["slots"][slot] = [held["board"], held["version"], held["number"], len(torn)]
                answer["slots"][slot].append(digest("/" + slot + "/MANIFEST"))
            except (ValueError, KeyError, TypeError):
                pass
    print(json.dumps(answer))


def hashes(*folders: str) -> None:
    """Print the first 16 digits of the SHA-256 of each file in these folders, as one line of JSON."""
    alive()
    print(json.dumps([{name: digest(folder + "/" + name)[:16] for name in walk(folder)} for folder in folders]))


def remove(path: str) -> None:
    """Remove a file or a folder with all that is in it; nothing if it is not there."""
    try:
        if os.stat(path)[0] & 0x4000:
            for entry in list(os.ilistdir(path)):
                remove(path + "/" + entry[0])
            os.rmdir(path)
        else:
            os.remove(path)
    except OSError:
        if exists(path):
            raise


def prepare(slot: str, strangers: "list[str]", copies: "list[tuple[str, str]]", other: str) -> None:
    """Make a slot ready to be filled: its MANIFEST goes first, then what does not belong there; what the other has is copied."""
    alive()
    remove(slot + "/MANIFEST")
    for name in strangers:
        remove(slot + "/" + name)
    for name, told in copies:
        with open(other + "/" + name, "rb") as file:
            content = file.read()
        put(slot + "/" + name, content, told)


def put(path: str, content: bytes, told: str) -> None:
    """Write a file beside itself, read it back, and let it take its place; ValueError if it reads back differently."""
    alive()
    for place in range(1, len(path)):
        if path[place] == "/" and not exists(path[:place]):
            os.mkdir(path[:place])
    with open(path + ".new", "wb") as file:
        file.write(content)
    if not digest(path + ".new").startswith(told):
        raise ValueError("read back differently: " + path)
    os.rename(path + ".new", path)


def receive(size: int) -> bytes:
    """`size` bytes from the bench, in blocks; says that it is ready, and that it has taken each."""
    gc.collect()
    whole = bytearray(size)
    view = memoryview(whole)
    sys.stdout.write("k")
    for place in range(0, size, 128):
        sys.stdin.buffer.readinto(view[place : place + 128])  # type: ignore[union-attr]  # it is a stream on boards
        sys.stdout.write("k")
    return bytes(whole).replace(b"\x1bC", b"\x03").replace(b"\x1b[", b"\x1b")


def unpack(size: int, is_packed: bool, window: int) -> None:
    """Take a parcel: a line of JSON with name, size and hash of each file, then their contents."""
    alive()
    stream = io.BytesIO(receive(size))
    if is_packed:
        import deflate

        stream = deflate.DeflateIO(stream, deflate.RAW, window)
    for name, length, told in json.loads(stream.readline()):
        put(name, stream.read(length), told)
