"""The committed vectors, and receivers that know their links."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anju.wire import table
from anju.wire.codec import Codec

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "protocol" / "vectors" / "v1"
GOOD = ("hello", "event", "heartbeat", "ack", "command", "walk_test", "request", "order", "evidence")

Case = dict[str, Any]


def cases(name: str) -> list[Case]:
    """The cases of one file."""
    found: list[Case] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["cases"]
    return found


def each(*names: str) -> pytest.MarkDecorator:
    """Runs a test once for every case of these files."""
    chosen = [(name, case) for name in names for case in cases(name)]
    return pytest.mark.parametrize(
        "case",
        [case for _, case in chosen],
        ids=[f"{name}: {case.get('receiver', '')} {case.get('name', case.get('source'))}" for name, case in chosen],
    )


def receivers() -> dict[str, Codec]:
    """A concentrator and a node that know all links of `keys.json`."""
    made = {"concentrator": Codec(table.LinkClass.UP), "node": Codec(table.LinkClass.DOWN)}
    for link in cases("keys"):
        up, down = bytes.fromhex(link["up"]), bytes.fromhex(link["down"])
        for codec in made.values():
            codec.learn(link["network"], link["node"], link["epoch"], up=up, down=down)
    return made


RECEIVERS = receivers()
