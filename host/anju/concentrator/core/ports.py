"""What the rooms of the concentrator ask of one another, so that none has to import another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from anju.concentrator.core.building import Building
from anju.concentrator.core.draft import Draft
from anju.concentrator.core.moment import Moment
from anju.concentrator.core.node import EventKey
from anju.concentrator.core.pairing.note import Note
from anju.concentrator.core.pairing.state import Decision, Record
from anju.concentrator.core.panel.trouble import Fault
from anju.concentrator.core.places import Address, Linked, LinkId, Placement, Route
from anju.concentrator.core.supervision import Listening
from anju.uplink.reports import Report, ReportKind, TroubleKind
from anju.wire.messages import Header, Message

Clock = Callable[[], Moment]
Send = Callable[[Route, bytes], None]
"""Hands a frame to a link. A link that is down drops it and counts it; the sender retries or the peer does."""
Watch = Callable[[Sequence[Message]], Awaitable[None]]
"""Is told of authentic messages once what they change is committed, and before they are acknowledged."""
Probe = Callable[[Address], Awaitable["float | None"]]
"""Asks a node for an answer; how many seconds it took, None if none has come. LedgerError: it could not be asked."""


class Signal(Protocol):
    """What rooms use of `asyncio.Event`."""

    def set(self) -> None: ...
    def clear(self) -> None: ...
    async def wait(self) -> bool | None: ...


class OwedRow(NamedTuple):
    """An undelivered row: its sequence, the canonical JSON of its report, and its SHA-256 in hex."""

    seq: int
    report: str
    sha256: str


class Attempt(NamedTuple):
    """How often in a row a destination has failed, and in how many seconds it is tried again."""

    failures: int
    in_s: float


class Owing(NamedTuple):
    """What is owed to a destination: rows, how many of them were sent, and when the oldest was recorded (Unix ms)."""

    rows: int
    sent: int
    oldest_ms: int | None


class Undelivered(Exception):
    """A third party has not taken what it was handed; it is handed the same again. The text says why, and holds no secret."""


class Trial(NamedTuple):
    """What came of a marked test: whether the other side took it, its answer in its own words, and how long that took."""

    is_taken: bool
    answer: str
    took_s: float


class Delivered(NamedTuple):
    """Of the reports that were handed over, the numbers of those that are taken, and of those that never will be."""

    taken: Sequence[int] = ()
    refused: Sequence[int] = ()


class Destination(Protocol):
    """A third party that reports go to: told everything once and in order, trusted with nothing."""

    async def deliver(self, reports: Sequence[Report]) -> Delivered:
        """Hand reports over in their order, until one is not taken. What it does not tell of counts as taken. A report that
        comes again must be known as the same there. Undelivered: not even the first was taken."""

    async def idle(self) -> None:
        """While there is nothing to hand over: return once it was shown again that the line stands, however long that takes.
        Undelivered: it does not stand."""

    async def test(self) -> Trial:
        """Send something that nobody takes for an alarm, and wait for the answer. Undelivered: there was none."""

    async def close(self) -> None:
        """End the connection. It may be asked to deliver again."""

    @property
    def warnings(self) -> Sequence[str]:
        """What a person should know of how it is set up, such as that its line is not protected."""


class Journal(Protocol):
    """The one way to change anything: draft, commit, adopt."""

    def change(self) -> AbstractAsyncContextManager[Draft]:
        """A draft that is committed and adopted on a clean exit, and dropped on any other; one at a time."""

    def listened(self) -> Listening | None:
        """From when to when nodes were listened to, as was noted last; None: never."""

    async def note_listening(self, listening: Listening) -> None:
        """Note it for the next start. LedgerError: it was not."""

    def holds(self, event: EventKey) -> bool:
        """Whether the event was journalled before."""

    def was_test(self, event: EventKey) -> bool:
        """Whether an event that was journalled before was taken as a TEST."""

    def report(self, seq: int) -> tuple[Report, str] | None:
        """A journalled report with its hash, or None."""

    def lately(self, report: Report) -> bool:
        """Whether one of the newest reports says the same of this node and moment."""

    async def cut(self, since_ms: int, keep_events: int) -> bool:
        """Cut off some of what was recorded before a time and is not needed; whether there may be more. LedgerError: none was."""

    def records(self, kind: ReportKind, household: str | None, most: int) -> list[Report]:
        """The newest records of a kind, oldest first; of one household, or of all."""

    def subscribe(self) -> Signal:
        """A signal that is set after every commit; its owner clears it."""

    @property
    def journal_id(self) -> str:
        """Random 128-bit name of this journal, 32 hex digits."""

    @property
    def building(self) -> Building:
        """The committed state; to look at, never to change."""


class Outbox(Protocol):
    """What is still owed to a destination. Rows leave it only by a receipt."""

    @property
    def journal_id(self) -> str:
        """Random 128-bit name of this journal, 32 hex digits."""

    def owed(self, destination: str, most: int, beside: int | None = None) -> list[OwedRow]:
        """Rows to send next: households with a panic first, then with an alarm; within one household always in order."""

    def owes_alarm(self, destination: str) -> bool:
        """Whether a panic or an alarm is among what is owed."""

    def send(self, destination: str, rows: Iterable[int]) -> None:
        """Note that rows are on their way. Nothing depends on it: they are owed until they are received."""

    def postponed(self, destination: str) -> Attempt:
        """When a destination that failed is tried again."""

    async def postpone(self, destination: str, attempt: Attempt) -> None:
        """Note when a destination is tried again, for a start that comes before. LedgerError: it is not noted."""

    async def settle(self, destination: str, received: Iterable[int], conflicts: Iterable[int]) -> None:
        """Note the receipt of rows; conflicting ones are set aside and kept. A row is settled once."""

    async def give_up(self, destination: str, rows: Iterable[int]) -> None:
        """Note that a third party refuses rows for good. LedgerError: it is not noted."""

    def owing(self, destination: str) -> Owing:
        """How much is still owed to a destination, and since when."""

    def subscribe(self) -> Signal:
        """A signal that is set after every commit; its owner clears it."""


class Keys(Protocol):
    """Link keys' owner: placements and downlink counters; the keys themselves never leave it."""

    def placement(self, address: Address) -> Placement | None:
        """Where an enrolled node hangs."""

    def linked(self, address: Address, epoch: int) -> Linked | None:
        """A link in force: which device it is of, and by which public key that signs."""

    def counts(self, link: LinkId) -> bool:
        """Whether frames go down under this link's keys: of two at one address the older one's, until the newer is proved."""

    def can_answer(self, address: Address) -> bool:
        """Whether a node is enrolled and has a downlink counter left."""

    def has_sent(self, address: Address, epoch: int, counter: int) -> bool:
        """Whether a downlink frame can be one of ours; False: somebody else has used this counter under the node's key."""

    async def reserve(self, addresses: Iterable[Address]) -> None:
        """Make sure that each node's next downlink counters are reserved on disk."""

    def next_header(self, address: Address) -> Header:
        """Header of the next downlink frame, under a counter that was never used; LookupError if none is reserved."""


class Orders(Protocol):
    """What pairing asks of the downlink."""

    async def order_pairing(self, link: Linked, person: str, valid_s: int) -> int:
        """Tell an enrolled node to offer itself, for this person; the command's number. LedgerError: nobody is told anything."""

    async def withdraw(self, number: int) -> None:
        """What such a command was for has ended: it is sent no more. LedgerError: it still is."""


class Vault(Protocol):
    """What pairing asks of the keyring: it stores promises and links, and tells which there are."""

    def can_answer(self, address: Address) -> bool:
        """Whether a node is enrolled and has a downlink counter left."""

    @property
    def links(self) -> Sequence[Linked]:
        """All links in force, in the order of their addresses; two at one address until the newer one is proved."""

    def counts(self, link: LinkId) -> bool:
        """Whether frames go down under this link's keys."""

    def place(self, network: int, device: str, note: Note, taken: Collection[LinkId]) -> LinkId:
        """Address and epoch for a node that is paired; `taken`: what other pairings may become."""

    def promises(self) -> list[Record]:
        """Every promise that is kept."""

    async def carry_out(self, decision: Decision, over: Collection[LinkId], at_ms: int, notices: Sequence[str]) -> None:
        """Store all that a decision asks for, with the links that end by it and the notices of it, or nothing of it."""

    async def end(self, links: Collection[LinkId], notices: Sequence[str]) -> None:
        """End links and forget their keys."""

    def notices(self) -> list[tuple[int, str]]:
        """What changed here and is not in the journal yet, by number."""

    async def told(self, number: int) -> None:
        """A notice is in the journal."""


class Gauge(Protocol):
    """Something that can be seen to be wrong."""

    @property
    def kinds(self) -> frozenset[TroubleKind]:
        """What it tells of."""

    def read(self, now_s: float) -> set[Fault]:
        """What stands now."""
