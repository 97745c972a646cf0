"""The radio link, against a made-up radio."""

from anju.link.espnow import EVERYBODY, EspNowLink
from anju.wire import table
from firmware.portable.air import Air, Radio, Station
from firmware.portable.kit import raises


def _two() -> "tuple[EspNowLink, Radio, EspNowLink, Radio]":
    air = Air()
    ours, theirs = Radio(air), Radio(air)
    node, dongle = EspNowLink(ours, Station(), 6), EspNowLink(theirs, Station(), 6)
    node.open()
    dongle.open()
    return node, ours, dongle, theirs


def test_a_frame_goes_to_everybody_in_one_packet() -> None:
    node, ours, dongle, _ = _two()
    assert ours.peers == [EVERYBODY]
    frame = bytearray(range(44))
    node.send(frame)
    frame[0] = 99  # the buffer is the sender's own
    assert dongle.receive() == bytes(range(44))
    assert dongle.receive() is None
    assert node.receive() is None


def test_it_joins_no_network_and_is_off_after_closing() -> None:
    station = Station()
    radio = Radio(Air())
    link = EspNowLink(radio, station, 11)
    link.open()
    assert station.done == [True, "disconnect", 11]
    link.close()
    assert station.done[-1] is False
    assert not radio.is_active
    link.send(bytearray(44))
    assert link.receive() is None
    link.open()  # its peer is known already
    assert radio.is_active
    assert radio.peers == [EVERYBODY]


def test_what_is_no_frame_by_its_length_is_passed_over() -> None:
    node, ours, _, _ = _two()
    for size in (0, 1, table.LEAST_BYTES - 1, table.MOST_BYTES + 1, 1470):
        ours.packets.append(bytes(size))
    ours.packets += [bytes(table.LEAST_BYTES), bytes(table.MOST_BYTES)]
    assert node.receive() == bytes(table.LEAST_BYTES)
    assert node.receive() == bytes(table.MOST_BYTES)
    assert node.receive() is None


def test_a_full_radio_loses_a_frame_and_nothing_else() -> None:
    node, ours, dongle, _ = _two()
    ours.is_full = True
    node.send(bytearray(44))
    ours.is_full = False
    node.send(bytearray(45))
    assert dongle.receive() == bytes(45)
    assert dongle.receive() is None


def test_a_radio_that_does_not_start_is_said() -> None:
    link = EspNowLink(Radio(Air()), Station(is_broken=True), 6)
    raises(OSError, link.open)
    link.send(bytearray(44))
    link.close()
