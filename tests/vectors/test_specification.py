"""protocol/README.md against the code, and against the golden frames: its tables alone are enough to read them."""

from __future__ import annotations

import importlib
import json
import struct
from enum import IntEnum

import pytest
from pydantic import BaseModel

from anju.uplink.commands import CommandPage
from anju.uplink.receipts import Receipt
from anju.uplink.reports import Report, ReportKind
from anju.wire import table
from anju.wire.framing import frame_to_stream
from vectors import specification
from vectors.golden import GOOD, Case, cases, each
from vectors.specification import Field
from vectors.test_ccm import aes, ccm_by_hand, xor

BYTE_TABLES = {
    "HEADER": table.HEADER,
    "STATUS": table.STATUS,
    "HELLO": table.HELLO,
    "ACK": table.ACK,
    "COMMAND": table.COMMAND,
    "EVIDENCE": table.EVIDENCE,
    "STATEMENT": table.STATEMENT,
    "WITNESSED": table.WITNESSED,
    "PAIRING": table.PAIRING,
    "ANSWER": table.ANSWER,
    "GRANT": table.GRANT,
    "PROOF": table.PROOF,
    "OUTCOME": table.OUTCOME,
}
CODES = {name: codes for name, codes in vars(table).items() if isinstance(codes, type) and issubclass(codes, IntEnum)}
BODY_OF_TYPE = {1: "HELLO", 2: "STATUS", 3: "STATUS", 4: "ACK", 5: "COMMAND", 7: "EVIDENCE", 8: "STATUS"}


@pytest.mark.parametrize("name", BYTE_TABLES)
def test_byte_tables_are_those_of_the_code(name: str) -> None:
    rows = specification.byte_table(name)
    assert [(row.name, row.letter) for row in rows] == table.rows_of(BYTE_TABLES[name])
    offset = 0
    for row in rows:
        assert (row.offset, row.size) == (offset, struct.calcsize(f">{row.letter}")), row.name
        offset += row.size


def test_every_table_of_the_code_is_on_the_page() -> None:
    shared = {value for name, value in vars(table).items() if name.isupper() and isinstance(value, str)}
    assert shared == set(BYTE_TABLES.values())


@pytest.mark.parametrize("name", [name for name in CODES if name not in {"IntEnum", "Extra"}])
def test_codes_are_those_of_the_code(name: str) -> None:
    assert specification.codes(name) == {code.name: code.value for code in CODES[name]}


def test_extras_are_those_of_the_code() -> None:
    assert specification.extras() == {extra.name: extra.value for extra in table.Extra}


def read(rows: list[Field], data: bytes) -> dict[str, int | str]:
    """Fields by offset and size alone: big-endian, a lower-case letter is signed, an s makes bytes of them."""
    fields: dict[str, int | str] = {}
    for row in rows:
        raw = data[row.offset : row.offset + row.size]
        signed = row.letter.islower()
        fields[row.name] = raw.hex() if row.letter.endswith("s") else int.from_bytes(raw, "big", signed=signed)
    return fields


@each(*GOOD)
def test_golden_frames_are_read_with_the_tables_alone(case: Case) -> None:
    """No line of ours but this page and the published keys."""
    frame = bytes.fromhex(case["frame"])
    clear, sealed, tag = frame[:12], frame[12:-16], frame[-16:]
    header = read(specification.byte_table("HEADER"), clear)
    link = next(k for k in cases("keys") if all(k[name] == header[name] for name in ("network", "node", "epoch")))
    key = bytes.fromhex(link["up" if header["link_class"] == 1 else "down"])
    stream = [aes(key, b"\x01" + clear + b"\0" + n.to_bytes(2, "big")) for n in range(1, len(sealed) // 16 + 2)]
    plaintext = xor(sealed, b"".join(stream))
    assert ccm_by_hand(key, clear + b"\0", clear, plaintext) == sealed + tag
    assert header == case["header"]
    assert read(specification.byte_table(BODY_OF_TYPE[plaintext[0]]), plaintext[:16]) == case["body"]
    extras, rest = [], plaintext[16:]
    while rest:
        extras.append([rest[0], rest[2 : 2 + rest[1]].hex()])
        rest = rest[2 + rest[1] :]
    assert extras == case["extras"]


def test_the_worked_example_is_right() -> None:
    sealing, carried = specification.examples("text")
    told = {name: bytes.fromhex(value) for name, value in (line.split() for line in sealing.splitlines())}
    key, header, plaintext = told["key"], told["header"], told["plaintext"]
    mac = bytes(16)
    for block in ("B0", "B1", "B2"):
        mac = aes(key, xor(mac, told[block]))
    assert told["nonce"] == header + b"\0"
    assert told["B0"] == b"\x79" + told["nonce"] + len(plaintext).to_bytes(2, "big")
    assert told["B1"] == (len(header).to_bytes(2, "big") + header).ljust(16, b"\0")
    assert (told["B2"], told["T"]) == (plaintext, mac)
    for number in (0, 1):
        assert told[f"A{number}"] == b"\x01" + told["nonce"] + number.to_bytes(2, "big")
        assert told[f"S{number}"] == aes(key, told[f"A{number}"])
    assert told["ciphertext"] == xor(plaintext, told["S1"])
    assert told["tag"] == xor(mac, told["S0"])
    frame = header + told["ciphertext"] + told["tag"]
    assert frame.hex() == next(case["frame"] for case in cases("event") if case["name"] == "panic")
    assert carried.split() == ["stream", frame_to_stream(frame).hex()]


@pytest.mark.parametrize(
    ("what", "value", "places"), specification.numbers(), ids=lambda cell: cell if isinstance(cell, str) else ""
)
def test_numbers_are_those_of_the_code(what: str, value: float, places: list[str]) -> None:
    assert places, what
    for place in places:
        module, _, name = place.rpartition(".")
        assert getattr(importlib.import_module(module), name) == value, place


def test_a_reports_fields_and_kinds_are_all_told() -> None:
    assert sorted(specification.report_fields()) == list(Report.model_fields)
    page = specification.TEXT
    assert [kind for kind in ReportKind if f"`{kind.value}`" not in page] == []


@pytest.mark.parametrize(("model", "field"), [(CommandPage, "commands"), (Receipt, "verdict")])
def test_an_example_of_the_uplink_is_one(model: type[BaseModel], field: str) -> None:
    (example,) = (text for text in specification.examples("json") if f'"{field}"' in text)
    model.model_validate_json(example.replace("…", "0" * 64))


def test_the_example_enrolment_has_the_published_keys() -> None:
    (example,) = (json.loads(text) for text in specification.examples("json") if '"inputs"' in text)
    link = next(k for k in cases("keys") if all(k[name] == example[name] for name in ("network", "node", "epoch")))
    assert (example["up"], example["down"]) == (link["up"], link["down"])


@pytest.mark.parametrize("threat", specification.threats(), ids=lambda threat: threat[0])
def test_a_threat_is_met_by_rules_and_shown_by_one_of_their_tests(threat: list[str]) -> None:
    """Or the page says that it is not."""
    _, against, rules, shown_by = threat
    if rules == "–":
        assert "not resisted" in against
    else:
        assert any(
            shown_by.strip("`") in specification.rule(number).split(" → ")[1].split(", ")
            for number in rules.split(", ")
        )
