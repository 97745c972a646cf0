"""What people ask of the duty room, and how it may refuse."""

from __future__ import annotations

from typing import NamedTuple

from anju.dutyroom.core.incident import Action


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


class NoSuchIncident(Exception):
    """There is no incident with this number; nothing changed."""


class KeyReused(Exception):
    """This idempotency key has already served another request; nothing changed."""
