"""Whom a certificate is for: the duty room, or the concentrator of one building. The name stands in it as a URI.

Machines are known by this name and not by a host's: an estate gives its PCs whatever addresses it likes.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from cryptography import x509

from anju.service.certs.places import DUTY_ROOM
from anju.service.i18n import _

_BUILDING = re.compile(r"[0-9A-Z]{1,4}")
_CONCENTRATOR = "urn:anju:concentrator:"
_DUTY_ROOM = "urn:anju:duty-room"


class Holder(NamedTuple):
    """The concentrator of a building; None: the duty room."""

    building: str | None = None

    @classmethod
    def typed(cls, text: str) -> Self:
        """`duty-room`, or a building such as 3; ValueError for anything else."""
        if text == DUTY_ROOM:
            return cls()
        if not _BUILDING.fullmatch(text):
            raise ValueError("no holder")
        return cls(text)

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Self | None:
        """The one holder that a certificate names; None for none, several, or somebody else."""
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            uris = names.get_values_for_type(x509.UniformResourceIdentifier)
        except (ValueError, x509.ExtensionNotFound):
            return None
        if len(uris) != 1:
            return None
        uri = uris[0]
        if uri == _DUTY_ROOM:
            return cls()
        building = uri.removeprefix(_CONCENTRATOR)
        return cls(building) if building != uri and _BUILDING.fullmatch(building) else None

    @property
    def uri(self) -> str:
        """As a certificate has it."""
        return _DUTY_ROOM if self.building is None else _CONCENTRATOR + self.building

    @property
    def title(self) -> str:
        """As people call it, in the language of this process."""
        return _("the duty room") if self.building is None else _("concentrator %(name)s") % {"name": self.building}

    def __str__(self) -> str:
        """As people type it."""
        return self.building or DUTY_ROOM
