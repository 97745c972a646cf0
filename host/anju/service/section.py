"""What all sections of `site.toml` have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def printable(text: str) -> str:
    """The text; ValueError where it holds control characters."""
    if not text.isprintable():
        raise ValueError("control characters")
    return text


Port = Annotated[int, Field(ge=1, le=65535)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True), AfterValidator(printable)]


class Section(BaseModel):
    """One section: nothing unknown in it, and no value of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
