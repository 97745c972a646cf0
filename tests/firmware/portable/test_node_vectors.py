"""The published vectors (protocol/vectors/v1), read from their files on whatever Python this is."""

import json
import struct

from anju.node import frame
from anju.node.framing import Deframer, Framer
from anju.node.seal import Cipher
from anju.wire import table
from firmware.portable.kit import Bench

try:
    from typing import Any
except ImportError:  # MicroPython
    pass

_FOLDER = __file__.rsplit("tests/", 1)[0] + "protocol/vectors/v1/"
_FIELDS: "dict[int, str]" = {
    table.Type.HELLO: table.HELLO,
    table.Type.EVENT: table.STATUS,
    table.Type.HEARTBEAT: table.STATUS,
    table.Type.ACK: table.ACK,
    table.Type.COMMAND: table.COMMAND,
    table.Type.REQUEST: table.STATUS,
}
_FRAMES = ("hello", "event", "heartbeat", "ack", "command", "walk_test", "request", "order")


def _cases(name: str) -> "list[dict[str, Any]]":
    with open(_FOLDER + name + ".json") as file:
        cases = json.load(file)["cases"]
    assert cases
    return list(cases)


def _keys(case: "dict[str, Any]", sealed: bytes) -> "tuple[int, int, int, bytes]":
    """Address and key of a frame, by what its header says and which way it went."""
    _, link_class, epoch, _, network, node, _ = struct.unpack_from(table.format_of(table.HEADER), sealed)
    for link in _cases("keys"):
        if (link["network"], link["node"], link["epoch"]) == (network, node, epoch):
            return network, node, epoch, bytes.fromhex(link["up" if link_class == table.LinkClass.UP else "down"])
    raise AssertionError("no key for {}".format(case["name"]))


def _values(fields: str, told: "dict[str, Any]") -> "list[Any]":
    """A message of a vector as the values of its table's rows."""
    rows = table.rows_of(fields)
    assert len(told) == len(rows)
    return [bytes.fromhex(told[name]) if "s" in letter else told[name] for name, letter in rows]


def test_every_frame_is_sealed_to_the_same_bytes() -> None:
    for name in _FRAMES:
        for case in _cases(name):
            expected = bytes.fromhex(case["frame"])
            extras = b"".join([frame.extra(kind, bytes.fromhex(value)) for kind, value in case["extras"]])
            sealed = frame.blank(extras)
            struct.pack_into(table.format_of(table.HEADER), sealed, 0, *_values(table.HEADER, case["header"]))
            fields = _FIELDS[case["body"]["type"]]
            struct.pack_into(table.format_of(fields), sealed, table.HEADER_BYTES, *_values(fields, case["body"]))
            Cipher(_keys(case, expected)[3]).seal(sealed)
            assert bytes(sealed) == expected, case["name"]


def test_every_frame_opens_to_the_same_body() -> None:
    for name in _FRAMES:
        for case in _cases(name):
            sealed = bytes.fromhex(case["frame"])
            body = Cipher(_keys(case, sealed)[3]).open(sealed)
            assert body is not None, case["name"]
            fields = _FIELDS[body[0]]
            assert list(struct.unpack_from(table.format_of(fields), body)) == _values(fields, case["body"]), case[
                "name"
            ]
            assert frame.is_understood(body) or case["receiver"] == "concentrator"
            for kind, value in case["extras"]:
                assert frame.find_extra(body, kind) == bytes.fromhex(value)


def test_what_is_for_a_node_is_read_by_it() -> None:
    count = 0
    for case in _cases("ack") + _cases("command"):
        if case["receiver"] != "node":
            continue
        count += 1
        sealed = bytes.fromhex(case["frame"])
        network, node, epoch, key = _keys(case, sealed)
        assert frame.counter_of(sealed, network, node, epoch) == case["header"]["counter"]
        body = Cipher(key).open(sealed)
        assert body is not None
        told = case["body"]
        if told["type"] == table.Type.ACK:
            names = ["time_s", "acked_epoch", "verdict", "acked_counter", "event_id", "arm_mode"]
            assert frame.read_ack(body) == tuple([told[name] for name in names])
        else:
            names = ["time_s", "command_id", "code", "event_id", "valid_s"]
            assert frame.read_command(body) == tuple([told[name] for name in names])
    assert count > 4


def test_what_is_to_be_refused_is_refused_by_a_node() -> None:
    count = 0
    for case in _cases("refused"):
        if case["receiver"] != "node":
            continue
        count += 1
        sealed = bytes.fromhex(case["frame"])
        bench = Bench()
        bench.greet()
        bench.receive(sealed)
        assert bench.sent() == []
        known = False
        for link in _cases("keys"):
            own = (link["network"], link["node"], link["epoch"])
            if frame.counter_of(sealed, *own) >= 0:
                known = known or Cipher(bytes.fromhex(link["down"])).open(sealed) is not None
        assert not known, case["name"]
    assert count > 0


def test_what_a_node_cannot_read_is_not_understood() -> None:
    for case in _cases("unknown"):
        sealed = bytes.fromhex(case["frame"])
        body = Cipher(_keys(case, sealed)[3]).open(sealed)
        assert body is not None, case["name"]
        assert body[:2] == bytes((case["type"], case["flags"]))
        assert body[0] not in _FIELDS or not frame.is_understood(body), case["name"]


def test_byte_streams_are_cut_and_written_alike() -> None:
    for case in _cases("stream"):
        line = bytes.fromhex(case["stream"])
        deframer = Deframer()
        frames, faults = [], 0
        for byte in line:
            deframer.feed(memoryview(bytes((byte,))))
            found = deframer.take()
            while found is not None:
                frames.append(found)
                found = deframer.take()
        expected = []
        for outcome in case["yields"]:
            try:
                expected.append(bytes.fromhex(outcome))
            except ValueError:
                faults += 1  # the name of a line fault
        assert frames == expected, case["name"]
        assert deframer.faults == faults, case["name"]
        if case["encodes"]:
            framer = Framer()
            assert b"".join([bytes(framer.encode(whole)) for whole in frames]) == line, case["name"]


def test_aes_ccm_gives_the_published_answers() -> None:
    count = 0
    for case in _cases("ccm"):
        key, nonce, aad, plain, sealed = [
            bytes.fromhex(case[name]) for name in ("key", "nonce", "aad", "plaintext", "sealed")
        ]
        # The wire's nonce is its associated data and a zero; answers of another form are for the host's library.
        if nonce != aad + b"\0" or not plain:
            continue
        count += 1
        whole = bytearray(aad + plain + bytes(table.TAG_BYTES))
        cipher = Cipher(key)
        cipher.seal(whole)
        assert bytes(whole) == aad + sealed
        assert cipher.open(aad + sealed) == plain
    assert count >= 2
