"""Canonical JSON: one text for one report, whatever order and spelling it arrived in."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.uplink.canonical import canonical, digest
from anju.uplink.fields import Contract
from anju.uplink.reports import Lane, Report, ReportKind
from unit.uplink.examples import reports

PLAIN = Report(seq=1, kind=ReportKind.ARMED, lane=Lane.ROUTINE, recorded_at_ms=0, person="张三 \u2028 é 😀")


def shuffled(plain: Any, order: random.Random) -> Any:
    if isinstance(plain, dict):
        keys = list(plain)
        order.shuffle(keys)
        return {key: shuffled(plain[key], order) for key in keys}
    return [shuffled(value, order) for value in plain] if isinstance(plain, list) else plain


@given(reports, st.randoms(use_true_random=False), st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_order_escapes_and_white_space_change_nothing(
    report: Report, order: random.Random, escaped: bool, indent: int | str | None
) -> None:
    travelled = json.dumps(shuffled(json.loads(canonical(report)), order), ensure_ascii=escaped, indent=indent)
    assert canonical(Report.model_validate_json(travelled)) == canonical(report)


@given(reports)
def test_reading_it_gives_the_same_report(report: Report) -> None:
    assert Report.model_validate_json(canonical(report)) == report


@given(reports, reports)
def test_different_reports_have_different_texts(one: Report, other: Report) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


@given(reports)
def test_keys_are_sorted_and_nothing_is_empty(report: Report) -> None:
    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert [key for key, _ in pairs] == sorted(key for key, _ in pairs)
        assert all(value is not None and not isinstance(value, float) for _, value in pairs)
        return dict(pairs)

    json.loads(canonical(report), object_pairs_hook=check)


def test_the_text_is_plain_utf_8_without_white_space() -> None:
    assert canonical(PLAIN).decode("utf-8") == (
        '{"delayed":false,"kind":"armed","lane":"routine","person":"张三 \u2028 é 😀","recorded_at_ms":0,"seq":1,'
        '"test":false,"time_doubtful":false,"version":1}'
    )


def test_the_digest_is_sha_256_in_hexadecimal() -> None:
    assert digest(b"anju") == hashlib.sha256(b"anju").hexdigest()


@pytest.mark.parametrize("field", ["delayed", "time_doubtful", "test", "version"])
def test_a_field_with_a_default_is_always_written(field: str) -> None:
    assert field in json.loads(canonical(PLAIN))


def test_a_model_out_of_order_is_refused() -> None:
    with pytest.raises(TypeError, match="order of their names"):

        class _Disorder(Contract):
            second: int
            first: int
