"""The topics of one building. All of a household lies below one, so that a broker's ACL can fence it; ids, no names."""

from __future__ import annotations

import re
from typing import NamedTuple

from anju.concentrator.core.places import Address
from anju.uplink.fields import HOUSEHOLD_PATTERN

COMMAND = "command"
_HOUSEHOLD = re.compile(HOUSEHOLD_PATTERN)


class Topics(NamedTuple):
    """Below `prefix`/`building`; what Home Assistant looks for, below `discovery`."""

    prefix: str
    building: str
    discovery: str = "homeassistant"

    @property
    def base(self) -> str:
        """Of the building."""
        return f"{self.prefix}/{self.building}"

    @property
    def status(self) -> str:
        """`online`, and by the last will `offline`."""
        return f"{self.base}/status"

    @property
    def receipt(self) -> str:
        """Where a receiver says what it has."""
        return f"{self.base}/receipt"

    @property
    def test(self) -> str:
        """Marked tests, which nobody takes for an alarm."""
        return f"{self.base}/test"

    @property
    def commands(self) -> str:
        """The filter for signed commands to any household."""
        return f"{self.base}/+/{COMMAND}"

    @property
    def birth(self) -> str:
        """Where Home Assistant says that it has started."""
        return f"{self.discovery}/status"

    @property
    def scope(self) -> str:
        """What makes ids of this building unlike those of any other on the broker."""
        return f"{self.prefix.replace('/', '_')}_{self.building}"

    def of(self, household: str | None, *parts: str) -> str:
        """Something of a household; None: of the building."""
        return "/".join([self.base, *([household] if household else []), *parts])

    def commanded(self, topic: str) -> str | None:
        """The household that a topic for commands is of; None: it is no such topic."""
        start, end = f"{self.base}/", f"/{COMMAND}"
        household = topic[len(start) : -len(end)] if topic.startswith(start) and topic.endswith(end) else ""
        return household if _HOUSEHOLD.match(household) else None

    def config(self, component: str, entity: str) -> str:
        """Where Home Assistant is told of an entity: PREFIX/COMPONENT/NODE/OBJECT/config, as its documentation has it."""
        return f"{self.discovery}/{component}/{self.scope}/{entity}/config"


def node_part(address: Address) -> str:
    """A node, as a part of a topic and of an id."""
    return f"n{address.network}-{address.node}"
