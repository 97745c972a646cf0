"""What a slot says of itself is read without trust: bounds, names, hashes, and one form alone."""

import os

from anju.update.manifest import (
    MOST_BYTES,
    Manifest,
    ManifestError,
    check_files,
    check_signature,
    parse,
    release_key,
    split,
)
from firmware.portable import manifests
from firmware.portable.kit import new_folder

try:
    from collections.abc import Callable, Iterator
    from typing import Any, BinaryIO
except ImportError:  # MicroPython
    pass


def _refusal(function: "Callable[..., Any]", *arguments: "Any") -> str:
    """Why something is refused; empty if it is not."""
    try:
        function(*arguments)
    except ManifestError as error:
        return str(error)
    return ""


def _all(steps: "Iterator[None]") -> int:
    count = 0
    for _ in steps:
        count += 1
    return count


def _read(folder: str) -> "Callable[[str], BinaryIO]":
    return lambda path: open(folder + "/" + path, "rb")


def _slot() -> str:
    """A folder with the files of the good manifest."""
    folder = new_folder()
    os.mkdir(folder + "/anju")
    os.mkdir(folder + "/anju/node")
    for path in parse(manifests.UNSIGNED).files:
        _write(folder, path, b"abc")
    return folder


def _write(folder: str, path: str, content: bytes) -> None:
    with open(folder + "/" + path, "wb") as file:
        file.write(content)


def test_every_good_manifest_is_read() -> None:
    for name in manifests.GOOD:
        content = manifests.GOOD[name]
        assert parse(content).line() == split(content)[0], name


def test_every_spoiled_manifest_is_refused() -> None:
    for name in manifests.SPOILED:
        assert _refusal(parse, manifests.SPOILED[name]), name


def test_what_it_says() -> None:
    told = parse(manifests.SIGNED)
    assert (told.board, told.mpy, told.number, told.version) == ("unix_sim", 6, 7, "0.1.0")
    assert sorted(told.files) == ["anju/node/device.mpy", "board.mpy"]
    assert split(manifests.SIGNED) == (manifests.LINE, b"\x5a" * 64)
    assert split(manifests.UNSIGNED) == (manifests.LINE, None)


def test_no_byte_of_a_manifest_can_be_changed_unseen() -> None:
    """Each one-byte change is refused, or says something else than before."""
    for place in range(len(manifests.UNSIGNED)):
        for flip in (1, 0x20, 0x80):
            changed = bytearray(manifests.UNSIGNED)
            changed[place] ^= flip
            try:
                told = parse(bytes(changed))
            except ManifestError:
                continue
            assert told.line() != manifests.LINE


def test_the_size_is_looked_at_before_anything_else() -> None:
    assert "length" in _refusal(parse, b"[" * (MOST_BYTES + 1))


def test_newer_is_a_higher_number() -> None:
    told = parse(manifests.UNSIGNED)
    assert told.is_newer(6)
    assert not told.is_newer(7)
    assert not told.is_newer(8)


def test_a_bundle_is_for_one_board_and_one_bytecode() -> None:
    bytecode = Manifest("unix_sim", {}, 6, 1, "0.1.0")
    for own in (6, 774, 2822):
        bytecode.check_target("unix_sim", own)
    assert "board" in _refusal(bytecode.check_target, "qemu_ast1030", 6)
    assert "mpy" in _refusal(bytecode.check_target, "unix_sim", 774 - 1)
    native = Manifest("unix_sim", {}, 2822, 1, "0.1.0")
    native.check_target("unix_sim", 2822)
    assert "mpy" in _refusal(native.check_target, "unix_sim", 774)


def test_a_whole_slot_is_good() -> None:
    told = parse(manifests.UNSIGNED)
    assert _all(check_files(told, list(told.files), _read(_slot()))) == 2


def test_a_changed_missing_or_strange_file_is_refused() -> None:
    told = parse(manifests.UNSIGNED)
    paths = list(told.files)
    folder = _slot()
    read = _read(folder)
    assert "board.py" in _refusal(_all, check_files(told, paths + ["board.py"], read))
    for content in (b"abd", b"ab", b"abcd", b""):
        _write(folder, "board.mpy", content)
        assert "board.mpy: not what" in _refusal(_all, check_files(told, paths, read))
    os.remove(folder + "/board.mpy")
    assert "board.mpy: not readable" in _refusal(_all, check_files(told, paths, read))


def test_a_large_file_is_read_in_slices() -> None:
    folder = new_folder()
    _write(folder, "a.mpy", b"x" * 40000)
    told = Manifest("unix_sim", {"a.mpy": "0" * 64}, 6, 1, "0.1.0")
    steps = check_files(told, ["a.mpy"], _read(folder))
    for _ in range(40):
        next(steps)
    assert "not what" in _refusal(_all, steps)


def test_a_release_key_is_64_digits() -> None:
    digits = "0123456789abcdef" * 4
    assert release_key(digits) == release_key(digits + "\n") == bytes.fromhex(digits)
    for text in ("", digits[1:], digits + "0", digits.upper(), digits + "\n\n", " " + digits, "g" * 64):
        assert "release_key" in _refusal(release_key, text), text


def test_an_unsigned_manifest_has_nobodys_signature() -> None:
    assert "missing" in _refusal(_all, check_signature(manifests.UNSIGNED, bytes(32)))


def test_a_made_up_signature_is_refused() -> None:
    key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert "not by this" in _refusal(_all, check_signature(manifests.SIGNED, key))
