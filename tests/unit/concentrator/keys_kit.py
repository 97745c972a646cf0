"""A household with a key fob, a keypad, a siren and a door, and the rooms that serve them."""

from __future__ import annotations

from typing import Any

from anju.concentrator.core.panel.state import PanelState
from anju.concentrator.core.places import Address, LinkId
from anju.concentrator.keypads.codes import Codes
from anju.concentrator.keypads.room import Keypads
from anju.concentrator.reception import Reception
from anju.concentrator.sounder import Sounder
from anju.concentrator.teller import Teller
from anju.uplink.reports import PanelMode, Zone, ZoneKind
from anju.wire.messages import Ack, Command, Extra, Message, Status
from anju.wire.table import Action, Flag, Order, Type
from anju.wire.table import Extra as ExtraType
from unit.concentrator.harness import HOUSEHOLD, Bench, FarNode

FOB = "Key fob"
FOB_ZONES = (
    Zone(number=0, name="Panic on the fob", kind=ZoneKind.HOLD_UP),
    Zone(number=1, name=FOB, kind=ZoneKind.KEYPAD),
)
KEYPAD_ZONES = (
    Zone(number=0, name="Case of the keypad", kind=ZoneKind.TAMPER),
    Zone(number=1, name="Keypad in the hall", kind=ZoneKind.KEYPAD),
)
SIREN_ZONES = (Zone(number=0, name="Siren in the hall", kind=ZoneKind.SIREN),)
CODE, DURESS = "190227", "190228"


class Home:
    """The rooms, wired as `app` does."""

    def __init__(self, rooms: Bench) -> None:
        self.rooms = rooms
        keyring, journal, send, clock = rooms.keyring, rooms.journal, rooms._send, rooms.clock
        self.challenges = 0
        self.codes = Codes(keyring.ledger)
        self.teller = Teller(keyring.codec, keyring, journal, send, clock)
        self.keypads = Keypads(keyring, journal, self.codes, self.teller, clock, self._random_bytes)
        self.heard: list[Address] = []
        """Nodes that have confirmed a sound."""
        self.sounder = Sounder(self.teller, lambda: keyring.links, journal, clock, self.heard.append)
        rooms.reception = Reception(keyring.codec, keyring, journal, send, clock, self._watch, self.keypads.requested)
        self.presses = 0

    @property
    def mode(self) -> PanelMode:
        """Arm state of the household."""
        return self.panel.mode

    @property
    def panel(self) -> PanelState:
        """Its panel."""
        return self.rooms.journal.building.panels.get(HOUSEHOLD) or PanelState()

    async def node(self, zones: tuple[Zone, ...]) -> FarNode:
        """One that hangs there, and has been heard."""
        node = await self.rooms.enrol(zones=zones)
        await self.rooms.receive(node, node.hello())
        return node

    async def give(self, person: str, digits: str, *, is_duress: bool = False) -> None:
        """Let a person have a code."""
        await self.codes.keep(await self.codes.made(HOUSEHOLD, person, digits, is_duress=is_duress))

    async def settle(self, node: FarNode, *frames: bytes) -> list[Message]:
        """Let frames arrive and be decided on; what went down to this node."""
        before = len(self.rooms.sent)
        await self.rooms.receive(node, *frames)
        while not self.keypads._waiting.empty():
            await self.keypads.decide(self.keypads._waiting.get_nowait())
        return [node.open(frame) for route, frame in self.rooms.sent[before:] if route == node.route]

    def request(self, node: FarNode, action: int, *extras: Extra, number: int = 0, **how: Any) -> bytes:
        """A sealed REQUEST of a press; a new one unless a number is given."""
        if not number:
            self.presses += 1
            number = self.presses
        time_s = how.pop("time_s", self.rooms.clock.unix_s)
        body = Status(Type.REQUEST, Flag.ACK_REQUESTED, time_s, number, action, 1, 0, 0, -128, 0, 0)
        return node.frame(body, extras, **how)

    async def challenged(self, node: FarNode, action: int = Action.OFF) -> tuple[int, bytes]:
        """Press a key that is challenged; the number of the press and the challenge."""
        (message,) = await self.settle(node, self.request(node, action))
        return self.presses, challenge_of(message)

    def answer(
        self, node: FarNode, number: int, challenge: bytes, action: int = Action.OFF, code: str | None = None
    ) -> bytes:
        """The REQUEST that proves it."""
        extras = [Extra(ExtraType.CHALLENGE, challenge)]
        if code is not None:
            extras.append(Extra(ExtraType.CODE, code.encode()))
        return self.request(node, action, *extras, number=number)

    async def prove(self, node: FarNode, action: int = Action.OFF, code: str | None = None) -> int | None:
        """Press, be challenged and answer; the verdict, None for silence."""
        messages = await self.settle(node, self.request(node, action))
        if not messages:
            return None
        challenge = challenge_of(messages[0])
        return verdict_of(await self.settle(node, self.answer(node, self.presses, challenge, action, code)))

    def link(self, node: FarNode) -> LinkId:
        """Of a node."""
        return LinkId(Address(*node.address), 1)

    async def _watch(self, messages: Any) -> None:
        await self.keypads.watch(messages)
        await self.sounder.watch(messages)

    def _random_bytes(self, count: int) -> bytes:
        self.challenges += 1
        return self.challenges.to_bytes(count, "big")


def challenge_of(message: Message) -> bytes:
    """The bytes of a CHALLENGE."""
    assert isinstance(message.body, Command)
    assert message.body.code == Order.CHALLENGE
    value = message.extra(ExtraType.CHALLENGE)
    assert value is not None
    return value


def verdict_of(messages: list[Message]) -> int | None:
    """The verdict of the one ACK among messages."""
    verdicts = [message.body.verdict for message in messages if isinstance(message.body, Ack)]
    assert len(verdicts) <= 1
    return verdicts[0] if verdicts else None
