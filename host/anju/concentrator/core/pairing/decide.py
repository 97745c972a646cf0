"""What the concentrator does in a pairing; pure. It only ever answers: the node's offers and proofs are the clock of it.

    begin      a person shows a label         heard      a pairing frame has come       due      a deadline has passed
    withdraw   a person takes it back         verified   a frame under a link's keys    resume   the service starts

A GRANT is recorded before it is sent. Its record then becomes PAIRED, by the node's PROOF, or CANCELLED, by a deadline or a
person, whichever is first, and stays so: whoever asks again is told the same. The node holds on to what it was granted
until it is told, so that both ends come to the same, whatever was lost on the way.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from anju.concentrator.core.moment import Moment
from anju.concentrator.core.pairing.state import (
    Decision,
    Key,
    Link,
    News,
    Pairings,
    Place,
    Record,
    Search,
    Stage,
    Told,
)
from anju.concentrator.core.places import Address
from anju.wire import handshake, pairing, table
from anju.wire.handshake import HandshakeError, Initiator
from anju.wire.label import Label, device_id
from anju.wire.pairing import Clear, Grant, PairingFault
from anju.wire.table import InputKind, Outcome, Step

SEARCH_S = 120.0
"""As long as a node offers itself."""
PROOF_S = 60.0
"""So long after its GRANT a node may take to prove itself."""

SINCE: dict[InputKind, tuple[int, ...]] = dict.fromkeys(
    (InputKind.ANY_PRESS, InputKind.SILENT_HOLD_UP, InputKind.SILENT_ANY_PRESS), (0, 1, 1)
)
"""Firmware that knows an input of such a kind, the others are as old as pairing. An older one would fall silent at its GRANT."""

_STEP_AT = 2
_K = TypeVar("_K")
_V = TypeVar("_V")
_OUTCOMES = {Stage.PAIRED: Outcome.PAIRED, Stage.CANCELLED: Outcome.CANCELLED}


def resume(records: Iterable[Record], moment: Moment) -> Pairings:
    """After a start: searches are forgotten, promises are not."""
    kept = {record.key: record for record in records}
    until = {key: moment.monotonic_s + PROOF_S for key, record in kept.items() if record.stage == Stage.GRANTED}
    return Pairings(records=kept, until_s=until)


def begin(
    now: Pairings, label: Label, place: Place, secret: bytes, moment: Moment, search_s: float = SEARCH_S
) -> Decision:
    """Look for the device of a label. `secret`: 32 random bytes, for this search alone. A label shown twice is one search."""
    if label.device in now.searches:
        return Decision(now)
    search = Search(label, place, secret, moment.monotonic_s + search_s)
    searches = {**now.searches, label.device: search}
    return Decision(replace(now, searches=searches), told=(Told(label.device, News.SEARCHING),))


def withdraw(now: Pairings, device: str) -> Decision:
    """A person takes it back. What is paired already stays so."""
    if device not in now.searches and not _granted(now, device):
        return Decision(now)
    return _ended(now, device, News.WITHDRAWN)


def due(now: Pairings, moment: Moment) -> Decision:
    """Give up what took too long; call it whenever `next_deadline` has passed."""
    decision = Decision(now)
    late = {key.device for key, until_s in now.until_s.items() if until_s <= moment.monotonic_s}
    for device in sorted(late):
        decision = _joined(decision, _ended(decision.pairings, device, News.NO_PROOF))
    for device, search in now.searches.items():
        if device in decision.pairings.searches and search.until_s <= moment.monotonic_s and not _granted(now, device):
            news = News.NO_ANSWER if search.heard else News.SILENT
            decision = _joined(decision, _ended(decision.pairings, device, news))
    return decision


def next_deadline(now: Pairings) -> float | None:
    """When `due` is to be called; monotonic seconds."""
    waiting = [search.until_s for device, search in now.searches.items() if not _granted(now, device)]
    return min([*waiting, *now.until_s.values()], default=None)


def verified(now: Pairings, address: Address, epoch: int) -> Decision:
    """A frame of this node has verified under the keys of this epoch: a pairing that made them is over."""
    for key, record in now.records.items():
        granted = record.granted
        if record.stage == Stage.PAIRED and (granted.network, granted.node, granted.epoch) == (*address, epoch):
            after = replace(now, records=_without(now.records, [key]))
            return Decision(after, drop=(key,), proved=_link(record), told=(Told(record.device, News.PROVED),))
    return Decision(now)


def heard(now: Pairings, frame: bytes, moment: Moment) -> Decision:
    """What a pairing frame changes, and its answer. Whatever it is, nobody is locked out by it."""
    try:
        clear, rest = pairing.read(frame)
        device = clear.device.decode("ascii")
    except (PairingFault, UnicodeDecodeError):
        return Decision(now, refused=True)
    record = now.records.get(Key(device, clear.attempt))
    if clear.step == Step.PROOF:
        return Decision(now) if record is None else _on_proof(now, record, frame)
    search = now.searches.get(device)
    if search is None or clear.step not in {Step.OFFER, Step.ANSWER}:
        return Decision(now)
    if record is not None:
        return Decision(now, send=_grant_frame(record) if record.stage == Stage.GRANTED else None)
    if clear.step == Step.OFFER:
        return _on_offer(now, search, clear)
    return _on_answer(now, search, clear, rest, moment)


def _on_offer(now: Pairings, search: Search, clear: Clear) -> Decision:
    network = search.place.address.network
    key = clear.reply(Step.KEY, network)
    send = key.build() + _initiator(search, key).first()
    if search.heard:
        return Decision(now, send=send)
    device = search.label.device
    searches = {**now.searches, device: replace(search, heard=True)}
    return Decision(replace(now, searches=searches), send=send, told=(Told(device, News.HEARD),))


def _on_answer(now: Pairings, search: Search, clear: Clear, rest: bytes, moment: Moment) -> Decision:
    device, place = search.label.device, search.place
    initiator = _initiator(search, clear)
    initiator.first()
    try:
        session, payload = initiator.second(rest)
    except HandshakeError:
        return Decision(now, refused=True)
    told = pairing.ANSWER.parse(payload)
    if device_id(told.public_key) != device:
        return Decision(now, refused=True, told=(Told(device, News.IMPOSTOR),))
    if told.inputs < len(place.kinds):
        return _ended(now, device, News.TOO_FEW_INPUTS)
    if any(SINCE.get(kind, ()) > (told.major, told.minor, told.patch) for kind in place.kinds):
        return _ended(now, device, News.TOO_OLD)
    kinds = bytes(place.kinds).ljust(16, b"\0")
    granted = Grant(place.root_key, *place.address, place.epoch, moment.wall_ms // 1000, len(place.kinds), kinds)
    record = Record(
        device,
        clear.attempt,
        Stage.GRANTED,
        told.public_key,
        place.note,
        clear.reply(Step.GRANT, place.address.network).build(),
        granted.build(),
        *session,
    )
    # A node that is bound by a promise begins no other attempt; but an ANSWER may have been held back on its way.
    earlier = _cancelled(now, device)
    records = {**earlier.pairings.records, record.key: record}
    until = {**earlier.pairings.until_s, record.key: moment.monotonic_s + PROOF_S}
    return Decision(
        replace(earlier.pairings, records=records, until_s=until),
        save=(*earlier.save, record),
        send=_grant_frame(record),
        told=(Told(device, News.KNOWN),),
    )


def _on_proof(now: Pairings, record: Record, frame: bytes) -> Decision:
    clear, sealed = frame[: table.PAIRING_BYTES], frame[table.PAIRING_BYTES :]
    try:
        signature = pairing.PROOF.parse(handshake.unseal(record.up, 0, clear, sealed)).signature
    except HandshakeError:
        return Decision(now, refused=True)
    if record.stage != Stage.GRANTED:
        return Decision(now, send=_outcome_frame(record))
    try:
        statement = record.session.statement(record.grant)
        Ed25519PublicKey.from_public_bytes(record.public_key).verify(signature, statement)
    except (InvalidSignature, ValueError):
        ended = _ended(now, record.device, News.IMPOSTOR)
        return replace(ended, send=_outcome_frame(ended.pairings.records[record.key]), refused=True)
    paired = replace(record, stage=Stage.PAIRED)
    # The node is bound by this promise, so that it has heard the end of all others.
    over = tuple(key for key in now.records if key.device == record.device and key != record.key)
    return Decision(
        Pairings(
            _without(now.searches, [record.device]),
            {**_without(now.records, over), record.key: paired},
            _without(now.until_s, [record.key]),
        ),
        save=(paired,),
        drop=over,
        link=_link(paired),
        send=_outcome_frame(paired),
        told=(Told(record.device, News.PAIRED),),
    )


def _ended(now: Pairings, device: str, news: News) -> Decision:
    """The search is forgotten, and what was promised is cancelled."""
    decision = _cancelled(now, device)
    after = replace(decision.pairings, searches=_without(now.searches, [device]))
    return replace(decision, pairings=after, told=(Told(device, news),))


def _cancelled(now: Pairings, device: str) -> Decision:
    changed = {record.key: replace(record, stage=Stage.CANCELLED) for record in _granted(now, device)}
    after = replace(now, records={**now.records, **changed}, until_s=_without(now.until_s, changed))
    return Decision(after, save=tuple(changed.values()))


def _granted(now: Pairings, device: str) -> list[Record]:
    return [now.records[key] for key in now.until_s if key.device == device]


def _without(known: Mapping[_K, _V], gone: Collection[_K]) -> dict[_K, _V]:
    return {key: value for key, value in known.items() if key not in gone}


def _joined(first: Decision, second: Decision) -> Decision:
    return Decision(second.pairings, save=first.save + second.save, told=first.told + second.told)


def _initiator(search: Search, clear: Clear) -> Initiator:
    """The handshake of one attempt. It is made anew for each frame: offers that anybody can make up leave nothing behind.

    Its ephemeral key is made of the attempt, network and versions: another prologue has another one.
    """
    psk = handshake.psk_of(search.label.code.secret, clear.device)
    network = search.place.address.network
    prologue = clear.reply(Step.KEY, network).prologue
    return Initiator(psk, prologue, hmac.digest(search.secret, prologue, hashlib.sha256))


def _grant_frame(record: Record) -> bytes:
    clear = _clear(record, Step.GRANT)
    return clear + handshake.seal(record.down, 0, clear, record.grant)


def _outcome_frame(record: Record) -> bytes:
    """The outcome is the number of its nonce, too: two different ones can't meet under one."""
    clear, outcome = _clear(record, Step.OUTCOME), _OUTCOMES[Stage(record.stage)]
    return clear + handshake.seal(record.down, outcome, clear, bytes((outcome,)))


def _clear(record: Record, step: Step) -> bytes:
    return record.clear[:_STEP_AT] + bytes((step,)) + record.clear[_STEP_AT + 1 :]


def _link(record: Record) -> Link:
    granted = record.granted
    address = Address(granted.network, granted.node)
    kinds = tuple(InputKind(kind) for kind in granted.kinds[: granted.inputs])
    up, down = record.session.link_keys(*address)
    return Link(record.device, record.public_key, record.note, address, granted.epoch, kinds, up, down)
