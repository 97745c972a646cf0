"""A node behind a line that loses, delays, reorders and repeats: everything arrives (invariant I1), no counter twice (I6)."""

from anju.wire.table import Type
from firmware.portable.kit import Bench, Dice


class BadLine:
    """A line that loses, delays, reorders and repeats, and the concentrator's record at its other end."""

    def __init__(self, bench: Bench, dice: Dice) -> None:
        self.journal: "dict[int, int]" = {}
        self._bench = bench
        self._dice = dice
        self._frames: "dict[int, bytes]" = {}
        self._down: "list[bytes]" = []

    def carry(self) -> None:
        """Bring up what the node sends now, and down some of what waits."""
        bench = self._bench
        for sealed in bench.raw():
            heard = bench.concentrator.hear(sealed)
            # One counter, one frame: whatever else it is, it is a retry.
            assert self._frames.setdefault(heard.counter, sealed) == sealed
            if self._arrives():
                if heard.type == Type.EVENT:
                    self.journal[heard.event_id()] = heard.code()
                self._down.append(bench.concentrator.ack(heard))
        for sealed in list(self._down):
            if self._dice.below(3) == 0:
                self._down.remove(sealed)
                for _ in range(self._arrives() * (1 + (self._dice.below(10) == 0))):
                    bench.receive(sealed)

    def _arrives(self) -> bool:
        return self._dice.below(100) < 70


def test_nothing_is_lost_on_a_bad_line() -> None:
    dice = Dice(61)
    for seed in range(8):
        bench = Bench(seed)
        line = BadLine(bench, dice)
        for step in range(1500):
            bench.wait(dice.below(120))
            if step < 900 and dice.below(9) == 0:
                bench.device.edge(dice.below(3), dice.below(2), bench.now)
            line.carry()
        made = {words[1] for words in bench.told if words[0] == "event"}
        acked = [words[1] for words in bench.told if words[0] == "acked"]
        assert len(made) > 10
        assert made == set(line.journal) == set(acked)
        assert len(acked) == len(made)
        assert not [words for words in bench.told if words[0] == "dropped"]
