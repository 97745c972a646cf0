"""The models take exactly what the contract says, and nothing is converted, guessed or ignored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from pydantic import BaseModel, TypeAdapter, ValidationError

from anju.uplink.canonical import canonical
from anju.uplink.commands import MOST_COMMANDS, CommandPage, EstateCommand
from anju.uplink.fields import Ascii, Contract, Household, Name
from anju.uplink.receipts import Receipt
from anju.uplink.reports import ALARMS, MOST_ROWS, Batch, Report, ReportKind
from unit.uplink.examples import MOST_EXACT, batches, command_pages, receipts

REPORT: dict[str, Any] = {
    "version": 1,
    "seq": 7,
    "kind": "hold_up_alarm",
    "lane": "panic",
    "recorded_at_ms": 1_767_225_600_120,
    "household": "3-2-0501",
    "zone": {"number": 0, "name": "bedside", "kind": "hold_up"},
    "node": {"network": 1, "node": 7},
    "event_id": 18,
    "counter": 18,
    "panel": {"mode": "off", "latched": ["hold_up"]},
}
COMMAND: dict[str, Any] = {
    "version": 1,
    "number": 1,
    "kind": "seen",
    "report": {"journal_id": "0" * 32, "seq": 7, "sha256": "0" * 64},
    "household": "3-2-0501",
    "person": "张三",
    "at_ms": 0,
    "valid_s": 120,
}


def refuses(model: type[BaseModel], plain: Any) -> None:
    with pytest.raises(ValidationError):
        model.model_validate_json(json.dumps(plain))


def inner(plain: dict[str, Any], way: str, value: Any) -> dict[str, Any]:
    """A copy of plain JSON with one value changed; `way` is a.b."""
    first, _, rest = way.partition(".")
    return plain | {first: inner(plain[first], rest, value) if rest else value}


@given(batches)
def test_a_batch_travels(batch: Batch) -> None:
    assert Batch.model_validate_json(batch.model_dump_json()) == batch


@given(receipts)
def test_a_receipt_travels(receipt: Receipt) -> None:
    assert Receipt.model_validate_json(receipt.model_dump_json()) == receipt


@given(command_pages)
def test_a_command_page_travels(page: CommandPage) -> None:
    assert CommandPage.model_validate_json(page.model_dump_json()) == page


def test_the_examples_are_good() -> None:
    assert Report.model_validate_json(json.dumps(REPORT)).kind in ALARMS
    assert EstateCommand.model_validate_json(json.dumps(COMMAND)).valid_s == 120


@pytest.mark.parametrize("way", ["extra", "zone.extra", "node.extra", "panel.extra"])
def test_a_field_that_is_not_in_the_contract_is_refused(way: str) -> None:
    refuses(Report, inner(REPORT, way, 1))


@pytest.mark.parametrize(
    "change",
    [
        ("seq", "7"),
        ("seq", 7.0),
        ("seq", True),
        ("seq", 0),
        ("seq", MOST_EXACT + 1),
        ("seq", 10**400),
        ("recorded_at_ms", -1),
        ("recorded_at_ms", float("nan")),
        ("recorded_at_ms", float("inf")),
        ("kind", "HOLD_UP_ALARM"),
        ("kind", 1),
        ("lane", "urgent"),
        ("delayed", 1),
        ("delayed", "false"),
        ("event_id", 0x1_0000),
        ("counter", 0x1_0000_0000),
        ("household", "3-2"),
        ("household", 3),
        ("zone.number", 16),
        ("zone.name", ""),
        ("panel.latched", "hold_up"),
        ("panel.latched", ["everything"]),
        ("version", 2),
        ("version", "1"),
    ],
    ids=lambda change: f"{change[0]} {change[1]!r}"[:40],
)
def test_a_value_of_the_wrong_kind_or_size_is_refused(change: tuple[str, Any]) -> None:
    refuses(Report, inner(REPORT, *change))


@pytest.mark.parametrize("field", ["seq", "kind", "lane", "recorded_at_ms"])
def test_a_report_without_what_it_needs_is_refused(field: str) -> None:
    refuses(Report, {name: value for name, value in REPORT.items() if name != field})


@pytest.mark.parametrize(
    "change",
    [
        ("number", 0),
        ("number", 2**32),
        ("valid_s", 0),
        ("valid_s", 3601),
        ("kind", "open_the_door"),
        ("report.sha256", "A" * 64),
    ],
    ids=lambda change: f"{change[0]} {change[1]!r}"[:40],
)
def test_a_command_out_of_bounds_is_refused(change: tuple[str, Any]) -> None:
    refuses(EstateCommand, inner(COMMAND, *change))


def test_a_batch_holds_from_one_to_500_rows() -> None:
    row = {"report": REPORT, "sha256": "0" * 64}
    batch = {"journal_id": "0" * 32, "concentrator": "3"}
    for count in (1, MOST_ROWS):
        assert len(Batch.model_validate_json(json.dumps(batch | {"rows": [row] * count})).rows) == count
    for count in (0, MOST_ROWS + 1):
        refuses(Batch, batch | {"rows": [row] * count})


@pytest.mark.parametrize("text", ["3-2-0501", "A1-1-101", "0012-A-12345"])
def test_a_household_is_building_unit_floor_and_door(text: str) -> None:
    assert TypeAdapter(Household).validate_python(text) == text


@pytest.mark.parametrize(
    "text", ["", "3-2-05", "3-2-050123", "3--0501", "3-2-0501\n", " 3-2-0501", "３-2-0501", "3-2-05o1"]
)
def test_anything_else_is_no_household(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Household).validate_python(text)


@pytest.mark.parametrize("text", ["a", "张三", "bed side", "é" * 64, "😀"])
def test_a_name_is_kept_as_it_is(text: str) -> None:
    assert TypeAdapter(Name).validate_python(text) == text


@pytest.mark.parametrize("text", ["", " ", " a", "a ", "a\n", "\u3000a", "a\tb", "a\x00b", "a\x7f", "a" * 65])
def test_a_name_with_hidden_ends_or_control_characters_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(text)


@pytest.mark.parametrize("text", ["é", "a\n", "\x1b[31m", "a" * 65])
def test_what_a_node_says_of_itself_is_printable_ascii(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Ascii).validate_python(text)


def test_text_that_is_no_unicode_is_refused() -> None:
    for raw in (b'"\\ud800"', b'"\xff"'):
        with pytest.raises(ValidationError):
            TypeAdapter(Name).validate_json(raw)


def test_a_model_does_not_change() -> None:
    report = Report.model_validate_json(json.dumps(REPORT))
    with pytest.raises(ValidationError):
        report.seq = 8  # type: ignore[misc]  # the point of the test


def test_alarms_are_the_kinds_that_open_an_incident() -> None:
    assert {kind.name for kind in ReportKind if kind.name.endswith("_ALARM")} == {kind.name for kind in ALARMS}


def test_the_largest_batch_receipt_and_page_fit_into_two_mebibytes() -> None:
    """What is larger is not one of ours and need not be read to its end."""
    wide = "😀" * 64
    zone = {"number": 15, "name": wide, "kind": "hold_up"}
    report = REPORT | {
        "seq": MOST_EXACT,
        "recorded_at_ms": MOST_EXACT,
        "event_at_ms": MOST_EXACT,
        "household": "ABCD-ABC-ABCDE",
        "zone": zone,
        "node": {"network": 0xFFFF, "node": 0xFFFF},
        "counter": 0xFFFF_FFFF,
        "panel": {"mode": "home", "latched": ["hold_up"] * 16},
        "trouble": "not_understood",
        "outcome": {"command_id": 0xFFFF_FFFF, "outcome": "refused"},
        "person": wide,
        "firmware": "\\" * 64,
    }
    batch = {"journal_id": "0" * 32, "concentrator": wide, "rows": [{"report": report, "sha256": "0" * 64}] * MOST_ROWS}
    command = COMMAND | {
        "household": "ABCD-ABC-ABCDE",
        "person": wide,
        "reason": wide,
        "number": 0xFFFF_FFFF,
        "at_ms": MOST_EXACT,
    }
    row = {"seq": MOST_EXACT, "sha256": "0" * 64, "verdict": "committed"}
    largest: dict[type[Contract], Any] = {
        Batch: batch,
        Receipt: {"journal_id": "0" * 32, "rows": [row] * MOST_ROWS},
        CommandPage: {"commands": [command] * MOST_COMMANDS},
    }
    for model, plain in largest.items():
        assert len(canonical(model.model_validate_json(json.dumps(plain)))) < 2 * 1024 * 1024
