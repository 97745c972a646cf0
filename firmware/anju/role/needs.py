"""What a role needs from a board: read by those who write a `boards/<name>/board.py`, and by the type checker; never run."""

from collections.abc import Sequence
from typing import Any, Protocol

from anju.node.identity import Identity
from anju.sensor.contact import Pin


class Link(Protocol):
    """How frames travel: the four methods of `anju.link`, and the stream to wait on."""

    @property
    def stream(self) -> object: ...
    def open(self) -> None: ...
    def send(self, frame: bytearray) -> None: ...
    def receive(self) -> bytes | None: ...
    def close(self) -> None: ...


class Store(Protocol):
    """What outlives the power: the methods of `anju.store`."""

    def load(self) -> tuple[Identity, int]: ...
    def holds_identity(self) -> bool: ...
    def save(self, identity: Identity) -> None: ...
    def reserve(self, ceiling: int) -> None: ...
    def keep(self, outbox: bytes) -> None: ...
    def kept(self) -> bytes | None: ...
    def note(self, name: str, content: bytes) -> None: ...
    def noted(self, name: str) -> bytes | None: ...
    def wipe(self) -> None: ...


class Flag(Protocol):
    """Set from an interrupt, awaited by one task, cleared by the waiting: `asyncio.ThreadSafeFlag` or its like."""

    def set(self) -> object: ...
    async def wait(self) -> None: ...


class Lamp(Protocol):
    """As much of an output `machine.Pin` as a lamp needs."""

    def value(self, level: int, /) -> object: ...


class Tone(Protocol):
    """As much of a `machine.PWM` as a buzzer needs."""

    def freq(self, hz: int, /) -> object: ...
    def duty_u16(self, duty: int, /) -> object: ...


class Watchdog(Protocol):
    """As much of a `machine.WDT` as is needed."""

    def feed(self) -> None: ...


class AnyBoard(Protocol):
    """What every board has, and what a self-test looks at."""

    NAME: str

    def inputs(self) -> Sequence[Pin]:
        """Terminals, in the order of an enrolment's inputs."""

    def watchdog(self) -> tuple[Watchdog, int] | None:
        """The watchdog, started, and its period in milliseconds; None if the board has none."""

    def link(self) -> Link: ...
    def store(self) -> Store: ...


class DongleBoard(AnyBoard, Protocol):
    """Of what carries frames between its `link`, the air, and a line."""

    def line(self) -> Link: ...


class Board(AnyBoard, Protocol):
    """The module `board`, its role as `ROLE`: facts about one board, and constructors of what is soldered to it."""

    ACTIVE_LEVEL: int
    """Level of an input whose door is open, button pressed or lid off."""
    HEARTBEAT_MS: int
    """Longest silence between two frames."""
    BUTTON: int
    """Terminal whose contact somebody presses to have an unenrolled node paired: the only one of a door is its magnet's."""
    CASE: int
    """Terminal of the lid switch, if the board has one of its own: pressing counts while it is open. -1: it has none."""
    IS_SILENT: bool
    """Neither lamps nor sound, for a button that an intruder must not notice."""

    def lamps(self) -> tuple[Lamp, Lamp, Lamp]:
        """Green, amber, red."""

    def reset_cause(self) -> int:
        """`machine.reset_cause()` as a `table.ResetCause`."""

    def buzzer(self) -> Tone: ...


class WiredBoard(Board, Protocol):
    """Of a node that is always awake."""

    def flag(self) -> Flag: ...


class SirenBoard(WiredBoard, Protocol):
    """Of a node that also sounds."""

    def siren(self) -> tuple[tuple[Lamp, Lamp], Tone]:
        """Relay and light, off until they are told, and a beeper that people hear in their flat."""


class BatteryBoard(Board, Protocol):
    """Of a node that sleeps deeply: its program begins anew at each wake. Terminal 0 is the one that must wake it."""

    def running_ms(self) -> int:
        """A clock that goes on in deep sleep, and in resets if it can; never backwards while the power is there."""

    def recall(self) -> bytes:
        """What `retain` was given last, with none of it left there; empty if there is nothing."""

    def retain(self, block: bytes) -> None:
        """Hold up to 2,048 bytes over deep sleep."""

    def awake_ms(self) -> Any:
        """Since the deep sleep ended, as far as the program knows; an int, or the ticks of a port."""

    def woken_by(self) -> Sequence[int]:
        """Terminals that ended the deep sleep; empty if a timer did, or if there was none."""

    def arm(self, terminals: Sequence[int], level: int) -> None:
        """Let these terminals, and no others, end a deep sleep as soon as one of them reads `level`."""

    def sleep(self, ms: int) -> None:
        """Sleep deeply, so long at most; what follows is a reset. It may return at once if it can't."""
