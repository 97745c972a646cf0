"""`anju bench node` in short, and held to its bars: all its figures are virtual, so no load on this machine changes them."""

import pytest

from anju.bench import memory, reaction
from anju.bench.node import Outcome, measure

TURNS, STORM_S = 2, 5.0


def _silently(_line: str) -> None:
    pass


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return measure(3, _silently, turns=TURNS, storm_s=STORM_S)


def test_every_edge_that_makes_an_event_is_measured(outcome: Outcome) -> None:
    assert len(outcome.reactions) == 3 * TURNS
    # At 115,200 baud a frame of 44 bytes, its CRC and two bytes of framing take 4.3 ms.
    assert {one.last_us - one.first_us for one in outcome.reactions} == {4340}


def test_two_runs_are_identical_to_the_microsecond(outcome: Outcome) -> None:
    assert outcome.identical


def test_no_figure_is_above_its_limit(outcome: Outcome) -> None:
    assert [(one.key, one.value, one.limit) for one in outcome.figures if not one.is_met] == []
    assert outcome.is_good


def test_heap_is_measured_where_it_says(outcome: Outcome) -> None:
    heap = outcome.heap
    assert 0 < heap.after_import < heap.ready <= heap.live_peak < heap.peak < heap.port
    assert heap.peak % memory.KIB == 0
    assert heap.storm.seconds == STORM_S
    assert min(heap.storm.edges, heap.storm.events, heap.storm.frames_sent, heap.storm.frames_received) > 0


def test_one_object_has_it_all(outcome: Outcome) -> None:
    told = outcome.as_json()
    assert told["identical"] is True
    assert told["edge_to_first_byte_us"] == max(one.first_us for one in outcome.reactions)
    assert told["mpy_bytes"]["total"] == sum(outcome.modules.values())
    assert told["mpy_bytes"]["total"] == told["mpy_bytes"]["enrolled"] + told["mpy_pairing_bytes"]
    assert told["mpy_bytes"]["anju/node/device.mpy"] > 0
    assert told["limits"]["heap_peak"] == {"limit": memory.PEAK_LIMIT, "met": True}
    assert set(told["limits"]) == {"edge_to_first_byte_us", "heap_after_import", "heap_peak", "mpy_bytes"}


def test_the_firmware_says_how_long_contacts_settle() -> None:
    assert all(reaction.settle_ms(kind) for kind in reaction.INPUTS)
