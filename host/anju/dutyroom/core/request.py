"""What people ask of the duty room, and how it may refuse."""

from __future__ import annotations

from typing import NamedTuple

from anju.dutyroom.core.incident import Action
from anju.uplink.commands import CommandKind, ZoneRef
from anju.uplink.reports import OutcomeKind, Refusal


class Person(NamedTuple):
    """Somebody who sits at the desk."""

    id: int
    name: str


class Arrival(NamedTuple):
    """Somebody sits down: the token is the secret of one browser, `ended` the one that it had before."""

    name: str
    token: str
    ended: str | None
    origin: str


class Handling(NamedTuple):
    """What a person does to an incident: `key` makes a repetition harmless, `origin` is where it came from."""

    incident_id: int
    action: Action
    key: str
    origin: str


class Order(NamedTuple):
    """What somebody asks of a household's panel, and why: `key` and `origin` as of a Handling, the rest as of a command."""

    household: str
    kind: CommandKind
    person: str
    reason: str
    at_ms: int
    key: str
    origin: str
    anyway: bool | None = None
    lasts_s: int | None = None
    zone: ZoneRef | None = None


class Ordered(NamedTuple):
    """What has become of an order; None: nothing is known yet."""

    number: int
    outcome: OutcomeKind | None = None
    refusal: Refusal | None = None


class NoSuchHousehold(Exception):
    """Nothing has been heard of this household; nothing changed."""


class NoSuchIncident(Exception):
    """There is no incident with this number; nothing changed."""


class Unreached(Exception):
    """The core did not answer; what was asked may have been done or not, and is done once if it is asked again with its key."""


class KeyReused(Exception):
    """This idempotency key has already served another request; nothing changed."""
