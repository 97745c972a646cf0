"""The bundle as it is flashed, on the emulated board: its bytecode runs there, and that decides about the next one."""

from __future__ import annotations

import hashlib
import json
import shutil
from binascii import crc32
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.bundle import build
from anju.emulator.board import Pace
from anju.emulator.image import flash_image
from emulated.rig import powered

pytestmark = pytest.mark.anyio
OURS, OTHERS = Ed25519PrivateKey.from_private_bytes(bytes(32)), Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

IMPORTS = """
import json
for path in json.loads(open('/a/MANIFEST').readline())['files']:
    __import__(path[:-4].replace('/', '.'))
print('all')
"""
PROGRAM = """
import json, time
from anju.update import install

def write(path, content):
    with open(path, 'wb') as file:
        file.write(content)

install.check('b')
for path, place in (('/b/MANIFEST', -2), ('/b/board.mpy', -1)):
    kept = open(path, 'rb').read()
    spoilt = bytearray(kept)
    spoilt[place] = ord('1') if spoilt[place] == ord('0') else ord('0')  # of a signature, still a hexadecimal digit
    write(path, spoilt)
    install.check('b')
    write(path, kept)
install.flip('b')
print(json.dumps(choose()))
"""


def flashed(folder: Path, signer: Ed25519PrivateKey, number: int) -> None:
    """The flash of a node whose slot a has number 5 and our release key, with a bundle in slot b."""
    tree = folder / "tree"
    build("qemu_ast1030", tree, OURS, 5)
    build("qemu_ast1030", folder / "next", signer, number)
    (tree / "slot").rename(tree / "a")
    shutil.move(folder / "next/slot", tree / "b")
    accepted = hashlib.sha256((tree / "a/MANIFEST").read_bytes()).hexdigest()
    pointer = f"a a 0 {accepted} -"
    (tree / "slot").write_text(f"{pointer} {crc32(pointer.encode()):08x}\n")
    (tree / "main.py").unlink()  # the prompt comes instead of the node
    (tree / "release_key").write_text(OURS.public_key().public_bytes_raw().hex() + "\n")
    (folder / "flash.bin").write_bytes(flash_image(tree))


async def told(image: Path, folder: Path, signer: Ed25519PrivateKey, number: int) -> list[object]:
    """What such a node says of the bundle in slot b."""
    flashed(folder, signer, number)
    async with powered(image, folder, Pace.REAL) as rig:
        return [json.loads(line) for line in (await rig.run(PROGRAM)).splitlines() if line[0] in '{"n']


async def test_each_of_its_modules_can_be_loaded(image: Path, tmp_path: Path) -> None:
    flashed(tmp_path, OURS, 6)
    async with powered(image, tmp_path, Pace.REAL) as rig:
        assert await rig.run(IMPORTS) == "all\n"


async def test_a_later_bundle_of_ours_runs_next(image: Path, tmp_path: Path) -> None:
    good = {"slot": "b", "ok": True, "number": 6, "version": "0.1.1"}
    checked, forged, spoiled, flipped, chosen = await told(image, tmp_path, OURS, 6)
    assert checked == flipped == good
    assert isinstance(forged, dict)
    assert forged["why"] == "signature"
    assert isinstance(spoiled, dict)
    assert (spoiled["why"], spoiled["detail"]) == ("files", "board.mpy: not what its hash says")
    assert chosen == "b"


@pytest.mark.parametrize(("signer", "number", "why"), [(OTHERS, 6, "signature"), (OURS, 5, "older")])
async def test_another_does_not(signer: Ed25519PrivateKey, number: int, why: str, image: Path, tmp_path: Path) -> None:
    checked, _, _, flipped, chosen = await told(image, tmp_path, signer, number)
    for answer in (checked, flipped):
        assert isinstance(answer, dict)
        assert (answer["ok"], answer["why"]) == (False, why)
    assert chosen == "a"
