"""What `anju bench flash` makes of the seconds that it measured."""

import dataclasses

import pytest

from anju.bench.flashing import LIMITS, Outcome, Round, Times, measure
from anju.service.errors import ServiceError

FAST = Round(Times(4.0, 1.0), Times(12.0, 4.0), Times(5.0, 1.0), 5.0)
SLOW = Round(Times(5.0, 2.0), Times(10.0, 4.0), Times(4.0, 1.0), 10.0)


def test_a_ratio_is_the_median_of_the_rounds_own() -> None:
    ratios = Outcome((FAST, SLOW, FAST), 40_000).ratios
    assert ratios == {
        "ratio_first": 3.0,
        "ratio_unchanged": 4.0,
        "ratio_first_mpytool": 1.25,
        "ratio_unchanged_mpytool": 1.0,
        "ratio_8_ports": 1.25,
    }
    assert ratios.keys() == LIMITS.keys()


def test_each_limit_is_kept_or_not_on_its_own_side() -> None:
    assert Outcome((FAST,), 1).is_good
    for worse in (
        dataclasses.replace(FAST, ours=Times(6.0, 1.0)),
        dataclasses.replace(FAST, ours=Times(4.0, 1.5)),
        dataclasses.replace(FAST, mpytool=Times(3.0, 1.0)),
        dataclasses.replace(FAST, mpytool=Times(5.0, 0.9)),
        dataclasses.replace(FAST, eight=6.1),
    ):
        outcome = Outcome((worse,), 1)
        assert not outcome.is_good
        assert any(not outcome.is_met(key) for key in LIMITS)


def test_one_object_has_ratios_limits_and_seconds() -> None:
    told = Outcome((FAST, SLOW, FAST), 40_000).as_json()
    assert told["ratio_first"] == 3.0
    assert told["limits"]["ratio_8_ports"] == {"limit": 1.5, "met": True}
    assert told["seconds"]["mpremote_unchanged"] == 4.0
    assert told["seconds"]["ours_8_ports"] == 5.0
    assert told["bundle_bytes"] == 40_000


def test_a_missing_tool_is_named_before_anything_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.bench.flashing.find_spec", lambda name: None if name == "mpytool" else object())
    with pytest.raises(ServiceError, match="mpytool"):
        measure(lambda _line: None)
