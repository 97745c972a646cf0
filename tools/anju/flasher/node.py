"""One board at an open console: what it is, what lies in its flash, and how files get there.

Whatever it answers is a stranger's word: it is parsed strictly, and decides about nothing but this board.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from anju.flasher import program
from anju.flasher.transport import Console, LineError, SilentError, escaped

Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]*$", max_length=64)]
Word = Annotated[str, StringConstraints(max_length=120)]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Slot = Literal["a", "b"]
SLOTS: tuple[Slot, Slot] = ("a", "b")
MANIFEST = "MANIFEST"
HASH_DIGITS = 16
"""Of SHA-256, enough to tell whether a file is the one that we have; what is to run is judged by the whole."""

_PARCEL_BYTES = 16384
"""Files that travel together, before they are packed: more packs better, and takes more of a board's memory."""
_WINDOW_BITS = 13
Answer = TypeVar("Answer", bound=BaseModel)
_ANSWER = re.compile(r"(?m)^\{.*\}$")


class NonsenseError(LineError):
    """The board answered, but not in a way that makes sense."""


class Held(NamedTuple):
    """The bundle in a slot, by its own MANIFEST."""

    board: Word
    version: Word
    number: Count
    torn: Count
    """How many of its files are not what MANIFEST says."""
    manifest: Hex
    """SHA-256 of MANIFEST."""


class Facts(BaseModel):
    """What a board is."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: Hex
    mpy: Count
    micropython: Word
    machine: Word
    deflate: bool
    free: Count
    block: Annotated[int, Field(ge=1, le=2**20)]
    pointer: Annotated[str, StringConstraints(max_length=256)]
    running: Literal["", "a", "b"]
    release_key: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
    slots: dict[Slot, Held]

    @property
    def held(self) -> Held | None:
        """The bundle that runs."""
        return self.slots.get(self.running) if self.running else None

    @property
    def is_confirmed(self) -> bool:
        """Whether the slot that runs is the one that was confirmed last."""
        return bool(self.running) and self.pointer.split(" ")[1:2] == [self.running]


class Flipped(BaseModel):
    """What the running slot thinks of the bundle in the idle one; `anju.update.install` says what `why` may be."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    ok: bool
    why: Word = ""
    detail: Word = ""


class SelfTest(BaseModel):
    """What the firmware found out about its board."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    ok: bool
    faults: Annotated[list[Word], Field(max_length=20)]


class LabelTold(BaseModel):
    """What a board says about its label; the code is a secret, so it is in no repr and no error."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Ed25519 public key."""
    code: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{20})?$"), Field(repr=False)]
    """80 bits; empty once it was noted."""


class Item(NamedTuple):
    """A file on its way into a board."""

    path: str
    content: bytes
    digest: str

    @classmethod
    def of(cls, path: str, content: bytes) -> Item:
        """With its SHA-256."""
        return cls(path, content, hashlib.sha256(content).hexdigest())


class Node:
    """A board that is in its raw REPL; LineError from every method."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._known: set[str] = set()

    def ask(self) -> Facts:
        """What it is."""
        return _parsed(Facts, self._call("ask"))

    def hashes(self, *folders: str) -> list[dict[str, str]]:
        """The first HASH_DIGITS of each file's SHA-256, for each folder."""
        told = self._call("hashes", *folders).strip()
        try:
            return TypeAdapter(list[dict[str, str]]).validate_json(told, strict=True)
        except ValidationError:
            raise NonsenseError(told) from None

    def prepare(self, slot: str, strangers: Sequence[str], copies: Sequence[tuple[str, str]], other: str) -> None:
        """Take MANIFEST and strangers out of a slot, and copy what the other one has."""
        self._call("prepare", slot, list(strangers), list(copies), other)

    def send(self, items: Sequence[Item], is_packed: bool, tell: Callable[[int], None]) -> None:
        """Bring these files there, in this order; `tell` is given how many have arrived."""
        done = 0
        for parcel in _parcels(items):
            payload = _wrapped(parcel)
            if is_packed:
                packer = zlib.compressobj(9, wbits=-_WINDOW_BITS)
                payload = packer.compress(payload) + packer.flush()
            travelling = escaped(payload)
            text = program.call("unpack", len(travelling), is_packed, _WINDOW_BITS, known=self._known)
            self._console.send(text, travelling)
            done += len(parcel)
            tell(done)

    def remove(self, *paths: str) -> None:
        """Remove files or folders; those that are not there don't matter."""
        for path in paths:
            self._call("remove", path)

    def flip(self, slot: str) -> Flipped:
        """Let the running slot check the one that was filled, and make it the next one to run."""
        return _parsed(Flipped, self._own(f"from anju.update import install\ninstall.flip({slot!r})"))

    def self_test(self) -> SelfTest:
        """Let the firmware look at its board."""
        return _parsed(SelfTest, self._own("from anju.role import selftest\nselftest.report()"))

    def label(self) -> LabelTold:
        """Let the firmware make its key pair and setup code, if it has none, and tell of them."""
        told = self._own("from anju.pair import provision\nprovision.show()")
        try:
            return _parsed(LabelTold, told)
        except NonsenseError:
            # Whatever it was may contain a setup code, and an error is shown and logged.
            raise NonsenseError("label") from None

    def label_noted(self) -> None:
        """Tell the firmware that its setup code was written down, so that it never tells it again."""
        self._own("from anju.pair import provision\nprovision.noted()")

    def wipe(self, slot: str) -> None:
        """Let the firmware in `slot` forget identity and events."""
        self._own(f"import sys\nsys.path[:]=['/{slot}','.frozen']\nimport board\nboard.store().wipe()")

    def restart(self) -> None:
        """Reset it; it won't answer."""
        self._console.begin("import machine\nmachine.reset()")

    def _call(self, name: str, *arguments: object) -> str:
        return self._console.run(program.call(name, *arguments, known=self._known))

    def _own(self, text: str) -> str:
        """Run something of the node's own firmware, which takes a while on small boards."""
        self._call("alive")
        return self._console.run(text)


def greet(console: Console, answer_s: float, limit_s: float) -> tuple[Node, Facts]:
    """Interrupt a board and learn what it is; `answer_s` for that, and from then on `limit_s` for the rest.

    A second time if it falls silent or stammers: its watchdog may have reset it while it was being interrupted.
    """
    console.allow(answer_s)
    console.enter()
    node = Node(console)
    try:
        facts = node.ask()
    except (SilentError, NonsenseError):
        console.allow(answer_s)
        console.enter()
        node = Node(console)
        facts = node.ask()
    console.allow(limit_s)
    return node, facts


def _parsed(kind: type[Answer], told: str) -> Answer:
    """The one line of JSON in it: what a module prints when it is imported is passed over."""
    lines = _ANSWER.findall(told)
    if not lines:
        raise NonsenseError(told)
    try:
        return kind.model_validate_json(lines[-1], strict=True)
    except ValidationError as error:
        raise NonsenseError(lines[-1]) from error


def _parcels(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Files in parcels of a bounded size, or alone."""
    parcel: list[Item] = []
    for item in items:
        if parcel and sum(len(one.content) for one in parcel) + len(item.content) > _PARCEL_BYTES:
            yield parcel
            parcel = []
        parcel.append(item)
    if parcel:
        yield parcel


def _wrapped(parcel: Sequence[Item]) -> bytes:
    told = [[item.path, len(item.content), item.digest[:HASH_DIGITS]] for item in parcel]
    return json.dumps(told, separators=(",", ":")).encode() + b"\n" + b"".join(item.content for item in parcel)
