"""Node and host, each sealing what the other opens: random frames, under CPython and under MicroPython."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from anju.bundle import stage
from anju.node import frame
from anju.simulator.interpreter import micropython
from anju.wire import table
from anju.wire.codec import Codec
from anju.wire.messages import Ack, Body, Command, Extra, Header, Hello, Message, Status
from firmware import crossing

Node = Callable[[list[list[Any]]], list[str]]
COUNT = 300
UP, DOWN = bytes(range(16)), bytes(range(16, 32))


def _cpython(lines: list[list[Any]]) -> list[str]:
    return [crossing.answer(json.dumps(line)) for line in lines]


@pytest.fixture(params=["CPython", "MicroPython"])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Node:
    """Answers many lines at once, as `crossing` says."""
    if request.param == "CPython":
        return _cpython
    bundle = stage("unix_sim", tmp_path / "bundle")

    def on_micropython(lines: list[list[Any]]) -> list[str]:
        run = subprocess.run(
            [micropython(), crossing.__file__],
            env=os.environ | {"MICROPYPATH": f"{bundle}:.frozen"},
            input="".join(json.dumps(line) + "\n" for line in lines),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return run.stdout.split()

    return on_micropython


def _codec(receives: table.LinkClass, headers: list[Header]) -> Codec:
    codec = Codec(receives)
    for header in headers:
        codec.learn(header.network, header.node, header.epoch, up=UP, down=DOWN)
    return codec


def _extras(dice: Random) -> tuple[Extra, ...]:
    return tuple(
        Extra(dice.choice([table.Extra.BUILD, table.Extra.CHALLENGE, 0x55]), dice.randbytes(dice.randrange(50)))
        for _ in range(dice.randrange(4))
    )


def _header(dice: Random, make: Callable[[int, int, int, int], Header]) -> Header:
    return make(dice.randrange(1 << 16), dice.randrange(1 << 16), dice.randrange(1 << 8), dice.randrange(1 << 32))


def _status(dice: Random) -> tuple[list[Any], Status]:
    kind = dice.choice([table.Type.EVENT, table.Type.HEARTBEAT])
    flags, code, zone, tries = dice.randbytes(4)
    time_s, event_id, levels = dice.randrange(1 << 32), dice.randrange(1 << 16), dice.randrange(1 << 16)
    told = [int(kind), flags, time_s, event_id, code, zone, levels, tries]
    return told, Status(kind, flags, time_s, event_id, code, zone, levels, 0, table.TEMPERATURE_UNKNOWN, tries, 0)


def _hello(dice: Random) -> tuple[list[Any], Hello]:
    flags, major, minor, patch, cause, inputs = dice.randbytes(6)
    challenge = dice.randbytes(8)
    told = [flags, challenge.hex(), [major, minor, patch], cause, inputs]
    return told, Hello(table.Type.HELLO, flags, challenge, major, minor, patch, cause, inputs, 0)


def _ack(dice: Random) -> tuple[list[Any], Ack]:
    time_s, counter, event_id = dice.randrange(1 << 32), dice.randrange(1 << 32), dice.randrange(1 << 16)
    epoch, verdict = dice.randbytes(2)
    told = [time_s, epoch, verdict, counter, event_id]
    return told, Ack(table.Type.ACK, 0, time_s, epoch, verdict, counter, event_id, 0, 0)


def test_what_the_node_seals_the_host_opens(node: Node) -> None:
    dice = Random(1)
    writers: dict[str, Callable[[Random], tuple[list[Any], Body]]]
    writers = {"status": _status, "hello": _hello, "ack": _ack}
    lines, sent = [], []
    for _ in range(COUNT):
        kind = dice.choice(list(writers))
        header, extras = _header(dice, Header.up), _extras(dice)
        told, body = writers[kind](dice)
        blob = b"".join(frame.extra(extra.type, extra.value) for extra in extras)
        address = [header.network, header.node, header.epoch, header.counter]
        lines.append(["seal", UP.hex(), address, kind, told, blob.hex()])
        sent.append(Message(header, body, extras))

    codec = _codec(table.LinkClass.UP, [message.header for message in sent])

    assert [codec.open(bytes.fromhex(sealed)) for sealed in node(lines)] == sent


def test_what_the_host_seals_the_node_opens_and_reads(node: Node) -> None:
    dice = Random(2)
    sent = []
    for _ in range(COUNT):
        body: Body = _ack(dice)[1]
        if dice.random() < 0.5:
            wide, (flags, code, zone) = dice.randrange(1 << 32), dice.randbytes(3)
            event_id, valid_s = dice.randrange(1 << 16), dice.randrange(1 << 16)
            body = Command(table.Type.COMMAND, flags, dice.randrange(1 << 32), wide, code, zone, event_id, valid_s)
        sent.append(Message(_header(dice, Header.down), body, _extras(dice)))
    codec = _codec(table.LinkClass.DOWN, [message.header for message in sent])
    sealed = [codec.seal(*message) for message in sent]

    bodies = node([["open", DOWN.hex(), one.hex()] for one in sealed])

    for message, one, told in zip(sent, sealed, bodies, strict=True):
        body, plain = message.body, bytes.fromhex(told)
        header = message.header
        assert frame.counter_of(one, header.network, header.node, header.epoch) == header.counter
        if isinstance(body, Ack):
            assert frame.read_ack(plain) == (
                body.time_s,
                body.acked_epoch,
                body.verdict,
                body.acked_counter,
                body.event_id,
                body.arm_mode,
            )
        elif isinstance(body, Command):
            assert frame.read_command(plain) == (
                body.time_s,
                body.command_id,
                body.code,
                body.event_id,
                body.valid_s,
            )
        for extra in message.extras:
            assert frame.find_extra(plain, extra.type) == message.extra(extra.type)


def test_what_was_changed_on_the_way_the_node_refuses(node: Node) -> None:
    dice = Random(3)
    lines = []
    for _ in range(COUNT):
        header = _header(dice, Header.down)
        codec = _codec(table.LinkClass.DOWN, [header])
        sealed = bytearray(codec.seal(header, _ack(dice)[1], _extras(dice)))
        sealed[dice.randrange(len(sealed))] ^= dice.randrange(1, 256)
        lines.append(["open", DOWN.hex(), sealed.hex()])

    assert node(lines) == ["refused"] * COUNT
