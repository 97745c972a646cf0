"""Which concentrators are heard, and which turn to lost or come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from anju.dutyroom.core.change import Change, What
from anju.dutyroom.core.link import Link, LinkState, judged

MOST_UNNAMED = 8
"""Journals that poll before their first batch has told a name: more than these are not shown."""


class _Heard(NamedTuple):
    journal_id: str
    at_s: float
    waiting: bool


class Links:
    """By concentrator's name, or by its journal until a batch tells the name; after a start each known one is waited for."""

    def __init__(self, known: Mapping[str, str], troubles: Iterable[Change], monotonic_s: Callable[[], float]) -> None:
        """`known`: {concentrator: newest journal}; `troubles`, newest first, tell which were lost."""
        self._monotonic_s = monotonic_s
        now_s = monotonic_s()
        self._heard = {name: _Heard(journal_id, now_s, waiting=True) for name, journal_id in known.items()}
        self._names = {journal_id: name for name, journal_id in known.items()}
        self._lost = _last_lost(troubles) & known.keys()

    def heard(self, journal_id: str, concentrator: str | None = None) -> None:
        """A concentrator called; a batch tells its name, a poll only its journal."""
        if concentrator is not None and self._names.get(journal_id) != concentrator:
            self._heard.pop(self._names.get(journal_id, journal_id), None)
            self._names[journal_id] = concentrator
        name = self._names.get(journal_id, journal_id)
        if name == journal_id and name not in self._heard and len(self._heard) - len(self._named()) >= MOST_UNNAMED:
            return
        self._heard[name] = _Heard(journal_id, self._monotonic_s(), waiting=False)

    def now(self) -> list[Link]:
        """Every link, by name."""
        now_s = self._monotonic_s()
        return [
            Link(name, heard.journal_id, now_s - heard.at_s, judged(now_s - heard.at_s), heard.waiting)
            for name, heard in sorted(self._heard.items())
        ]

    def _named(self) -> set[str]:
        return self._heard.keys() & set(self._names.values())

    def turns(self) -> list[tuple[What, str]]:
        """Links that were lost or came back since the last call."""
        turned: list[tuple[What, str]] = []
        for link in self.now():
            is_lost = link.state is LinkState.LOST
            if is_lost and link.concentrator not in self._lost:
                self._lost.add(link.concentrator)
                turned.append((What.LINK_LOST, link.concentrator))
            elif not is_lost and not link.waiting and link.concentrator in self._lost:
                self._lost.discard(link.concentrator)
                turned.append((What.LINK_BACK, link.concentrator))
        return turned


def _last_lost(troubles: Iterable[Change]) -> set[str]:
    last: dict[str, What] = {}
    for change in troubles:
        if change.what in {What.LINK_LOST, What.LINK_BACK}:
            last.setdefault(change.detail["concentrator"], change.what)
    return {name for name, what in last.items() if what is What.LINK_LOST}
