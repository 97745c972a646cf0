"""A heap that is full for a moment: nothing leaves unsealed, no number is sealed for two contents, and nothing is lost."""

from anju.node import feedback
from anju.wire import table
from firmware.portable.kit import Bench, Heard, greeted

try:
    from collections.abc import Callable
except ImportError:  # MicroPython
    pass


class _Full:
    """Stands before a device's cipher: the seal with this number fails, before or behind the work."""

    def __init__(self, bench: Bench, fails_at: int, is_late: bool) -> None:
        self.contents: "dict[int, bytes]" = {}
        self.failed = False
        self._left = fails_at
        self._is_late = is_late
        self._seal: "Callable[[bytearray], None]" = bench.device._sealer.seal
        setattr(bench.device._sealer, "seal", self.seal)  # noqa: B010 (of one object)

    def seal(self, sealed: bytearray) -> None:
        """As a cipher's."""
        counter = int.from_bytes(sealed[8:12], "big")
        assert self.contents.setdefault(counter, bytes(sealed)) == bytes(sealed), counter
        self._left -= 1
        if self._left == 0 and not self._is_late:
            self.failed = True
            raise MemoryError
        self._seal(sealed)
        if self._left == 0:
            self.failed = True
            raise MemoryError


def _sent(bench: Bench) -> "list[Heard]":
    """What the device sends now; whoever polls it makes room and polls again."""
    for _ in range(3):
        try:
            return bench.sent()
        except MemoryError:
            pass
    raise AssertionError("it never recovers")


def _day(bench: Bench) -> "list[Heard]":
    """A press and a door, each held back for so long that they are sealed anew, a command, and heartbeats."""
    heard: "list[Heard]" = []
    bench.device.edge(0, 1, bench.now)
    bench.wait(20)
    heard += _sent(bench)
    command = bench.concentrator.command(1)
    bench.receive(command)
    bench.device.edge(1, 1, bench.now)
    bench.wait(50)
    heard += _sent(bench)
    for _ in range(200):
        bench.now = max(bench.device.next_deadline(), bench.now + 1)
        heard += _sent(bench)
    bench.receive(command)  # as a concentrator does that has no answer
    return heard + _sent(bench)


def test_a_seal_that_fails_is_made_anew_under_another_number() -> None:
    fails_at, has_failed = 0, True
    while has_failed:
        fails_at += 1
        for is_late in (False, True):
            bench = greeted(heartbeat_ms=3000)
            bench.device.clock.set(1767225600, bench.now)
            full = _Full(bench, fails_at, is_late)
            heard = _day(bench)  # each was authentic, or it had not been heard
            codes = {one.code() for one in heard if one.type == table.Type.EVENT}
            assert {table.Code.PANIC, table.Code.OPENED} <= codes
            assert [one for one in heard if one.type == table.Type.ACK]
            assert [one for one in heard if one.type == table.Type.HEARTBEAT]
            assert bench.feedback.stage in (feedback.SENDING, feedback.UNDELIVERED)
            has_failed = full.failed
    assert fails_at > 16  # some of them for what would fall too far behind
