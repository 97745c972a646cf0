"""JSON Schema of the site plan, for whoever does not use the model: `python -m anju.plan.schemas` writes `schema/plan.json`.

What no schema can say, the specification does: households in order and once each, zones under different names.
"""

from __future__ import annotations

from pathlib import Path

from anju.plan.model import Plan
from anju.uplink.schemas import schema_text

FILE = Path(__file__).parent / "schema" / "plan.json"


def text() -> str:
    """What stands in the file."""
    return schema_text("urn:anju:plan:1", Plan)


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
