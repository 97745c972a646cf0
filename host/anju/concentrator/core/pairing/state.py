"""What the concentrator knows of pairings: whom it looks for, and what was promised to whom. Plain data; secrets don't show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from anju.concentrator.core.places import Address
from anju.wire import pairing
from anju.wire.handshake import Session
from anju.wire.label import Label
from anju.wire.pairing import Grant
from anju.wire.table import InputKind


class Place(NamedTuple):
    """What a node is to become: its address, the number of its keys, and the kinds of its inputs in their order."""

    root_key: bytes
    address: Address
    epoch: int
    kinds: tuple[InputKind, ...]
    note: str = ""
    """Whatever else belongs to it, household and names of zones, in the words of whoever asked; it comes back with the link."""


class Stage(StrEnum):
    """How far a promise has come. GRANTED becomes one of the others, once; they stay what they are."""

    GRANTED = "granted"
    PAIRED = "paired"
    CANCELLED = "cancelled"


class Key(NamedTuple):
    """One attempt of one device."""

    device: str
    attempt: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """One promise: durable before its GRANT is sent. Secret: a row of the keyring, never of the journal.

    `digest`, `down` and `up` are the handshake's; `clear` and `grant` are clear part and body of the GRANT, so that it is
    sealed to the same bytes again.
    """

    device: str
    attempt: bytes
    stage: str
    public_key: bytes
    note: str
    clear: bytes = field(repr=False)
    grant: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    down: bytes = field(repr=False)
    up: bytes = field(repr=False)

    @property
    def key(self) -> Key:
        """By which it is known."""
        return Key(self.device, self.attempt)

    @property
    def session(self) -> Session:
        """The handshake."""
        return Session(self.digest, self.down, self.up)

    @property
    def granted(self) -> Grant:
        """What was promised."""
        told: Grant = pairing.GRANT.parse(self.grant)
        return told


@dataclass(frozen=True, slots=True)
class Search:
    """A label that somebody has shown. Never stored: with the process it is forgotten, the setup code first of all."""

    label: Label
    place: Place
    secret: bytes = field(repr=False)
    """Of which the ephemeral key for each attempt is made."""
    until_s: float
    """Monotonic."""
    heard: bool = False
    """Whether the device has offered itself."""


@dataclass(frozen=True, slots=True)
class Link:
    """Keys that a pairing has made, for the keyring."""

    device: str
    public_key: bytes
    note: str
    address: Address
    epoch: int
    kinds: tuple[InputKind, ...]
    up: bytes = field(repr=False)
    down: bytes = field(repr=False)


class News(StrEnum):
    """What a person at the display may be told."""

    SEARCHING = "searching"
    HEARD = "heard"
    """The device offers itself; it has not shown that it knows the code."""
    KNOWN = "known"
    """It knows the code and is who the label says."""
    PAIRED = "paired"
    PROVED = "proved"
    """A frame has come under the new keys: the old ones are gone."""
    SILENT = "silent"
    """Nothing changed: it was never heard."""
    NO_ANSWER = "no_answer"
    """Nothing changed: it was heard and did not answer. Most often the code is another node's."""
    NO_PROOF = "no_proof"
    """Nothing changed: it never confirmed what it was granted."""
    IMPOSTOR = "impostor"
    """Somebody knows the code and is not the device on the label."""
    TOO_FEW_INPUTS = "too_few_inputs"
    """Nothing changed: the device has fewer inputs than it was to have."""
    TOO_OLD = "too_old"
    """Nothing changed: its firmware does not know an input of the kind that it was to have."""
    WITHDRAWN = "withdrawn"
    """Nothing changed: a person took it back."""


class Told(NamedTuple):
    """One piece of news of one device."""

    device: str
    news: News


Records: TypeAlias = Mapping[Key, Record]


@dataclass(frozen=True, slots=True)
class Pairings:
    """All pairings of one concentrator; never changed, only replaced once what goes with it is durable."""

    searches: Mapping[str, Search] = field(default_factory=dict)
    records: Records = field(default_factory=dict)
    until_s: Mapping[Key, float] = field(default_factory=dict)
    """When each GRANTED record is given up; monotonic."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows: `save`, `drop` and `link` durable in one transaction, then `pairings` adopted, then `send` sent back."""

    pairings: Pairings
    save: tuple[Record, ...] = ()
    drop: tuple[Key, ...] = ()
    link: Link | None = None
    proved: Link | None = None
    """Links of this device, or at this address, under another epoch are over."""
    send: bytes | None = None
    told: tuple[Told, ...] = ()
    refused: bool = False
    """What came was not from who it said: count it."""
