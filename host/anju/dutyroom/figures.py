"""What a duty room tells Prometheus: incidents, and how long ago each concentrator was heard."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client.core import Metric

from anju.dutyroom.core.incident import Incident
from anju.dutyroom.core.link import Link
from anju.service.metrics import gauge


class Figures:
    """Reads them where they are; calling it gives those of now."""

    def __init__(
        self, queue: Callable[[], list[Incident]], links: Callable[[], list[Link]], is_faulty: Callable[[], bool]
    ) -> None:
        self._queue = queue
        self._links = links
        self._is_faulty = is_faulty

    def __call__(self) -> Iterable[Metric]:
        queue = self._queue()
        unseen = sum(bool(incident.unseen) for incident in queue)
        ages = {link.concentrator: link.age_s for link in self._links()}
        yield gauge("anju_incidents_open", "Incidents that are not closed.", len(queue))
        yield gauge("anju_incidents_unseen", "Those of them with an alarm that nobody has seen.", unseen)
        yield gauge("anju_link_age_seconds", "How long ago a concentrator was heard.", ages, "concentrator")
        yield gauge("anju_commit_failing", "1 while nothing can be committed.", float(self._is_faulty()))
