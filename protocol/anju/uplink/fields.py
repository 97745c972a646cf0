"""Field types that the uplink's models share, with their limits."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

HOUSEHOLD_PATTERN = r"^[0-9A-Z]{1,4}-[0-9A-Z]{1,3}-[0-9A-Z]{3,5}$"
"""building-unit-floor and door, such as 3-2-0501."""

NAME_PATTERN = r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
"""No control characters, no white space at either end: a name is shown as it is, and hashed as it is."""

Version = Annotated[int, Field(ge=1, le=1)]
"""Of the contract. Not Literal[1]: to Python, true is 1."""
Household = Annotated[str, StringConstraints(pattern=HOUSEHOLD_PATTERN)]
JournalId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
DeviceId = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJKMNP-TV-Z]{13}$")]
"""As a node's label has it: Crockford's base 32."""
PublicKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]
"""Ed25519, both."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
CommandId = Annotated[int, Field(ge=1, le=0xFFFF_FFFF)]
Sequence = Annotated[int, Field(ge=1, le=2**53 - 1)]
Milliseconds = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""Unix time in milliseconds. 2**53 - 1, here and above, is the largest integer that every JSON reader keeps."""
Name = Annotated[str, StringConstraints(max_length=64, pattern=NAME_PATTERN)]
Ascii = Annotated[str, StringConstraints(max_length=64, pattern=r"^[ -~]*$")]
"""What a node says about itself: printable, whatever it sent."""


class Contract(BaseModel):
    """Base of everything that crosses the uplink: immutable, nothing unknown, no silent conversion.

    Fields stand in the order of their names, because that is their order in canonical JSON: so a model's own serializer
    writes the canonical text, in less than half the time that sorting takes. TypeError for a class that breaks this.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if list(cls.model_fields) != sorted(cls.model_fields):
            raise TypeError(f"the fields of {cls.__name__} do not stand in the order of their names")
