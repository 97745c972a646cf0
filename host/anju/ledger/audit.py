"""Checks a journal against its own signed chain, with nothing but its rows and a public key.

Whoever changes, removes, inserts or swaps rows breaks a link, unless they make all later links anew; then the end is not what the
journal's key has signed. Where two neighbouring links agree, the rows between them are believed: so one change is one fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from anju.ledger.chain import GENESIS, next_link
from anju.ledger.head import Cut, Head, Kept, is_signed
from anju.uplink.canonical import digest

Key = tuple[int | None, int | None, int | None, int | None]
"""Network, node, epoch and first counter of a node's event; all None of any other row."""


class Row(NamedTuple):
    """A journalled row as it lies in the file."""

    seq: int
    key: Key
    report: bytes
    sha256: bytes
    link: bytes


class Fault(StrEnum):
    """What is wrong with a row, or with what was signed."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    SWAPPED = "swapped"
    """Its report is that of another row."""
    KEPT = "kept"
    """Among the rows from before the cut one was changed, removed or inserted."""
    OWED = "owed"
    """What is owed of it, and to whom, does not fit it."""
    HEAD = "head"
    """The end of the chain is not signed by the key, or is another."""
    CUT = "cut"
    """What was cut off is not signed by the key."""


class Finding(NamedTuple):
    """A fault at a row; up to row `last`, and `other`: the row whose report it has."""

    seq: int
    fault: Fault
    last: int | None = None
    other: int | None = None


class Signed(NamedTuple):
    """What a journal says was signed of it; None: it says nothing."""

    head: Head | None
    head_signature: bytes = b""
    cut: Cut | None = None
    cut_signature: bytes = b""


@dataclass(slots=True)
class Findings:
    """What came out: how many rows there are, the number of the last one, and what is wrong, in the order of the rows."""

    rows: int = 0
    last: int = 0
    cut_at: int = 0
    faults: list[Finding] = field(default_factory=list)


def check(rows: Iterable[Row], signed: Signed, public_key: bytes) -> Findings:
    """Go through all rows of a journal, in the order of their numbers."""
    audit = _Audit(signed, public_key)
    for row in rows:
        audit.take(row)
    return audit.end()


def is_whole(row: Row) -> bool:
    """Whether a row is what it was written as, as far as it tells by itself."""
    return digest(row.report) == row.sha256.hex() and _told(row) == row.seq


class _Audit:
    def __init__(self, signed: Signed, public_key: bytes) -> None:
        self._signed, self._public_key = signed, public_key
        self._cut = signed.cut
        self._found = Findings()
        self._kept = Kept()
        self._links = {GENESIS}
        """What the link before the next row may be: as it was calculated, and as it stands there."""
        self._is_doubted = False
        """Whether the row before is wrong, so that its link may be neither."""
        self._misplaced: dict[int, int] = {}
        if self._cut:
            self._found.cut_at = self._found.last = self._cut.seq
            self._links = {self._cut.link}
            if not is_signed(public_key, self._cut, signed.cut_signature):
                self._fault(self._cut.seq, Fault.CUT)
                self._is_doubted = True

    def take(self, row: Row) -> None:
        """The next row."""
        self._found.rows += 1
        if self._cut and row.seq <= self._cut.seq:
            self._kept.add(row.seq, row.sha256, row.link)
            self._look(row)
            return
        expected = self._found.last + 1
        head = self._signed.head
        if row.seq < expected or (head and row.seq > head.seq):  # below 1, or after the end
            self._fault(row.seq, Fault.INSERTED)
            return
        if row.seq > expected:
            self._fault(expected, Fault.REMOVED, last=row.seq - 1)
        self._found.last = row.seq
        is_good = self._look(row)
        links = [link for link in self._links if len(link) == len(row.sha256) == 32]
        calculated = {next_link(link, row.sha256) for link in links}
        if row.link in calculated or (is_good and (self._is_doubted or row.seq > expected)):
            # Where the link before it is gone, the next row's shows whether its own is right.
            self._links, self._is_doubted = {row.link}, not is_good
            return
        if is_good:
            self._fault(row.seq, Fault.CHANGED)
        self._links, self._is_doubted = calculated | {row.link}, True

    def end(self) -> Findings:
        """After the last row."""
        found, head = self._found, self._signed.head
        if self._cut and self._kept.digest != self._cut.kept:
            self._fault(self._cut.seq, Fault.KEPT)
        if head is None or not is_signed(self._public_key, head, self._signed.head_signature):
            self._fault(found.last, Fault.HEAD)
        elif found.last < head.seq:
            self._fault(found.last + 1, Fault.REMOVED, last=head.seq)
        elif found.last == head.seq and head.link not in self._links:
            self._fault(head.seq, Fault.HEAD)
        found.faults = sorted(self._explained(), key=lambda finding: finding.seq)
        return found

    def _look(self, row: Row) -> bool:
        """Whether a row is good by itself; a fault is noted."""
        if digest(row.report) != row.sha256.hex():
            self._fault(row.seq, Fault.CHANGED)
            return False
        told = _told(row)
        if told == row.seq:
            return True
        if told is None:
            self._fault(row.seq, Fault.CHANGED)
        else:
            self._misplaced[row.seq] = told
        return False

    def _fault(self, seq: int, fault: Fault, last: int | None = None) -> None:
        self._found.faults.append(Finding(seq, fault, last))

    def _explained(self) -> list[Finding]:
        """The faults, and what reports in other rows' places come from: a swap, or a row too many or too few before them."""
        faults = list(self._found.faults)
        claimed = set(self._misplaced.values())
        for seq, told in self._misplaced.items():
            begins = seq - 1 not in self._misplaced
            if self._misplaced.get(told) == seq or abs(told - seq) != 1:
                faults.append(Finding(seq, Fault.SWAPPED, other=told))
            elif begins and told == seq - 1:
                faults = [one for one in faults if one.seq != told]
                faults.append(Finding(told, Fault.INSERTED))
            elif begins and told == seq + 1 and seq not in claimed:
                faults.append(Finding(seq, Fault.REMOVED, last=seq))
            elif begins:
                faults.append(Finding(seq, Fault.SWAPPED, other=told))
        return faults


def _told(row: Row) -> int | None:
    """The number that a row's report gives itself; None if it is no report, or the row's key is not its own."""
    try:
        report: Any = json.loads(row.report)
        return report["seq"] if row.key == _key(report, row.key) and isinstance(report["seq"], int) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _key(report: Any, kept: Key) -> Key:
    """The key that belongs to a report."""
    witnessed = report.get("witnessed")
    if witnessed is not None:
        node = report["node"]
        return node["network"], node["node"], witnessed["epoch"], witnessed["first_counter"]
    if kept == (None, None, None, None) and report.get("event_id") is None:
        return kept
    # An event that its node will not sign for, or from before nodes signed: of those, not every report tells the epoch.
    node, counter = report["node"], report["counter"]
    first_counter = counter - ((counter - report["event_id"]) & 0xFFFF)
    return node["network"], node["node"], report.get("epoch", kept[2]), first_counter
