"""A siren that does what the newest order says, no longer than it says, and never longer than its own limit."""

from anju.node import sounder
from anju.node.siren import Siren
from anju.node.sounder import DARK, LONGEST_MS, Sounder
from anju.wire import table
from anju.wire.table import Order, Sound, Type, Verdict
from firmware.portable.kit import NOW_S, Bench, identity

try:
    from typing import Any
except ImportError:  # MicroPython
    pass

LIGHT = (0, 1, 0)


class SirenBench(Bench):
    """A device with a siren, greeted."""

    def __init__(self, is_silent: bool = False) -> None:
        self.sounder = Sounder(is_silent)
        self.ids = 0

        def make(*parts: "Any") -> Siren:
            return Siren(self.sounder, *parts)

        super().__init__(make=make, own=identity(("siren", "tamper")))
        self.greet()

    def sound(self, what: int, seconds: int, **how: "Any") -> int:
        """Order it; the verdict."""
        self.ids += 1
        how["command_id"] = how.get("command_id", self.ids)
        self.receive(self.concentrator.command(what, Order.SOUND, zone=seconds, **how))
        return self.verdict()

    def verdict(self) -> int:
        """What the node says to the last order."""
        (verdict,) = [heard.ack()[2] for heard in self.sent() if heard.type == Type.ACK]
        return verdict

    def played(self, ms: int) -> "list[tuple[int, tuple[int, int, int]]]":
        """Outputs from now on, each with its moment from now: as they change by the node's own deadlines."""
        start = self.now
        told = [(0, self.sounder.outputs)]
        while self.now - start < ms:
            self.now = min(max(self.device.next_deadline(), self.now), start + ms)
            self.sent()
            if self.sounder.outputs != told[-1][1]:
                told.append((self.now - start, self.sounder.outputs))
        return told


def test_a_siren_is_off_until_it_is_told() -> None:
    bench = SirenBench()
    assert bench.played(5000) == [(0, DARK)]


def test_each_sound_is_its_own() -> None:
    seen = set()
    for what in (Sound.EXIT, Sound.ENTRY, Sound.ABORT, Sound.INTRUSION, Sound.HOLD_UP, Sound.FIRE):
        bench = SirenBench()
        assert bench.sound(what, 10) == Verdict.ACCEPTED
        played = bench.played(9999)
        seen.add(str(played))
        relays = [outputs[0] for _, outputs in played]
        assert max(relays) == (1 if what >= Sound.INTRUSION else 0)
        assert (max([outputs[2] for _, outputs in played]) > 0) == (what < Sound.INTRUSION)
        assert bench.played(1)[-1][1] == DARK
    assert len(seen) == 6


def test_fire_is_three_pulses_and_a_pause() -> None:
    bench = SirenBench()
    bench.sound(Sound.FIRE, 60)
    relays = [(at, outputs[0]) for at, outputs in bench.played(4400)]
    assert relays == [(0, 1), (500, 0), (1000, 1), (1500, 0), (2000, 1), (2500, 0), (4000, 1)]


def test_it_ends_by_itself() -> None:
    bench = SirenBench()
    bench.sound(Sound.INTRUSION, 7)
    assert bench.played(20000) == [(0, (1, 1, 0)), (7000, DARK)]


def test_it_never_sounds_longer_than_its_own_limit() -> None:
    bench = SirenBench()
    bench.sound(Sound.INTRUSION, 255, valid_s=65535)
    assert bench.played(300000) == [(0, (1, 1, 0)), (LONGEST_MS, DARK)]


def test_an_order_that_took_its_time_sounds_so_much_shorter() -> None:
    bench = SirenBench()
    bench.wait(20000)
    bench.sound(Sound.INTRUSION, 30, valid_s=30)
    assert bench.played(20000) == [(0, (1, 1, 0)), (10000, DARK)]


def test_a_late_one_is_not_carried_out() -> None:
    bench = SirenBench()
    assert bench.sound(Sound.INTRUSION, 30, time_s=NOW_S - 31, valid_s=30) == Verdict.EXPIRED
    assert bench.played(1000) == [(0, DARK)]


def test_the_light_stays_until_another_order() -> None:
    bench = SirenBench()
    bench.sound(Sound.INTRUSION | table.LATCHED_LIGHT, 2)
    assert bench.played(500000) == [(0, (1, 1, 0)), (2000, LIGHT)]
    assert bench.sound(Sound.QUIET, 0, time_s=NOW_S + 500) == Verdict.ACCEPTED
    assert bench.sounder.outputs == DARK


def test_nothing_to_sound_for_is_the_light_alone() -> None:
    bench = SirenBench()
    bench.sound(Sound.FIRE | table.LATCHED_LIGHT, 0)
    assert bench.played(1000) == [(0, LIGHT)]


def test_a_newer_order_takes_the_place_of_an_older_one() -> None:
    bench = SirenBench()
    bench.sound(Sound.INTRUSION, 60)
    bench.wait(1000)
    bench.sound(Sound.ENTRY, 3)
    assert bench.sounder.outputs == (0, 0, 2000)
    bench.sound(Sound.QUIET, 0)
    assert bench.played(100000) == [(0, DARK)]


def test_an_older_one_that_was_overtaken_changes_nothing() -> None:
    bench = SirenBench()
    older = bench.concentrator.command(Sound.INTRUSION, Order.SOUND, zone=60, command_id=50)
    bench.sound(Sound.QUIET, 0)
    bench.receive(older)
    assert bench.verdict() == Verdict.EXPIRED
    assert bench.played(1000) == [(0, DARK)]


def test_it_is_carried_out_once_however_often_it_comes() -> None:
    bench = SirenBench()
    assert bench.sound(Sound.INTRUSION, 10, command_id=5) == Verdict.ACCEPTED
    bench.wait(9000)
    assert bench.sound(Sound.INTRUSION, 10, command_id=5) == Verdict.DUPLICATE
    assert bench.played(60000) == [(0, (1, 1, 0)), (1000, DARK)]


def test_a_pattern_that_it_does_not_know_sounds_like_an_intrusion() -> None:
    for what in (7, 99, 255):
        bench = SirenBench()
        bench.sound(what, 2)
        assert bench.played(3000) == [(0, (1, 1, 0)), (2000, DARK)]


def test_other_bits_say_nothing_yet() -> None:
    bench = SirenBench()
    bench.sound(Sound.EXIT | 0xFE00, 2)
    assert bench.sounder.outputs == (0, 0, 1500)


def test_a_silent_node_has_no_siren() -> None:
    bench = SirenBench(is_silent=True)
    assert bench.sound(Sound.INTRUSION | table.LATCHED_LIGHT, 10) == Verdict.NOT_UNDERSTOOD
    assert bench.played(1000) == [(0, DARK)]


def test_under_new_keys_it_is_off_and_its_orders_count_from_the_first_on() -> None:
    bench = SirenBench()
    bench.sound(Sound.INTRUSION | table.LATCHED_LIGHT, 60)
    again = Sounder(False)
    again.order(9000, bytes(16), 1000, 0)
    again.quiet()
    assert again.order(1, bytes((0,) * 11 + (5, 0, Sound.FIRE, 0, 0)), 5000, 0) == Verdict.ACCEPTED
    assert again.outputs == (1, 1, 0)


def test_a_press_is_shown_as_ever_while_it_sounds() -> None:
    bench = SirenBench()
    bench.sound(Sound.INTRUSION, 60)
    bench.feedback.press(1, bench.now)
    bench.sent()
    assert bench.feedback.outputs[1] == 1
    assert bench.sounder.outputs == (1, 1, 0)


def test_it_catches_up_with_time_in_which_nobody_looked() -> None:
    made = Sounder(False)
    made.order(1, bytes((0,) * 11 + (60, 0, Sound.FIRE, 0, 0)), 60000, 0)
    made.poll(4000 * 3 + 600)
    assert made.outputs == (0, 1, 0)
    assert made.deadline() == 4000 * 3 + 1000
    assert sounder.PATTERNS[Sound.FIRE][-1][3] == 1500
