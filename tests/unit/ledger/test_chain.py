"""The chain: any change to any row shows at its end."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.ledger.chain import GENESIS, next_link

DIGESTS = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=8, unique=True)


def head(digests: list[bytes]) -> bytes:
    """The last link over some rows."""
    link = GENESIS
    for digest in digests:
        link = next_link(link, digest)
    return link


def test_the_first_link() -> None:
    digest = hashlib.sha256(b"first").digest()
    assert next_link(GENESIS, digest) == hashlib.sha256(b"anju/1 chain" + bytes(32) + digest).digest()


@given(digests=DIGESTS, data=st.data())
def test_changing_removing_or_moving_a_row_changes_the_end(digests: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(digests) - 1))
    changed, removed = list(digests), list(digests)
    changed[place] = bytes(byte ^ 1 for byte in changed[place])
    del removed[place]
    other = data.draw(st.permutations(digests))
    ends = [head(changed), head(removed)] + ([head(other)] if other != digests else [])
    assert head(digests) not in ends


@pytest.mark.parametrize(("previous", "digest"), [(b"", bytes(32)), (bytes(32), bytes(31)), (bytes(33), bytes(31))])
def test_a_length_that_is_wrong_is_refused(previous: bytes, digest: bytes) -> None:
    # Two lengths that add up to 64 would otherwise give the link of another pair.
    with pytest.raises(ValueError, match="32 bytes"):
        next_link(previous, digest)
