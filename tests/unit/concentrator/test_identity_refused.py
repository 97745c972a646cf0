"""What is no exported identity, or no place for one, is refused: nothing is made, nothing is changed, and why is said."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from anju.concentrator.identity import adopt, seal
from anju.service.errors import ServiceError
from anju.service.settings import Site
from unit.concentrator.harness import HOUSEHOLD, HandClock
from unit.concentrator.identity_kit import PASSPHRASE, PERSON, a_life, ask, everything, written
from unit.concentrator.site import free_udp_port, new_site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return new_site(tmp_path / "site", free_udp_port())


@pytest.fixture
def file(site: Site, tmp_path: Path) -> Path:
    _node, _said, identity = asyncio.run(a_life(site, HandClock()))
    return written(identity, tmp_path / "out.anju")


def asks_nobody() -> str:
    raise AssertionError("a passphrase was asked for")


def refused(tmp_path: Path, file: Path, folder: Path, asking: Callable[[], str] = ask) -> ServiceError:
    """Why; and nothing below has changed."""
    before = everything(tmp_path)
    with pytest.raises(ServiceError) as refusal:
        adopt.adopt(file, folder, asking, PERSON, HandClock())
    assert everything(tmp_path) == before
    assert refusal.value.unchanged
    assert refusal.value.next_step
    return refusal.value


def test_a_site_that_has_a_keyring(site: Site, file: Path, tmp_path: Path) -> None:
    error = refused(tmp_path, file, site.folder, asks_nobody)
    assert "a site with a keyring" in error.what


def test_a_folder_that_is_not_empty(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "site.toml").touch()
    assert "is not empty" in refused(tmp_path, file, folder, asks_nobody).what
    assert "cannot be used" in refused(tmp_path, file, file, asks_nobody).what


def test_a_folder_below_nothing(file: Path, tmp_path: Path) -> None:
    assert "cannot be made" in refused(tmp_path, file, tmp_path / "none" / "new").what


def test_a_wrong_passphrase(file: Path, tmp_path: Path) -> None:
    assert "the passphrase is wrong" in refused(tmp_path, file, tmp_path / "new", lambda: "another one").what


def test_a_file_that_is_no_such_thing_before_anybody_is_asked(file: Path, tmp_path: Path) -> None:
    for raw in (b"", b"anju-id\n", b"hello", file.read_bytes()[:-1], file.read_bytes()[:11] + b"\x09"):
        file.write_bytes(raw)
        refused(tmp_path, file, tmp_path / "new", asks_nobody)
    assert "cannot be read" in refused(tmp_path, tmp_path / "none.anju", tmp_path / "new", asks_nobody).what


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: "[]",
        lambda told: "{",
        lambda told: "[" * 100_000,
        lambda told: json.dumps(told | {"version": 2}),
        lambda told: json.dumps(told | {"root_private_key": "00"}),
        lambda told: json.dumps(told | {"panels": [{"household": HOUSEHOLD, "state": "{}"}]}),
        lambda told: json.dumps(told | {"keyring": told["keyring"] | {"links": 2 * told["keyring"]["links"]}}),
        lambda told: json.dumps(
            told | {"keyring": told["keyring"] | {"links": [told["keyring"]["links"][0] | {"up": None}]}}
        ),
        lambda told: json.dumps(told | {"keyring": told["keyring"] | {"notices": ["{}"]}}),
        lambda told: json.dumps(told | {"settings": "[estate]\n"}),
    ],
    ids=[
        "list",
        "no json",
        "deep",
        "newer",
        "unknown field",
        "panel",
        "twice",
        "half a link",
        "notice",
        "settings",
    ],
)
def test_what_is_no_identity_although_it_is_sealed(
    file: Path, tmp_path: Path, spoil: Callable[[dict[str, object]], str]
) -> None:
    """Somebody who tells the passphrase along with a file of their own."""
    told = json.loads(seal.unseal(file.read_bytes(), PASSPHRASE))
    file.write_bytes(seal.seal(spoil(told).encode(), PASSPHRASE))
    error = refused(tmp_path, file, tmp_path / "new")
    assert told["keyring"]["links"][0]["up"] not in str(error)


def test_a_link_beside_the_place_is_not_followed(file: Path, tmp_path: Path) -> None:
    """Somebody has prepared a folder of theirs where ours is made."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (tmp_path / ".new.importing").symlink_to(theirs)
    assert "cannot be made" in refused(tmp_path, file, tmp_path / "new").what
    (tmp_path / ".new.importing").unlink()
    (tmp_path / ".new.importing").mkdir(mode=0o755)
    assert "somebody else may look into" in refused(tmp_path, file, tmp_path / "new").what


def test_two_imports_at_once(file: Path, tmp_path: Path) -> None:
    held = adopt._held(tmp_path / ".new.importing")
    try:
        assert "Another import is making" in refused(tmp_path, file, tmp_path / "new").what
    finally:
        os.close(held)
