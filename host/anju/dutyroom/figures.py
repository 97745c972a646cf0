"""What a duty room tells Prometheus: incidents, and how long ago each concentrator was heard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from prometheus_client.core import Metric

from anju.dutyroom.core.incident import Incident
from anju.dutyroom.core.link import Link
from anju.service.metrics import counter, gauge


class Panels(Protocol):
    """What a receiver of panels counts."""

    @property
    def outcomes(self) -> Mapping[Any, int]:
        """Messages by what became of them, a StrEnum."""
        ...

    @property
    def silent(self) -> int:
        """How many panels are silent."""
        ...


class Figures:
    """Reads them where they are; calling it gives those of now."""

    def __init__(
        self,
        queue: Callable[[], list[Incident]],
        links: Callable[[], list[Link]],
        is_faulty: Callable[[], bool],
        panels: Panels | None = None,
    ) -> None:
        """`panels`: the receiver of other makers' panels, where there is one."""
        self._queue = queue
        self._links = links
        self._is_faulty = is_faulty
        self._panels = panels

    def __call__(self) -> Iterable[Metric]:
        queue = self._queue()
        unseen = sum(bool(incident.unseen) for incident in queue)
        ages = {link.concentrator: link.age_s for link in self._links()}
        yield gauge("anju_incidents_open", "Incidents that are not closed.", len(queue))
        yield gauge("anju_incidents_unseen", "Those of them with an alarm that nobody has seen.", unseen)
        yield gauge("anju_link_age_seconds", "How long ago a concentrator was heard.", ages, "concentrator")
        yield gauge("anju_commit_failing", "1 while nothing can be committed.", float(self._is_faulty()))
        if self._panels is not None:
            outcomes = {outcome.value: count for outcome, count in self._panels.outcomes.items()}
            yield counter("anju_panel_messages", "What other makers' panels said.", outcomes, "outcome")
            yield gauge("anju_panels_silent", "Those of them that are silent.", self._panels.silent)
