"""The emulated board without the node's firmware: its identity, its random numbers, and its ciphers."""

from __future__ import annotations

import pytest

from emulated.rig import UNIQUE_ID, Rig

pytestmark = pytest.mark.anyio


async def test_random_numbers_and_the_unique_id(rig: Rig) -> None:
    told = await rig.run(
        "import machine, os\n"
        "print(machine.unique_id().hex())\n"
        "print([len(os.urandom(size)) for size in (0, 1, 5, 33)])\n"
        "print(len({os.urandom(16) for _ in range(50)}))"
    )
    assert told == f"{UNIQUE_ID.hex()}\n[0, 1, 5, 33]\n50\n"


CRYPTO = [
    # FIPS-197, C.1 and C.3
    ("aes(bytes(range(16)), 1).encrypt(block)", "69c4e0d86a7b0430d8cdb78070b4c55a"),
    ("aes(bytes(range(32)), 1).encrypt(block)", "8ea2b7ca516745bfeafc49904b496089"),
    (
        "aes(bytes(range(16)), 1).decrypt(bytes.fromhex('69c4e0d86a7b0430d8cdb78070b4c55a'))",
        "00112233445566778899aabbccddeeff",
    ),
    (
        "aes(bytes(range(32)), 1).decrypt(bytes.fromhex('8ea2b7ca516745bfeafc49904b496089'))",
        "00112233445566778899aabbccddeeff",
    ),
    # SP 800-38A, F.2.1 (CBC) and F.5.1 (CTR), two blocks
    ("aes(key, 2, iv).encrypt(text)", "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"),
    (
        "aes(key, 2, iv).decrypt(aes(key, 2, iv).encrypt(text))",
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
    ),
    ("aes(key, 6, counter).encrypt(text)", "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"),
    # FIPS 180-2, B.1
    ("hashlib.sha256(b'abc').digest()", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
]


async def test_aes_and_sha256_know_the_published_vectors(rig: Rig) -> None:
    await rig.run(
        "import hashlib\n"
        "from cryptolib import aes\n"
        "block = bytes.fromhex('00112233445566778899aabbccddeeff')\n"
        "key = bytes.fromhex('2b7e151628aed2a6abf7158809cf4f3c')\n"
        "iv = bytes(range(16))\n"
        "counter = bytes(range(0xf0, 0x100))\n"
        "text = bytes.fromhex('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51')"
    )
    assert [(term, (await rig.run(f"print({term}.hex())")).strip()) for term, _ in CRYPTO] == CRYPTO
