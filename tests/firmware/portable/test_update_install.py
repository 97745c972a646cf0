"""Which bundle a node takes: what the running slot says about the one in the idle slot, and that a refusal changes nothing."""

import json
import sys
from binascii import unhexlify

from anju.update import install
from anju.update.slots import Slots
from firmware.portable.flash import Flash, bundle, in_slot
from firmware.portable.histories import installed_first, start

KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
"""Public half of the Ed25519 key whose seed is 00 01 02 … 1f; made for these tests, as are the signatures."""

_IO_ERROR = 5
SIGNATURES = {
    2: "527c9760b5f04764874d52bc18ef504fe87c474f6778d7fa38ec8b4496695c64"
    "9fa505503b128a1e16cb7b1a2bce833bf6de155f9d9126c32229bc7c9ffa5c04",
}
"""Of `bundle(number)`."""


def _signed(number: int) -> "dict[str, bytes]":
    return bundle(number, sign=lambda line: unhexlify(SIGNATURES[number]))


def _with(files: "dict[str, bytes]", key: "str | None" = None, running: int = 1) -> "dict[str, bytes]":
    """A flash whose slot a is confirmed and runs, with these files in slot b."""
    with Flash(installed_first()) as flash:
        if running != 1:
            flash.files = in_slot("a", bundle(running))
        Slots("", start()).confirm()
        flash.files.update(in_slot("b", files))
        if key is not None:
            flash.files["/release_key"] = key.encode()
    return flash.files


def _asked(files: "dict[str, bytes]", slot: str = "b", running: str = "/a") -> "tuple[dict[str, object], Flash]":
    """What `flip` prints on that flash, after `check` has printed the same and changed nothing."""
    sys.path.insert(0, running)
    try:
        with Flash(files) as flash:
            install.check(slot)
            assert flash.left == []
            install.flip(slot)
    finally:
        sys.path.remove(running)
    assert len(flash.said) == 2
    checked, flipped = json.loads(flash.said[0]), json.loads(flash.said[1])
    assert checked == flipped
    return flipped, flash


def _assert_taken(files: "dict[str, bytes]") -> None:
    told, flash = _asked(files)
    assert told["ok"] is True
    assert told["number"] == 2
    assert told["version"] == "0.1.2"
    with Flash(flash.files):
        assert start() == "b"


def _refused(files: "dict[str, bytes]", slot: str = "b", running: str = "/a") -> "tuple[object, str]":
    """`why` and `detail` of a refusal."""
    told, flash = _asked(files, slot, running)
    assert told["ok"] is False
    assert flash.left == []
    with Flash(flash.files):
        assert start() == "a"
    return told["why"], str(told["detail"])


def test_a_development_node_takes_what_nobody_has_signed_and_older_bundles_too() -> None:
    _assert_taken(_with(bundle(2)))
    _assert_taken(_with(bundle(2), running=3))
    _assert_taken(_with(bundle(2), running=2))


def test_a_node_with_a_release_key_takes_what_was_signed_with_it() -> None:
    _assert_taken(_with(_signed(2), KEY))


def test_and_nothing_else() -> None:
    assert _refused(_with(bundle(2), KEY)) == ("signature", "signature: missing")
    other = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert _refused(_with(_signed(2), other)) == ("signature", "signature: not by this release key")


def test_a_release_key_that_cannot_be_read_is_not_the_same_as_none() -> None:
    for broken in ("", "\n", KEY[:-1], KEY.upper(), "garbage" * 100):
        assert _refused(_with(_signed(2), broken))[0] == "signature"
    files = _with(_signed(2), KEY)
    files["/release_key"] = b"\xff" * 64
    assert _refused(files)[0] == "signature"


def test_a_release_key_that_may_be_there_is_not_the_same_as_none_either() -> None:
    def stat(path: str) -> "tuple[int]":
        raise OSError(_IO_ERROR, path)

    with Flash(_with(bundle(2))) as flash:
        assert Slots("", "a").is_development()
        setattr(flash, "stat", stat)  # noqa: B010 (of one object)
        assert not Slots("", "a").is_development()


def test_an_older_number_is_refused_and_so_is_the_same() -> None:
    for running in (2, 3):
        assert _refused(_with(_signed(2), KEY, running)) == ("older", "number 2, and {} runs".format(running))


def test_a_bundle_for_another_board_or_bytecode_is_refused() -> None:
    why, detail = _refused(_with(bundle(2, board="other")))
    assert why == "target"
    assert "made for other, this is made_up" in detail
    files = _with(bundle(2))
    files["/b/MANIFEST"] = files["/b/MANIFEST"].replace(b'"mpy":6', b'"mpy":5')
    assert _refused(files)[0] == "target"


def test_a_bundle_that_is_not_whole_is_refused() -> None:
    for path in bundle(2):
        files = _with(bundle(2))
        del files["/b/" + path]
        assert _refused(files)[0] == ("manifest" if path == "MANIFEST" else "files")
        files["/b/" + path] = b"torn"
        assert _refused(files)[0] == ("manifest" if path == "MANIFEST" else "files")
    assert _refused(_with({}))[0] == "manifest"


def test_a_file_that_was_not_signed_is_refused_wherever_it_lies() -> None:
    for stranger in ("board.py", "anju/role.py", "anju/os.mpy", "x/y/z", "n" * 200):
        files = _with(bundle(2))
        files["/b/" + stranger] = b""
        why, detail = _refused(files)
        assert why == "files"
        assert stranger[:50] in detail
        assert len(detail) <= 120


def test_only_the_idle_slot_is_filled() -> None:
    assert _refused(_with(bundle(2)), "a") == ("slot", "slot a runs")
    assert _refused(_with(bundle(2)), "c")[0] == "slot"
    assert _refused(_with(bundle(2)), "b", running="/elsewhere") == ("slot", "no slot runs")
