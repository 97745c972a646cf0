"""The power fails at every single write of a real littlefs, whole or halfway: no number twice, no half identity, no lost event.

The cut is made in the block device below `VfsLfs2`: write or erase number N happens in part or not at all, and nothing after
it. Then the flash is mounted anew, and the node lives on.
"""

import os

from anju.node.counter import BLOCK, Counter
from anju.node.device import Device
from anju.node.feedback import Feedback
from anju.node.identity import StoreError
from anju.store.littlefs import LittlefsStore
from anju.wire import table
from firmware.portable.kit import Concentrator, Dice, contact, identity
from firmware.portable.supply import MOUNT, Supply

_ENROLMENT = identity().to_json()


def _life(supply: Supply, count: int) -> "list[int]":
    """Boot, load, take `count` numbers unless the power fails before; those that were given out."""
    used = []
    try:
        supply.mount()
        store = LittlefsStore(MOUNT)
        own, ceiling = store.load()
        assert own.to_json() == _ENROLMENT
        counter = Counter(ceiling, store.reserve)
        for _ in range(count):
            used.append(counter.take())  # noqa: PERF401 (what was used before the cut counts)
    except (StoreError, OSError):
        assert not supply.is_on
    supply.end()
    return used


def _eventful_life(supply: Supply, presses: int) -> "tuple[list[int], list[int]]":
    """Boot, press so often, acknowledge every other press; ids that were taken up at the boot, and those that were told of and
    not acknowledged before the power failed."""
    taken_up: "list[int]" = []
    open_ids: "list[int]" = []

    def tell(what: str, number: int, *_rest: object) -> None:
        if not supply.is_on:
            return  # nobody reads the console of a node without power
        if what == "kept":
            taken_up.append(number)
        if what in ("kept", "event"):
            open_ids.append(number)
        if what == "acked":
            open_ids.remove(number)

    try:
        supply.mount()
        store = LittlefsStore(MOUNT)
        own, ceiling = store.load()
        inputs = [contact(kind) for kind in own.inputs]
        counter = Counter(ceiling, store.reserve)
        device = Device(own, inputs, counter, Feedback(), store.keep, Dice(ceiling + 1).bytes, tell, 60000)
        device.start(b"test", table.ResetCause.POWER_ON, store.kept(), 0)
        _work(device, presses)
    except (StoreError, OSError):
        assert not supply.is_on
    supply.end()
    return taken_up, open_ids


def _work(device: Device, presses: int) -> None:
    concentrator = Concentrator()
    now = 0
    for press in range(presses + 1):
        device.edge(0, press & 1, now)
        now += 20
        answers: "list[bytes]" = []
        sealed = device.poll(now)
        while sealed is not None:
            heard = concentrator.hear(sealed)
            if heard.type == table.Type.EVENT and heard.event_id() & 1:
                answers.append(concentrator.ack(heard))
            sealed = device.poll(now)
        for answer in answers:
            device.receive(answer, now)


def _fresh() -> bytearray:
    """A flash with an enrolment on it, as it leaves the bench."""
    supply = Supply.formatted()
    supply.mount()
    with open(MOUNT + "/enrolment.json", "w") as file:
        file.write(_ENROLMENT)
    supply.end()
    return supply.data


def _check_every_cut(before: bytearray, used: "set[int]", count: int) -> None:
    """Cut a life of `count` numbers at each of its writes, in four ways; after each, the next life must be a whole one."""
    uncut = Supply(bytearray(before))
    assert len(_life(uncut, count)) == count
    assert uncut.writes >= 2, uncut.writes
    for cut in range(uncut.writes):
        for torn in (0, 1, 17, 32):
            data = bytearray(before)
            cut_short = _life(Supply(data, cut, torn), count)
            after = _life(Supply(data), 3)
            assert len(after) == 3, "an enrolled node boots enrolled"
            numbers = cut_short + after
            assert len(set(numbers)) == len(numbers)
            assert not used & set(numbers)


def test_the_first_boot_survives_every_cut() -> None:
    _check_every_cut(_fresh(), set(), 3)


def test_a_reservation_survives_every_cut() -> None:
    data = _fresh()
    used = _life(Supply(data), 3)
    used += _life(Supply(data), 3)
    _check_every_cut(data, set(used), BLOCK + 5)


def test_the_enrolment_is_gone_after_the_first_whole_boot() -> None:
    data = _fresh()
    _life(Supply(data), 1)
    supply = Supply(data)
    supply.mount()
    names = sorted(os.listdir(MOUNT))
    supply.end()
    assert names == ["ceiling.0", "ceiling.1", "identity"]


def test_one_cut_after_another() -> None:
    for torn in (0, 17):
        data = _fresh()
        highest = count = 0
        used: "list[int]" = []
        for life in range(61):
            is_last = life == 60
            used = _life(Supply(data) if is_last else Supply(data, life % 23, torn), 3 if is_last else 3 + life * 4)
            # In order and above all before: no number twice. All of them at once would not fit beside the firmware.
            for number in used:
                assert number > highest
                highest = number
            count += len(used)
        assert len(used) == 3
        assert count > 60


def test_an_event_that_was_told_of_survives_every_cut() -> None:
    before = _fresh()
    _, waiting = _eventful_life(Supply(before), 4)
    assert waiting
    uncut = Supply(bytearray(before))
    _eventful_life(uncut, 6)
    assert uncut.writes > 6
    for cut in range(uncut.writes):
        for torn in (0, 17, 32):
            data = bytearray(before)
            _, open_ids = _eventful_life(Supply(data, cut, torn), 6)
            taken_up, _ = _eventful_life(Supply(data), 0)
            assert set(open_ids) <= set(taken_up), (cut, torn, open_ids, taken_up)
