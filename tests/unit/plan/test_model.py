"""The contract `plan`: model and schema say the same, and nothing unknown is taken."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from pydantic import ValidationError

from anju.plan import schemas
from anju.plan.model import MOST_ZONES, Plan
from unit.planning.plans import PLANS

SCHEMA = json.loads(schemas.FILE.read_text("utf-8"))
FLAT = {"household": "3-2-0501", "zones": [{"kind": "entry", "name": "入户门"}]}


def test_the_committed_schema_is_what_the_model_says() -> None:
    assert schemas.FILE.read_text("utf-8") == schemas.text()
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@given(PLANS)
def test_a_plan_survives_its_json_and_the_schema_takes_it(plan: Plan) -> None:
    text = plan.model_dump_json()
    assert Plan.model_validate_json(text) == plan
    jsonschema.validate(json.loads(text), SCHEMA)


@pytest.mark.parametrize(
    "households",
    [
        [FLAT | {"household": "3-2-05"}],
        [FLAT | {"household": "3-2-0501a"}],
        [FLAT | {"colour": "red"}],
        [FLAT | {"zones": [{"kind": "window", "name": "x"}]}],
        [FLAT | {"zones": [{"kind": "entry", "name": ""}]}],
        [FLAT | {"zones": [{"kind": "entry", "name": " x"}]}],
        [FLAT | {"zones": [{"kind": "entry", "name": "=x"}]}],
        [FLAT | {"zones": [{"kind": "entry", "name": "-x"}]}],
        [FLAT | {"zones": [{"kind": "entry", "name": "x" * 65}]}],
        [FLAT | {"zones": [{"kind": "entry", "name": "a\nb"}]}],
        [FLAT | {"zones": [{"kind": "entry", "name": str(number)} for number in range(MOST_ZONES + 1)]}],
        [{"household": "3-2-0501"}],
        "3-2-0501",
    ],
)
def test_what_is_no_plan_is_refused_by_model_and_schema(households: object) -> None:
    told = {"version": 1, "households": households}
    with pytest.raises(ValidationError):
        Plan.model_validate_json(json.dumps(told))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(told, SCHEMA)


@pytest.mark.parametrize(
    "households",
    [
        [FLAT, FLAT],
        [FLAT, FLAT | {"household": "3-2-0401"}],
        [FLAT | {"household": "10-2-0501"}, FLAT],
        [FLAT | {"zones": [{"kind": "entry", "name": "x"}, {"kind": "tamper", "name": "x"}]}],
    ],
)
def test_order_and_names_are_refused_by_the_model(households: object) -> None:
    with pytest.raises(ValidationError):
        Plan.model_validate_json(json.dumps({"version": 1, "households": households}))


def test_households_are_found_by_their_name() -> None:
    plan = Plan.model_validate_json(json.dumps({"households": [FLAT]}))
    flat = plan.household("3-2-0501")
    assert flat is not None
    assert flat.zone("入户门") == flat.zones[0]
    assert flat.zone("x") is None
    assert plan.household("3-2-0502") is None
