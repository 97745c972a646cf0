"""Golden uplink rows: a report, its canonical text, and the hash of that."""

from __future__ import annotations

import hashlib
import json

from anju.uplink.canonical import canonical, digest
from anju.uplink.reports import Report
from vectors.golden import Case, each


@each("rows")
def test_a_report_has_this_text_and_this_hash(case: Case) -> None:
    text = canonical(Report.model_validate_json(json.dumps(case["report"])))
    assert text.decode() == case["canonical"]
    assert digest(text) == hashlib.sha256(case["canonical"].encode()).hexdigest() == case["sha256"]


@each("rows")
def test_a_report_travels_without_empty_fields_and_with_all_others(case: Case) -> None:
    assert json.loads(case["canonical"]) == case["report"]
