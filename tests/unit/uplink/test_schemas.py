"""The committed JSON Schema: made from the models, valid itself, and of one opinion with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic import BaseModel
from pydantic import ValidationError as ModelError

from anju.uplink import schemas
from unit.uplink.examples import batches, command_pages, receipts, spoiled


def pattern(_validator: Validator, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """JSON Schema's patterns are ECMA-262's, where $ is the very end; Python's $ would let a last line feed pass."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


Ecma = extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]  # jsonschema left this one untyped
VALIDATORS = {name: Ecma(json.loads((schemas.FOLDER / f"{name}.json").read_text("utf-8"))) for name in schemas.MODELS}
VALID: dict[str, st.SearchStrategy[Any]] = {"batch": batches, "receipt": receipts, "command_page": command_pages}


def model_accepts(model: type[BaseModel], plain: Any) -> bool:
    try:
        model.model_validate_json(json.dumps(plain))
    except ModelError:
        return False
    return True


def test_the_committed_files_are_what_the_models_say() -> None:
    assert {file.name: file.read_text("utf-8") for file in schemas.FOLDER.iterdir()} == schemas.texts()


@pytest.mark.parametrize("name", schemas.MODELS)
def test_each_file_is_a_json_schema(name: str) -> None:
    schema = json.loads((schemas.FOLDER / f"{name}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == schemas.DIALECT


@pytest.mark.parametrize("name", schemas.MODELS)
@given(data=st.data())
def test_it_takes_what_the_model_takes(name: str, data: st.DataObject) -> None:
    plain = data.draw(VALID[name]).model_dump(mode="json", exclude_none=True)
    VALIDATORS[name].validate(plain)


@pytest.mark.parametrize("name", schemas.MODELS)
@given(data=st.data())
def test_it_judges_spoiled_objects_as_the_model_does(name: str, data: st.DataObject) -> None:
    plain = data.draw(spoiled(VALID[name]))
    assert VALIDATORS[name].is_valid(plain) == model_accepts(schemas.MODELS[name], plain)


@pytest.mark.parametrize("plain", [None, [], "", 1, {}], ids=repr)
@pytest.mark.parametrize("name", schemas.MODELS)
def test_both_refuse_what_is_no_such_object_at_all(name: str, plain: Any) -> None:
    assert not VALIDATORS[name].is_valid(plain)
    assert not model_accepts(schemas.MODELS[name], plain)
