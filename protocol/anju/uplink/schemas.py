"""JSON Schema of the uplink, for whoever does not use these models: `schema/*.json`, made from the models.

`python -m anju.uplink.schemas` writes the files; a test holds the committed ones against the models.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from anju.uplink.commands import CommandPage
from anju.uplink.receipts import Receipt
from anju.uplink.reports import Batch

FOLDER = Path(__file__).parent / "schema"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODELS: dict[str, type[BaseModel]] = {"batch": Batch, "receipt": Receipt, "command_page": CommandPage}


class _WithoutTitles(GenerateJsonSchema):
    """A field's title would only repeat its name."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  # the name is pydantic's
        return False


def texts() -> dict[str, str]:
    """Text of each schema file by its name."""
    return {f"{name}.json": schema_text(f"urn:anju:uplink:1:{name}", model) for name, model in MODELS.items()}


def schema_text(urn: str, model: type[BaseModel]) -> str:
    """The schema of a contract's model as a file."""
    head = {"$schema": DIALECT, "$id": urn}
    return (
        json.dumps(head | model.model_json_schema(schema_generator=_WithoutTitles), indent=2, ensure_ascii=False) + "\n"
    )


def main() -> None:
    """Write every file."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
