"""What makes a PC this concentrator, as the one JSON object inside an exported identity: the definition of that contract.

The journal's events and the estate's private root key are not in it. Bytes stand as lower-case hexadecimal. No key shows where an
object is printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from anju.concentrator.core.freshness import Window
from anju.concentrator.core.moment import Moment
from anju.concentrator.core.node import NodeState
from anju.concentrator.core.pairing.note import Note
from anju.concentrator.core.pairing.state import Record, Stage
from anju.concentrator.core.panel import stored
from anju.concentrator.core.panel.schedule import Scheduled
from anju.concentrator.core.places import Address, LinkId
from anju.plan.model import Plan
from anju.uplink.fields import Ascii, Contract, DeviceId, Household, JournalId, Milliseconds, Name, Version
from anju.uplink.reports import Report, Zone

MOST_COUNTER = 0xFFFF_FFFF
"""A frame has 32 bits for its counter."""

_MOST_TEXT = 64 * 1024


def _read_by(read: Callable[[str], Any]) -> AfterValidator:
    """A text that somebody else will read: ValueError if that one could not."""

    def check(text: str) -> str:
        try:
            read(text)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(f"cannot be read: {type(error).__name__}") from None
        return text

    return AfterValidator(check)


def _bytes(count: int) -> StringConstraints:
    return StringConstraints(pattern=f"^[0-9a-f]{{{2 * count}}}$")


def _panel(text: str) -> None:
    stored.from_json(text, Moment(0, 0.0))


Counter32 = Annotated[int, Field(ge=0, le=MOST_COUNTER)]
Number16 = Annotated[int, Field(ge=0, le=0xFFFF)]
Epoch = Annotated[int, Field(ge=0, le=0xFF)]
Text = Annotated[str, StringConstraints(max_length=_MOST_TEXT)]
LinkKey = Annotated[str, _bytes(16)]
Bytes32 = Annotated[str, _bytes(32)]


class HandedLink(Contract):
    """A row of the keyring. A link that has ended has no keys; it keeps its number from being given again."""

    ceiling: Counter32
    device: DeviceId | None = None
    down: Annotated[LinkKey | None, Field(repr=False)] = None
    epoch: Epoch
    household: Household
    inputs: Annotated[tuple[Zone, ...], Field(max_length=16)]
    network: Number16
    node: Number16
    paired_at_ms: Milliseconds
    person: Name | None = None
    public_key: Bytes32 | None = None
    up: Annotated[LinkKey | None, Field(repr=False)] = None

    @model_validator(mode="after")
    def _both_keys_or_none(self) -> Self:
        if (self.up is None) != (self.down is None):
            raise ValueError("a link has both keys or none")
        return self

    @property
    def id(self) -> LinkId:
        """Address and epoch."""
        return LinkId(Address(self.network, self.node), self.epoch)

    @property
    def is_ended(self) -> bool:
        """Whether it counts no more."""
        return self.up is None


class HandedPromise(Contract):
    """A promise of a pairing (`core.pairing.state.Record`), whatever became of it so far."""

    attempt: Annotated[str, _bytes(16)]
    clear: Annotated[str, _bytes(37), Field(repr=False)]
    device: DeviceId
    digest: Annotated[Bytes32, Field(repr=False)]
    down: Annotated[Bytes32, Field(repr=False)]
    granted: Annotated[str, _bytes(58), Field(repr=False)]
    note: Annotated[Text, _read_by(Note.from_json)]
    public_key: Bytes32
    stage: Stage
    up: Annotated[Bytes32, Field(repr=False)]

    @classmethod
    def of(cls, record: Record) -> Self:
        """A promise as it is kept."""
        return cls(
            attempt=record.attempt.hex(),
            clear=record.clear.hex(),
            device=record.device,
            digest=record.digest.hex(),
            down=record.down.hex(),
            granted=record.grant.hex(),
            note=record.note,
            public_key=record.public_key.hex(),
            stage=Stage(record.stage),
            up=record.up.hex(),
        )

    @property
    def record(self) -> Record:
        """As it is to be kept again."""
        names = ("attempt", "public_key", "clear", "granted", "digest", "down", "up")
        attempt, public_key, *rest = (bytes.fromhex(getattr(self, name)) for name in names)
        return Record(self.device, attempt, self.stage, public_key, self.note, *rest)


class HandedCode(Contract):
    """A person's code at a household's keypads, as the keyring has it."""

    digest: Annotated[Bytes32, Field(repr=False)]
    household: Household
    is_duress: bool
    person: Name
    salt: Annotated[str, _bytes(16), Field(repr=False)]


class HandedKeypad(Contract):
    """What is known of a node with keys: it tells codes, or somebody has opened it and it may not disarm."""

    epoch: Epoch
    has_digits: bool
    is_exposed: bool
    network: Number16
    node: Number16


class HandedFirstNode(Contract):
    """The first node id of a network that is given from now on; beyond the last one there is none left."""

    network: Number16
    node: Annotated[int, Field(ge=1, le=0x10000)]


class HandedKeys(Contract):
    """All of a keyring; `notices` are facts of reports that its journal does not hold yet."""

    codes: tuple[HandedCode, ...] | None = None
    first_nodes: tuple[HandedFirstNode, ...] | None = None
    journal_key: Annotated[Bytes32 | None, Field(repr=False)] = None
    """With what the journal is signed; None: of a concentrator that signed nothing."""
    keypads: tuple[HandedKeypad, ...] | None = None
    links: tuple[HandedLink, ...]
    notices: tuple[Annotated[Text, _read_by(Report.model_validate_json)], ...]
    promises: tuple[HandedPromise, ...]

    @model_validator(mode="after")
    def _nothing_twice(self) -> Self:
        times = Counter[object](link.id for link in self.links)
        times.update((promise.device, promise.attempt) for promise in self.promises)
        times.update((code.household, code.person, code.is_duress) for code in self.codes or ())
        times.update((keypad.network, keypad.node, keypad.epoch, "keypad") for keypad in self.keypads or ())
        times.update((first.network, "first node") for first in self.first_nodes or ())
        if max(times.values(), default=0) > 1:
            raise ValueError("a link, a promise, a code, a keypad or a network is there twice")
        return self


class HandedNode(Contract):
    """What was heard of a node: highest counter and window, so that what was recorded before is old for its new concentrator."""

    boot: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{16})?$")]
    epoch: Epoch
    evidence: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
    firmware: Ascii
    highest: Counter32
    last_seen_ms: Milliseconds
    levels: Number16
    marks: Annotated[str, _bytes(len(Window().marks))]
    network: Number16
    node: Number16

    @classmethod
    def of(cls, address: Address, state: NodeState) -> Self:
        """A node as the journal has it; the way to it is that of another PC."""
        return cls(
            boot=state.boot.hex(),
            epoch=state.epoch,
            evidence=state.evidence.hex(),
            firmware=state.firmware,
            highest=state.window.highest,
            last_seen_ms=state.last_seen_ms,
            levels=state.levels,
            marks=state.window.marks.hex(),
            network=address.network,
            node=address.node,
        )

    @property
    def address(self) -> Address:
        """On the wire."""
        return Address(self.network, self.node)

    @property
    def state(self) -> NodeState:
        """As a journal is to have it."""
        window = Window(self.highest, bytes.fromhex(self.marks))
        told = (bytes.fromhex(self.boot), self.firmware, bytes.fromhex(self.evidence))
        return NodeState(self.epoch, window, self.levels, self.last_seen_ms, None, *told)


class HandedPanel(Contract):
    """A household's arm state and latches (`core.panel.state`): a new PC disarms nobody, and resets no alarm."""

    household: Household
    state: Annotated[Text, _read_by(_panel)]


def _entry(text: str) -> None:
    Scheduled.from_json(text)


class HandedEntry(Contract):
    """An entry of a household's schedule (`core.panel.schedule`): what the clock did today it does not do again."""

    entry: Annotated[Text, _read_by(_entry)]
    household: Household


class Identity(Contract):
    """All of it."""

    exported_at_ms: Milliseconds
    journal_id: JournalId
    """Of the journal that goes on with the old PC; the new one's is another."""
    keyring: HandedKeys
    nodes: tuple[HandedNode, ...]
    panels: tuple[HandedPanel, ...]
    person: Name
    """Who has exported it."""
    plan: Plan | None = None
    root_key: Bytes32 | None = None
    """The public half."""
    schedule: tuple[HandedEntry, ...] | None = None
    """None: nobody is armed by the clock."""
    settings: Text
    """The text of site.toml."""
    version: Version = 1

    @property
    def in_force(self) -> list[HandedLink]:
        """The links that count, in the order of their addresses."""
        return sorted((link for link in self.keyring.links if not link.is_ended), key=lambda link: link.id)
