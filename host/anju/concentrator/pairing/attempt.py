"""One person's attempt to pair one node, as that person watches it; nothing of it is stored, the setup code least of all."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from anju.concentrator.core.intake import CARRIED_OUT
from anju.concentrator.core.pairing.note import Note
from anju.concentrator.core.pairing.state import News
from anju.concentrator.core.panel.zones import BUTTONS, ROW_OF
from anju.concentrator.core.places import Address, LinkId
from anju.uplink.reports import PairingFailure
from anju.wire.label import SetupCode, short_name
from anju.wire.messages import Ack, Message, Status
from anju.wire.table import Code, InputKind, Type

PROVE_S = 120.0
"""So long the room waits for a press or an opened door once a node is paired."""
MOST_NAMED = 8
"""Devices that are named to whoever waits for a typed code: the rest of a flood of made-up ones is not."""

_TRIGGERS = {Code.PANIC: "pressed", Code.OPENED: "opened", Code.CLOSED: "closed", Code.DETECTED: "detected"}
_CASE = {Code.TAMPERED: "opened", Code.TAMPER_RESTORED: "closed"}
_ASKED = (
    (InputKind.ENTRY, "door"),
    *((kind, "button") for kind in sorted(BUTTONS)),
    (InputKind.KEYPAD, "key"),
    (InputKind.DETECTOR, "detector"),
)
"""What somebody is asked to try, by the first kind of input that the node has; without any of these its case."""


class Result(StrEnum):
    """How an attempt has ended."""

    PROVED = "proved"
    """Paired, and a person has made the node say something."""
    UNPROVED = "unproved"
    """Paired; nobody has tried it yet."""
    FAILED = "failed"
    """Nothing has changed."""


@dataclass(eq=False)
class Attempt:
    """`code` is forgotten as soon as nothing more is to be opened with it."""

    note: Note
    until_s: float
    device: str | None
    code: SetupCode | None
    root_key: bytes
    number: str = field(default_factory=lambda: secrets.token_hex(8))
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    steps: list[dict[str, Any]] = field(default_factory=list)
    heard: set[str] = field(default_factory=set)
    orders: dict[int, Address] = field(default_factory=dict)
    """Commands that tell the node to offer itself, and that it has not confirmed; withdrawn with the search."""
    is_ordered: bool = False
    """Whether there was any: the node is in use, and nobody has to open its case."""
    link: LinkId | None = None
    is_verified: bool = False
    result: Result | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_typed(self) -> bool:
        """Whether nothing but a code is known yet: each device that offers itself may be the one."""
        return self.device is None and self.result is None

    def step(self, news: str, **facts: Any) -> None:
        """Something happened; whoever watches is told."""
        device = {"device": short_name(self.device)} if self.device else {}
        self.steps.append({"step": news} | device | facts)
        self.changed.set()

    def tell_offer(self, device: str) -> None:
        """A device offers itself that may be the one of a typed code."""
        if device not in self.heard and len(self.heard) < MOST_NAMED:
            self.heard.add(device)
            self.step(News.HEARD, device=short_name(device))

    def fail(self, why: PairingFailure) -> None:
        """It has changed nothing."""
        self.code, self.result = None, Result.FAILED
        self.step(why, **({"unanswered": True} if self.orders else {}))

    def pair(self, link: LinkId, until_s: float) -> None:
        """It is paired, and has to be tried."""
        self.code, self.link, self.until_s = None, link, until_s
        self.step(News.PAIRED, node=link.address.node, network=link.address.network, ask=self._asked())

    def order(self, number: int, to: Address) -> None:
        """The node of this address is told to offer itself."""
        self.orders[number] = to
        self.is_ordered = True

    def watch_orders(self, message: Message) -> None:
        """Some node has said something under keys that count: it may have confirmed what it was told."""
        ack, sender = message.body, Address(message.header.network, message.header.node)
        if not isinstance(ack, Ack) or ack.verdict not in CARRIED_OUT:
            return
        for number, to in list(self.orders.items()):
            if to == sender and number & 0xFFFF == ack.event_id:
                del self.orders[number]
                self.step("opened")

    def watch(self, message: Message) -> None:
        """The node has said something under its new keys."""
        if self.result is not None:
            return
        if not self.is_verified:
            self.is_verified = True
            self.step(News.PROVED)
        body = message.body
        if not isinstance(body, Status) or body.type not in {Type.EVENT, Type.REQUEST}:
            return
        inputs = self.note.placement.inputs
        if body.type == Type.REQUEST:
            what: str | None = "pressed"
        else:
            triggers = _TRIGGERS | _CASE if self._asked() == "case" else _TRIGGERS
            what = triggers.get(Code(body.code) if body.code in _KNOWN else Code.NONE)
        if what and body.zone < len(inputs):
            self.result = Result.PROVED
            self.step("triggered", zone=inputs[body.zone].name, what=what)

    def _asked(self) -> str:
        kinds = {ROW_OF[zone.kind].input for zone in self.note.placement.inputs}
        return next((word for kind, word in _ASKED if kind in kinds), "case")

    def give_up_waiting(self) -> None:
        """It is paired, and nobody tried it."""
        self.result = Result.UNPROVED
        self.step("not_tried")


_KNOWN = {*_TRIGGERS, *_CASE}
