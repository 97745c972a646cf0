"""What a new node shows is for whoever installs it, until it has played that it is paired."""

from __future__ import annotations

from collections.abc import Callable

from anju.simulator.feedback import PAIRED_ENDS_HZ, Stage
from anju.simulator.node import Node
from anju.simulator.output import Edge, Made, Output, Ready

READY = "ready anju/0.1.0 micropython/1.29.0 unix_sim network 1 node 7"
OFFER = ("store: no identity", "unenrolled", "pairing: open", "@pin led_amber 1", "@pin led_amber 0")
TUNE = ("@pwm buzzer 2000", "@pwm buzzer 0", "@pwm buzzer 2000", "@pwm buzzer 0", f"@pwm buzzer {PAIRED_ENDS_HZ}")


class _Machine:
    """Says what a test lets it say."""

    async def start(self, hear: Callable[[str], None]) -> None:
        pass

    def drive(self, number: int, level: int) -> None:
        pass

    async def ended(self) -> int:
        return 0

    async def stop(self) -> None:
        pass


def told(*lines: str, number: int = 0) -> tuple[Node, list[Output]]:
    """A node that has said this, and what its listener heard."""
    heard: list[Output] = []
    node = Node(number, _Machine(), lambda _node, output, _at: heard.append(output))
    for line in lines:
        node._hear(line)
    return node, heard


def test_its_listener_hears_nothing_but_that_it_has_keys() -> None:
    node, heard = told(*OFFER, READY, "paired", *TUNE)
    assert [type(output) for output in heard] == [Ready]
    assert node.offering.is_set()
    assert node.number == 7
    assert not node.installed.is_set()


def test_from_the_end_of_its_tune_on_everything_is_heard() -> None:
    node, heard = told(*OFFER, READY, "paired", *TUNE, "@pwm buzzer 0", "@pin led_amber 1")
    assert node.installed.is_set()
    assert heard[-1] == Edge("led_amber", 1)
    assert node.feedback.stage is Stage.QUIET


def test_the_beeps_of_an_alarm_end_nothing() -> None:
    node, _heard = told(*TUNE[:-1], "@pwm buzzer 0")
    assert not node.installed.is_set()


def test_an_event_that_it_makes_meanwhile_is_not_hidden() -> None:
    _node, heard = told(READY, "event 2 code 3 zone 0")
    assert heard[-1] == Made(2, 3, 0)


def test_one_with_keys_is_heard_at_once() -> None:
    _node, heard = told("@pin led_amber 1", number=3)
    assert heard == [Edge("led_amber", 1)]


def test_the_tune_ends_as_the_firmware_ends_it() -> None:
    from anju.node import feedback
    from anju.pair import session

    (introduction, _loop) = feedback.PATTERNS[session.PAIRED]
    assert introduction[-1][3] == PAIRED_ENDS_HZ
    assert PAIRED_ENDS_HZ not in [step[3] for step in introduction[:-1]]
