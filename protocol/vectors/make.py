"""Makes the golden vectors of protocol version 1 in `v1/`; the same bytes at every run, on every machine.

    python protocol/vectors/make.py [FOLDER]     writes the files there instead; a test holds the committed ones against it

Every file is one JSON object, small enough for a node's `json` module: ``{"about": text, "cases": [case, …]}``, one case a
line. Byte strings are lower-case hexadecimal, numbers are numbers. A `receiver` is "concentrator" or "node".

    keys.json       links that a receiver knows: network, node, epoch, up (key), down (key). Published here: never for use
    ccm.json        AES-128-CCM: source, key, nonce, aad, plaintext, sealed (ciphertext and tag)
    hello.json, event.json, heartbeat.json, ack.json, command.json, walk_test.json
                    good frames: name, receiver, frame, header, body, extras ([[type, value], …]); fields named as in table.py.
                    They go both ways: opened, the frame gives the fields; sealed, the fields give the frame
    request.json, order.json
                    the same: what a person asks with keys, and what a siren node and a keypad are told
    evidence.json   the same, and who has signed it: seed and public_key (Ed25519), device (id), digest (SHA-256 of the statement)
    unknown.json    authentic frames that version 1 cannot read: name, receiver, frame, type, flags
    refused.json    frames to refuse: name, receiver, frame, reason (as in the README's order of checks)
    stream.json     byte streams: name, stream, yields (frames, or "!cobs", "!crc", "!length" for a line fault), and encodes:
                    true where the stream is exactly what a sender writes for that one frame. However the stream is
                    split into reads, the same comes out
    pairing.json    whole pairings: name; what the node has (device, code, seed, about = version and inputs) and draws by chance
                    (attempt, ephemeral); of what the concentrator makes its ephemeral key (HMAC-SHA256 of the prologue under
                    secret) and what it grants (root_key, network, node, epoch, time_s, kinds); the frames offer, key, answer,
                    grant, proof, and paired or cancelled; the link keys up and down
    rows.json       uplink rows: name, report (as it travels), canonical (text), sha256
    identity.json   exported identities: name, passphrase, content (text), file
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import evidences
import faults
import frames
import identities
import pairings
from frames import EVENT, LINKS, TIME_S, Case, key, sealed

from anju.uplink import canonical
from anju.uplink.reports import (
    Lane,
    NodeAddress,
    Outcome,
    OutcomeKind,
    PanelMode,
    PanelView,
    Report,
    ReportKind,
    Zone,
    ZoneKind,
)
from anju.wire import bodies, table
from anju.wire.messages import Header

FOLDER = Path(__file__).parent / "v1"

NIST_CCM = (
    (
        "NIST CAVP VADT128 count 120",
        "f6bb5d59b0fa9de0828b115303bf94aa",
        "05358f33e1fc6a53ab5a5c98ce",
        "040b25771239cc2a39446e3c",
        "011fc50329bfd63a85ebd4f7693363602f1a4147371270b7",
        "4432d7eb42980734d34f19c50cf8abf71ac1b19ed75a727854e5d050a405f755047d09cb0f49546a",
    ),
    (
        "NIST CAVP VADT128 count 121",
        "f6bb5d59b0fa9de0828b115303bf94aa",
        "05358f33e1fc6a53ab5a5c98ce",
        "50a1d37fa2f3462bd304631b",
        "c90e40540d372ab1eb00ea5d5b8de5bf7c94ce4e376d6949",
        "8c2352bc6610fbbfbda4276f3e462d28494f3e97d7256b862abee8547ee3f24cfa677468ecc1d121",
    ),
    (
        "NIST CAVP VPT128 count 160",
        "70010ed90e6186ecad41f0d3c7c42ff8",
        "a5f4f4986e98472965f5abcc4b",
        "3fec0e5cc24d67139437cbc8112414fc8daccd1a94b49a4c76e2d39303547317",
        "be322f58efa7f8c68a635e0b9cce77f2",
        "8e4425ae573974f0f0693a188b525812eef08e3fb15f4227e0d989a4d587a8cf",
    ),
)
"""Published answers with our tag and nonce lengths (NIST CAVP, CCM test vectors), two of them with our 12 bytes of AAD."""


def ccm() -> Iterator[Case]:
    for published in NIST_CCM:
        yield dict(zip(("source", "key", "nonce", "aad", "plaintext", "sealed"), published, strict=True))
    for name, header, plaintext in (
        ("a panic", Header.up(1, 7, 1, 18), bodies.build(EVENT)),
        ("all zero", Header.up(0, 0, 0, 0), bytes(16)),
        ("all ones", Header.down(0xFFFF, 0xFFFF, 0xFF, 0xFFFF_FFFF), b"\xff" * 16),
        ("17 bytes", Header.up(1, 7, 1, 60), bytes(range(17))),
        ("31 bytes", Header.up(1, 7, 1, 61), bytes(range(31))),
        ("222 bytes, the longest", Header.up(1, 7, 1, 62), bytes(range(222))),
    ):
        frame = sealed(header, plaintext)
        direction = "up" if header.link_class == table.LinkClass.UP else "down"
        yield {
            "source": f"anju/1: {name}",
            "key": key(header.network, header.node, header.epoch, direction).hex(),
            "nonce": frame[:12].hex() + "00",
            "aad": frame[:12].hex(),
            "plaintext": plaintext.hex(),
            "sealed": frame[12:].hex(),
        }


def rows() -> Iterator[Case]:
    panic = Report(
        seq=1,
        kind=ReportKind.HOLD_UP_ALARM,
        lane=Lane.PANIC,
        recorded_at_ms=TIME_S * 1000 + 120,
        event_at_ms=TIME_S * 1000,
        household="3-2-0501",
        zone=Zone(number=0, name="卧室紧急按钮", kind=ZoneKind.HOLD_UP),
        node=NodeAddress(network=1, node=7),
        event_id=18,
        counter=18,
        panel=PanelView(mode=PanelMode.AWAY, latched=(ZoneKind.HOLD_UP,)),
    )
    outcome = Report(
        seq=2**53 - 1,
        kind=ReportKind.COMMAND_OUTCOME,
        lane=Lane.ROUTINE,
        recorded_at_ms=2**53 - 1,
        household="3-2-0501",
        outcome=Outcome(command_id=1, outcome=OutcomeKind.SHOWN),
    )
    armed = Report(
        seq=2,
        kind=ReportKind.ARMED,
        lane=Lane.ROUTINE,
        recorded_at_ms=0,
        person='quote " backslash \\ slash / line \u2028 smile 😀',
    )
    for name, report in (("a panic", panic), ("largest numbers", outcome), ("text to escape", armed)):
        text = canonical.canonical(report)
        yield {
            "name": name,
            # Keys in another order than the canonical one, as a report may well travel.
            "report": dict(reversed(json.loads(text).items())),
            "canonical": text.decode(),
            "sha256": canonical.digest(text),
        }


def keys() -> Iterator[Case]:
    for network, node, epoch in LINKS:
        up, down = key(network, node, epoch, "up"), key(network, node, epoch, "down")
        yield {"network": network, "node": node, "epoch": epoch, "up": up.hex(), "down": down.hex()}


def text_of(about: str, cases: Iterable[Case]) -> str:
    lines = ",\n".join("  " + json.dumps(case, ensure_ascii=True) for case in cases)
    return f'{{"about": {json.dumps(about)}, "cases": [\n{lines}\n]}}\n'


def files() -> dict[str, str]:
    """Text of each file by its name."""
    return {
        "keys.json": text_of("Links that every receiver in these vectors knows. Published: never for use.", keys()),
        "ccm.json": text_of("AES-128-CCM, 16-byte tag, 13-byte nonce.", ccm()),
        "hello.json": text_of("HELLO frames.", frames.hello()),
        "event.json": text_of("EVENT frames.", frames.event()),
        "heartbeat.json": text_of("HEARTBEAT frames.", frames.heartbeat()),
        "ack.json": text_of("ACK frames, both directions.", frames.ack()),
        "command.json": text_of("COMMAND frames.", frames.command()),
        "walk_test.json": text_of("A press that is held, answers on TEST, and a probe.", frames.walk_test()),
        "request.json": text_of("REQUEST frames.", frames.request()),
        "order.json": text_of("COMMAND frames SOUND and CHALLENGE, and an ACK with REFUSED.", frames.order()),
        "evidence.json": text_of(
            "EVIDENCE frames, and what they sign. All secrets are published: never for use.", evidences.cases()
        ),
        "unknown.json": text_of("Authentic frames that version 1 cannot read.", faults.unknown()),
        "refused.json": text_of("Frames to refuse, and why.", faults.refused()),
        "stream.json": text_of("Byte streams, and the frames and line faults in them.", faults.stream()),
        "pairing.json": text_of(
            "Pairings, frame by frame. All secrets are published: never for use.", pairings.cases()
        ),
        "rows.json": text_of("Uplink rows: canonical JSON and its hash.", rows()),
        "identity.json": text_of(
            "Exported identities. Their keys and passphrases are published: never for use.", identities.cases()
        ),
    }


def main(folder: Path) -> None:
    """Write every file."""
    folder.mkdir(exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
