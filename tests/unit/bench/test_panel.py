"""The bench of the panel: it judges real events of a whole estate."""

from __future__ import annotations

import pytest

from anju.bench.panel import FLATS, NODES_A_FLAT, P99_US, STATE_MB, Outcome, measure
from anju.concentrator.core.draft import Draft

GOOD = Outcome(FLATS, 18_000, 49.6, 79.0, 0.18, 72.8)


def test_every_event_is_judged_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[str] = []
    adopt = Draft.adopt

    def adopted(draft: Draft) -> None:
        kinds.extend(entry.report.kind.value for entry in draft.entries)
        adopt(draft)

    monkeypatch.setattr(Draft, "adopt", adopted)
    outcome = measure(lambda _line: None, flats=20, rounds=2, events=50)
    assert {"opened", "closed", "hold_up_alarm", "armed", "disarmed", "entry_started"} <= set(kinds)
    assert outcome.nodes == 20 * NODES_A_FLAT
    assert min(outcome.p50_us, outcome.dict_us, outcome.state_mb) > 0
    assert outcome.p50_us <= outcome.p99_us


def test_it_is_at_the_size_that_is_promised() -> None:
    assert (GOOD.nodes, P99_US, STATE_MB) == (15_000, 200, 200)
