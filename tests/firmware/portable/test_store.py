"""What outlives the power: both stores keep the same promises, and files may be torn or rot."""

import os

from anju.node.counter import BLOCK
from anju.node.identity import StoreError
from anju.store.littlefs import LittlefsStore
from anju.store.memory import MemoryStore
from firmware.portable.kit import identity, new_folder, raises


def _enrol(folder: str, text: "str | None" = None) -> None:
    with open(folder + "/enrolment.json", "w") as file:
        file.write(identity().to_json() if text is None else text)


def _spoil(path: str) -> None:
    with open(path, "rb") as file:
        content = file.read()
    with open(path, "wb") as file:
        file.write(bytes([content[0] ^ 1]) + content[1:])


def _enrolled() -> str:
    folder = new_folder()
    _enrol(folder)
    LittlefsStore(folder).load()
    return folder


def test_an_empty_store_is_unenrolled() -> None:
    assert "no identity" in raises(StoreError, MemoryStore().load)
    assert "no identity" in raises(StoreError, LittlefsStore(new_folder()).load)
    assert "no identity" in raises(StoreError, LittlefsStore(new_folder() + "/missing").load)


def test_what_is_saved_is_loaded() -> None:
    for store in (MemoryStore(), LittlefsStore(new_folder())):
        store.save(identity())
        own, ceiling = store.load()
        assert own.to_json() == identity().to_json()
        assert ceiling == 0


def test_an_identity_that_cannot_be_read_is_not_the_same_as_none() -> None:
    for store in (MemoryStore(), LittlefsStore(new_folder())):
        assert not store.holds_identity()
        store.save(identity())
        assert store.holds_identity()
        store.wipe()
        assert not store.holds_identity()
    folder = _enrolled()
    _spoil(folder + "/identity")
    store = LittlefsStore(folder)
    raises(StoreError, store.load)
    assert store.holds_identity()


def test_the_last_ceiling_is_loaded() -> None:
    folder = new_folder()
    for store in (MemoryStore(), LittlefsStore(folder)):
        store.save(identity())
        store.load()
        for block in range(1, 8):
            store.reserve(block * BLOCK)
            assert store.load()[1] == block * BLOCK
    assert LittlefsStore(folder).load()[1] == 7 * BLOCK


def test_a_wiped_store_is_unenrolled_and_its_numbers_go_on() -> None:
    for store in (MemoryStore(), LittlefsStore(new_folder())):
        store.save(identity())
        store.load()
        store.reserve(BLOCK)
        store.wipe()
        raises(StoreError, store.load)
        store.save(identity())
        assert store.load()[1] == BLOCK


def test_a_wiped_folder_holds_no_key() -> None:
    folder = _enrolled()
    _enrol(folder)
    LittlefsStore(folder).wipe()
    assert sorted(os.listdir(folder)) == ["ceiling.0", "ceiling.1"]


def test_an_enrolment_is_taken_over_and_deleted() -> None:
    folder = new_folder()
    _enrol(folder)
    own, ceiling = LittlefsStore(folder).load()
    assert own.to_json() == identity().to_json()
    assert ceiling == 0
    assert sorted(os.listdir(folder)) == ["ceiling.0", "ceiling.1", "identity"]
    assert LittlefsStore(folder).load()[0].to_json() == own.to_json()


def test_the_same_enrolment_again_does_not_turn_the_counter_back() -> None:
    folder = _enrolled()
    store = LittlefsStore(folder)
    store.load()
    store.reserve(BLOCK)
    _enrol(folder)
    assert LittlefsStore(folder).load()[1] == BLOCK
    _spoil(folder + "/identity")
    _enrol(folder)
    assert LittlefsStore(folder).load()[1] == BLOCK


def test_a_new_enrolment_replaces_the_old_one_and_its_numbers_go_on() -> None:
    folder = _enrolled()
    store = LittlefsStore(folder)
    store.load()
    store.reserve(BLOCK)
    fresh = identity(up=bytes(range(32, 48)))
    _enrol(folder, fresh.to_json())
    own, ceiling = LittlefsStore(folder).load()
    assert own.up == fresh.up
    assert ceiling == BLOCK


def test_a_bad_enrolment_enrols_nobody_and_unenrols_nobody() -> None:
    folder = new_folder()
    _enrol(folder, "{}")
    assert "enrolment.json" in raises(StoreError, LittlefsStore(folder).load)
    assert os.listdir(folder) == ["enrolment.json"]
    folder = _enrolled()
    _enrol(folder, "{}")
    store = LittlefsStore(folder)
    assert store.load()[0].node == 7
    assert "enrolment.json" in store.complaint


def test_one_broken_ceiling_counts_as_a_block_above_the_other() -> None:
    for broken in ("/ceiling.0", "/ceiling.1"):
        for how in (_spoil, os.remove):
            folder = _enrolled()
            store = LittlefsStore(folder)
            store.load()
            store.reserve(BLOCK)
            store.reserve(2 * BLOCK)
            how(folder + broken)
            _, ceiling = LittlefsStore(folder).load()
            assert 2 * BLOCK <= ceiling <= 3 * BLOCK
            # And once more, with the other one: the repair has made both whole.
            how(folder + ("/ceiling.1" if broken == "/ceiling.0" else "/ceiling.0"))
            assert ceiling <= LittlefsStore(folder).load()[1] <= ceiling + BLOCK


def test_a_broken_ceiling_never_leads_back_however_many_boots_there_were() -> None:
    for boots in range(1, 8):
        for broken in ("/ceiling.0", "/ceiling.1"):
            folder = _enrolled()
            for boot in range(1, boots + 1):
                store = LittlefsStore(folder)
                store.load()
                store.reserve(boot * BLOCK)
            _spoil(folder + broken)
            assert LittlefsStore(folder).load()[1] >= boots * BLOCK


def test_both_ceilings_broken_is_unenrolled_and_the_same_keys_do_not_mend_it() -> None:
    folder = _enrolled()
    for name in ("/ceiling.0", "/ceiling.1"):
        _spoil(folder + name)
    assert "enrol this node again" in raises(StoreError, LittlefsStore(folder).load)
    _enrol(folder)
    raises(StoreError, LittlefsStore(folder).load)
    raises(StoreError, LittlefsStore(folder).save, identity())
    _enrol(folder, identity(up=bytes(range(32, 48))).to_json())
    assert LittlefsStore(folder).load()[1] == 0


def test_a_broken_identity_is_unenrolled() -> None:
    folder = _enrolled()
    _spoil(folder + "/identity")
    raises(StoreError, LittlefsStore(folder).load)
    with open(folder + "/identity", "wb") as file:
        file.write(b"")
    raises(StoreError, LittlefsStore(folder).load)


def test_the_last_kept_events_are_there_again_until_it_is_wiped() -> None:
    for store in (MemoryStore(), LittlefsStore(new_folder())):
        assert store.kept() == b""
        store.keep(b"first")
        store.keep(b"then")
        assert store.kept() == b"then"
        store.wipe()
        assert store.kept() == b""


def test_kept_events_that_rot_are_lost_and_said_to_be() -> None:
    folder = _enrolled()
    LittlefsStore(folder).keep(b"an event")
    assert LittlefsStore(folder).kept() == b"an event"
    _spoil(folder + "/outbox")
    assert LittlefsStore(folder).kept() is None


def test_events_that_cannot_be_replaced_stay_as_they_were() -> None:
    folder = _enrolled()
    store = LittlefsStore(folder)
    store.keep(b"old")
    os.mkdir(folder + "/outbox.new")
    raises(StoreError, store.keep, b"new")
    assert store.kept() == b"old"


def test_a_store_that_cannot_be_written_says_so() -> None:
    folder = new_folder()
    raises(StoreError, LittlefsStore(folder + "/missing").keep, b"")
    raises(StoreError, LittlefsStore(folder + "/missing").save, identity())
    raises(StoreError, LittlefsStore(folder + "/missing").reserve, BLOCK)
