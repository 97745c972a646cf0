"""The bench of the panel: it judges real events of a whole estate, once each, and keeps them in a real journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anju.bench.panel import FLATS, NODES_A_FLAT, P99_US, STATE_MB, Outcome, measure
from anju.concentrator.core.draft import Draft
from anju.concentrator.core.places import Address
from anju.concentrator.core.supervision import Supervision
from anju.ledger import Ledger

GOOD = Outcome(FLATS, 18_000, 49.6, 79.0, 0.18, 72_800_000, 1000, 900.0, 2400.0)
FEW = 20


def test_every_event_is_judged_once_kept_and_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kinds: list[str] = []
    supervised: set[Address] = set()
    commits: list[object] = []
    adopt, heard, begin = Draft.adopt, Supervision.heard, Ledger.begin

    def adopted(draft: Draft) -> None:
        kinds.extend(entry.report.kind.value for entry in draft.entries)
        adopt(draft)

    def expected(of: Supervision, address: Address, *when: object) -> None:
        supervised.add(address)
        heard(of, address, *when)  # type: ignore[arg-type]  # as it has them

    def begun(of: Ledger, job: Any) -> Any:
        commits.append(job)
        return begin(of, job)

    monkeypatch.setattr(Draft, "adopt", adopted)
    monkeypatch.setattr(Supervision, "heard", expected)
    monkeypatch.setattr(Ledger, "begin", begun)
    outcome = measure(lambda _line: None, flats=FEW, events=100, commits=30, folder=tmp_path)
    assert {"opened", "closed", "hold_up_alarm", "armed", "disarmed", "entry_started"} <= set(kinds)
    assert outcome.nodes == len(supervised) == FEW * NODES_A_FLAT
    assert len(commits) >= outcome.commits == 30
    assert (outcome.flats, outcome.events) == (FEW, 100)
    assert min(outcome.p50_us, outcome.dict_us, outcome.state_bytes, outcome.committed_p50_us) > 0
    assert outcome.p50_us <= outcome.p99_us
    assert outcome.committed_p50_us <= outcome.committed_p99_us
    assert not list(tmp_path.iterdir()), "its journal is gone"


def test_what_it_tells_programs() -> None:
    told = GOOD.as_json()
    assert {name: type(value) for name, value in told.items()} == {
        "bench": str,
        "nodes": int,
        "flats": int,
        "events": int,
        "p50_us": float,
        "p99_us": float,
        "dict_us": float,
        "ratio": float,
        "state_bytes": int,
        "commits": int,
        "committed_p50_us": float,
        "committed_p99_us": float,
        "limit": str,
        "limits": dict,
        "python": str,
        "machine": str,
    }
    assert told["limits"] == {"p99_us": {"limit": 200, "met": True}, "state_bytes": {"limit": 200, "met": True}}


def test_it_is_at_the_size_that_is_promised() -> None:
    assert (GOOD.nodes, P99_US, STATE_MB) == (15_000, 200, 200)
