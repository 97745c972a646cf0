"""The bench of destinations: real services and sockets, each alarm at each of them, and all of them still owed to a dead one."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from anju.bench import broker
from anju.bench.dead import Dead
from anju.bench.destinations import Leg, Outcome, Reached, Round, measure
from anju.bench.destinations_estate import ALIVE, CLEAR, MQTT, SEALED, Estate, Taken
from anju.concentrator.destinations.duty_room import NAME as DUTY_ROOM
from anju.service.errors import ServiceError

GOOD = Outcome(
    seed=1,
    dead=Dead.RECEIVER,
    events=400,
    rounds=3,
    reached=dict.fromkeys(ALIVE, Reached(300.0, 310.0, 1.03, (9, 12, 40), 38, 0)),
    kept=(500, 500),
    bare_per_s=600.0,
    cpu_us=900.0,
    alone_cpu_us=800.0,
)


def quiet(_line: str) -> None:
    """Nobody watches."""


@pytest.mark.parametrize("dead", Dead)
def test_every_alarm_gets_to_everybody_but_the_dead_one_and_nobody_is_left(folder: Path, dead: Dead) -> None:
    outcome = measure(quiet, events=12, rounds=1, dead=dead)
    said = json.loads(json.dumps(outcome.as_json()))
    assert set(said["destinations"]) == {DUTY_ROOM, SEALED, CLEAR, MQTT}
    for one in said["destinations"].values():
        assert one["lost"] == 0
        assert min(one[name] for name in ("per_s", "alone_per_s", "slowdown_by_dead", "ratio")) > 0
        assert 0 <= one["p50_ms"] <= one["p99_ms"] <= one["max_ms"]
    assert said["dead"] == {"how": dead.value, "events": 15, "owed": 15}
    assert said["lost"] == 0
    assert list(folder.iterdir()) == []
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(folder) in str(one.info["cmdline"])]


def test_what_a_destination_did_not_get_is_lost_whatever_the_outbox_says(folder: Path) -> None:
    async def missing() -> dict[str, int]:
        estate = Estate(folder, Dead.BROKER)
        async with AsyncExitStack() as stack:
            await estate.start(stack, 1, quiet)
            await estate.press([0, 0])
            await estate.delivered()
            assert not any(estate.missing().values())
            estate.centres[CLEAR].taken.pop()
            estate.listener.heard.clear()
            return estate.missing()

    assert asyncio.run(missing()) == {DUTY_ROOM: 0, SEALED: 0, CLEAR: 1, MQTT: 2}


def test_a_rate_is_from_the_first_row_to_the_last_receipt_and_a_ratio_of_the_same_round() -> None:
    def leg(last_ms: int, wait_ms: int) -> Leg:
        return Leg(
            {MQTT: [Taken(0, wait_ms), Taken(100, 100 + 2 * wait_ms)]},
            {MQTT: [Taken(1000, 1100), Taken(1010, last_ms)]},
        )

    reached = Reached.of(MQTT, [Round(leg(2000, 10), leg(3000, 20), 1.0)], lost=0)
    assert (reached.alone_per_s, reached.per_s, reached.slowdown) == (2.0, 1.0, 2.0)
    assert (list(reached.waits_ms), reached.alone_p99_ms) == ([20, 40], 20)


def test_each_limit_is_one_and_nothing_may_be_lost() -> None:
    assert GOOD.is_good
    assert GOOD.as_json()["ratio"] == 0.5
    one = GOOD.reached[MQTT]
    missed: list[dict[str, Any]] = [
        {"per_s": 49.0}, {"waits_ms": (9, 1001)}, {"slowdown": 2.01}, {"lost": 1},
    ]  # fmt: skip
    for change in missed:
        assert not replace(GOOD, reached=dict(GOOD.reached) | {MQTT: replace(one, **change)}).is_good
    for kept in ((500, 499), (499, 500)):
        assert replace(GOOD, kept=kept).lost == 1
        assert not replace(GOOD, kept=kept).is_good


def test_without_mosquitto_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "_FOLDERS", ())
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(ServiceError, match="not installed") as refused:
        measure(quiet, events=12, rounds=1)
    assert "apt-get install mosquitto" in refused.value.next_step
    assert list(folder.iterdir()) == []
