"""A node's label: made once, told until it was noted, and kept whatever else is forgotten."""

import json
import sys

from anju.node.identity import StoreError
from anju.pair import provision
from anju.store.littlefs import LittlefsStore
from firmware.portable.kit import identity, new_folder, raises

try:
    from collections.abc import Callable
    from typing import Any
except ImportError:  # MicroPython
    pass


class _Board:
    """As much of a board as has a store."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def store(self) -> LittlefsStore:
        """Opened anew, as at each start."""
        return LittlefsStore(self.folder)


def _on(folder: str, call: "Callable[[], None]") -> "list[dict[str, Any]]":
    """What `call` prints on a board with this folder."""
    said: "list[str]" = []
    kept = sys.modules.get("board")
    sys.modules["board"] = _Board(folder)  # type: ignore[assignment]  # as much of one as is looked at
    setattr(provision, "print", said.append)  # noqa: B010 (for a while)
    try:
        call()
    finally:
        delattr(provision, "print")
        del sys.modules["board"]
        if kept is not None:
            sys.modules["board"] = kept
    return [json.loads(line) for line in said]


def test_it_is_made_once_and_told_until_it_was_noted() -> None:
    folder = new_folder()
    (first,) = _on(folder, provision.show)
    assert (len(first["key"]), len(first["code"])) == (64, 20)
    assert _on(folder, provision.show) == [first]
    assert _on(folder, provision.noted) == []
    assert _on(folder, provision.show) == [{"key": first["key"], "code": ""}]
    label = provision.label_of(LittlefsStore(folder))
    assert label is not None
    assert label.code.hex() == first["code"]


def test_no_two_are_alike() -> None:
    first, second = [_on(new_folder(), provision.show)[0] for _ in range(2)]
    assert first["key"] != second["key"]
    assert first["code"] != second["code"]


def test_what_was_never_made_cannot_be_noted() -> None:
    folder = new_folder()
    assert provision.label_of(LittlefsStore(folder)) is None
    assert "no label" in raises(StoreError, _on, folder, provision.noted)


def test_a_label_that_rots_is_none() -> None:
    folder = new_folder()
    _on(folder, provision.show)
    with open(folder + "/label", "r+b") as file:
        file.write(b"?")
    assert provision.label_of(LittlefsStore(folder)) is None


def test_one_that_cannot_be_kept_is_not_told() -> None:
    raises(StoreError, _on, new_folder() + "/missing", provision.show)


def test_it_outlives_what_is_wiped() -> None:
    folder = new_folder()
    store = LittlefsStore(folder)
    told = _on(folder, provision.show)
    store.save(identity())
    store.note("pairing", b"a promise")
    store.note("root_key", bytes(32))
    store.wipe()
    assert not store.holds_identity()
    assert (store.noted("pairing"), store.noted("root_key")) == (b"", b"")
    assert _on(folder, provision.show) == told


def test_the_device_id_is_that_of_the_specification() -> None:
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert provision.Label(bytes(32) + public + bytes(11)).device == b"47Z33QX1AJH62"
