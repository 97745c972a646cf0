"""The golden statements are signed by the keys that stand beside them, over the bytes of this page's tables."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anju.wire import evidence
from vectors.golden import RECEIVERS, Case, cases, each


@each("evidence")
def test_it_is_signed_as_it_stands_there(case: Case) -> None:
    message = RECEIVERS["concentrator"].open(bytes.fromhex(case["frame"]))
    told = evidence.read(message, case["device"])
    assert told.digest.hex() == case["digest"]
    assert told.is_by(bytes.fromhex(case["public_key"]))
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(case["seed"]))
    assert private.sign(b"anju/1 evidence" + told.digest) == told.signature


def test_the_second_names_the_first() -> None:
    first, second, *_ = cases("evidence")
    assert dict(second["extras"])[0x91] == first["digest"]
