"""The node's end of a pairing, without its hardware: frames in, frames out, arithmetic in slices; time in milliseconds.

    end.open(now)                        by intent: from now on it offers itself for a while
    end.receive(frame, now)              something came over the link
    while (frame := end.poll(now)) is not None: link.send(frame)
    while end.work(now): …               one slice of arithmetic, some milliseconds; others have their turn in between
    end.next_deadline()                  when to poll again if nothing happens before; None = not before something does

What a GRANT promises is kept before the PROOF is sent, and from then on only the concentrator's word ends it: PAIRED, and
`adopt` gets the new identity, or CANCELLED, and nothing has changed. Until then the old identity is the one that counts.
"""

import struct

from micropython import const

from anju.node.identity import KINDS, Identity, StoreError
from anju.pair import gcm
from anju.pair.noise import Responder, psk_of
from anju.pair.signing import signed
from anju.wire import table

try:
    from typing import TYPE_CHECKING
except ImportError:  # MicroPython
    TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from anju.pair.provision import Label

OPEN_MS = 120000
OFFER_MS = 500
"""Between two offers, by chance up to half more or less: each is the concentrator's cue to say again what was lost."""
RENEWED_MS = 15000
"""An attempt that has come to nothing for so long gives way to a new one."""
ATTEMPT_MS = 1000
"""Curves are worked out at most once in this time; a KEY by itself costs its tag, and no stranger's passes."""
FIRST_PROOF_MS = 250
SLOWEST_PROOF_MS = 10000
PROMPT_MS = 1000
"""The time in a GRANT is believed if it came so soon after the ANSWER."""

_CLEAR = table.PAIRING_BYTES
_PAIRING = table.format_of(table.PAIRING)
_GRANT = table.format_of(table.GRANT)
_TAG_BYTES = table.TAG_BYTES
_KEY_BYTES = const(32)
_NETWORK_AT = const(19)
_ATTEMPT_AT = const(21)
_FRAME_BYTES = {
    int(table.Step.KEY): _CLEAR + 48,
    int(table.Step.GRANT): _CLEAR + struct.calcsize(_GRANT) + _TAG_BYTES,
    int(table.Step.OUTCOME): _CLEAR + 1 + _TAG_BYTES,
}
_PROOF_FRAME_BYTES = _CLEAR + 64 + _TAG_BYTES


class PairingEnd:
    """One node's pairings; `refused` counts frames that were for this node and not from who knows its code."""

    refused = 0
    time: "tuple[int, int] | None" = None
    """Unix seconds, and when they were true, if a GRANT told them in time."""

    def __init__(
        self,
        label: "Label",
        about: bytes,
        random_bytes: "Callable[[int], bytes]",
        keep: "Callable[[bytes], None]",
        adopt: "Callable[[Identity, bytes], Iterable[None]]",
    ) -> None:
        """`label` has this node's own secrets; `about` is three numbers of the firmware's version and how many inputs there are.
        `keep(content)` stores what `resume` gets after the next start, and the slices of `adopt(identity, root_key)` the new
        identity; both raise StoreError."""
        self._label = label
        self._device = label.device
        self._psk = psk_of(label.code, self._device)
        self._about = about
        self._random_bytes = random_bytes
        self._keep = keep
        self._adopt = adopt
        self._closes_ms = -1
        self._attempt = b""
        self._offer_ms = 0
        self._renew_ms = 0
        self._begun_ms = -ATTEMPT_MS
        self._key = b""
        """The KEY that is being answered."""
        self._responder: "Responder | None" = None
        self._job: "Generator[None, None, None] | None" = None
        self._outgoing: "list[bytes]" = []
        self._answer = b""
        self._now_ms = 0
        """Of the slice that is worked out."""
        self._answered_ms = 0
        self._pending = b""
        self._proof_ms = 0
        self._pause_ms = FIRST_PROOF_MS

    @property
    def is_open(self) -> bool:
        """Whether it waits for a concentrator."""
        return self._closes_ms >= 0

    @property
    def is_pending(self) -> bool:
        """Whether a PROOF was given that nobody has decided upon."""
        return bool(self._pending)

    def resume(self, kept: bytes, current: "Identity | None", now: int) -> None:
        """Go on with what was kept when the power went; `current` is the identity that counts."""
        if len(kept) <= _PROOF_FRAME_BYTES + 2 * _KEY_BYTES:
            return
        if current is not None and _identity_of(kept).up == current.up:
            self._keep(b"")  # it was adopted, and then the power went
            return
        self._wait_for_outcome(kept, now)

    def open(self, now: int) -> None:
        """Offer this node for OPEN_MS, as soon as nothing is pending."""
        self._closes_ms = now + OPEN_MS
        self._offer_ms = self._renew_ms = self._proof_ms = now
        self._pause_ms = FIRST_PROOF_MS

    def hurry(self) -> None:
        """Ask for the outcome as often as at first."""
        self._pause_ms = FIRST_PROOF_MS

    def give_way(self) -> None:
        """Drop what is being worked out; it is begun anew when the frame comes again."""
        self._job = None

    @property
    def has_work(self) -> bool:
        """Whether there is something to work out."""
        return self._job is not None

    def close(self) -> None:
        """Offer it no longer. What is pending stays so."""
        self._closes_ms = -1
        self._forget_attempt()

    def receive(self, frame: bytes, now: int) -> None:
        """Act upon a pairing frame for this node; whatever else it is changes nothing."""
        if len(frame) <= _CLEAR:
            return
        magic, link_class, step, reserved, versions, suite, device, network, attempt = struct.unpack_from(
            _PAIRING, frame
        )
        if (magic, link_class, reserved) != (table.MAGIC, table.LinkClass.PAIRING, 0) or device != self._device:
            return
        if versions != table.VERSIONS or suite != table.SUITE or len(frame) != _FRAME_BYTES.get(step, 0):
            self.refused += 1
        elif self._job is not None:
            return  # it comes again
        elif step == table.Step.OUTCOME:
            if attempt == self._pending[_ATTEMPT_AT:_CLEAR]:
                self._job = self._working_out_outcome(frame)
        elif self.is_open and not self._pending and attempt == self._attempt:
            if step == table.Step.KEY:
                self._heard_key(frame, now)
            elif self._responder is not None and self._answer and network == _network_of(self._key):
                self._job = self._working_out_proof(self._responder, frame, now)

    def work(self, now: int) -> bool:
        """Do one slice of what there is to work out; whether there was one. After the last there is a frame to send."""
        if self._job is None:
            return False
        self._now_ms = now
        try:
            next(self._job)
        except StopIteration:
            self._job = None
        return True

    def poll(self, now: int) -> "bytes | None":
        """A frame to send at once, or None; call until None."""
        if self.is_open and now >= self._closes_ms:
            self.close()
        if self._outgoing:
            return self._outgoing.pop(0)
        if self._pending:
            if now >= self._proof_ms:
                self._proof_ms = now + self._about_so_long(self._pause_ms)
                self._pause_ms = min(2 * self._pause_ms, SLOWEST_PROOF_MS)
                return self._pending[:_PROOF_FRAME_BYTES]
        elif self.is_open and self._job is None and now >= self._offer_ms:
            if now >= self._renew_ms:
                self._forget_attempt()
                self._attempt = self._random_bytes(16)
                self._renew_ms = now + RENEWED_MS
            self._offer_ms = now + self._about_so_long(OFFER_MS)
            return self._clear(table.Step.OFFER, 0) + bytes(table.OFFER_BYTES - _CLEAR)
        return None

    def next_deadline(self) -> "int | None":
        """When to poll again."""
        deadlines = [self._closes_ms] if self.is_open else []
        if self._pending:
            deadlines.append(self._proof_ms)
        elif self.is_open and self._job is None:
            deadlines.append(self._offer_ms)
        return min(deadlines) if deadlines else None

    def _heard_key(self, frame: bytes, now: int) -> None:
        if frame == self._key and self._answer:
            self._outgoing.append(self._answer)
            return
        if now - self._begun_ms < ATTEMPT_MS:
            return
        responder = Responder(self._psk, frame[table.PROLOGUE_AT : _CLEAR])
        if responder.hear(frame[_CLEAR:]) is None:
            self.refused += 1
            return
        self._begun_ms = now
        self._key, self._answer, self._responder = frame, b"", responder
        self._job = self._working_out_answer(responder)

    def _working_out_answer(self, responder: Responder) -> "Generator[None, None, None]":
        message = yield from responder.answer(self._random_bytes(_KEY_BYTES), self._label.public + self._about)
        if message:
            self._answer = self._clear(table.Step.ANSWER, _network_of(self._key)) + message
            self._answered_ms = self._now_ms
            self._outgoing.append(self._answer)

    def _working_out_proof(self, responder: Responder, frame: bytes, now: int) -> "Generator[None, None, None]":
        """A promise is kept first. If it cannot be, the GRANT comes again, and with it another try."""
        grant = yield from gcm.unseal(responder.down, 0, frame[:_CLEAR], frame[_CLEAR:])
        if grant is None:
            self.refused += 1
            return
        root_key, network, node, epoch, time_s, inputs, kinds = struct.unpack(_GRANT, grant)
        if network != _network_of(self._key):
            return
        if not _are_kinds(kinds, inputs, self._about[3]):
            self.close()  # whoever stands before it sees that it won't be that
            return
        if now - self._answered_ms < PROMPT_MS:
            self.time = time_s, now
        signature = yield from signed(self._label, *responder.statement(grant))
        up = responder.link_key(network, node, table.LinkClass.UP)
        yield
        down = responder.link_key(network, node, table.LinkClass.DOWN)
        yield
        identity = Identity(network, node, epoch, up, down, tuple([KINDS[kind - 1] for kind in kinds[:inputs]]))
        clear = self._clear(table.Step.PROOF, network)
        proof = yield from gcm.seal(responder.up, 0, clear, signature)
        promise = clear + proof + responder.down + root_key + identity.to_json().encode()
        yield
        try:
            self._keep(promise)
        except StoreError:
            return
        self.close()
        self._wait_for_outcome(promise, self._now_ms)

    def _wait_for_outcome(self, promise: bytes, now: int) -> None:
        self._pending = promise
        self._proof_ms = now
        self._pause_ms = FIRST_PROOF_MS

    def _working_out_outcome(self, frame: bytes) -> "Generator[None, None, None]":
        """A store that cannot take it is asked again: the node asks again, and is told again."""
        promise = self._pending
        key = promise[_PROOF_FRAME_BYTES : _PROOF_FRAME_BYTES + _KEY_BYTES]
        for outcome in (table.Outcome.PAIRED, table.Outcome.CANCELLED):
            opened = yield from gcm.unseal(key, outcome, frame[:_CLEAR], frame[_CLEAR:])
            if opened == bytes((outcome,)):
                break
        else:
            self.refused += 1
            return
        try:
            if outcome == table.Outcome.PAIRED:
                root_key = promise[_PROOF_FRAME_BYTES + _KEY_BYTES :][:_KEY_BYTES]
                for _ in self._adopt(_identity_of(promise), root_key):
                    yield
            self._keep(b"")
        except StoreError:
            return
        self._pending = b""

    def _forget_attempt(self) -> None:
        self._job = None
        self._responder = None
        self._key = self._answer = b""
        self._outgoing = []

    def _clear(self, step: int, network: int) -> bytes:
        return struct.pack(
            _PAIRING,
            table.MAGIC,
            table.LinkClass.PAIRING,
            step,
            0,
            table.VERSIONS,
            table.SUITE,
            self._device,
            network,
            self._attempt,
        )

    def _about_so_long(self, ms: int) -> int:
        return ms // 2 + ms * self._random_bytes(1)[0] // 256


def _network_of(frame: bytes) -> int:
    return frame[_NETWORK_AT] << 8 | frame[_NETWORK_AT + 1]


def _identity_of(promise: bytes) -> Identity:
    return Identity.from_json(promise[_PROOF_FRAME_BYTES + 2 * _KEY_BYTES :].decode())


def _are_kinds(kinds: bytes, inputs: int, most: int) -> bool:
    """Whether these are the kinds of so many inputs, of `most` at most, and nothing behind them."""
    if not 0 < inputs <= min(most, len(kinds)):
        return False
    return min(kinds[:inputs]) > 0 and max(kinds) <= len(KINDS) and not any(kinds[inputs:])
