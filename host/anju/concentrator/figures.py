"""What a concentrator tells Prometheus: what is owed and for how long, frames by verdict, nodes, what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client.core import Metric

from anju.concentrator.core.panel.trouble import Fault
from anju.concentrator.core.places import Linked
from anju.concentrator.core.ports import Clock
from anju.concentrator.destinations import duty_room
from anju.concentrator.journal import Journal
from anju.service.metrics import counter, gauge
from anju.uplink.reports import TroubleKind

_SILENT = frozenset({TroubleKind.NODE_SILENT, TroubleKind.NODE_LOST})


class Figures:
    """Reads them where they are; calling it gives those of now."""

    def __init__(
        self,
        journal: Journal,
        links: Callable[[], Sequence[Linked]],
        frames: Mapping[str, int],
        not_committed: Callable[[], str],
        clock: Clock,
    ) -> None:
        """`frames`: how many there were, by verdict."""
        self._journal = journal
        self._links = links
        self._frames = frames
        self._not_committed = not_committed
        self._clock = clock

    def __call__(self) -> Iterable[Metric]:
        faults = self._journal.building.faults
        totals, oldest_ms = self._journal.totals(), self._journal.owing(duty_room.NAME).oldest_ms
        age_s = 0.0 if oldest_ms is None else max(0.0, (self._clock().wall_ms - oldest_ms) / 1000)
        silent = {fault.subject for fault in faults if fault.kind in _SILENT}
        frames = {str(verdict): float(count) for verdict, count in self._frames.items()}
        yield gauge("anju_outbox_rows", "Rows that the duty room has not received.", totals["outbox"])
        yield gauge("anju_outbox_sent_rows", "Those of them that were sent.", totals["sent"])
        yield gauge("anju_outbox_oldest_seconds", "Age of the oldest of them; 0 if there is none.", age_s)
        third_parties = self._journal.building.destinations
        owings = {name: self._journal.owing(name) for name in third_parties}
        now_ms = self._clock().wall_ms
        on = {name: float(is_on) for name, is_on in third_parties.items()}
        rows = {name: float(owing.rows) for name, owing in owings.items()}
        ages = {name: max(0.0, (now_ms - (owing.oldest_ms or now_ms)) / 1000) for name, owing in owings.items()}
        down = {name: float(Fault(TroubleKind.DESTINATION_DOWN, name) in faults) for name in third_parties}
        yield gauge("anju_destination_on", "1 if a third party is told what happens.", on, "destination")
        yield gauge("anju_destination_rows", "Rows that it has not taken.", rows, "destination")
        yield gauge("anju_destination_oldest_seconds", "Age of the oldest of them.", ages, "destination")
        yield gauge("anju_destination_down", "1 while it is not reached.", down, "destination")
        yield counter("anju_frames", "Frames by what became of them.", frames, "verdict")
        yield gauge("anju_journal_rows", "Number of the newest row.", totals["rows"])
        yield gauge("anju_nodes", "Nodes that are enrolled.", len({link.id.address for link in self._links()}))
        yield gauge("anju_nodes_silent", "Nodes that are silent or lost.", len(silent))
        troubles = {kind: float(count) for kind, count in Counter(fault.kind.value for fault in faults).items()}
        yield gauge("anju_troubles", "Troubles that stand, by kind.", troubles, "kind")
        yield gauge("anju_commit_failing", "1 while nothing can be committed.", float(bool(self._not_committed())))
