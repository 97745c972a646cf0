"""A way to a duty room without a network: what is asked is noted, and answered as a test says."""

from __future__ import annotations

from collections.abc import Callable

from anju.service.local_http import NoAnswer
from anju.uplink.commands import CommandPage
from anju.uplink.receipts import Receipt, ReceiptRow, RowVerdict
from anju.uplink.reports import Batch


class FakeLine:
    """Keeps what it commits. `is_down`: nothing is answered; `loses`: what is answered after the commit does not arrive."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """`batch` or `poll`, in order."""
        self.batches: list[list[int]] = []
        self.held: dict[int, str] = {}
        self.order: list[int] = []
        self.is_down = False
        self.loses = False
        self.takes: Callable[[int], bool] = lambda _seq: True
        """Which rows of a batch it commits."""

    async def ask(self, method: str, path: str, within_s: float, content: bytes = b"") -> bytes:
        """As Line."""
        del path, within_s
        self.asked.append("batch" if method == "POST" else "poll")
        if method == "GET":
            if self.is_down:
                raise NoAnswer("nobody there")
            return CommandPage(commands=()).model_dump_json().encode()
        batch = Batch.model_validate_json(content)
        self.batches.append([row.report.seq for row in batch.rows])
        if self.is_down:
            raise NoAnswer("nobody there")
        receipt = self._commit(batch)
        if self.loses:
            raise NoAnswer("broken off")
        return receipt.model_dump_json().encode()

    async def close(self) -> None:
        """As Line."""

    def _commit(self, batch: Batch) -> Receipt:
        rows = []
        for row in batch.rows:
            seq = row.report.seq
            if self.takes(seq):
                if seq not in self.held:
                    self.order.append(seq)
                held = self.held.setdefault(seq, row.sha256)
                verdict = RowVerdict.COMMITTED if held == row.sha256 else RowVerdict.CONFLICT
                rows.append(ReceiptRow(seq=seq, sha256=held, verdict=verdict))
        return Receipt(journal_id=batch.journal_id, rows=tuple(rows))
