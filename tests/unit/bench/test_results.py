"""The benches: that they compare like with like, and say it in a form that a program can read."""

import asyncio
import json
import sqlite3
from pathlib import Path

import psutil
import pytest

from anju.bench import decode, journal, press
from anju.bench.result import Comparison, Result
from anju.wire.codec import Codec, Refused

FIELDS = {"bench", "ratio", "limit", "unit", "cases", "beside", "rounds", "repetitions", "python", "machine"}


def quiet(_line: str) -> None:
    """Nobody watches."""


def checked(result: Result) -> Result:
    """A result, after a look that it is complete."""
    said = json.loads(json.dumps(result.as_json()))
    assert said.keys() == FIELDS
    assert said["ratio"] == pytest.approx(result.ratio, abs=0.001)
    for one in said["cases"].values():
        assert min(one.values()) > 0
    return result


def test_a_ratio_compares_within_a_round() -> None:
    # The machine became ten times slower in the third round; the ratio did not.
    one = Comparison.of("x", "x", [(50.0, 100.0), (60.0, 100.0), (5.0, 10.0)])
    assert (one.ours, one.limit, one.ratio) == (50.0, 100.0, 0.5)


def test_where_smaller_is_better_the_ratio_is_turned_round() -> None:
    assert Comparison.of("x", "x", [(20.0, 10.0)], smaller_is_better=True).ratio == 0.5


def test_figures_are_not_more_precise_than_they_are() -> None:
    one = Comparison("open", "opened", 161_234.5, 340_987.6, 0.472812)
    case = Result("decode", "limit", "Limit", "frames/s", "frames/s", 0.472812, 9, 100, (one,)).as_json()["cases"][
        "open"
    ]
    assert case == {"ours": 161_200.0, "limit": 341_000.0, "ratio": 0.473}


def test_decode_opens_what_is_genuine_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "_NODES", 3)
    monkeypatch.setattr(decode, "_FRAMES_A_NODE", 4)
    monkeypatch.setattr(decode, "_ROUNDS", 2)
    opened, refused = [], []
    genuinely = Codec.open

    def watched(codec: Codec, frame: bytes) -> object:
        try:
            message = genuinely(codec, frame)
        except Refused as error:
            refused.append(error.reason.value)
            raise
        opened.append(message)
        return message

    monkeypatch.setattr(Codec, "open", watched)
    result = checked(decode.measure(quiet))
    assert result.repetitions == 12
    assert len(opened) == 24
    assert {message.header.node for message in opened} == {1, 2, 3}
    assert [refused.count(reason) for reason in ("tag", "unknown_node")] == [24, 24]


def test_journal_writes_the_same_rows_on_both_sides(tmp_path: Path) -> None:
    async def compare() -> None:
        pair = await journal._Pair.open(tmp_path)
        for size in (1, 5, 3):
            ours, bare = await pair.compare(size, 2)
            assert min(ours, bare) > 0
        await pair.close()

    asyncio.run(compare())
    contents = []
    for name in ("journal.db", "bare.db"):
        connection = sqlite3.connect(tmp_path / name)
        contents.append(
            {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in journal._TABLES}
        )
        connection.close()
    assert contents[0] == contents[1]
    assert len(contents[0]["event"]) == len(contents[0]["outbox"]) == 2 * (1 + 5 + 3)


def test_journal_is_judged_by_its_worst_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_COMMITS", dict.fromkeys(journal._BATCHES, 1))
    monkeypatch.setattr(journal, "_ROUNDS", 1)
    result = checked(journal.measure(quiet))
    assert [one.key for one in result.comparisons] == ["batch_1", "batch_8", "batch_64", "batch_256"]
    assert result.ratio == min(one.ratio for one in result.comparisons)


def test_press_goes_all_the_way_and_leaves_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "_FLATS", 3)
    monkeypatch.setattr(press, "_ROUNDS", 2)
    result = checked(press.measure(quiet))
    assert list(folder.iterdir()) == []
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(folder) in str(one.info["cmdline"])]
    times = {one.key: one.ours for one in result.comparisons}
    assert times["press_to_ack_p99"] >= times["event_to_ack_p99"]
