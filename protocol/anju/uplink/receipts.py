"""Receipts: the estate's word that rows are committed to its own disk. Only a receipt ends an outbox row."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from anju.uplink.fields import Contract, JournalId, Sequence, Sha256, Version
from anju.uplink.reports import MOST_ROWS


class RowVerdict(StrEnum):
    """COMMITTED also answers a row that was committed before; CONFLICT: the same key came with another hash."""

    COMMITTED = "committed"
    CONFLICT = "conflict"


class ReceiptRow(Contract):
    """What became of one row; `sha256` is the hash the estate holds under this key."""

    seq: Sequence
    sha256: Sha256
    verdict: RowVerdict


class Receipt(Contract):
    """The answer to a batch, sent after the estate's commit."""

    journal_id: JournalId
    rows: Annotated[tuple[ReceiptRow, ...], Field(max_length=MOST_ROWS)]
    version: Version = 1
