"""What an installer is asked to try once a node is paired: what it has, in words that fit it, and that is what proves it."""

from __future__ import annotations

from typing import Any

import pytest

from anju.cli.pairing_screen import follow
from anju.concentrator.core.pairing.note import Note
from anju.concentrator.core.places import Address, LinkId, Placement
from anju.concentrator.pairing.attempt import Attempt, Result
from anju.uplink.reports import Zone, ZoneKind
from anju.wire.messages import Header, Message, Status
from anju.wire.table import Action, Code, Type

Z = ZoneKind
NODE = Address(1, 7)
OF = {
    "door": ((Z.HOLD_UP, Z.ENTRY, Z.TAMPER), 1, Type.EVENT, Code.OPENED, "opened", "Open the door now…"),
    "button": ((Z.TAMPER, Z.HOLD_UP), 1, Type.EVENT, Code.PANIC, "pressed", "Press the button for one second now…"),
    "key": ((Z.TAMPER, Z.KEYPAD), 1, Type.REQUEST, Action.HOME, "pressed", "Press a key now…"),
    "detector": ((Z.TAMPER, Z.FIRE), 1, Type.EVENT, Code.DETECTED, "detected", "Let the detector find something now…"),
    "case": ((Z.SIREN, Z.TAMPER), 1, Type.EVENT, Code.TAMPERED, "opened", "Open the case now…"),
}


def attempt(kinds: tuple[ZoneKind, ...]) -> Attempt:
    """One whose node has its keys."""
    zones = tuple(Zone(number=number, name=kind.value, kind=kind) for number, kind in enumerate(kinds))
    made = Attempt(Note(Placement("3-2-0501", zones), "wang"), 120.0, "AB" * 8, None, bytes(32))
    made.pair(LinkId(NODE, 1), 240.0)
    return made


def say(to: Attempt, kind: int, code: int, zone: int) -> None:
    """The node speaks under its keys."""
    body = Status(kind, 0, 0, 1, code, zone, 0, 0, -128, 0, 0)
    to.watch(Message(Header.up(*NODE, 1, 1), body))


@pytest.mark.parametrize("asked", OF)
def test_it_is_asked_what_it_has_and_that_proves_it(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    kinds, zone, kind, code, what, words = OF[asked]
    made = attempt(kinds)
    assert made.steps[-1]["ask"] == asked
    say(made, kind, code, zone)
    assert made.result is Result.PROVED
    assert made.steps[-1] == {
        "step": "triggered",
        "device": made.steps[0]["device"],
        "zone": kinds[zone].value,
        "what": what,
    }

    def answer(**asked_for: Any) -> dict[str, Any]:
        return {"steps": made.steps[asked_for["after"] :], "result": made.result}

    assert follow(answer, "1", json=False) == 0
    assert words in capsys.readouterr().err


def test_a_case_proves_nothing_where_there_is_something_better_to_try() -> None:
    made = attempt((Z.ENTRY, Z.TAMPER))
    say(made, Type.EVENT, Code.TAMPERED, 1)
    assert made.result is None
